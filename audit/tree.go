package audit

import (
	"golang.org/x/mod/sumdb/tlog"
)

// tree recomputes a Merkle tree leaf by leaf and keeps only the hashes that
// later ones need: one for each bit of the size.
type tree struct {
	size  uint64
	edges []tlog.Hash // roots of the complete subtrees, from the largest to the smallest
}

// add appends a leaf's hash and gives the hashes that the log stores for it:
// the leaf's, then those of the subtrees that it completes.
func (t *tree) add(leaf tlog.Hash) []tlog.Hash {
	fresh := []tlog.Hash{leaf}
	h := leaf
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edges) - 1
		h = tlog.NodeHash(t.edges[last], h)
		t.edges = t.edges[:last]
		fresh = append(fresh, h)
	}
	t.edges = append(t.edges, h)
	t.size++
	return fresh
}

// root is the root of the tree so far.
func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing and cannot fail
		return empty
	}
	h := t.edges[len(t.edges)-1]
	for i := len(t.edges) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edges[i], h)
	}
	return h
}
