package approval

import (
	"context"
	"encoding/base64"
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
	InReplyTo  string            `cbor:"8,keyasint,omitempty"`
}

func (s *sighting) key() sightingKey { return postKey(s.Account, s.ExternalID) }

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
// explains raises the alarm "published outside" after a short wait, and one
// that a release explains is compared with what was read back: somebody may
// have edited it outside. Posts from before our first contact with the account
// are not ours to explain.
func (a *Approvals) Observe(ctx context.Context, account inbox.AccountName, posts []OwnPost) error {
	news := false
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		_, watched, err := a.watchedSince(tx, account)
		news = !watched
		for i := 0; i < len(posts) && err == nil && !news; i++ {
			news, err = a.isNews(tx, account, posts[i])
		}
		return err
	})
	if err != nil || !news {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		since, watched, err := a.watchedSince(tx, account)
		if err != nil {
			return err
		}
		if !watched {
			since = tx.Now()
			if err := a.controls.Put(tx, &control{Name: watchPrefix + string(account), At: since}); err != nil {
				return err
			}
		}
		for _, post := range posts {
			if err := a.observe(tx, account, since, post); err != nil {
				return err
			}
		}
		return nil
	})
}

// isNews reports whether a post says something that the record does not.
func (a *Approvals) isNews(tx *store.Tx, account inbox.AccountName, post OwnPost) (bool, error) {
	since, _, err := a.watchedSince(tx, account)
	if err != nil || post.ExternalID == "" {
		return false, err
	}
	if p, err := a.ownerOf(tx, account, post.ExternalID); err != nil || p != nil && !p.unproven() {
		return p != nil && a.edited(tx, p, post), err
	}
	_, seen, err := a.sightings.Lookup(tx, postKey(account, post.ExternalID))
	return !seen && !post.PostedAt.Before(since), err
}

func (a *Approvals) observe(tx *store.Tx, account inbox.AccountName, since time.Time, post OwnPost) error {
	news, err := a.isNews(tx, account, post)
	if err != nil || !news {
		return err
	}
	if p, err := a.ownerOf(tx, account, post.ExternalID); err != nil || p != nil && !p.unproven() {
		if err != nil {
			return err
		}
		e, err := a.envelope(tx, p)
		switch {
		case err != nil:
			return err
		case p.ReadBack != nil:
			_, err = a.compare(tx, p, post.as(e.Text), p.ReadBack.Besides)
		case len(e.Media) == 0: // pictures are for reading back to compare
			_, err = a.compare(tx, p, post.as(e.Text), nil)
		}
		return err
	}
	if post.PostedAt.Before(since) {
		return nil
	}
	tx.OnCommit(a.wakeAll)
	return a.sightings.Put(tx, &sighting{
		Account: account, ExternalID: post.ExternalID, URL: post.URL, Text: post.Text, PostedAt: post.PostedAt, SeenAt: tx.Now(),
		InReplyTo: post.InReplyTo,
	})
}

// edited reports whether the post that stands for p reads otherwise than when
// it was last read back. What was not read back yet is the reader's to compare.
func (a *Approvals) edited(tx *store.Tx, p *Proposal, post OwnPost) bool {
	if p.ReadBack == nil || p.State != Published {
		return false
	}
	e, err := a.envelope(tx, p)
	if err != nil {
		return false
	}
	stands := post.as(e.Text)
	if !p.ReadBack.Equal {
		return p.ReadBack.Text != cut(stands, maxReadBack)
	}
	return e.Text != stands
}

