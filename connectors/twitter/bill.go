package twitter

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

const (
	billTimeout = 5 * time.Second // for reading or writing what was counted
	// chunkSize is how many of the resources that were read today are kept under one name.
	chunkSize = 1024
)

// bill counts what X charges, from what X gave. What was read is remembered for
// the rest of the UTC day, since it is free then, over restarts too. The count
// is kept by [bill.save] alone, so that a poll that brought nothing writes
// nothing. It is safe for concurrent use.
type bill struct {
	keep   connectors.Keep // nil: the count ends with the process
	prices Prices
	owner  bool // the account owns the app
	budget approval.Money
	log    *slog.Logger

	saving sync.Mutex // held while something is written, so that it is in order

	mu     sync.Mutex
	opened bool
	failed string // why it could not be read or written, as it was last logged
	told   int    // the share of the budget at which a warning was logged
	ledger
	day   string // of what was read, in UTC
	seen  map[resource]bool
	chunk int        // the number of the one that fills
	open  []resource // what is in it
	full  map[int][]byte
	dirty bool
}

// ledger is the account of one UTC month.
type ledger struct {
	Month  string         `json:"month"`
	Since  time.Time      `json:"since"`
	Counts map[charge]int `json:"counts"`
	Cost   approval.Money `json:"cost"`
}

// page is what is kept under one name: a part of what was read on one day, and
// the ledger as it was then. The last page of the newest day has the newest.
type page struct {
	Day string `json:"day"`
	ledger
	Read []byte `json:"read"`
}

// resource is one thing that X counts once a day.
type resource struct {
	kind byte
	id   uint64
}

// resourceOf is what was read; false for a charge that is none of reading, or
// an id that is none of X's.
func resourceOf(c charge, id string) (resource, bool) {
	kinds := map[charge]byte{ownedRead: 'p', postRead: 'p', userRead: 'u', dmRead: 'm', mediaRead: 'f'}
	n := number(strings.TrimPrefix(id, photoKey))
	return resource{kinds[c], uint64(n)}, kinds[c] != 0 && n > 0
}

// read counts what one answer of X gave: each id once a day.
func (b *bill) read(c charge, ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ready() {
		return
	}
	if c == ownedRead && !b.owner {
		c = postRead
	}
	for _, id := range ids {
		r, ok := resourceOf(c, id)
		if ok && b.seen[r] {
			continue
		}
		b.add(c)
		if !ok {
			continue
		}
		b.seen[r] = true
		if b.open = append(b.open, r); len(b.open) >= chunkSize {
			b.full[b.chunk] = b.page()
			b.chunk, b.open = b.chunk+1, nil
		}
	}
}

// did counts something else than reading that X carried out.
func (b *bill) did(c charge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready() {
		b.add(c)
	}
}

func (b *bill) add(c charge) {
	b.Counts[c]++
	b.Cost += b.prices.of(c)
	b.dirty = true
}

