package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

// pageSize is how many changes one poll asks for.
const pageSize = 100

// place is what a cursor says: where in the network's feed the next poll
// begins and, until the back-fill is through, from when on posts count.
type place struct {
	after string
	since time.Time
}

// cursor is the place in bytes: the network's own cursor, with the time behind
// a space while it matters.
func (p place) cursor() inbox.Cursor {
	if p.since.IsZero() {
		return inbox.Cursor(p.after)
	}
	return inbox.Cursor(p.after + " " + p.since.Format(time.RFC3339))
}

func (c *Connector) placeOf(cursor inbox.Cursor) (place, error) {
	if len(cursor) == 0 {
		return c.beginning(), nil
	}
	after, since, filling := strings.Cut(string(cursor), " ")
	if !filling {
		return place{after: after}, nil
	}
	t, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return place{}, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read", Err: err}
	}
	return place{after: after, since: t}, nil
}

// beginning is where a first poll begins: at the back-fill window.
func (c *Connector) beginning() place {
	return place{since: time.Now().Add(-c.backfill).UTC().Truncate(time.Second)}
}

// Poll asks for the changes that concern the account. A network that began
// anew is read from its beginning.
func (c *Connector) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	from, err := c.placeOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	page, err := c.poll(ctx, from)
	if errors.Is(err, errForeignCursor) {
		c.log.Warn("the network began anew; reading starts over")
		return c.poll(ctx, c.beginning())
	}
	return page, err
}

func (c *Connector) poll(ctx context.Context, from place) (connectors.Page, error) {
	q := c.filter(from)
	q.Set("limit", strconv.Itoa(pageSize))
	got, err := c.list(ctx, q)
	if err != nil {
		return connectors.Page{}, err
	}
	if got.Next == "" || strings.Contains(got.Next, " ") {
		return connectors.Page{}, connectors.Errorf(connectors.Garbage, "the network's answer is a page without a cursor")
	}
	var page connectors.Page
	for i := range got.Items {
		c.sort(&page, &got.Items[i])
	}
	next := place{after: got.Next, since: from.since}
	if !got.More {
		next.since = time.Time{} // the back-fill is through: from here on everything counts
	}
	page.Next, page.More = next.cursor(), got.More
	return page, nil
}

// filter is what the feed and the stream are asked.
func (c *Connector) filter(from place) url.Values {
	q := url.Values{"after": {from.after}, "concerning": {c.s.Handle}}
	if !from.since.IsZero() {
		q.Set("since", from.since.Format(time.RFC3339))
	}
	return q
}

// sort puts a post where it belongs: our own, or a mention.
func (c *Connector) sort(page *connectors.Page, p *post) {
	switch {
	case p.Author != c.s.Handle:
		page.Mentions = append(page.Mentions, p.inbound())
	case !p.Deleted:
		page.Own = append(page.Own, p.own())
	}
}

// Stream listens to the network's server-sent events. It delivers each change
// as it comes, and may miss what came before it was connected.
func (c *Connector) Stream(ctx context.Context, after inbox.Cursor, deliver func(connectors.Page) error) error {
	from, err := c.placeOf(after)
	if err != nil {
		return err
	}
	q := c.filter(from)
	if from.after == "" {
		q.Del("after") // from now on: polling does the back-fill
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := c.client.Open(ctx, connectors.Call{Path: "/api/stream", Query: q})
	if err != nil {
		return err
	}
	defer body.Close()
	quiet := time.AfterFunc(streamQuiet, cancel)
	defer quiet.Stop()
	if err := deliver(connectors.Page{}); err != nil {
		return err
	}
	return c.events(ctx, body, func() { quiet.Reset(streamQuiet) }, deliver)
}

const (
	streamQuiet = 45 * time.Second // the network gives a sign of life every 15 s
	maxEvent    = 256 << 10        // bytes of one line of the stream
)

// events reads "post" events until the stream ends.
func (c *Connector) events(ctx context.Context, body io.Reader, alive func(), deliver func(connectors.Page) error) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxEvent)
	var event string
	for lines.Scan() {
		alive()
		line := lines.Bytes()
		switch name, value, _ := bytes.Cut(line, []byte(": ")); string(name) {
		case "event":
			event = string(value)
		case "data":
			if event != "post" {
				continue
			}
			var p post
			if json.Unmarshal(value, &p) != nil || !p.whole() {
				return &connectors.Error{Kind: connectors.Garbage, Message: "the network's stream makes no sense", Remedy: "It is read again by itself; if this stays, look whether base_url is the network's own."}
			}
			var page connectors.Page
			c.sort(&page, &p)
			if err := deliver(page); err != nil {
				return err
			}
		case "":
			event = ""
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return &connectors.Error{Kind: connectors.Garbage, Message: "the network's stream makes no sense", Remedy: "It is read again by itself; if this stays, look whether base_url is the network's own."}
	}
	if ctx.Err() != nil {
		return &connectors.Error{Kind: connectors.Temporary, Message: "the network's stream fell silent", Err: ctx.Err()}
	}
	return &connectors.Error{Kind: connectors.Temporary, Message: "the network's stream ended", Err: lines.Err()}
}
