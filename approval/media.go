package approval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"standpunt/internal/fault"
	"standpunt/internal/picture"
	"standpunt/people"
	"standpunt/store"
)

// MaxPicture is the most bytes of a file that [Approvals.AddPicture] takes.
const MaxPicture = 8 << 20

const (
	// unusedFor is how long a picture that no revision names is kept.
	unusedFor = 48 * time.Hour
	// mostUnused bounds how many of those one person can have.
	mostUnused = 40
	// maxAltText is the most characters of an alternative text where the platform sets no limit.
	maxAltText = 1500
)

// Hash is the SHA-256 of a picture's bytes.
type Hash [sha256.Size]byte

// Key is the hash as a store key.
func (h Hash) Key() []byte { return h[:] }

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads the hexadecimal form.
func ParseHash(s string) (Hash, error) {
	var h Hash
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fault.New(fault.InvalidInput, "a picture is named by 64 hexadecimal digits").
			At("sha256", s).Fix("Send what the upload answered.")
	}
	copy(h[:], b)
	return h, nil
}

// MarshalText is the hexadecimal form.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the hexadecimal form.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// Picture is what is known of a picture that was brought in to go with
// answers. Its bytes never change: they are kept under their own hash.
type Picture struct {
	SHA256 Hash      `cbor:"1,keyasint"`
	Type   string    `cbor:"2,keyasint"` // "image/jpeg" or "image/png"
	Width  int       `cbor:"3,keyasint"` // pixels
	Height int       `cbor:"4,keyasint"`
	Size   int64     `cbor:"5,keyasint"` // bytes
	By     people.ID `cbor:"6,keyasint"` // who brought it in last
	At     time.Time `cbor:"7,keyasint"`
	Used   bool      `cbor:"8,keyasint,omitempty"` // a revision names it
}

// pictureBytes are a picture's bytes, beside its record so that lists do not
// read them.
type pictureBytes struct {
	SHA256 Hash   `cbor:"1,keyasint"`
	Data   []byte `cbor:"2,keyasint"`
}

// unusedPictures are those that no revision names, oldest first for each person.
func unusedPictures(p *Picture) [][]byte {
	if p.Used {
		return nil
	}
	return [][]byte{append(store.Field(p.By.Key()), store.Time(p.At)...)}
}

// MediaRules are what an account's platform takes beside the text of a public
// answer. The zero MediaRules take nothing.
type MediaRules struct {
	Most       int      // pictures in one answer
	Types      []string // media types
	MaxBytes   int64    // of one picture
	MaxAltText int      // characters of one alternative text; 0: no limit of the platform's own
}