// save keeps what was counted since it was saved last; it writes nothing where
// nothing was. That it cannot is logged, and tried again the next time.
func (b *bill) save(ctx context.Context) {
	if b.keep == nil {
		return
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	if !b.dirty {
		b.mu.Unlock()
		return
	}
	pages := b.full
	pages[b.chunk] = b.page()
	b.full, b.dirty = make(map[int][]byte), false
	b.warn()
	day := b.day
	b.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), billTimeout)
	defer cancel()
	var err error
	for _, n := range slices.Sorted(maps.Keys(pages)) {
		if err = b.keep.Save(ctx, pageName(n), pages[n]); err != nil {
			break
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note(err)
	if err != nil {
		b.dirty = true
		if day == b.day { // else what they hold of that day is of no use any more
			for n, p := range pages {
				if n < b.chunk {
					b.full[n] = p
				}
			}
		}
	}
}

// ready reads what was kept, once, and turns the page where a day or a month
// has ended. It reports whether there is anything to count in. What was kept
// is read whatever becomes of the call that it is read for, since it is then
// there for all.
//
//nolint:contextcheck,nolintlint // for that reason; contextcheck heeds it by itself
func (b *bill) ready() bool {
	now := time.Now().UTC()
	if !b.opened {
		ctx, cancel := context.WithTimeout(context.Background(), billTimeout)
		defer cancel()
		if err := b.load(ctx); err != nil {
			b.note(err)
			if connectors.KindOf(err) == connectors.Temporary {
				return false
			}
		}
		b.opened = true
	}
	if month := now.Format("2006-01"); b.Month != month {
		b.ledger, b.told = ledger{Month: month, Since: now, Counts: make(map[charge]int)}, 0
		if b.day != "" { // counting went on over the end of the month
			b.Since = monthOf(now)
		}
	}
	if day := now.Format(time.DateOnly); b.day != day {
		b.day, b.seen, b.chunk, b.open, b.full = day, make(map[resource]bool), 0, nil, make(map[int][]byte)
	}
	return true
}

// load reads the pages of the day that the first of them is of.
func (b *bill) load(ctx context.Context) error {
	b.seen, b.full = make(map[resource]bool), make(map[int][]byte)
	if b.keep == nil {
		return nil
	}
	for n := 0; ; n++ {
		kept, err := b.keep.Load(ctx, pageName(n))
		if err != nil || kept.Value == nil {
			return err
		}
		var p page
		if err := json.Unmarshal(kept.Value, &p); err != nil {
			return connectors.Errorf(connectors.Garbage, "what was counted cannot be read")
		}
		list, err := unpack(p.Read)
		if err != nil {
			return err
		}
		if n > 0 && p.Day != b.day {
			return nil
		}
		b.day, b.ledger, b.chunk, b.open = p.Day, p.ledger, n, list
		if len(list) >= chunkSize { // the process ended before it kept the next page
			b.chunk, b.open = n+1, nil
		}
		if b.Counts == nil {
			b.Counts = make(map[charge]int)
		}
		for _, r := range list {
			b.seen[r] = true
		}
	}
}

func pageName(n int) string { return fmt.Sprintf("bill.%d", n) }

// page is the page that fills, as it is kept.
func (b *bill) page() []byte {
	// Neither a map of numbers nor bytes can fail to be encoded.
	encoded, _ := json.Marshal(page{b.day, b.ledger, pack(b.open)})
	return encoded
}

// pack writes resources as kind and distance from the one before.
func pack(list []resource) []byte {
	var out []byte
	last := uint64(0)
	for _, r := range list {
		out = append(out, r.kind)
		out = binary.AppendVarint(out, int64(r.id-last)) // it wraps, and unpack wraps back
		last = r.id
	}
	return out
}

var errPacked = connectors.Errorf(connectors.Garbage, "what was read today cannot be read")

func unpack(raw []byte) (list []resource, err error) {
	last := uint64(0)
	for len(raw) > 0 {
		d, n := binary.Varint(raw[1:])
		if n <= 0 || len(list) >= chunkSize {
			return nil, errPacked
		}
		last += uint64(d)
		list = append(list, resource{raw[0], last})
		raw = raw[1+n:]
	}
	return list, nil
}

// note logs trouble with what is kept when its text changes.
func (b *bill) note(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != b.failed {
		b.log.Warn("what X charges cannot be kept or read; the month's spending is not complete", "error", err)
	}
	b.failed = text
}

// warn logs once when most, and once when all of the budget is spent.
func (b *bill) warn() {
	if b.budget <= 0 {
		return
	}
	for _, share := range []int{100, 80} {
		if b.Cost*100 >= b.budget*approval.Money(share) {
			if b.told < share {
				b.told = share
				log := b.log.With("percent", share, "spent", b.Cost.String(), "budget", b.budget.String())
				if share < 100 {
					log.Warn("the month's budget for X is nearly used up; polls slow down where it would not last, publishing does not")
				} else {
					log.Warn("the month's budget for X is used up; polls are slowed down, publishing is not")
				}
			}
			return
		}
	}
}

// spending is the month so far; base is the pause that the settings ask for.
func (b *bill) spending(base time.Duration) connectors.Spending {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now().UTC()
	if !b.ready() {
		return connectors.Spending{Month: monthOf(now), Since: now, Budget: b.budget}
	}
	look := foresee(now, b.Since, b.Cost, b.budget, base)
	s := connectors.Spending{
		Month: monthOf(now), Since: b.Since, ToDate: b.Cost, Budget: b.budget, Projection: look.projection,
	}
	if look.pause > base {
		s.PollEvery = look.pause
	}
	for _, t := range b.prices.tariffs() {
		if n := b.Counts[t.charge]; n > 0 {
			s.Items = append(s.Items, connectors.Spent{Name: string(t.charge), Count: n, Cost: approval.Money(n) * dollars(t.price)})
		}
	}
	slices.SortStableFunc(s.Items, func(a, b connectors.Spent) int { return int(b.Cost - a.Cost) })
	return s
}
