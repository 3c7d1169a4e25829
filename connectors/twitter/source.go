package twitter

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

const (
	pageSize = 100
	// overlap is how long a post may take to appear behind newer ones: so much is read again.
	// X bills a post once a day, however often it is read.
	overlap = time.Minute
)

// place is what a cursor says. X lists newest first, so between the first and
// the last page of a round the cursor holds both ends: Since, where the round
// stops, and Newest, where the next one will.
type place struct {
	Since  int64  `json:"since"`            // ids from here on up, exclusive
	Newest int64  `json:"newest,omitempty"` // the greatest id of the round's first page
	Token  string `json:"token,omitempty"`  // the round's next page
}

func (c *Connector) placeOf(cursor inbox.Cursor) (p place, err error) {
	if len(cursor) == 0 {
		return place{Since: idAt(time.Now().Add(-c.backfill))}, nil
	}
	if err := json.Unmarshal(cursor, &p); err != nil || p.Since < 0 {
		return place{}, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read"}
	}
	if p.Since == 0 { // of API 1.1, which had seen no post yet
		p.Since = idAt(time.Now().Add(-c.backfill))
	}
	return p, nil
}

// Poll reads one page of what mentions the account. A page that X no longer
// has is no loss: the round begins again.
func (c *Connector) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	at, err := c.placeOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	self, err := c.me(ctx)
	if err != nil {
		return connectors.Page{}, err
	}
	began := time.Now()
	got, err := c.page(ctx, "/2/users/"+self+"/mentions", at)
	if err != nil && at.Token != "" && connectors.KindOf(err) == connectors.Rejected {
		c.log.Warn("a page of mentions can no longer be read; the round begins again")
		at = place{Since: at.Since}
		got, err = c.page(ctx, "/2/users/"+self+"/mentions", at)
	}
	if err != nil {
		return connectors.Page{}, err
	}
	users, err := c.authors(ctx, got.Data, self)
	if err != nil {
		return connectors.Page{}, err
	}
	var page connectors.Page
	next := place{Since: at.Since, Newest: at.Newest, Token: got.Meta.Next}
	for i := range got.Data {
		p := &got.Data[i]
		if p.AuthorID == self {
			page.Own = append(page.Own, c.own(p))
		} else {
			page.Mentions = append(page.Mentions, p.inbound(users, self, c.s.Handle))
		}
		next.Newest = max(next.Newest, number(p.ID))
	}
	if next.Token == "" { // the round is through
		next = place{Since: max(at.Since, min(next.Newest, idAt(began.Add(-overlap))))}
	}
	page.Next, err = json.Marshal(next)
	page.More = next.Token != ""
	return page, err
}

// page reads one page of a timeline and refuses one that lacks anything.
func (c *Connector) page(ctx context.Context, path string, at place) (got timeline, err error) {
	name, fields := c.s.fields()
	q := url.Values{
		"max_results": {strconv.Itoa(pageSize)}, "since_id": {strconv.FormatInt(at.Since, 10)},
		name: {fields},
	}
	if c.people.expanded() {
		q.Set("expansions", "author_id")
		q.Set("user.fields", "username,name")
	}
	if at.Token != "" {
		q.Set("pagination_token", at.Token)
	}
	answer, err := c.client.Do(ctx, connectors.Call{Path: path, Query: q})
	if err != nil {
		return got, err
	}
	if err := answer.JSON(&got); err != nil {
		return got, err
	}
	c.count(&got)
	defer c.bill.save(ctx)
	switch {
	case got.Meta == nil || got.Meta.Count != len(got.Data):
		return got, answer.Nonsense("not a whole page of posts")
	case got.Meta.Next != "" && (got.Meta.Next == at.Token || len(got.Meta.Next) > 1024):
		return got, answer.Nonsense("a page that leads nowhere")
	}
	for i := range got.Data {
		if p := &got.Data[i]; !isID(p.ID) {
			return got, answer.Nonsense("a page with a post that has no id")
		} else if p.AuthorID == "" && p.Author != nil {
			p.AuthorID = p.Author.ID
		}
	}
	if c.people.mustExpand(got.Data) {
		return c.page(ctx, path, at)
	}
	return got, nil
}