// AddPicture keeps a picture for answers to come and returns what is known of
// it. What a camera or an editor wrote beside the pixels is left out first. A
// picture that no revision names is forgotten after two days.
func (a *Approvals) AddPicture(ctx context.Context, by people.Principal, data []byte) (*Picture, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	if len(data) > MaxPicture {
		return nil, fault.New(fault.BodyTooLarge, "the picture is larger than %d MB", MaxPicture>>20).At("picture", "").Fix("Make it smaller.")
	}
	clean, err := picture.Clean(data)
	if err != nil {
		return nil, refusedPicture(err)
	}
	p := &Picture{
		SHA256: sha256.Sum256(clean.Data), Type: clean.Type, Width: clean.Width, Height: clean.Height, Size: int64(len(clean.Data)), By: by.ID(),
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if err := a.mayWrite(tx, by); err != nil {
			return err
		}
		waiting := 0
		for _, err := range a.pictures.By(tx, "unused", store.Range{Prefix: store.Field(by.ID().Key())}, false) {
			if err != nil {
				return err
			}
			if waiting++; waiting == mostUnused {
				return fault.New(fault.Conflict, "%d pictures of yours wait to be used", mostUnused).
					Fix("Use them, or come back when they are forgotten, two days after they came in.")
			}
		}
		known, ok, err := a.pictures.Lookup(tx, p.SHA256)
		if err != nil {
			return err
		}
		p.At, p.Used = tx.Now(), ok && known.Used
		if err := a.pictureData.Put(tx, &pictureBytes{p.SHA256, clean.Data}); err != nil {
			return err
		}
		return a.pictures.Put(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func refusedPicture(err error) error {
	f := fault.New(fault.InvalidInput, "the file is %s", err).At("picture", "").Because(err)
	switch {
	case errors.Is(err, picture.ErrTooBig):
		return fault.New(fault.InvalidInput, "the picture has more than %d million pixels", picture.MaxPixels/1_000_000).
			At("picture", "").Fix("Make it smaller.").Because(err)
	case errors.Is(err, picture.ErrBroken):
		return f.Fix("Save the picture again, or take another copy of it.")
	}
	return f.Fix("Save the picture as JPEG or PNG.")
}

// Picture is a picture and its bytes, or a not_found fault.
func (a *Approvals) Picture(ctx context.Context, h Hash) (p *Picture, data []byte, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) (err error) {
		if p, err = a.pictures.Get(tx, h); err != nil {
			return notFoundAs(err, "picture")
		}
		data, err = a.pictureOf(tx, h)
		return err
	})
	return p, data, err
}

// pictureOf reads a picture's bytes and proves that they are the ones that its
// hash names.
func (a *Approvals) pictureOf(tx *store.Tx, h Hash) ([]byte, error) {
	b, err := a.pictureData.Get(tx, h)
	if err != nil {
		return nil, notFoundAs(err, "picture")
	}
	if sha256.Sum256(b.Data) != h {
		return nil, fmt.Errorf("approval: the stored picture %s does not match its hash", h)
	}
	return b.Data, nil
}

// attach checks what is to go with an answer, puts it into the envelope and
// keeps it for as long as the revision.
func (a *Approvals) attach(tx *store.Tx, e *Envelope, media []Media) error {
	if len(media) == 0 {
		return nil
	}
	if e.Action == ByHand {
		return fault.New(fault.InvalidInput, "an answer by hand takes no pictures, since nothing proves which one a person posted").
			At("media", fmt.Sprint(len(media))).Fix("Leave out %d.", len(media))
	}
	rules := a.MediaRules(e.Account, e.Visibility)
	if len(media) > rules.Most {
		f := fault.New(fault.InvalidInput, "an answer here takes %d pictures at most", rules.Most).At("media", fmt.Sprint(len(media)))
		if rules.Most == 0 {
			f = fault.New(fault.InvalidInput, "an answer here takes no pictures").At("media", fmt.Sprint(len(media)))
		}
		return f.Fix("Leave out %d.", len(media)-rules.Most)
	}
	for i, m := range media {
		field := fmt.Sprintf("media[%d]", i)
		m.AltText = strings.Join(strings.Fields(norm.NFC.String(m.AltText)), " ")
		if err := checkAltText(field, m.AltText, rules); err != nil {
			return err
		}
		if slices.ContainsFunc(e.Media, func(have Media) bool { return have.SHA256 == m.SHA256 }) {
			return fault.New(fault.InvalidInput, "the same picture is there twice").At(field, "").Fix("Leave one of them out.")
		}
		p, err := a.pictures.Get(tx, m.SHA256)
		if err != nil {
			return fault.New(fault.InvalidInput, "this picture is no longer here").At(field, m.SHA256.String()).Fix("Bring it in again.").Because(err)
		}
		if err := rules.take(field, p); err != nil {
			return err
		}
		p.Used = true
		if err := a.pictures.Put(tx, p); err != nil {
			return err
		}
		e.Media = append(e.Media, m)
		e.Findings = append(e.Findings, Check(m.AltText)...)
	}
	return nil
}

// take refuses what the platform would.
func (r MediaRules) take(field string, p *Picture) error {
	switch {
	case !slices.Contains(r.Types, p.Type):
		return fault.New(fault.InvalidInput, "the platform does not take pictures of type %s", p.Type).At(field, p.Type).
			Fix("Save it as %s.", strings.Join(r.Types, " or "))
	case p.Size > r.MaxBytes:
		return fault.New(fault.InvalidInput, "the picture has %d bytes and the platform takes %d", p.Size, r.MaxBytes).At(field, fmt.Sprint(p.Size)).
			Fix("Make it smaller.")
	}
	return nil
}

func checkAltText(field, text string, rules MediaRules) error {
	field += ".alt_text"
	most := rules.MaxAltText
	if most == 0 || most > maxAltText {
		most = maxAltText
	}
	if text == "" {
		return fault.New(fault.InvalidInput, "a picture has no alternative text").At(field, "").
			Fix("Say in a sentence what it shows, for people who cannot see it.")
	}
	if n := utf8.RuneCountInString(text); n > most {
		return fault.New(fault.TextTooLong, "an alternative text has %d characters and the platform takes %d", n, most).At(field, "").
			Fix("Shorten it by %d.", n-most)
	}
	err := CheckText(text, Measure{})
	var f *fault.Fault
	if errors.As(err, &f) {
		f.Field = field
	}
	return err
}

// Attached is a picture that goes with a release, as it was approved.
type Attached struct {
	Media
	Type string
	Data []byte
}

// attached reads what goes with an envelope. An error means that it cannot be
// proven to be what was approved.
func (a *Approvals) attached(tx *store.Tx, e *Envelope) ([]Attached, error) {
	var all []Attached
	for _, m := range e.Media {
		p, err := a.pictures.Get(tx, m.SHA256)
		if err != nil {
			return nil, err
		}
		data, err := a.pictureOf(tx, m.SHA256)
		if err != nil {
			return nil, err
		}
		all = append(all, Attached{Media: m, Type: p.Type, Data: data})
	}
	return all, nil
}

// forgetPictures removes the pictures that nobody used in time.
func (a *Approvals) forgetPictures(tx *store.Tx) error {
	var old []Hash
	for p, err := range a.pictures.By(tx, "unused", store.Range{}, false) {
		if err != nil {
			return err
		}
		if !p.At.Add(unusedFor).After(tx.Now()) {
			old = append(old, p.SHA256)
		}
	}
	for _, h := range old {
		if err := errors.Join(a.pictures.Delete(tx, h), a.pictureData.Delete(tx, h)); err != nil {
			return err
		}
	}
	return nil
}
