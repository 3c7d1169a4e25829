package approval

import (
	"context"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/store"
)

// sighting is an own post that no receipt explained when it was seen. It waits
// a little, since the receipt of a post can be recorded after the post is seen.
type sighting struct {
	Account    inbox.AccountName `cbor:"1,keyasint"`
	ExternalID string            `cbor:"2,keyasint"`
	URL        string            `cbor:"3,keyasint,omitempty"`
	Text       string            `cbor:"4,keyasint,omitempty"`
	PostedAt   time.Time         `cbor:"5,keyasint"`
	SeenAt     time.Time         `cbor:"6,keyasint"`
	Outside    bool              `cbor:"7,keyasint,omitempty"` // found to be published outside
}

func (s *sighting) key() sightingKey {
	return store.Field([]byte(s.Account), []byte(s.ExternalID))
}

func pendingSightings(s *sighting) [][]byte {
	if s.Outside {
		return nil
	}
	return [][]byte{store.Time(s.SeenAt)}
}

func outsideSightings(s *sighting) [][]byte {
	if !s.Outside {
		return nil
	}
	return [][]byte{store.NewestFirst(s.SeenAt)}
}

// Outside is a post on one of our accounts that no release explains.
type Outside struct {
	Account    inbox.AccountName
	ExternalID string
	URL        string
	Text       string
	PostedAt   time.Time
	SeenAt     time.Time
}

const watchPrefix = "watch:"

// Observe takes the own posts that a source came across. One that no release
// explains raises the alarm "published outside" after a short wait. Posts from
// before our first contact with the account are not ours to explain.
func (a *Approvals) Observe(ctx context.Context, account inbox.AccountName, posts []OwnPost) error {
	fresh := posts[:0:0]
	err := a.db.View(ctx, func(tx *store.Tx) error {
		fresh = fresh[:0]
		since, ok, err := a.watchedSince(tx, account)
		if err != nil {
			return err
		}
		for _, post := range posts {
			if ok && !post.PostedAt.Before(since) && a.unexplained(tx, account, post.ExternalID) {
				fresh = append(fresh, post)
			}
		}
		if !ok {
			fresh = append(fresh, OwnPost{})
		}
		return nil
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		since, ok, err := a.watchedSince(tx, account)
		if err != nil {
			return err
		}
		if !ok {
			since = tx.Now()
			if err := a.controls.Put(tx, &control{Name: watchPrefix + string(account), At: since}); err != nil {
				return err
			}
		}
		for _, post := range posts {
			if post.PostedAt.Before(since) || post.ExternalID == "" || !a.unexplained(tx, account, post.ExternalID) {
				continue
			}
			err := a.sightings.Put(tx, &sighting{
				Account: account, ExternalID: post.ExternalID, URL: post.URL, Text: post.Text, PostedAt: post.PostedAt, SeenAt: tx.Now(),
			})
			if err != nil {
				return err
			}
			tx.OnCommit(a.wakeAll)
		}
		return nil
	})
}

func (a *Approvals) watchedSince(tx *store.Tx, account inbox.AccountName) (time.Time, bool, error) {
	c, ok, err := a.controls.Lookup(tx, store.String(watchPrefix+string(account)))
	if err != nil || !ok {
		return time.Time{}, false, err
	}
	return c.At, true, nil
}

// unexplained reports whether neither a receipt nor an earlier sighting knows
// the post.
func (a *Approvals) unexplained(tx *store.Tx, account inbox.AccountName, externalID string) bool {
	key := store.Field([]byte(account), []byte(externalID))
	if _, seen, err := a.sightings.Lookup(tx, key); err != nil || seen {
		return false
	}
	for range a.proposals.By(tx, "receipt", store.Range{Prefix: key}, false) {
		return false
	}
	return true
}

// judgeSightings decides on the own posts that waited long enough: explained
// by a receipt meanwhile, still possibly one of an unknown outcome, or
// published outside.
func (a *Approvals) judgeSightings(tx *store.Tx) error {
	var ripe []*sighting
	for s, err := range a.sightings.By(tx, "pending", store.Range{}, false) {
		if err != nil {
			return err
		}
		if s.SeenAt.Add(a.o.OutsideAfter).After(tx.Now()) || len(ripe) == 1000 {
			break
		}
		ripe = append(ripe, s)
	}
	for _, s := range ripe {
		if err := a.judge(tx, s); err != nil {
			return err
		}
	}
	return nil
}

func (a *Approvals) judge(tx *store.Tx, s *sighting) error {
	for range a.proposals.By(tx, "receipt", store.Range{Prefix: s.key()}, false) {
		return a.sightings.Delete(tx, s.key())
	}
	open, err := a.mayBeOurs(tx, s)
	if err != nil {
		return err
	}
	if open {
		s.SeenAt = tx.Now()
		return a.sightings.Put(tx, s)
	}
	s.Outside = true
	if err := a.sightings.Put(tx, s); err != nil {
		return err
	}
	_, err = a.log.Append(tx, audit.Event{
		Kind: "account.published_outside", Actor: audit.System, Via: "connector", Subject: audit.Subject("account:" + string(s.Account)),
		Facts: map[string]string{"external_id": audit.Fact(s.ExternalID), "posted_at": s.PostedAt.UTC().Format(time.RFC3339)},
	})
	return err
}

// mayBeOurs reports whether an attempt of unsettled outcome sent this text, or
// a press officer settled one as posted without the platform's id.
func (a *Approvals) mayBeOurs(tx *store.Tx, s *sighting) (bool, error) {
	for _, what := range []string{workSending, workUnknown, workUnread} {
		for p, err := range a.proposals.By(tx, "work", store.Range{Prefix: workKey(s.Account, what)}, false) {
			if err != nil {
				return false, err
			}
			if e, err := a.envelope(tx, p); err == nil && e.Text == s.Text {
				return true, nil
			}
		}
	}
	return false, nil
}

// PublishedOutside lists the newest posts that no release explains, at most limit.
func (a *Approvals) PublishedOutside(ctx context.Context, limit int) (list []Outside, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for s, err := range a.sightings.By(tx, "outside", store.Range{}, false) {
			if err != nil {
				return err
			}
			if len(list) == limit {
				break
			}
			list = append(list, Outside{s.Account, s.ExternalID, s.URL, s.Text, s.PostedAt, s.SeenAt})
		}
		return nil
	})
	return list, err
}
