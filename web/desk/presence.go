package desk

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"time"

	"standpunt/inbox"
	"standpunt/people"
)

const (
	// presenceLife is how long somebody counts as replying after their last key.
	presenceLife = time.Minute
	// lateKeys is how long after somebody sent or left their text a key may still come in
	// that they pressed before: it was on its way.
	lateKeys = 5 * time.Second
	// mostPresent bounds how many people are remembered at once.
	mostPresent = 2000
)

// presence remembers for a minute in which composer each person types. It
// lives in memory alone: nothing of it is stored, logged or audited. It is
// safe for concurrent use.
type presence struct {
	mu     sync.Mutex
	typing map[people.ID]typing
	sweep  *time.Timer // nil while nobody types
}

type typing struct {
	in   inbox.ConversationID
	at   time.Time
	left bool // and not typing any more
}

func newPresence() *presence { return &presence{typing: make(map[people.ID]typing)} }

// typed notes that the person types in a conversation's composer. Where too
// many people do, a new one is not noted.
func (p *presence) typed(who people.ID, in inbox.ConversationID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.typing[who]; t.left && t.in == in && time.Since(t.at) < lateKeys {
		return
	}
	p.note(who, typing{in: in, at: time.Now()})
}

func (p *presence) note(who people.ID, t typing) {
	if _, known := p.typing[who]; !known && len(p.typing) >= mostPresent {
		return
	}
	p.typing[who] = t
	if p.sweep == nil {
		p.sweep = time.AfterFunc(presenceLife, p.forget)
	}
}

// left notes that the person no longer writes in that conversation.
func (p *presence) left(who people.ID, in inbox.ConversationID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, known := p.typing[who]; !known || t.in == in {
		p.note(who, typing{in: in, at: time.Now(), left: true})
	}
}

// replying are those other than the person who are typing now, by
// conversation, each list in the order of its ids.
func (p *presence) replying(except people.ID) map[inbox.ConversationID][]people.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[inbox.ConversationID][]people.ID)
	for _, who := range slices.SortedFunc(maps.Keys(p.typing), func(a, b people.ID) int { return bytes.Compare(a[:], b[:]) }) {
		if t := p.typing[who]; who != except && !t.left && time.Since(t.at) < presenceLife {
			all[t.in] = append(all[t.in], who)
		}
	}
	return all
}

// forget drops who has not typed for long enough, and comes back when the next
// one may have to go.
func (p *presence) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep = nil
	next := time.Duration(0)
	for who, t := range p.typing {
		left := presenceLife - time.Since(t.at)
		if left <= 0 {
			delete(p.typing, who)
		} else if next == 0 || left < next {
			next = left
		}
	}
	if next > 0 {
		p.sweep = time.AfterFunc(next, p.forget)
	}
}
