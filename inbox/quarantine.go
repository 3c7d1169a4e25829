package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"

	"standpunt/internal/id"
	"standpunt/store"
)

const (
	longestRaw      = 16 << 10 // bytes
	mostQuarantined = 1000     // per account; the oldest make room
)

// refuse puts an item that cannot be kept into the quarantine, once: a source
// that delivers it with every poll adds nothing.
func (p *page) refuse(a *arrival) error {
	raw, err := json.Marshal(a.in)
	if err != nil {
		raw = []byte("null") // a time outside of JSON's years
	}
	if len(raw) > longestRaw {
		raw = raw[:longestRaw]
	}
	for range p.tx.Scan("inbox.quarantine."+digestIndex, store.Range{Prefix: rawDigest(p.account, raw)}) {
		p.out.Duplicates++
		return nil
	}
	q := &Quarantined{
		ID: id.At[Quarantined](p.tx.Now()), Account: p.account, Reason: a.problem, Raw: raw, At: p.tx.Now(),
		ExternalID: clip(strings.ToValidUTF8(a.in.ExternalID, "\uFFFD"), longestID),
		Author:     clip(strings.ToValidUTF8(a.in.Author.ExternalID, "\uFFFD"), longestID),
	}
	if err := quarantine.Put(p.tx, q); err != nil {
		return err
	}
	p.out.Quarantined++
	p.refused = append(p.refused, a.problem)
	return p.makeRoom()
}

// makeRoom deletes what is beyond the newest items of the account.
func (p *page) makeRoom() error {
	var old []QuarantineID
	kept := 0
	prefix := store.Field(p.account.Key())
	for key := range p.tx.Scan("inbox.quarantine."+accountIndex, store.Range{Prefix: prefix}) {
		if kept++; kept > mostQuarantined {
			old = append(old, QuarantineID(key[len(prefix)+8:]))
		}
	}
	for _, v := range old {
		if err := quarantine.Delete(p.tx, v); err != nil {
			return err
		}
	}
	return nil
}

// rawDigest recognises an item that was refused before.
func rawDigest(account AccountName, raw []byte) []byte {
	sum := sha256.Sum256(append(store.Field(account.Key()), raw...))
	return sum[:]
}

// Quarantine are the items that could not become mentions, newest first: at
// most the newest 1000 of each account are kept.
func (b *Inbox) Quarantine(ctx context.Context) ([]*Quarantined, error) {
	var all []*Quarantined
	err := b.db.View(ctx, func(tx *store.Tx) error {
		all = nil
		for q, err := range quarantine.Scan(tx, store.Range{}, true) {
			if err != nil {
				return err
			}
			all = append(all, q)
		}
		return nil
	})
	return all, err
}

// QuarantineOf are the newest items of one account that could not become
// mentions, at most that many, and how many are kept in all.
func (b *Inbox) QuarantineOf(ctx context.Context, account AccountName, most int) (newest []*Quarantined, kept int, err error) {
	of := store.Range{Prefix: store.Field(account.Key())}
	err = b.db.View(ctx, func(tx *store.Tx) error {
		newest, kept = nil, 0
		for q, err := range quarantine.By(tx, accountIndex, of, false) {
			if err != nil {
				return err
			}
			if len(newest) == most {
				break
			}
			newest = append(newest, q)
		}
		for range tx.Scan("inbox.quarantine."+accountIndex, of) {
			kept++
		}
		return nil
	})
	return newest, kept, err
}
