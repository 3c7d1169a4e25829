package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"standpunt/store"
)

// Checkpoint is what a signed checkpoint says: the log's name, its size and
// the root of the tree of that size.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
}

// text is the checkpoint in the form of C2SP tlog-checkpoint, without
// extension lines.
func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// maxCheckpoint bounds a signed checkpoint in bytes, with room for the
// signatures of some dozens of witnesses.
const maxCheckpoint = 16 << 10

// ParseCheckpoint reads a signed checkpoint and checks its signature, origin
// and form. Further signatures, by witnesses, are allowed and not looked at.
func ParseCheckpoint(signed []byte, verifierKey string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: read the public key: %w", err)
	}
	return openCheckpoint(signed, verifier)
}

func openCheckpoint(signed []byte, verifier note.Verifier) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint of %d bytes", len(signed))
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint is not signed with the log's key: %w", err)
	}
	for _, s := range n.Sigs {
		// The decoder ignores what stands in the last, unused bits.
		if b, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil || base64.StdEncoding.EncodeToString(b) != s.Base64 {
			return Checkpoint{}, fmt.Errorf("audit: a checkpoint whose signature is not written in its one form")
		}
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint of %d lines where 3 were expected", len(lines)-1)
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint without a size: %w", err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint without a root: %w", err)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if c.Origin != verifier.Name() {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint of another log, %q", c.Origin)
	}
	if c.text() != n.Text {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint that is not written in its one form")
	}
	return c, nil
}

// sign makes the signed checkpoint of the head that tx sees.
func (l *Log) sign(tx *store.Tx) (c Checkpoint, signed []byte, err error) {
	c.Origin = l.verifier.Name()
	if c.Size, err = SizeIn(tx); err != nil {
		return c, nil, err
	}
	if c.Root, err = rootAt(tx, c.Size); err != nil {
		return c, nil, err
	}
	signed, err = note.Sign(&note.Note{Text: c.text()}, l.signer)
	if err != nil {
		return c, nil, fmt.Errorf("audit: sign the checkpoint of size %d: %w", c.Size, err)
	}
	return c, signed, nil
}

// begin gives a new log its identity and the checkpoint of size 0, so that a
// log without any checkpoint is always one from which they were taken away.
func (l *Log) begin(ctx context.Context) error {
	err := l.db.Update(ctx, func(tx *store.Tx) error {
		size, err := SizeIn(tx)
		if err != nil {
			return err
		}
		if size != 0 {
			return fmt.Errorf("audit: a log of %d entries does not name its key", size)
		}
		c, signed, err := l.sign(tx)
		if err != nil {
			return err
		}
		if err := tx.Put(checkpoints, key64(c.Size), signed); err != nil {
			return err
		}
		if err := tx.Put(meta, []byte("origin"), []byte(c.Origin)); err != nil {
			return err
		}
		return tx.Put(meta, []byte("key"), []byte(l.key))
	})
	if err != nil {
		return fmt.Errorf("audit: begin the log: %w", err)
	}
	return nil
}

// Checkpoint signs the head as it is now, stores the checkpoint, and writes it
// to the anchor file. Where the head is signed already it gives that
// checkpoint. It refuses with an [AnchorError] to sign a head that contradicts
// the anchor. An anchor that is out of reach keeps nothing from being signed:
// [Log.AnchorFault] and the log report it.
func (l *Log) Checkpoint(ctx context.Context) (signed []byte, err error) {
	l.signing.Lock()
	defer l.signing.Unlock()
	err = l.compareAnchor(ctx)
	var trouble *AnchorError
	switch {
	case err == nil:
		return l.signAndAnchor(ctx)
	case errors.As(err, &trouble) && trouble.outOfReach():
		signed, err = l.signHead(ctx)
		l.reportAnchor(ctx, trouble)
		return signed, err
	case errors.As(err, &trouble):
		l.reportAnchor(ctx, trouble)
	}
	return nil, err
}

func (l *Log) signAndAnchor(ctx context.Context) (signed []byte, err error) {
	signed, err = l.signHead(ctx)
	if err != nil {
		return nil, err
	}
	l.reportAnchor(ctx, l.writeAnchor(ctx, signed))
	return signed, nil
}

// signHead signs and stores the head, and gives the checkpoint that is there
// when it was signed before.
func (l *Log) signHead(ctx context.Context) (signed []byte, err error) {
	signed, err = l.newest(ctx)
	if err != nil || signed != nil {
		return signed, err
	}
	err = l.db.Update(ctx, func(tx *store.Tx) error {
		var c Checkpoint
		if c, signed, err = l.sign(tx); err != nil {
			return err
		}
		return tx.Put(checkpoints, key64(c.Size), signed)
	})
	if err != nil {
		return nil, fmt.Errorf("audit: store a checkpoint: %w", err)
	}
	return signed, nil
}

// newest is the checkpoint of the head, nil if the head is not signed yet. A
// checkpoint that this key did not sign is an error.
func (l *Log) newest(ctx context.Context) (signed []byte, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		size, err := SizeIn(tx)
		if err != nil {
			return err
		}
		signed = append([]byte(nil), tx.Get(checkpoints, key64(size))...)
		if len(signed) == 0 {
			signed = nil
			return nil
		}
		c, err := openCheckpoint(signed, l.verifier)
		if err != nil {
			return err
		}
		root, err := rootAt(tx, size)
		if err == nil && c != (Checkpoint{l.verifier.Name(), size, root}) {
			err = fmt.Errorf("audit: the checkpoint of size %d does not match the log", size)
		}
		return err
	})
	return signed, err
}

// LastCheckpoint is the newest stored checkpoint, as signed.
func (l *Log) LastCheckpoint(ctx context.Context) (c Checkpoint, signed []byte, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		c, signed, err = lastCheckpoint(tx, l.verifier)
		return err
	})
	return c, signed, err
}

func lastCheckpoint(tx *store.Tx, verifier note.Verifier) (Checkpoint, []byte, error) {
	for _, value := range tx.ScanReverse(checkpoints, store.Range{}) {
		signed := append([]byte(nil), value...)
		c, err := openCheckpoint(signed, verifier)
		return c, signed, err
	}
	return Checkpoint{}, nil, fmt.Errorf("audit: the log has no checkpoint")
}

// Run signs the head at every interval in which the log grew, until ctx ends.
// The caller signs once more at shutdown, with [Log.Checkpoint]. A failure is
// logged when its text changes and tried again at the next interval.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(l.options.Interval)
	defer tick.Stop()
	var last string
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		_, err := l.Checkpoint(ctx)
		switch {
		case err == nil:
			last = ""
		case ctx.Err() == nil && err.Error() != last:
			last = err.Error()
			l.options.Logger.LogAttrs(ctx, slog.LevelError, "audit checkpoint failed", slog.Any("error", err))
		}
	}
}
