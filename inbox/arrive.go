package inbox

import (
	"math"
	"slices"
	"time"

	"standpunt/internal/id"
	"standpunt/store"
)

// create makes an item a mention and puts it into its conversation.
func (p *page) create(a *arrival) error {
	in := new(a.in) // the arrival itself stays as it is, for a second run
	if in.Thread == "" {
		var err error
		if in.Thread, err = p.threadOf(in); err != nil {
			return err
		}
	}
	c, err := p.conversation(in)
	if err != nil {
		return err
	}
	m := &Mention{
		ID: id.At[Mention](p.tx.Now()), Account: p.account, ExternalID: in.ExternalID, Conversation: c.ID,
		Thread: in.Thread, InReplyTo: in.InReplyTo, Kind: in.Kind, Visibility: in.Visibility,
		PostedAt: in.PostedAt, EditedAt: in.EditedAt, IngestedAt: p.tx.Now(),
	}
	m.show(a)
	p.index(m, a.terms)
	if err := mentions.Put(p.tx, m); err != nil {
		return err
	}
	if err := p.tx.Put(externalBucket, externalKey(p.account, m.ExternalID), m.ID.Key()); err != nil {
		return err
	}
	if err := putPlace(p.tx, m); err != nil {
		return err
	}
	p.arrive(c, m)
	p.out.New++
	return p.seal(m, nil)
}

// threadOf is the thread of an item whose platform names none: that of the
// post it answers where we have it, else one that begins with it.
func (p *page) threadOf(in *Inbound) (string, error) {
	if in.InReplyTo == "" {
		return in.ExternalID, nil
	}
	parent, ok, err := p.b.MentionByExternal(p.tx, p.account, in.InReplyTo)
	if err != nil || !ok || parent.Thread == "" {
		return in.ExternalID, err
	}
	return parent.Thread, nil
}

// show gives a mention the content that an edit can change.
func (m *Mention) show(a *arrival) {
	in := &a.in
	m.Author, m.Subject, m.Text, m.Quoted = in.Author, in.Subject, in.Text, in.Quoted
	m.Language, m.URL, m.Route, m.Attachments = in.Language, in.URL, in.Route, in.Attachments
	m.Unanswerable, m.Repairs = in.Unanswerable, a.notes
}

// index gives the mention the next number and its terms to the page's segment.
func (p *page) index(m *Mention, terms []string) {
	p.number++
	m.Number = p.number
	for _, t := range terms {
		p.postings[t] = append(p.postings[t], m.Number)
	}
}

// conversation finds or begins the conversation that an item belongs to.
func (p *page) conversation(in *Inbound) (*open, error) {
	key := threadKey(p.account, in.Thread, in.Author.ExternalID, in.Visibility)
	if c, ok := p.threads[string(key)]; ok {
		return c, nil
	}
	if found := p.tx.Cursor(threadBucket, key).Seek(nil); found != nil {
		v, err := id.FromBytes[Conversation](found)
		if err != nil {
			return nil, err
		}
		c, err := p.touch(v)
		if err == nil {
			p.threads[string(key)] = c
		}
		return c, err
	}
	c := &open{Conversation: &Conversation{
		ID: id.At[Conversation](p.tx.Now()), Account: p.account, Thread: in.Thread, Customer: in.Author,
		Visibility: in.Visibility, State: Open, Priority: Normal, CreatedAt: p.tx.Now(),
	}}
	p.threads[string(key)] = c
	p.byID[c.ID] = c
	p.order = append(p.order, c)
	return c, nil
}

// touch reads a conversation that the page is going to change.
func (p *page) touch(v ConversationID) (*open, error) {
	if c, ok := p.byID[v]; ok {
		return c, nil
	}
	c, err := p.b.Conversation(p.tx, v)
	if err != nil {
		return nil, err
	}
	o := &open{Conversation: c, newest: newestPosted(p.tx, v)}
	p.byID[v] = o
	p.order = append(p.order, o)
	return o, nil
}

