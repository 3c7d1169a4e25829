package approval

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"standpunt/inbox"
)

// envelopeDomain separates envelope digests from every other commitment.
const envelopeDomain = "standpunt/envelope/v1"

// Envelope is everything that decides what a proposal does, and where. Nothing
// outside it may change what is sent. docs/envelope.md describes the bytes.
type Envelope struct {
	Proposal   ProposalID
	Revision   int
	Kind       Kind
	Platform   string // the account's connector kind
	Account    inbox.AccountName
	RemoteID   string // the remote identity that publishes
	Action     Action
	Target     string // external id of the post concerned
	Thread     string
	Route      []inbox.Field
	Mention    [32]byte // SHA-256 of the mention as it was shown
	Visibility inbox.Visibility
	Language   string
	Text       string // NFC, line ends LF
	Media      []Media
	Links      []Link
	Positions  []Citation
	Findings   []Finding // that the author accepted by submitting
	Policy     [32]byte  // digest of the policy in force
	ValidFor   time.Duration
	NotBefore  time.Time // zero: at once
	Change     []byte    // governance: the change, as canonical CBOR
}

// Media is one attached picture, by content.
type Media struct {
	SHA256  Hash
	AltText string
}

// Link is a link in the text and where it led when the text was approved.
type Link struct {
	Shown    string
	Expanded string
}

// Citation is one version of a position that the text relies on.
type Citation struct {
	Position string
	Version  int
}

// Bytes is the envelope in its one encoding: every field in the order of the
// struct, each as a 4-byte big-endian length and its bytes; a list is a field
// that holds its count and then its items, encoded alike.
func (e *Envelope) Bytes() []byte {
	var w writer
	w.bytes(e.Proposal[:])
	w.number(uint64(e.Revision))
	w.text(string(e.Kind))
	w.text(e.Platform)
	w.text(string(e.Account))
	w.text(e.RemoteID)
	w.text(string(e.Action))
	w.text(e.Target)
	w.text(e.Thread)
	w.list(len(e.Route), func(i int, w *writer) { w.text(e.Route[i].Name); w.text(e.Route[i].Value) })
	w.bytes(e.Mention[:])
	w.text(string(e.Visibility))
	w.text(e.Language)
	w.text(e.Text)
	w.list(len(e.Media), func(i int, w *writer) { w.bytes(e.Media[i].SHA256[:]); w.text(e.Media[i].AltText) })
	w.list(len(e.Links), func(i int, w *writer) { w.text(e.Links[i].Shown); w.text(e.Links[i].Expanded) })
	w.list(len(e.Positions), func(i int, w *writer) {
		w.text(e.Positions[i].Position)
		w.number(uint64(e.Positions[i].Version))
	})
	w.list(len(e.Findings), func(i int, w *writer) { w.text(e.Findings[i].Code); w.text(e.Findings[i].Excerpt) })
	w.bytes(e.Policy[:])
	w.number(uint64(e.ValidFor / time.Second))
	w.number(millis(e.NotBefore))
	w.bytes(e.Change)
	return w.b
}

func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

// ParseEnvelope reads what Bytes wrote and refuses anything that Bytes would
// not have written.
func ParseEnvelope(b []byte) (*Envelope, error) {
	r := reader{b: b}
	var e Envelope
	r.exactly(e.Proposal[:])
	e.Revision = int(r.number())
	e.Kind = Kind(r.text())
	e.Platform = r.text()
	e.Account = inbox.AccountName(r.text())
	e.RemoteID = r.text()
	e.Action = Action(r.text())
	e.Target = r.text()
	e.Thread = r.text()
	r.list(func(r *reader) { e.Route = append(e.Route, inbox.Field{Name: r.text(), Value: r.text()}) })
	r.exactly(e.Mention[:])
	e.Visibility = inbox.Visibility(r.text())
	e.Language = r.text()
	e.Text = r.text()
	r.list(func(r *reader) {
		var m Media
		r.exactly(m.SHA256[:])
		m.AltText = r.text()
		e.Media = append(e.Media, m)
	})
	r.list(func(r *reader) { e.Links = append(e.Links, Link{r.text(), r.text()}) })
	r.list(func(r *reader) {
		e.Positions = append(e.Positions, Citation{r.text(), int(r.number())})
	})
	r.list(func(r *reader) { e.Findings = append(e.Findings, Finding{Code: r.text(), Excerpt: r.text()}) })
	r.exactly(e.Policy[:])
	e.ValidFor = time.Duration(r.number()) * time.Second
	if ms := r.number(); ms != 0 {
		e.NotBefore = time.UnixMilli(int64(ms)).UTC()
	}
	if c := r.bytes(); len(c) > 0 {
		e.Change = c
	}
	if r.err == nil && len(r.b) > 0 {
		r.err = errors.New("bytes after the last field")
	}
	if r.err != nil {
		return nil, fmt.Errorf("approval: envelope: %w", r.err)
	}
	if string(e.Bytes()) != string(b) {
		return nil, errors.New("approval: envelope: not in its one encoding")
	}
	return &e, nil
}

// writer builds length-prefixed fields.
type writer struct{ b []byte }

func (w *writer) bytes(v []byte) {
	w.b = binary.BigEndian.AppendUint32(w.b, uint32(len(v)))
	w.b = append(w.b, v...)
}
func (w *writer) text(s string)   { w.bytes([]byte(s)) }
func (w *writer) number(n uint64) { w.bytes(binary.BigEndian.AppendUint64(nil, n)) }

func (w *writer) list(n int, item func(int, *writer)) {
	var in writer
	in.number(uint64(n))
	for i := range n {
		item(i, &in)
	}
	w.bytes(in.b)
}

// reader takes fields off the front; the first fault sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) bytes() []byte {
	if r.err != nil {
		return nil
	}
	if len(r.b) < 4 {
		r.err = errors.New("ends within a length")
		return nil
	}
	n := binary.BigEndian.Uint32(r.b)
	if uint64(n) > uint64(len(r.b)-4) {
		r.err = errors.New("ends within a field")
		return nil
	}
	v := r.b[4 : 4+n]
	r.b = r.b[4+n:]
	return v
}

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) exactly(into []byte) {
	v := r.bytes()
	if r.err == nil && len(v) != len(into) {
		r.err = fmt.Errorf("a field of %d bytes where %d belong", len(v), len(into))
	}
	copy(into, v)
}

func (r *reader) number() uint64 {
	var v [8]byte
	r.exactly(v[:])
	return binary.BigEndian.Uint64(v[:])
}

func (r *reader) list(item func(*reader)) {
	in := reader{b: r.bytes(), err: r.err}
	n := in.number()
	for range n {
		if in.err != nil {
			break
		}
		item(&in)
	}
	if in.err == nil && len(in.b) > 0 {
		in.err = errors.New("bytes after the last item")
	}
	r.err = in.err
}
