package network

import (
	"cmp"
	"container/heap"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"standpunt/internal/fault"
)

// Script says who talks when nobody does. The zero Script is silence, until
// somebody asks for a burst or sets a pace.
type Script struct {
	Brand Handle        // whom the customers talk to; "" is noordlicht
	Every time.Duration // one action on average; 0 is silence
	Seed  uint64        // the same seed deals the same lines in the same order
}

// maxPlanned bounds what is planned at a time.
const maxPlanned = 200_000

// cast are the scripted customers: one loop that carries out what is planned.
type cast struct {
	board *board
	log   *slog.Logger
	brand Handle

	mu      sync.Mutex
	every   time.Duration
	dealer  *dealer
	planned agenda
	wake    chan struct{}

	recent []*Post // newest last; the loop's own
	seen   uint64  // changes up to here were looked at for answers; the loop's own
}

// act is one planned action.
type act struct {
	at    time.Time
	draft Draft
	tick  bool // not a draft but the next turn of the trickle
}

func newCast(b *board, s Script, log *slog.Logger) (*cast, error) {
	brand, err := parseHandle("script.brand", cmp.Or(string(s.Brand), "noordlicht"))
	if err != nil {
		return nil, err
	}
	c := &cast{board: b, log: log, brand: brand, dealer: newDealer(brand, s.Seed), wake: make(chan struct{}, 1)}
	c.setPace(s.Every)
	return c, nil
}

func (c *cast) pace() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.every
}

// setPace changes how often somebody does something on average.
func (c *cast) setPace(every time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.every = every
	c.planned = slices.DeleteFunc(c.planned, func(a act) bool { return a.tick })
	heap.Init(&c.planned)
	if every > 0 {
		heap.Push(&c.planned, act{at: time.Now().Add(c.dealer.jitter(every)), tick: true})
	}
	c.nudge()
}

func (c *cast) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// outage plans count complaints over a span of time, most of them early.
func (c *cast) outage(count int, over time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.planned)+count > maxPlanned {
		return fault.New(fault.RateLimited, "too many posts are planned already").At("count", "").
			Fix("Wait until they are out.")
	}
	now := time.Now()
	for range count {
		share := c.dealer.rng.Float64()
		at := now.Add(time.Duration(share * share * float64(over)))
		heap.Push(&c.planned, act{at: at, draft: c.dealer.complaint()})
	}
	c.nudge()
	return nil
}

// run carries out what is planned until ctx is done.
func (c *cast) run(ctx context.Context) {
	var err error
	if c.seen, err = c.board.lastChange(ctx); err != nil {
		c.log.Error("the scripted customers cannot read the timeline", "error", err)
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed := c.board.watch()
		if err := c.noticeAnswers(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("the scripted customers could not look for answers", "error", err)
		}
		if err := c.actNow(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("a scripted customer could not post", "error", err)
		}
		timer.Reset(c.untilNext())
		select {
		case <-timer.C:
		case <-changed:
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
}

func (c *cast) untilNext() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.planned) == 0 {
		return time.Hour
	}
	return max(0, time.Until(c.planned[0].at))
}

// actNow carries out what is due: drafts together in one transaction, so that
// an outage of a thousand posts a second is no trouble for the disk.
func (c *cast) actNow(ctx context.Context) error {
	drafts, tick := c.due(time.Now())
	if tick {
		d, err := c.turn(ctx)
		if err != nil {
			return err
		}
		drafts = append(drafts, d...)
	}
	for _, d := range drafts {
		if !d.InReplyTo.IsZero() { // alone: what it answers may be gone by now
			if _, err := c.board.add(ctx, "", d); err != nil && !fault.Is(err, gone) {
				return err
			}
		}
	}
	drafts = slices.DeleteFunc(drafts, func(d Draft) bool { return !d.InReplyTo.IsZero() })
	if len(drafts) == 0 {
		return nil
	}
	made, err := c.board.add(ctx, "", drafts...)
	c.recent = append(c.recent, made...)
	if len(c.recent) > 60 {
		c.recent = slices.Clone(c.recent[len(c.recent)-60:])
	}
	return err
}

func (c *cast) due(now time.Time) (drafts []Draft, tick bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.planned) > 0 && len(drafts) < 200 && !c.planned[0].at.After(now) {
		a, _ := heap.Pop(&c.planned).(act) // the heap holds nothing else
		if !a.tick {
			drafts = append(drafts, a.draft)
			continue
		}
		tick = true
		if c.every > 0 {
			heap.Push(&c.planned, act{at: now.Add(c.dealer.jitter(c.every)), tick: true})
		}
	}
	return drafts, tick
}

