package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

const (
	pageSize  = 100
	leastPage = 5 // that X gives; of posts of 25,000 characters full of links, no answer is too large for us
	// overlap is how long a post may take to appear behind newer ones: so much is read again.
	// X bills a post once a day, however often it is read.
	overlap = time.Minute
)

// place is what a cursor says: how far each list was read. A cursor of before
// the others were read has the mentions' alone.
type place struct {
	mark
	Own    *mark `json:"own,omitempty"`
	Words  *mark `json:"words,omitempty"`
	Direct *mark `json:"direct,omitempty"`
}

// mark is how far one list was read. X lists newest first, so between the first
// and the last page of a round a mark holds both ends: Since, where the round
// stops, and Newest, where the next one will.
type mark struct {
	Since  int64  `json:"since"`            // ids from here on up, exclusive
	Newest int64  `json:"newest,omitempty"` // the greatest id of the round so far
	Until  int64  `json:"until,omitempty"`  // where the next round begins at the latest
	Token  string `json:"token,omitempty"`  // the round's next page
	Part   int    `json:"part,omitempty"`   // the search that the round is at
	Parts  string `json:"parts,omitempty"`  // which searches the round is made of
	Size   int    `json:"size,omitempty"`   // of the round's pages, where it is not pageSize
}

// midway reports whether a round is not through.
func (m *mark) midway() bool { return m.Token != "" || m.Part > 0 }

// begin notes, at a round's first page, where the next round begins at the
// latest: what X shows late is younger than that. now is X's time.
func (m *mark) begin(now time.Time) {
	if !m.midway() {
		m.Newest, m.Until = 0, idAt(now.Add(-overlap))
	}
}

// through is where the next round begins.
func (m *mark) through() mark { return mark{Since: max(m.Since, min(m.Newest, m.Until))} }

// size is how much the round asks for at a time.
func (m *mark) size() int {
	if m.Size < leastPage || m.Size > pageSize {
		return pageSize
	}
	return m.Size
}

// shrink makes the round's pages smaller where an answer was too large, and
// reports whether that is worth another try. Long posts from anybody would
// else keep all that came with them from being read.
func (m *mark) shrink(err error) bool { return shrink(&m.Size, m.size(), err) }

// shrink does so for pages of any list, of which the last one had the size from.
func shrink(size *int, from int, err error) bool {
	if !errors.Is(err, connectors.ErrTooLarge) || from == leastPage {
		return false
	}
	*size = max(from/4, leastPage)
	return true
}

func (c *Connector) placeOf(cursor inbox.Cursor) (p place, err error) {
	beginning := idAt(time.Now().Add(-c.backfill))
	if len(cursor) == 0 {
		p.Since = beginning
	} else if err := json.Unmarshal(cursor, &p); err != nil || p.Since < 0 {
		return place{}, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read"}
	}
	if p.Since == 0 { // of API 1.1, which had seen no post yet
		p.Since = beginning
	}
	for _, at := range []**mark{&p.Own, &p.Words, &p.Direct} {
		if *at == nil || (*at).Since <= 0 || (*at).Part < 0 {
			*at = &mark{Since: beginning}
		}
	}
	if !c.s.words() {
		p.Words = nil
	}
	if !c.s.DirectMessages {
		p.Direct = nil
	}
	return p, nil
}

// list is one of the lists that a poll reads a page of.
type list struct {
	name string
	at   *mark
	read func(ctx context.Context, self string, at mark, into *connectors.Page) (mark, error)
	// every is the least pause between two rounds, or between two calls where paced; 0: none.
	every time.Duration
	paced bool
}

func (c *Connector) lists(at *place) []list {
	all := []list{
		{name: "mentions", at: &at.mark, read: c.readMentions},
		{name: "own posts", at: at.Own, read: c.readOwn},
	}
	if at.Words != nil {
		all = append(all, list{name: "search", at: at.Words, read: c.readWords, every: time.Duration(len(c.s.queries())) * searchEvery})
	}
	if at.Direct != nil {
		all = append(all, list{name: "messages", at: at.Direct, read: c.readDirect, every: c.directEvery, paced: true})
	}
	return all
}

// waiting is what keeps a list from being read now, and what went wrong with it.
type waiting struct {
	until   time.Time
	trouble error
}

// Poll reads one page of each list: what mentions the account, the account's own
// posts, what the keywords find, and direct messages. While a round over several
// pages is under way, it reads the lists that are not through. The mentions decide:
// where they cannot be read the poll fails, and what is wrong with another list is
// told beside what was read.
func (c *Connector) Poll(ctx context.Context, after inbox.Cursor) (page connectors.Page, err error) {
	at, err := c.placeOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	self, err := c.me(ctx)
	if err != nil {
		return connectors.Page{}, err
	}
	lists, midway := c.lists(&at), false
	for _, l := range lists {
		midway = midway || l.at.midway() && c.due(l)
	}
	for i, l := range lists {
		if midway && !l.at.midway() || !c.due(l) {
			continue
		}
		next, err := l.read(ctx, self, *l.at, &page)
		*l.at = next
		if err != nil && (i == 0 || ctx.Err() != nil) {
			return connectors.Page{}, err
		}
		c.put(l, next.midway(), err)
	}
	for _, l := range lists {
		page.More = page.More || l.at.midway() && c.due(l)
		if trouble := c.waits(l).trouble; trouble != nil && page.Trouble == nil {
			page.Trouble = trouble
		}
	}
	page.Next, err = json.Marshal(at)
	return page, err
}

