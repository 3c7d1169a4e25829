package inbox

import (
	"slices"

	"standpunt/store"
)

// matches finds the numbers of the texts that have every word of a query.
type matches struct {
	tx       *store.Tx
	groups   [][]string // for each word the terms that it may stand under
	segments []segment  // live, newest first
	open     map[uint64][]group
}

// group is one word's lists in one segment.
type group []*postings

func newMatches(tx *store.Tx, groups [][]string) (*matches, error) {
	segments, err := segmentsIn(tx, live)
	if err != nil {
		return nil, err
	}
	return matchesIn(tx, segments, groups), nil
}

func matchesIn(tx *store.Tx, segments []segment, groups [][]string) *matches {
	return &matches{tx: tx, groups: groups, segments: segments, open: make(map[uint64][]group)}
}

// in opens the query's lists in a segment.
func (q *matches) in(s segment) []group {
	if all, ok := q.open[s.hi]; ok {
		return all
	}
	all := make([]group, len(q.groups))
	for i, terms := range q.groups {
		for _, t := range terms {
			all[i] = append(all[i], newPostings(q.tx, s.key(), t))
		}
	}
	q.open[s.hi] = all
	return all
}

func (g group) atMost(n uint64) (best uint64, found bool, err error) {
	for _, p := range g {
		v, ok, err := p.atMost(n)
		if err != nil {
			return 0, false, err
		}
		if ok && (!found || v > best) {
			best, found = v, true
		}
	}
	return best, found, nil
}

// atMost is the highest number up to n whose text has every word.
func (q *matches) atMost(n uint64) (uint64, bool, error) {
	first, _ := slices.BinarySearchFunc(q.segments, n, func(s segment, n uint64) int {
		if s.lo > n {
			return -1 // newer segments come first
		}
		return 1
	})
	for _, s := range q.segments[first:] {
		v, ok, err := leap(q.in(s), min(n, s.hi))
		if ok || err != nil {
			return v, ok, err
		}
	}
	return 0, false, nil
}

// leap lets every word step down to the others' candidate until they agree.
func leap(groups []group, n uint64) (uint64, bool, error) {
	agreed := 0
	for i := 0; agreed < len(groups); i = (i + 1) % len(groups) {
		v, ok, err := groups[i].atMost(n)
		if !ok || err != nil {
			return 0, false, err
		}
		if v == n {
			agreed++
			continue
		}
		n, agreed = v, 1
	}
	return n, true, nil
}

// has reports whether the text with this number has every word.
func (q *matches) has(n uint64) (bool, error) {
	i, _ := slices.BinarySearchFunc(q.segments, n, func(s segment, n uint64) int {
		if s.lo > n {
			return -1
		}
		return 1
	})
	if i == len(q.segments) || q.segments[i].hi < n {
		return false, nil
	}
	for _, g := range q.in(q.segments[i]) {
		v, ok, err := g.atMost(n)
		if !ok || v != n || err != nil {
			return false, err
		}
	}
	return true, nil
}