// turn is one turn of the trickle: mostly a new post, now and then a bystander,
// somebody who grows impatient, an edit or a deletion.
func (c *cast) turn(ctx context.Context) ([]Draft, error) {
	c.mu.Lock()
	roll, fresh := c.dealer.rng.IntN(100), c.dealer.question()
	var old *Post
	if len(c.recent) > 2 {
		old = c.recent[c.dealer.rng.IntN(len(c.recent))]
	}
	c.mu.Unlock()
	if roll < 70 || old == nil {
		return []Draft{fresh}, nil
	}
	old, err := c.board.post(ctx, old.ID)
	if err != nil || old.Deleted() {
		return []Draft{fresh}, err
	}
	c.mu.Lock()
	lang := languageOf(old.Author)
	bystander, impatient, edited := c.dealer.bystander(lang, old), c.dealer.impatient(lang, old), old.Text+c.dealer.addition(lang)
	c.mu.Unlock()
	switch {
	case roll < 82:
		return []Draft{bystander}, nil
	case roll < 90:
		return []Draft{impatient}, nil
	case roll < 96:
		_, err = c.board.edit(ctx, "", old.ID, edited)
	default:
		_, err = c.board.remove(ctx, "", old.ID)
	}
	if fault.Is(err, fault.TextTooLong) {
		err = nil
	}
	return nil, err
}

// noticeAnswers plans thanks and further questions after the brand's new
// answers to scripted customers.
func (c *cast) noticeAnswers(ctx context.Context) error {
	for more := true; more; {
		posts, reached, yet, err := c.board.changes(ctx, feed{After: c.seen, Concerning: c.brand, Limit: 200})
		if err != nil {
			return err
		}
		c.seen, more = reached, yet
		for _, p := range posts {
			if p.Author != c.brand || p.InReplyTo.IsZero() || p.Deleted() || !p.EditedAt.IsZero() {
				continue
			}
			asked, err := c.board.post(ctx, p.InReplyTo)
			if err != nil {
				return err
			}
			c.thank(asked, p)
		}
	}
	return nil
}

func (c *cast) thank(asked, answer *Post) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.every == 0 || !scripted(asked.Author) || len(c.planned) >= maxPlanned || c.dealer.rng.IntN(10) < 3 {
		return
	}
	d := c.dealer.followUp(asked.Author, answer)
	wait := c.dealer.jitter(max(c.every/2, 5*time.Second))
	heap.Push(&c.planned, act{at: time.Now().Add(wait), draft: d})
}

// agenda is a heap, the earliest act first.
type agenda []act

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(v any)        { *a = append(*a, v.(act)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// dealer deals lines like cards: each deck is dealt to its end before it is
// shuffled again. It is not safe for concurrent use.
type dealer struct {
	brand Handle
	rng   *rand.Rand
	decks map[string][]int
}

func newDealer(brand Handle, seed uint64) *dealer {
	return &dealer{brand: brand, rng: rand.New(rand.NewPCG(seed, 0x506c65696e)), decks: make(map[string][]int)} //nolint:gosec // invented talk
}

// next is the index of the deck's next card.
func (d *dealer) next(deck string, size int) int {
	if len(d.decks[deck]) == 0 {
		d.decks[deck] = d.rng.Perm(size)
	}
	card := d.decks[deck][0]
	d.decks[deck] = d.decks[deck][1:]
	return card
}

func (d *dealer) from(deck string, lines []string) string {
	return d.fill(lines[d.next(deck, len(lines))])
}

func (d *dealer) fill(line string) string {
	return strings.ReplaceAll(line, "{brand}", "@"+string(d.brand))
}

// somebody is a scripted customer who speaks lang and is not one of others.
func (d *dealer) somebody(lang string, others ...Handle) Handle {
	for {
		p := people[d.next("people", len(people))]
		if p.lang == lang && !slices.Contains(others, p.handle) {
			return p.handle
		}
	}
}

// jitter is a span between half and one and a half times d.
func (d *dealer) jitter(span time.Duration) time.Duration {
	return time.Duration((0.5 + d.rng.Float64()) * float64(span))
}

func (d *dealer) question() Draft {
	q := questions[d.next("questions", len(questions))]
	return Draft{Author: d.somebody(q.lang), Text: d.fill(q.text)}
}

// complaint is one of an outage's posts; its author may be one of many whom
// the cast does not list.
func (d *dealer) complaint() Draft {
	lang := "nl"
	if d.rng.IntN(4) == 0 {
		lang = "en"
	}
	text := d.from("outage."+lang, outages[lang])
	place := places[d.rng.IntN(len(places))]
	who, name := crowd(d.rng, lang)
	return Draft{Author: who, Text: strings.ReplaceAll(text, "{place}", place), name: name}
}

func (d *dealer) bystander(lang string, to *Post) Draft {
	return Draft{Author: d.somebody(lang, to.Author), Text: d.from("bystanders."+lang, bystanders[lang]), InReplyTo: to.ID}
}

func (d *dealer) impatient(lang string, to *Post) Draft {
	return Draft{Author: to.Author, Text: d.from("impatient."+lang, impatience[lang]), InReplyTo: to.ID}
}

func (d *dealer) addition(lang string) string { return d.from("additions."+lang, additions[lang]) }

func (d *dealer) followUp(by Handle, to *Post) Draft {
	lang := languageOf(by)
	lines, deck := thanks[lang], "thanks."+lang
	if d.rng.IntN(4) == 0 {
		lines, deck = further[lang], "further."+lang
	}
	return Draft{Author: by, Text: d.from(deck, lines), InReplyTo: to.ID}
}
