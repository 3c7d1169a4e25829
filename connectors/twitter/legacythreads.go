package twitter

import (
	"context"
	"maps"
	"slices"
	"sync"

	"standpunt/connectors"
)

const (
	threadDepth    = 20    // posts between a reply and the one that began it all, at most
	lookupSize     = 100   // posts in one look-up
	threadsInMind  = 20000 // posts of which the one above is remembered
	unknownAbove   = "?"   // above a post that the server did not show
	beganItHimself = ""    // above a post that answers none
)

// legacyThreads finds the post that began a conversation, which API v1.1 does
// not tell: it goes up from reply to reply, and remembers the way.
type legacyThreads struct {
	mu    sync.Mutex
	above map[string]string // the post that each answers
	first map[string]string // the first version's id of each that answers none
	off   bool              // the server shows no posts by their ids
}

// resolve gives each post the conversation that it belongs to, as far as the
// server shows the posts above it.
func (t *legacyThreads) resolve(ctx context.Context, l *Legacy, posts []*post) error {
	t.learn(posts)
	gone := make(map[string]bool)
	for range threadDepth {
		missing := t.missing(posts, gone)
		if len(missing) == 0 {
			break
		}
		for ids := range slices.Chunk(missing, lookupSize) {
			found, _, err := l.lookup(ctx, ids)
			if err != nil {
				return t.giveUp(l, err)
			}
			seen := make([]*post, len(found))
			for i := range found {
				seen[i] = &found[i]
			}
			t.learn(seen)
			for _, id := range ids {
				gone[legacyID("", id)] = true // where it came, nobody asks for it again
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range posts {
		if p.Conversation == "" {
			if root, known := t.root(p.ID); known {
				p.Conversation = t.first[root]
			}
		}
	}
	return nil
}

// giveUp is the error of a look-up, unless the server has none: then nobody asks
// again, and replies come without their conversation.
func (t *legacyThreads) giveUp(l *Legacy, err error) error {
	if kind := connectors.KindOf(err); kind != connectors.NotAllowed && kind != connectors.Rejected {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.off = true
	l.c.log.Warn("the server shows no posts by their ids; replies come without the post that began their conversation", "error", err)
	return nil
}

func (t *legacyThreads) learn(posts []*post) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.above == nil || len(t.above) > threadsInMind {
		t.above, t.first = make(map[string]string), make(map[string]string)
	}
	for _, p := range posts {
		t.above[p.ID] = p.refers("replied_to")
		if t.above[p.ID] == beganItHimself {
			t.first[p.ID] = p.first()
		}
	}
}

// missing are the posts that stand between the posts and those that began them,
// and are neither known nor gone.
func (t *legacyThreads) missing(posts []*post, gone map[string]bool) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.off {
		return nil
	}
	wanted := make(map[int64]bool)
	for _, p := range posts {
		if p.Conversation != "" {
			continue
		}
		if at, known := t.root(p.ID); !known && at != unknownAbove && !gone[at] {
			wanted[number(at)] = true
		}
	}
	return slices.Sorted(maps.Keys(wanted))
}

// root is the post that began the conversation of the post with the id, or the
// first on the way there that is not known.
func (t *legacyThreads) root(id string) (string, bool) {
	for range 2 * threadDepth {
		above, known := t.above[id]
		switch {
		case !known:
			return id, false
		case above == beganItHimself:
			return id, true
		}
		id = above
	}
	return unknownAbove, false
}
