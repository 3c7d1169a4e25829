package platform

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"standpunt/connectors/twitter"
)

// Charge is something that X has a price for.
type Charge string

// The charges, as X's price list has named them since 20 April 2026.
const (
	OwnedRead     Charge = "owned_read" // a post of one's own timelines, if the account owns the app
	PostRead      Charge = "post_read"
	UserRead      Charge = "user_read"
	DMRead        Charge = "dm_read"
	MediaRead     Charge = "media_read" // a picture beside a post
	PostCreated   Charge = "post"
	LinkPosted    Charge = "post_with_link" // a post or a reply that holds a link
	SummonedReply Charge = "summoned_reply" // to somebody who mentioned or quoted the brand
	DMCreated     Charge = "dm"
	Managed       Charge = "manage" // deleting a post, hiding a reply
)

// price is in millionths of a dollar.
func (c Charge) price() int64 {
	switch c {
	case OwnedRead:
		return 1_000
	case PostRead, MediaRead, Managed:
		return 5_000
	case UserRead, DMRead, SummonedReply:
		return 10_000
	case PostCreated, DMCreated:
		return 15_000
	case LinkPosted:
		return 200_000
	}
	panic("platform: no price for " + string(c))
}

// resource is what was read, whatever it cost: it is free for the rest of the
// UTC day, by whichever call it comes again.
func (c Charge) resource() string {
	switch c {
	case OwnedRead, PostRead:
		return "post"
	case UserRead:
		return "user"
	case DMRead:
		return "dm"
	case MediaRead:
		return "media"
	default:
		return ""
	}
}

// Bill is what X would have charged since the network began.
type Bill struct {
	Counts map[Charge]int `json:"counts"`
	// Free counts, per charge, what was given again for nothing.
	Free map[Charge]int `json:"free"`
	// Total is in millionths of a dollar.
	Total int64 `json:"total_millionths"`
}

func (b Bill) String() string {
	var lines strings.Builder
	for _, c := range slices.Sorted(maps.Keys(b.Counts)) {
		fmt.Fprintf(&lines, "%-15s %6d at $%.3f, %d for free\n", c, b.Counts[c], float64(c.price())/1e6, b.Free[c])
	}
	fmt.Fprintf(&lines, "total $%.3f\n", float64(b.Total)/1e6)
	return lines.String()
}

// books are what the bill is made of.
type books struct {
	bill Bill
	day  string          // UTC
	read map[string]bool // what was charged today
}

// Bill is what was charged so far.
func (p *Platform) Bill() Bill {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Bill{Counts: maps.Clone(p.books.bill.Counts), Free: maps.Clone(p.books.bill.Free), Total: p.books.bill.Total}
}

// charge puts one thing on the bill; id is what was read, "" for anything else.
// The lock is held.
func (p *Platform) charge(c Charge, id string) {
	b := &p.books
	if b.bill.Counts == nil {
		b.bill.Counts, b.bill.Free = make(map[Charge]int), make(map[Charge]int)
	}
	if day := time.Now().UTC().Format(time.DateOnly); b.day != day {
		b.day, b.read = day, make(map[string]bool)
	}
	if kind := c.resource(); kind != "" {
		if b.read[kind+id] {
			b.bill.Free[c]++
			return
		}
		b.read[kind+id] = true
	}
	b.bill.Counts[c]++
	b.bill.Total += c.price()
}

// owned is what a post of the brand's own timelines costs to read.
func (p *Platform) owned() Charge {
	if p.o.OwnsApp {
		return OwnedRead
	}
	return PostRead
}

// chargeCreated charges a post that was made, under above unless that is nil.
func (p *Platform) chargeCreated(text string, above *post) {
	switch {
	case len(twitter.Links(text)) > 0:
		p.charge(LinkPosted, "")
	case above != nil && above.author != p.brand():
		p.charge(SummonedReply, "")
	default:
		p.charge(PostCreated, "")
	}
}

// billByHand is GET /control/bill, which no API of X has.
func (p *Platform) billByHand(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, "application/json", http.StatusOK, p.Bill())
}