func (c *Connector) waits(l list) waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting[l.name]
}

func (c *Connector) due(l list) bool { return !time.Now().Before(c.waits(l).until) }

// The pauses after a list could not be read.
const (
	afterLimited = 2 * time.Minute  // where X does not say when its limit ends
	afterRefused = 10 * time.Minute // what a person has to mend
)

// put notes when the list may be read again.
func (c *Connector) put(l list, midway bool, err error) {
	now, w := time.Now(), waiting{trouble: err}
	if l.paced || !midway {
		w.until = now.Add(l.every)
	}
	e := new(connectors.Error)
	switch kind := connectors.KindOf(err); {
	case err == nil, kind == connectors.Rejected: // one search of several; the others go on
	case kind == connectors.RateLimited:
		w.until = now.Add(afterLimited)
		if asError(err, &e) && e.RetryAfter > 0 {
			w.until = now.Add(e.RetryAfter)
		}
	case !kind.Retryable():
		w.until = now.Add(afterRefused)
	default:
		w.until = now.Add(max(l.every, c.s.PollEvery.Std()))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[l.name] = w
}

// readMentions reads a page of what mentions the account.
func (c *Connector) readMentions(ctx context.Context, self string, at mark, into *connectors.Page) (mark, error) {
	return c.readTimeline(ctx, "/2/users/"+self+"/mentions", self, at, into)
}

// readOwn reads a page of the account's own posts, so that one which no release
// explains is seen although it mentions nobody.
func (c *Connector) readOwn(ctx context.Context, self string, at mark, into *connectors.Page) (mark, error) {
	return c.readTimeline(ctx, "/2/users/"+self+"/tweets", self, at, into)
}

// readTimeline reads one page of a timeline and returns where it ends. A page
// that X no longer has is no loss: the round begins again.
func (c *Connector) readTimeline(ctx context.Context, path, self string, at mark, into *connectors.Page) (mark, error) {
	at.begin(c.onX(time.Now()))
	got, err := c.page(ctx, path, &at)
	if err != nil && at.Token != "" && connectors.KindOf(err) == connectors.Rejected {
		c.log.Warn("a page of posts can no longer be read; the round begins again")
		at = mark{Since: at.Since}
		at.begin(c.onX(time.Now()))
		got, err = c.page(ctx, path, &at)
	}
	if err != nil {
		return at, err
	}
	newest, err := c.sort(ctx, &got, self, into)
	if err != nil {
		return at, err
	}
	at.Newest = max(at.Newest, newest)
	if at.Token = got.Meta.Next; at.Token == "" {
		return at.through(), nil
	}
	return at, nil
}

// sort puts a timeline's posts where they belong, and returns the greatest id.
func (c *Connector) sort(ctx context.Context, got *timeline, self string, into *connectors.Page) (newest int64, err error) {
	if err := c.meetAuthors(ctx, got, self); err != nil {
		return 0, err
	}
	for i := range got.Data {
		p := &got.Data[i]
		if p.AuthorID == self {
			into.Own = append(into.Own, c.own(p))
		} else {
			into.Mentions = append(into.Mentions, c.inbound(p, &got.Includes, self, false))
		}
		newest = max(newest, number(p.ID))
	}
	return newest, nil
}

// page reads one page of a timeline and refuses one that lacks anything.
func (c *Connector) page(ctx context.Context, path string, at *mark) (got timeline, err error) {
	q := c.query(at)
	if at.Token != "" {
		q.Set("pagination_token", at.Token)
	}
	answer, err := c.client.Do(ctx, connectors.Call{Path: path, Query: q})
	if at.shrink(err) {
		return c.page(ctx, path, at)
	}
	if err != nil {
		return got, err
	}
	got, err = readTimeline(answer, at.Token)
	c.count(ownedRead, &got)
	defer c.bill.save(ctx)
	if err == nil && c.people.mustExpand(got.Data) {
		return c.page(ctx, path, at)
	}
	return got, err
}

// query are the parameters of every list of posts.
func (c *Connector) query(at *mark) url.Values {
	name, fields := c.s.fields()
	q := url.Values{
		"max_results": {strconv.Itoa(at.size())}, "since_id": {strconv.FormatInt(at.Since, 10)}, name: {fields},
	}
	c.expand(q)
	return q
}

// expand asks for authors where X names none without.
func (c *Connector) expand(q url.Values) {
	if c.people.expanded() {
		q.Set("expansions", "author_id")
		q.Set("user.fields", "username,name")
	}
}

// readTimeline reads the page behind a token. Errors beside the posts, such as
// for one that was deleted meanwhile, take nothing away from the others.
func readTimeline(answer *connectors.Response, token string) (got timeline, err error) {
	if err := answer.JSON(&got); err != nil {
		return got, err
	}
	switch {
	case got.Meta == nil || got.Meta.Count != len(got.Data):
		return got, answer.Nonsense("not a whole page of posts")
	case got.Meta.Next != "" && (got.Meta.Next == token || len(got.Meta.Next) > 1024):
		return got, answer.Nonsense("a page that leads nowhere")
	}
	for i := range got.Data {
		p := &got.Data[i]
		if !isID(p.ID) {
			return got, answer.Nonsense("a page with a post that has no id")
		}
		p.settle()
	}
	return got, nil
}