// newestPosted is when the conversation's newest mention was posted.
func newestPosted(tx *store.Tx, v ConversationID) time.Time {
	for key := range tx.ScanReverse(mentionsOfBucket, store.Range{Prefix: v.Key()}) {
		at, err := store.ParseTime(key[len(v):])
		if err != nil {
			return time.Time{}
		}
		return at
	}
	return time.Time{}
}

// arrive brings the conversation up to date with a new mention.
func (p *page) arrive(c *open, m *Mention) {
	p.rank = rankAfter(p.tx, p.rank)
	c.Rank, c.LastActivity = p.rank, p.tx.Now()
	c.Mentions++
	if !m.PostedAt.Before(c.newest) {
		c.newest = m.PostedAt
		c.showNewest(m)
	}
	waits := m.PostedAt
	if waits.After(p.tx.Now()) {
		waits = p.tx.Now()
	}
	if c.AwaitingSince.IsZero() || waits.Before(c.AwaitingSince) {
		c.AwaitingSince = waits
	}
	if c.State != Open {
		c.State, c.SnoozedUntil = Open, time.Time{}
		p.reopened++
	}
}

// showNewest takes from the newest mention what a list shows.
func (c *Conversation) showNewest(m *Mention) {
	c.Excerpt, c.Customer = excerpt(m.Text), m.Author
	if m.Subject != "" {
		c.Subject = m.Subject
	}
	if m.Language != "" {
		c.Language = m.Language
	}
}

// edit follows an upstream edit. The mention keeps what it said before, and its
// conversation keeps its place.
func (p *page) edit(m *Mention, a *arrival) error {
	before := MentionPayload(m)
	c, err := p.touch(m.Conversation)
	if err != nil {
		return err
	}
	if err := p.tx.Delete(numberBucket, store.Uint64(m.Number).Key()); err != nil {
		return err
	}
	at := a.in.EditedAt
	if at.IsZero() {
		at = p.tx.Now()
	}
	if m.Text != a.in.Text {
		m.Earlier = append(m.Earlier, EarlierText{Text: m.Text, Until: at})
	}
	author := m.Author.ExternalID // whose conversation it is does not change
	m.show(a)
	m.Author.ExternalID = author
	m.EditedAt = a.in.EditedAt
	p.index(m, a.terms)
	if err := mentions.Put(p.tx, m); err != nil {
		return err
	}
	if err := putPlace(p.tx, m); err != nil {
		return err
	}
	if !m.PostedAt.Before(c.newest) {
		c.showNewest(m)
	}
	p.out.Edited++
	return p.upstream(m, before)
}

// remove follows an upstream deletion. The text stays until it is erased, and
// nobody waits for an answer to it any more.
func (p *page) remove(m *Mention) error {
	before := MentionPayload(m)
	c, err := p.touch(m.Conversation)
	if err != nil {
		return err
	}
	m.DeletedAt = p.tx.Now()
	if err := mentions.Put(p.tx, m); err != nil {
		return err
	}
	if !c.AwaitingSince.IsZero() {
		if c.AwaitingSince, err = stillWaiting(p.tx, m.Conversation, c.AwaitingSince); err != nil {
			return err
		}
	}
	p.out.Deleted++
	return p.upstream(m, before)
}

// upstream seals the new version and remembers to tell who asked to know.
func (p *page) upstream(m *Mention, before []byte) error {
	p.changed = slices.DeleteFunc(p.changed, func(c *Mention) bool { return c.ID == m.ID })
	p.changed = append(p.changed, m)
	return p.seal(m, before)
}

// seal commits to the mention as it is now, and keeps the payload of the
// version before, which can no longer be told from the record.
func (p *page) seal(m *Mention, before []byte) error {
	var version uint16
	last := p.sealOf[m.ID]
	if last == nil && before != nil {
		var err error
		if last, err = lastSeal(p.tx, m.ID); err != nil {
			return err
		}
		if last != nil {
			last.Payload = before
			if err := putSeal(p.tx, last); err != nil {
				return err
			}
		}
	}
	if last != nil {
		last.Payload = before
		if version = last.version; version < math.MaxUint16 {
			version++
		}
	}
	s, err := newSeal(m, version)
	if err != nil {
		return err
	}
	p.seals = append(p.seals, s)
	p.sealOf[m.ID] = s
	return nil
}