func (a *Approvals) watchedSince(tx *store.Tx, account inbox.AccountName) (time.Time, bool, error) {
	c, ok, err := a.controls.Lookup(tx, store.String(watchPrefix+string(account)))
	if err != nil || !ok {
		return time.Time{}, false, err
	}
	return c.At, true, nil
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
	if p, err := a.ownerOf(tx, s.Account, s.ExternalID); err != nil || p != nil && p.explains() {
		if err == nil {
			err = a.sightings.Delete(tx, s.key())
		}
		return err
	}
	if p, err := a.settledWithoutID(tx, s); err != nil || p != nil {
		if err == nil {
			err = a.identify(tx, p, s)
		}
		return err
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

// mayBeOurs reports whether an attempt of open outcome may have made the post:
// it sends this text, or answers the same post.
func (a *Approvals) mayBeOurs(tx *store.Tx, s *sighting) (bool, error) {
	for _, what := range []string{workSending, workUnknown} {
		for p, err := range a.proposals.By(tx, "work", store.Range{Prefix: workKey(s.Account, what)}, false) {
			if err != nil {
				return false, err
			}
			if e, err := a.envelope(tx, p); err == nil && (e.Text == s.Text || s.InReplyTo != "" && e.Target == s.InReplyTo) {
				return true, nil
			}
		}
	}
	return false, nil
}

// settledWithoutID is the answer that a press officer settled as posted, whose
// id nobody knew and whose text this post has; nil where there is none. It
// explains one post and no second one.
func (a *Approvals) settledWithoutID(tx *store.Tx, s *sighting) (*Proposal, error) {
	if s.InReplyTo == "" {
		return nil, nil //nolint:nilnil // nil is "none"
	}
	for p, err := range a.proposals.By(tx, "target", store.Range{Prefix: targetKey(s.Account, s.InReplyTo)}, false) {
		if err != nil {
			return nil, err
		}
		if p.State != Published || p.Receipt == nil || p.Receipt.ExternalID != "" {
			continue
		}
		if e, err := a.envelope(tx, p); err == nil && e.Text == s.Text {
			return p, nil
		}
	}
	return nil, nil //nolint:nilnil // nil is "none"
}

// identify gives a settled answer the id of the post that stands for it.
func (a *Approvals) identify(tx *store.Tx, p *Proposal, s *sighting) error {
	p.Receipt.ExternalID = s.ExternalID
	err := a.move(tx, p, step{to: Published, event: "identified", actor: audit.System, via: "connector", facts: map[string]string{
		"external_id": audit.Fact(s.ExternalID),
	}})
	if err != nil {
		return err
	}
	return a.sightings.Delete(tx, s.key())
}

// unexplained notes the post that stood for an answer by hand and differs as one
// that no receipt explains. A source that saw it meanwhile does not show it again.
func (a *Approvals) unexplained(tx *store.Tx, p *Proposal) error {
	_, seen, err := a.sightings.Lookup(tx, postKey(p.Account, p.Receipt.ExternalID))
	if err != nil || seen {
		return err
	}
	return a.sightings.Put(tx, &sighting{
		Account: p.Account, ExternalID: p.Receipt.ExternalID, URL: p.Receipt.URL, Text: p.ReadBack.Text, PostedAt: p.Receipt.PostedAt,
		SeenAt: tx.Now(), InReplyTo: p.Target,
	})
}

// explained forgets that the post of an answer by hand was seen before anybody
// knew whose it is, and takes back the alarm that it may have raised.
func (a *Approvals) explained(tx *store.Tx, p *Proposal) error {
	s, seen, err := a.sightings.Lookup(tx, postKey(p.Account, p.Receipt.ExternalID))
	if err != nil || !seen {
		return err
	}
	if err := a.sightings.Delete(tx, s.key()); err != nil || !s.Outside {
		return err
	}
	_, err = a.log.Append(tx, audit.Event{
		Kind: "account.explained", Actor: audit.System, Via: "connector", Subject: audit.Subject("account:" + string(s.Account)),
		Facts: map[string]string{"external_id": audit.Fact(s.ExternalID), "proposal": string(p.subject())},
	})
	return err
}

// OutsideCount is how many posts stand on our accounts that no release explains.
type OutsideCount struct {
	All    int
	Unseen int       // of these, those that came across after the time asked about
	Newest time.Time // when the newest one came across; zero where there is none
}

// CountOutside counts the posts that no release explains, the newest limit of
// them at most. Those that came across after seen count as unseen. It reads no
// more than that many entries of an index, so that every page can ask.
func (a *Approvals) CountOutside(ctx context.Context, seen time.Time, limit int) (n OutsideCount, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		n = OutsideCount{}
		entries := a.sightings.Stream(tx, "outside", nil)
		for entry := entries.Seek(nil); entry != nil && n.All < limit; entry = entries.Next() {
			at, err := store.ParseNewestFirst(entry)
			if err != nil {
				return err
			}
			if n.All++; at.After(seen) {
				n.Unseen++
			}
			if n.Newest.IsZero() {
				n.Newest = at
			}
		}
		return nil
	})
	return n, err
}

// PublishedOutside lists the posts that no release explains, newest first, at
// most limit. next is empty at the end, else what after is for the posts that
// follow.
func (a *Approvals) PublishedOutside(ctx context.Context, after string, limit int) (list []Outside, next string, err error) {
	from, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return nil, "", errPosition(after)
	}
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list, next = nil, ""
		r := store.Range{}
		if len(from) > 0 {
			r.From = from
		}
		for s, err := range a.sightings.By(tx, "outside", r, false) {
			if err != nil {
				return err
			}
			if len(list) == limit {
				next = formatPosition(append(store.NewestFirst(s.SeenAt), s.key()...))
				break
			}
			list = append(list, Outside{s.Account, s.ExternalID, s.URL, s.Text, s.PostedAt, s.SeenAt})
		}
		return nil
	})
	return list, next, err
}
