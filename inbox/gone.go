package inbox

import (
	"time"

	"standpunt/store"
)

// goneFor is how long word that an unknown item is gone is remembered. A
// platform that delivers again what we could not take, as WhatsApp does for
// seven days, may tell of the deletion first and of the post later.
const goneFor = 8 * 24 * time.Hour

// goneAtOnce bounds how many outdated ones a page forgets for each one that it adds.
const goneAtOnce = 4

// gone is word of a deletion that came before what was deleted.
type gone struct {
	Account    AccountName `cbor:"1,keyasint"`
	ExternalID string      `cbor:"2,keyasint"`
	At         time.Time   `cbor:"3,keyasint"` // when we learned of it
}

var deletions = store.NewTable("inbox.gone", func(g *gone) store.String {
	return store.String(externalKey(g.Account, g.ExternalID))
}, store.Index[gone]{Name: atIndex, Entries: func(g *gone) [][]byte { return [][]byte{store.Time(g.At)} }})

// forestall remembers that an item that we do not have is gone, so that it does
// not come in when it arrives after all.
func (p *page) forestall(externalID string) error {
	var old []store.String
	for g, err := range deletions.By(p.tx, atIndex, store.Range{To: store.Time(p.tx.Now().Add(-goneFor))}, false) {
		if err != nil {
			return err
		}
		if old = append(old, store.String(externalKey(g.Account, g.ExternalID))); len(old) == goneAtOnce {
			break
		}
	}
	for _, key := range old {
		if err := deletions.Delete(p.tx, key); err != nil {
			return err
		}
	}
	return deletions.Put(p.tx, &gone{Account: p.account, ExternalID: externalID, At: p.tx.Now()})
}

// forestalled reports whether an item that we do not have is known to be gone.
func (p *page) forestalled(externalID string) (bool, error) {
	g, ok, err := deletions.Lookup(p.tx, store.String(externalKey(p.account, externalID)))
	return ok && p.tx.Now().Sub(g.At) < goneFor, err
}
