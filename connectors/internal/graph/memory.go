package graph

import (
	"maps"
	"sync"
)

// mostRemembered is how many things a [Memory] holds.
const mostRemembered = 4096

// Memory is what a connector remembers of things by their id: of the newest
// 4096 only, and nothing across restarts. It is safe for concurrent use.
type Memory[T any] struct {
	mu    sync.Mutex
	known map[string]T
	order []string // oldest first
}

// NewMemory makes one that remembers nothing.
func NewMemory[T any]() *Memory[T] { return &Memory[T]{known: make(map[string]T)} }

// Put remembers something, in place of what was known of it.
func (m *Memory[T]) Put(id string, what T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.known[id]; !known {
		m.order = append(m.order, id)
	}
	m.known[id] = what
	if len(m.order) > mostRemembered {
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

// Get is what is known of something, and false where nothing is.
func (m *Memory[T]) Get(id string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what, known := m.known[id]
	return what, known
}

// Has reports whether anything is known.
func (m *Memory[T]) Has(id string) bool {
	_, known := m.Get(id)
	return known
}

// All is a copy of what is remembered.
func (m *Memory[T]) All() map[string]T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.known)
}
