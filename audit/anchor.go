package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"

	"standpunt/store"
)

// AnchorTrouble says how a log and its anchor disagree.
type AnchorTrouble string

// The troubles.
const (
	AnchorMissing      AnchorTrouble = "missing"      // it was written here before, and is gone
	AnchorUnreadable   AnchorTrouble = "unreadable"   // the file cannot be read
	AnchorForeign      AnchorTrouble = "foreign"      // not a checkpoint that the log's key signed
	AnchorLonger       AnchorTrouble = "shorter_log"  // the log is shorter than what was signed: entries are gone
	AnchorInconsistent AnchorTrouble = "inconsistent" // the signed part of the log was changed
)

// AnchorError reports that the log contradicts, or cannot be held against, the
// checkpoint outside the data directory. Publishing stays locked until people
// have found out why; [Log.Reanchor] accepts the log as it is.
type AnchorError struct {
	Trouble    AnchorTrouble
	File       string
	AnchorSize uint64 // 0 unless Trouble is AnchorLonger or AnchorInconsistent
	LogSize    uint64
	err        error
}

func (e *AnchorError) Error() string {
	switch e.Trouble {
	case AnchorLonger:
		return fmt.Sprintf("audit: the log holds %d entries, the anchor %s was signed at %d: entries are missing", e.LogSize, e.File, e.AnchorSize)
	case AnchorInconsistent:
		return fmt.Sprintf("audit: the first %d entries of the log are not those that the anchor %s was signed over", e.AnchorSize, e.File)
	case AnchorMissing:
		return fmt.Sprintf("audit: the anchor %s is gone", e.File)
	default:
		return fmt.Sprintf("audit: the anchor %s is %s: %v", e.File, e.Trouble, e.err)
	}
}

func (e *AnchorError) Unwrap() error { return e.err }

// outOfReach reports that there was nothing to hold the log against.
func (e *AnchorError) outOfReach() bool {
	return e.Trouble == AnchorMissing || e.Trouble == AnchorUnreadable
}

// CheckAnchor holds the log against the anchor file, at start-up, before
// anything is appended. An [AnchorError] locks publishing. Where both agree and
// the head is not signed, because the daemon was killed, it is signed now.
// Without an anchor file, or at the first start with one, there is nothing to
// check.
func (l *Log) CheckAnchor(ctx context.Context) error {
	l.signing.Lock()
	defer l.signing.Unlock()
	if err := l.compareAnchor(ctx); err != nil {
		l.reportAnchor(ctx, err)
		return err
	}
	_, err := l.signAndAnchor(ctx)
	return err
}

// compareAnchor reports how the log contradicts the anchor file, nil if it
// does not.
func (l *Log) compareAnchor(ctx context.Context) error {
	if l.options.AnchorFile == "" {
		return nil
	}
	anchor := ReadAnchor(l.options.AnchorFile)
	return l.db.View(ctx, func(tx *store.Tx) error { return anchor.compare(tx, l.verifier) })
}

// Anchor is what an anchor file held when it was read.
type Anchor struct {
	file   string
	signed []byte
	err    error // why it could not be read
}

// ReadAnchor reads an anchor file. What keeps it from being read comes out in
// [Anchor.Check]. Whoever checks a copy of a log that goes on reads the anchor
// before the copy is made: the daemon moves it ahead.
func ReadAnchor(file string) Anchor {
	signed, err := os.ReadFile(file)
	return Anchor{file: file, signed: signed, err: err}
}

// Check holds the log in db, which may be open read-only, against the anchor
// with the public key alone. It gives the checkpoint that was held against,
// nil where there is no anchor and this log never wrote one there, and an
// [AnchorError] where the log contradicts it.
func (a Anchor) Check(ctx context.Context, db *store.DB, verifierKey string) (*Checkpoint, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("audit: read the public key: %w", err)
	}
	err = db.View(ctx, func(tx *store.Tx) error { return a.compare(tx, verifier) })
	if err != nil || a.err != nil {
		return nil, err
	}
	c, err := openCheckpoint(a.signed, verifier)
	return &c, err
}

func (a Anchor) compare(tx *store.Tx, verifier note.Verifier) error {
	size, err := SizeIn(tx)
	if err != nil {
		return err
	}
	trouble := &AnchorError{File: a.file, LogSize: size}
	switch {
	case errors.Is(a.err, fs.ErrNotExist):
		if string(tx.Get(meta, []byte("anchored"))) != a.file {
			return nil // never written here
		}
		trouble.Trouble, trouble.err = AnchorMissing, a.err
		return trouble
	case a.err != nil:
		trouble.Trouble, trouble.err = AnchorUnreadable, a.err
		return trouble
	}
	c, err := openCheckpoint(a.signed, verifier)
	if err != nil {
		trouble.Trouble, trouble.err = AnchorForeign, err
		return trouble
	}
	trouble.AnchorSize = c.Size
	if c.Size > size {
		trouble.Trouble = AnchorLonger
		return trouble
	}
	root, err := rootAt(tx, c.Size)
	if err != nil || root != c.Root {
		trouble.Trouble, trouble.err = AnchorInconsistent, err
		return trouble
	}
	return nil
}

// Reanchor accepts the log as it is, after people decided so: the old anchor is
// kept beside the new one, with the suffix ".superseded-" and the time, and the
// head is signed and written in its place.
func (l *Log) Reanchor(ctx context.Context) (signed []byte, err error) {
	l.signing.Lock()
	defer l.signing.Unlock()
	if file := l.options.AnchorFile; file != "" {
		aside := file + ".superseded-" + time.Now().UTC().Format("20060102T150405.000000000")
		if err := os.Rename(file, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("audit: put the old anchor aside: %w", err)
		}
	}
	return l.signAndAnchor(ctx)
}

// AnchorFault is why the last checkpoint is not in the anchor file, or was not
// signed because it contradicts the anchor; nil if all is well.
func (l *Log) AnchorFault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

// writeAnchor writes the checkpoint to the anchor file unless it is there.
func (l *Log) writeAnchor(ctx context.Context, signed []byte) error {
	file := l.options.AnchorFile
	if file == "" {
		return nil
	}
	if there, err := os.ReadFile(file); err != nil || !bytes.Equal(there, signed) {
		if err := writeFile(file, signed, 0o644); err != nil {
			return fmt.Errorf("audit: write the anchor: %w", err)
		}
	}
	return l.rememberAnchor(ctx, file)
}

// reportAnchor keeps err for AnchorFault, and logs it when its text changes.
func (l *Log) reportAnchor(ctx context.Context, err error) {
	l.mu.Lock()
	before := l.fault
	l.fault = err
	l.mu.Unlock()
	if err != nil && (before == nil || before.Error() != err.Error()) {
		l.options.Logger.LogAttrs(ctx, slog.LevelError, "audit anchor needs attention",
			slog.String("file", l.options.AnchorFile), slog.Any("error", err))
	}
}

// rememberAnchor keeps that the file was written, so that its absence is
// noticed.
func (l *Log) rememberAnchor(ctx context.Context, file string) error {
	var known bool
	err := l.db.View(ctx, func(tx *store.Tx) error {
		known = string(tx.Get(meta, []byte("anchored"))) == file
		return nil
	})
	if err != nil || known {
		return err
	}
	return l.db.Update(ctx, func(tx *store.Tx) error { return tx.Put(meta, []byte("anchored"), []byte(file)) })
}
