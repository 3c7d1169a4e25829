package graph_test

import (
	"strconv"
	"testing"

	"standpunt/connectors/internal/graph"
)

func TestTheOldestIsForgotten(t *testing.T) {
	const most = 4096
	m := graph.NewMemory[int]()
	for i := range most {
		m.Put(strconv.Itoa(i), i)
	}
	m.Put("0", -1) // known already: it takes nobody's place, and stays the oldest
	if got, known := m.Get("0"); !known || got != -1 || len(m.All()) != most {
		t.Errorf("before: %d, %v, of %d", got, known, len(m.All()))
	}
	m.Put("new", most)
	if m.Has("0") || !m.Has("1") || !m.Has("new") || len(m.All()) != most {
		t.Errorf("after: the oldest is known: %v; %d are", m.Has("0"), len(m.All()))
	}
}
