package twitter

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"standpunt/connectors"
)

const (
	usersAtOnce = 100                // users in one request, at most
	knownFor    = 7 * 24 * time.Hour // after which a name is asked for again
	generations = 10_000             // users in each of the two generations
	// patience is how many lookups in a row may fail before mentions come in without names.
	patience = 3
)

// acquaintances are the users whose names we know. X bills each user that it
// gives, ten times a mention's price, so nobody is asked for twice in a week. Names
// are kept in memory alone, since they are other people's, and bounded: whoever
// was not seen for some ten thousand others is forgotten. It is safe for
// concurrent use.
type acquaintances struct {
	mu         sync.Mutex
	young, old map[string]acquaintance
	expandsAll bool // X names no authors unless they are expanded
	failed     int  // lookups since the last that went well
}

type acquaintance struct {
	user
	at time.Time
}

// find is the user with the id, as far as it is known.
func (a *acquaintances) find(id string) (user, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.young[id]
	if !ok {
		if known, ok = a.old[id]; ok {
			a.put(known)
		}
	}
	if !ok || time.Since(known.at) > knownFor {
		return user{}, false
	}
	return known.user, true
}

// meet remembers users.
func (a *acquaintances) meet(users ...user) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range users {
		if isID(u.ID) {
			a.put(acquaintance{u, time.Now()})
		}
	}
}

func (a *acquaintances) put(known acquaintance) {
	if a.young == nil || len(a.young) >= generations {
		a.old, a.young = a.young, make(map[string]acquaintance)
	}
	a.young[known.ID] = known
}

// asked notes how a lookup went, and reports whether another is worth waiting for.
func (a *acquaintances) asked(well bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed++; well {
		a.failed = 0
	}
	return a.failed < patience
}

// expanded reports whether authors have to be expanded.
func (a *acquaintances) expanded() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.expandsAll
}

// mustExpand reports, once, that X named no authors, as it does in one of its
// vocabularies unless they are expanded.
func (a *acquaintances) mustExpand(posts []post) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.expandsAll {
		return false
	}
	for i := range posts {
		if posts[i].AuthorID != "" {
			return false
		}
	}
	a.expandsAll = len(posts) > 0
	return a.expandsAll
}

// count puts a page on the bill, its posts as what they are, and remembers whom
// it shows.
func (c *Connector) count(what charge, got *timeline) {
	for i := range got.Data {
		c.bill.read(what, got.Data[i].ID)
	}
	for _, u := range got.Includes.Users {
		c.bill.read(userRead, u.ID)
	}
	c.people.meet(got.Includes.Users...)
}

// meetAuthors puts the authors of a page among what came with it.
func (c *Connector) meetAuthors(ctx context.Context, got *timeline, self string) error {
	users, err := c.authors(ctx, got.Data, self)
	for _, u := range users {
		if _, known := got.Includes.user(u.ID); !known {
			got.Includes.Users = append(got.Includes.Users, u)
		}
	}
	return err
}

// authors are the posts' authors by id, but for ourselves. X is asked only for
// those who are not known. Whom X does not show stays without a name.
func (c *Connector) authors(ctx context.Context, posts []post, self string) (map[string]user, error) {
	users := make(map[string]user)
	var unknown []string
	for i := range posts {
		id := posts[i].AuthorID
		if _, seen := users[id]; seen || id == self || !isID(id) {
			continue
		}
		known, ok := c.people.find(id)
		users[id] = known
		if !ok {
			unknown = append(unknown, id)
		}
	}
	defer func() {
		for id, u := range users {
			if u.ID == "" {
				delete(users, id)
			}
		}
	}()
	for len(unknown) > 0 {
		n := min(len(unknown), usersAtOnce)
		if err := c.lookUp(ctx, unknown[:n], users); err != nil {
			return nil, err
		}
		unknown = unknown[n:]
	}
	return users, nil
}

// lookUp asks for users. A refusal that trying again will not change costs the
// mentions their authors' names, and not the mentions; so does the third lookup in a row
// that fails, and every one after it until one goes well: nobody waits for a name longer.
func (c *Connector) lookUp(ctx context.Context, ids []string, into map[string]user) error {
	var got struct {
		Data []user `json:"data"`
	}
	answer, err := c.client.Do(ctx, connectors.Call{
		Path: "/2/users", Query: url.Values{"ids": {strings.Join(ids, ",")}, "user.fields": {"username,name"}},
	})
	if err == nil {
		err = answer.JSON(&got)
	}
	switch kind := connectors.KindOf(err); {
	case err == nil:
		c.people.asked(true)
	case ctx.Err() != nil, kind == connectors.BadAuth, kind.Retryable() && c.people.asked(false):
		return err
	default:
		c.log.Warn("X does not tell who wrote what mentions us", "users", len(ids), "kind", kind)
		return nil
	}
	for _, u := range got.Data {
		c.bill.read(userRead, u.ID)
		if _, asked := into[u.ID]; asked {
			into[u.ID] = u
		}
	}
	c.people.meet(got.Data...)
	for _, id := range ids { // those whom X does not show are not asked for again and again
		if into[id].ID == "" {
			c.people.meet(user{ID: id})
		}
	}
	c.bill.save(ctx)
	return nil
}
