package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"standpunt/store"
)

// Whatever is changed behind the inbox's back, the check notices.
func TestCheckNoticesEveryFault(t *testing.T) {
	b := searchBox(t)
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var items []Inbound
	for i := range 5 {
		items = append(items, Inbound{
			ExternalID: fmt.Sprint(i), Visibility: Public, Text: fmt.Sprint("pakket nummer ", i), PostedAt: at, Author: Author{ExternalID: "e"},
		})
	}
	if _, err := b.Ingest(t.Context(), "a", items, nil); err != nil {
		t.Fatal(err)
	}
	first := func(tx *store.Tx) *Mention {
		for m, err := range mentions.Scan(tx, store.Range{}, false) {
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		return nil
	}
	firstKey := func(tx *store.Tx, bucket store.Bucket) []byte {
		for key := range tx.Scan(bucket, store.Range{}) {
			return bytes.Clone(key)
		}
		return nil
	}
	drop := func(bucket store.Bucket) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.Delete(bucket, firstKey(tx, bucket)) }
	}
	for name, tamper := range map[string]func(*store.Tx) error{
		"a text that changed": func(tx *store.Tx) error {
			m := first(tx)
			m.Text += "!"
			return mentions.Put(tx, m)
		},
		"a mention that went": func(tx *store.Tx) error { return mentions.Delete(tx, first(tx).ID) },
		"a conversation that went": func(tx *store.Tx) error {
			return conversations.Delete(tx, first(tx).Conversation)
		},
		"a wrong count": func(tx *store.Tx) error {
			c, err := conversations.Get(tx, first(tx).Conversation)
			if err != nil {
				return err
			}
			c.Mentions++
			return conversations.Put(tx, c)
		},
		"an external id that went": drop(externalBucket),
		"a number that went":       drop(numberBucket),
		"a list that went":         drop(wordBucket),
		"a segment that went":      drop(segmentBucket),
		"a page that went":         drop(pageBucket),
		"a list entry that went":   drop("inbox.conversations." + byIndex),
		"half a page": func(tx *store.Tx) error {
			return tx.Put(pageBucket, firstKey(tx, pageBucket), []byte("short"))
		},
		"segments that overlap": func(tx *store.Tx) error { return segment{lo: 2, hi: 9, level: 1, state: live}.put(tx) },
		"a block out of bounds": func(tx *store.Tx) error {
			return tx.Put(wordBucket, firstKey(tx, wordBucket), []byte{200, 1})
		},
	} {
		undo := errors.New("undo")
		var noticed error
		err := b.db.Update(t.Context(), func(tx *store.Tx) error {
			if err := tamper(tx); err != nil {
				return err
			}
			noticed = nil
			for _, check := range Schema.Checks {
				noticed = errors.Join(noticed, check(tx))
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatalf("%s: %v", name, err)
		}
		if noticed == nil {
			t.Errorf("%s goes unnoticed", name)
		}
	}
	if err := b.db.Check(t.Context()); err != nil {
		t.Fatalf("the untouched inbox does not pass: %v", err)
	}
}
