package picture

import (
	"encoding/binary"
	"slices"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngChunks are the chunks of the PNG specification that decide how the pixels
// look. Text, times, Exif and animation are not among them.
var pngChunks = []string{"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "cICP"}

// cleanPNG keeps the chunks that decide how the pixels look, and nothing behind
// the end. Checksums are the decoder's to prove.
func cleanPNG(data []byte) ([]byte, error) {
	clean := append(make([]byte, 0, len(data)), pngSignature...)
	for at := len(pngSignature); at+12 <= len(data); {
		length := binary.BigEndian.Uint32(data[at:])
		if uint64(length) > uint64(len(data)-at-12) {
			return nil, ErrBroken
		}
		next := at + 12 + int(length)
		name := string(data[at+4 : at+8])
		if slices.Contains(pngChunks, name) {
			clean = append(clean, data[at:next]...)
		}
		if name == "IEND" {
			return clean, nil
		}
		at = next
	}
	return nil, ErrBroken
}
