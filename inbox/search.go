package inbox

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"

	"standpunt/internal/id"
	"standpunt/store"
)

const (
	// fewCandidates is up to how many conversations a filter may let through for the search
	// to go through them, rather than through the words' matches.
	fewCandidates = 500
	// mostExamined is how many matches one page looks at before it comes back short.
	mostExamined = 50_000
)

// hit is a conversation and its newest text that has every word.
type hit struct {
	number       uint64
	conversation ConversationID
}

// search pages through the conversations that have a mention with every word,
// by the number of the newest such mention. Two ways lead to the same pages: a
// filter that lets few conversations through is read to its end and each is
// asked for the words; otherwise the words' lists are walked and each match is
// asked for the filter.
func (b *Inbox) search(ctx context.Context, tx *store.Tx, f Filter, at []byte, limit int, page *List) error {
	groups := queryGroups(f.Words)
	if len(groups) == 0 {
		return nil // nothing but signs: no text has such a word
	}
	q, err := newMatches(tx, groups)
	if err != nil {
		return err
	}
	below := uint64(math.MaxUint64) // every number of the page is less
	if at != nil {
		below = binary.BigEndian.Uint64(at)
	}
	s := &searching{b: b, tx: tx, q: q, f: f, limit: limit, page: page, known: make(map[ConversationID]uint64)}
	if f.narrows() {
		candidates, few, err := s.candidates()
		if err != nil {
			return err
		}
		if few {
			return s.amongFew(candidates, below)
		}
	}
	return s.amongMatches(ctx, below)
}

type searching struct {
	b     *Inbox
	tx    *store.Tx
	q     *matches
	f     Filter
	limit int
	page  *List
	known map[ConversationID]uint64 // what newest found
}

// candidates are the conversations that the filter lets through, and false
// where they are more than a few.
func (s *searching) candidates() ([]ConversationID, bool, error) {
	var all []ConversationID
	for suffix := range store.Intersect(nil, s.f.streams(s.tx)...) {
		if len(all) == fewCandidates {
			return nil, false, nil
		}
		v, err := id.FromBytes[Conversation](suffix[min(8, len(suffix)):])
		if err != nil {
			return nil, false, err
		}
		all = append(all, v)
	}
	return all, true, nil
}

func (s *searching) amongFew(candidates []ConversationID, below uint64) error {
	var hits []hit
	for _, c := range candidates {
		n, err := s.newest(c)
		if err != nil {
			return err
		}
		if n != 0 && n < below {
			hits = append(hits, hit{number: n, conversation: c})
		}
	}
	slices.SortFunc(hits, func(x, y hit) int { return cmp.Compare(y.number, x.number) })
	for _, h := range hits {
		full, err := s.emit(h)
		if full || err != nil {
			return err
		}
	}
	return nil
}

func (s *searching) amongMatches(ctx context.Context, below uint64) error {
	for examined := 0; below > 0; examined++ {
		if examined == mostExamined {
			s.page.Next = s.f.cursor(store.Uint64(below).Key())
			return nil
		}
		if examined%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		n, ok, err := s.q.atMost(below - 1)
		if !ok || err != nil {
			return err
		}
		below = n
		at, ok := placeOf(s.tx, n)
		if !ok {
			continue
		}
		full, err := s.match(hit{number: n, conversation: at.conversation})
		if full || err != nil {
			return err
		}
	}
	return nil
}

// match emits a match that is its conversation's newest and that the filter
// lets through.
func (s *searching) match(h hit) (full bool, err error) {
	if n, ok := s.known[h.conversation]; ok && n != h.number {
		return false, nil
	}
	if s.f.narrows() {
		c, err := s.b.Conversation(s.tx, h.conversation)
		if err != nil || !s.f.admits(c) {
			return false, err
		}
	}
	newest, err := s.newest(h.conversation)
	if err != nil || newest != h.number {
		return false, err
	}
	return s.emit(h)
}

// emit adds a conversation to the page. Where the page is full it leaves a
// cursor instead and says so.
func (s *searching) emit(h hit) (full bool, err error) {
	if len(s.page.Items) == s.limit {
		s.page.Next = s.f.cursor(store.Uint64(h.number + 1).Key())
		return true, nil
	}
	c, err := s.b.Conversation(s.tx, h.conversation)
	if err == nil {
		s.page.Items = append(s.page.Items, c)
	}
	return false, err
}

// newest is the highest number of a conversation's texts that have every word,
// 0 if none has. Each conversation is read once in a page, however many of its
// texts match.
func (s *searching) newest(c ConversationID) (uint64, error) {
	if n, ok := s.known[c]; ok {
		return n, nil
	}
	var best uint64
	for key := range s.tx.Scan(mentionsOfBucket, store.Range{Prefix: c.Key()}) {
		n := binary.BigEndian.Uint64(key[len(c)+8:])
		if n <= best {
			continue
		}
		ok, err := s.q.has(n)
		if err != nil {
			return 0, err
		}
		if ok {
			best = n
		}
	}
	s.known[c] = best
	return best, nil
}
