// Package picture makes of a file that somebody brought in a picture that can
// be published: a whole JPEG or PNG, and nothing else. What a camera or an
// editor wrote beside the pixels (place, device, author, comments, earlier
// versions, appended files) is left out; the pixels stay as they were, bit for
// bit. It reads bytes and returns bytes, and keeps nothing.
package picture

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"sync"
)

// MaxPixels bounds a picture's area, so that a small file cannot unfold to
// more memory than the machine has.
const MaxPixels = 25_000_000

// The media types that are understood.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
)

// Picture is a clean picture.
type Picture struct {
	Type          string // [JPEG] or [PNG]
	Width, Height int    // in pixels, as it is shown
	Data          []byte
}

// The reasons why a file is refused.
var (
	ErrUnknown = errors.New("neither a JPEG nor a PNG")
	ErrBroken  = errors.New("broken or incomplete")
	ErrTooBig  = errors.New("too many pixels")
)

// decoding lets one picture at a time be unfolded: a burst of uploads takes
// longer, not more memory.
var decoding sync.Mutex

// Clean checks that data is a whole picture and leaves out what is not pixels.
// Cleaning a clean picture changes nothing. Its errors are ErrUnknown,
// ErrBroken and ErrTooBig.
func Clean(data []byte) (Picture, error) {
	var p Picture
	var err error
	decode, config := jpeg.Decode, jpeg.DecodeConfig
	turned := false
	switch {
	case bytes.HasPrefix(data, []byte(pngSignature)):
		p.Type, decode, config = PNG, png.Decode, png.DecodeConfig
		p.Data, err = cleanPNG(data)
	case bytes.HasPrefix(data, []byte{0xff, markerSOI, 0xff}):
		p.Type = JPEG
		p.Data, turned, err = cleanJPEG(data)
	default:
		return Picture{}, ErrUnknown
	}
	if err != nil {
		return Picture{}, err
	}
	c, err := config(bytes.NewReader(p.Data))
	switch {
	case err != nil || c.Width == 0 || c.Height == 0:
		return Picture{}, ErrBroken
	case c.Width > MaxPixels/c.Height:
		return Picture{}, ErrTooBig
	}
	decoding.Lock()
	defer decoding.Unlock()
	var whole image.Image
	if whole, err = decode(bytes.NewReader(p.Data)); err != nil {
		return Picture{}, ErrBroken
	}
	p.Width, p.Height = whole.Bounds().Dx(), whole.Bounds().Dy()
	if turned {
		p.Width, p.Height = p.Height, p.Width
	}
	return p, nil
}
