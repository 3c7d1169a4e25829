package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"time"

	"standpunt/store"
)

// exportFormat is the version in the header of an export.
const exportFormat = 1

// exportHeader is the first line of an export.
type exportHeader struct {
	Format string `json:"format"` // "standpunt-audit"
	Ver    int    `json:"version"`
	Origin string `json:"origin"`
	Key    string `json:"key"`
	Size   uint64 `json:"size"`
}

const exportName = "standpunt-audit"

// ReadableLeaf is an entry as exports and evidence write it: the leaf, which is
// what verifies, and the same in readable form, which a verifier holds against
// the leaf.
type ReadableLeaf struct {
	Number  uint64            `json:"number"`
	Leaf    []byte            `json:"leaf"`
	At      string            `json:"at"`
	Kind    string            `json:"kind"`
	Actor   Actor             `json:"actor"`
	Via     string            `json:"via"`
	Subject Subject           `json:"subject"`
	From    string            `json:"from,omitempty"`
	To      string            `json:"to,omitempty"`
	Digest  string            `json:"digest,omitempty"`
	Facts   map[string]string `json:"facts,omitempty"`
}

// exportCheckpoint is a checkpoint's line. It stands behind the last entry
// that it covers.
type exportCheckpoint struct {
	Size       uint64 `json:"size"`
	Checkpoint string `json:"checkpoint"`
}

// timeForm is how times are written in exports: UTC to the millisecond.
const timeForm = "2006-01-02T15:04:05.000Z"

func readable(e Entry, leaf []byte) ReadableLeaf {
	return ReadableLeaf{
		Number: e.Number, Leaf: leaf, At: formatTime(e.At),
		Kind: e.Kind, Actor: e.Actor, Via: e.Via, Subject: e.Subject,
		From: e.From, To: e.To, Digest: e.Digest.String(), Facts: maps.Clone(e.Facts),
	}
}

// line is v as one line of JSON, in the one form that the verifier accepts.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("audit: write a line: %w", err)
	}
	return b.Bytes(), nil
}

// ExportJSONL writes the whole log as JSON Lines, which [VerifyExport] verifies
// offline: a header, one line for every entry, and every checkpoint on a line
// behind the last entry that it covers. Entries that are appended meanwhile are
// left out. Sealed contents are never in it.
func ExportJSONL(ctx context.Context, db *store.DB, w io.Writer) error {
	header := exportHeader{Format: exportName, Ver: exportFormat}
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		known := identityIn(tx)
		header.Origin, header.Key = known.origin, known.key
		header.Size, err = SizeIn(tx)
		return err
	})
	if err != nil {
		return err
	}
	if err := writeLine(w, header); err != nil {
		return err
	}
	next, first := uint64(0), true
	for first || next < header.Size {
		var page bytes.Buffer
		reached := next
		err := db.View(ctx, func(tx *store.Tx) (err error) {
			page.Reset()
			reached, err = exportPage(tx, &page, next, min(next+MaxPage, header.Size), first)
			return err
		})
		if err != nil {
			return err
		}
		if _, err := w.Write(page.Bytes()); err != nil {
			return fmt.Errorf("audit: write the export: %w", err)
		}
		next, first = reached, false
	}
	return nil
}

// exportPage writes the entries in [from, to) and the checkpoints behind them,
// and the one of the empty log before the first.
func exportPage(tx *store.Tx, w io.Writer, from, to uint64, first bool) (reached uint64, err error) {
	begin := from + 1
	if first {
		begin = 0
	}
	signed := newWalkFrom(tx, checkpoints, begin)
	defer signed.stop()
	upTo := func(size uint64) error {
		for signed.key != nil && !signed.bad && signed.number <= size {
			if err := writeLine(w, exportCheckpoint{signed.number, string(signed.value)}); err != nil {
				return err
			}
			signed.next()
		}
		return nil
	}
	if err := upTo(from); err != nil {
		return from, err
	}
	for n := from; n < to; n++ {
		data := tx.Get(entries, key64(n))
		if data == nil {
			return n, fmt.Errorf("audit: entry %d is missing", n)
		}
		e, err := readEntry(key64(n), data)
		if err != nil {
			return n, err
		}
		if err := writeLine(w, readable(e, data)); err != nil {
			return n, err
		}
		if err := upTo(n + 1); err != nil {
			return n, err
		}
	}
	return to, nil
}

func writeLine(w io.Writer, v any) error {
	b, err := line(v)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("audit: write the export: %w", err)
	}
	return nil
}

// pages calls write with every entry that matches the filter, newest first, in
// transactions of one page each, so that a slow reader holds none of them open.
func pages(ctx context.Context, db *store.DB, f Filter, write func(Entry) error) error {
	before := NoneBefore
	for {
		page, err := search(ctx, db, f, before, MaxPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := write(e); err != nil {
				return err
			}
			before = e.Number
		}
		if len(page) < MaxPage {
			return nil
		}
	}
}

// formatTime is a time as exports write it.
func formatTime(t time.Time) string { return t.UTC().Format(timeForm) }
