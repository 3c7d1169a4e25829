package facebook

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"
)

// memory is what a connector remembers of things by their id: the newest of
// them only, and nothing across restarts. It is safe for concurrent use.
type memory[T any] struct {
	mu    sync.Mutex
	most  int
	known map[string]T
	order []string // oldest first
}

func newMemory[T any](most int) *memory[T] {
	return &memory[T]{most: most, known: make(map[string]T)}
}

func (m *memory[T]) put(id string, what T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.known[id]; !known {
		m.order = append(m.order, id)
	}
	m.known[id] = what
	if len(m.order) > m.most {
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

func (m *memory[T]) get(id string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what, known := m.known[id]
	return what, known
}

// all is a copy of what is remembered.
func (m *memory[T]) all() map[string]T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.known)
}

// sight is what became known of a post, comment or message.
type sight struct {
	read time.Time // when a call showed how it stands, on Facebook's clock; zero: never
	text [sha256.Size]byte
	// edited is when the text became what it is, as far as anything told.
	edited time.Time
	gone   bool
}

// lateness is how far Facebook's own servers may be behind each other: what a
// call showed is newer than what was told of an earlier moment than that.
const lateness = time.Minute

// sawRead notes that a call showed how something stands, and returns when it
// was last edited. Of an edit that nobody told of, that is when it was seen:
// Facebook's answers have no time for it.
func (c *Connector) sawRead(id, text string, at time.Time) (edited time.Time) {
	if at.IsZero() {
		at = time.Now().Add(-clockSkew)
	}
	s, known := c.sights.get(id)
	sum := sha256.Sum256([]byte(text))
	if known && s.text != sum {
		s.edited = at.UTC().Truncate(time.Second)
	}
	s.read, s.text = latest(s.read, at), sum
	c.sights.put(id, s)
	return s.edited
}

// sawTold notes how a delivery told that something stands.
func (c *Connector) sawTold(id, text string, edited time.Time) {
	s, _ := c.sights.get(id)
	s.text, s.edited = sha256.Sum256([]byte(text)), latest(s.edited, edited)
	c.sights.put(id, s)
}

// sawGone notes that something was deleted.
func (c *Connector) sawGone(id string) { c.sights.put(id, sight{gone: true}) }

// outdated reports whether how something stood at a moment is known to be old.
func (c *Connector) outdated(id string, stood time.Time) bool {
	s, known := c.sights.get(id)
	return known && (s.gone || stood.Before(s.edited) || stood.Add(lateness).Before(s.read))
}
