package network

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/store"
)

// scanLimit bounds the records that one page of the feed looks at, so that a
// narrow filter costs no more than a wide one.
const scanLimit = 5000

// feed asks for changes in their order.
type feed struct {
	After      uint64    // exclusive
	Concerning Handle    // only posts that concern this account; "" for all
	Since      time.Time // only posts posted, edited or deleted since
	Limit      int
}

// changes is one page of the feed: the posts in the order of their newest
// change, the number that the page reaches, and whether there is more.
func (b *board) changes(ctx context.Context, f feed) (found []*Post, reached uint64, more bool, err error) {
	index, r := "changes", store.Range{From: number(f.After + 1)}
	if f.Concerning != "" {
		index = "concerning"
		r = store.Range{Prefix: group(f.Concerning), From: append(group(f.Concerning), number(f.After+1)...)}
	}
	err = b.db.View(ctx, func(tx *store.Tx) error {
		found, reached, more = nil, f.After, false
		last := lastChange(tx)
		if f.After > last {
			// A file that was put back from a copy: its next changes would bear numbers
			// that the reader has passed.
			return foreignCursor(b.epoch + "." + strconv.FormatUint(f.After, 10))
		}
		looked := 0
		for p, err := range b.posts.By(tx, index, r, false) {
			if err != nil {
				return err
			}
			if len(found) == f.Limit || looked == scanLimit {
				more = true
				return nil
			}
			looked, reached = looked+1, p.Change
			if !newest(p).Before(f.Since) {
				found = append(found, p)
			}
		}
		reached = last // nothing between here and the end concerns the reader
		return nil
	})
	return found, reached, more, err
}

// newest is when the post last changed.
func newest(p *Post) time.Time {
	return slices.MaxFunc([]time.Time{p.PostedAt, p.EditedAt, p.DeletedAt}, time.Time.Compare)
}

// listing asks for posts by their place, a page at a time.
type listing struct {
	Index   string // "replies" and "threads" are oldest first, "roots" and "authors" newest first
	Group   []byte
	Start   PostID // where the page begins; zero at the beginning
	Limit   int
	Deleted bool // deleted ones too
}

// list is one page; next is where the following page starts, zero at the end.
func (b *board) list(ctx context.Context, l listing) (found []*Post, next PostID, err error) {
	reverse := l.Index == "roots" || l.Index == "authors"
	r := store.Range{Prefix: l.Group}
	if !l.Start.IsZero() {
		r.From = append(bytes.Clone(l.Group), l.Start.Key()...)
	}
	err = b.db.View(ctx, func(tx *store.Tx) error {
		found, next = nil, PostID{}
		for p, err := range b.posts.By(tx, l.Index, r, reverse) {
			if err != nil {
				return err
			}
			if p.Deleted() && !l.Deleted {
				continue
			}
			if len(found) == l.Limit {
				next = p.ID
				return nil
			}
			found = append(found, p)
		}
		return nil
	})
	return found, next, err
}

// post is one post, deleted or not.
func (b *board) post(ctx context.Context, which PostID) (p *Post, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		p, err = b.find(tx, which, "id")
		return err
	})
	return p, err
}

// profile is the account with this handle.
func (b *board) profile(ctx context.Context, h Handle) (p *Profile, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		found, ok, err := b.profiles.Lookup(tx, h)
		if err == nil && !ok {
			err = fault.New(fault.NotFound, "there is no such account").At("handle", string(h)).
				Fix("Check the spelling; a customer's account begins with the first post.")
		}
		p = found
		return err
	})
	return p, err
}

// named maps the authors of posts to their profiles.
func (b *board) named(ctx context.Context, posts []*Post) (map[Handle]*Profile, error) {
	profiles := make(map[Handle]*Profile, len(posts))
	err := b.db.View(ctx, func(tx *store.Tx) error {
		for _, post := range posts {
			if profiles[post.Author] != nil {
				continue
			}
			p, err := b.profiles.Get(tx, post.Author)
			if err != nil {
				return err
			}
			profiles[post.Author] = p
		}
		return nil
	})
	return profiles, err
}

// customers are at most limit accounts that anybody can post as, by handle.
func (b *board) customers(ctx context.Context, limit int) (found []*Profile, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		found = nil
		for p, err := range b.profiles.Scan(tx, store.Range{}, false) {
			if err != nil {
				return err
			}
			if !p.Brand {
				found = append(found, p)
			}
			if len(found) == limit {
				break
			}
		}
		return nil
	})
	return found, err
}

// byToken is the brand account that a token belongs to.
func (b *board) byToken(ctx context.Context, token string) (found *Profile, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		found = nil
		for p, err := range b.profiles.By(tx, "tokens", store.Range{Prefix: hashToken(token)}, false) {
			found = p
			return err
		}
		return nil
	})
	if err == nil && found == nil {
		err = fault.New(fault.Unauthenticated, "the token belongs to no account").
			Fix("Use the token that the brand account was made with.")
	}
	return found, err
}

// introduce makes customers known by name before they post for the first time.
func (b *board) introduce(ctx context.Context, people []person) error {
	return b.db.Update(ctx, func(tx *store.Tx) error {
		for _, each := range people {
			p, err := b.authorFor(tx, each.handle, each.name)
			if err != nil {
				return err
			}
			if p.Brand || p.Name == each.name {
				continue
			}
			p.Name = each.name
			if err := b.profiles.Put(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// setBrand makes or changes a brand account. by is the brand whose token came
// with the request; trusted calls come from [Options].
func (b *board) setBrand(ctx context.Context, a Account, by Handle, trusted bool) (made *Profile, created bool, err error) {
	hash := hashToken(a.Token)
	err = b.db.Update(ctx, func(tx *store.Tx) error {
		old, exists, err := b.profiles.Lookup(tx, a.Handle)
		if err != nil {
			return err
		}
		made, created = &Profile{Handle: a.Handle, ID: id.At[Profile](tx.Now()), Since: tx.Now()}, !exists
		switch {
		case !exists:
		case !old.Brand:
			return fault.New(fault.AlreadyExists, "a customer has this handle").At("handle", string(a.Handle)).
				Fix("Choose another handle for the brand.")
		case !trusted && by != a.Handle && !bytes.Equal(old.TokenHash, hash):
			return fault.New(fault.Forbidden, "the brand account exists with another token").At("handle", string(a.Handle)).
				Fix("Send its present token in the header Authorization: Bearer to change it.")
		default:
			made = old
		}
		if err := b.freeToken(tx, a.Handle, a.Token); err != nil {
			return err
		}
		made.Brand, made.Name, made.TokenHash, made.PasswordHash = true, a.Name, hash, nil
		if a.Password != "" {
			made.PasswordHash = hashToken(a.Password)
		}
		return b.profiles.Put(tx, made)
	})
	return made, created, err
}

func (b *board) freeToken(tx *store.Tx, owner Handle, token string) error {
	for p, err := range b.profiles.By(tx, "tokens", store.Range{Prefix: hashToken(token)}, false) {
		if err != nil {
			return err
		}
		if p.Handle != owner {
			return fault.New(fault.AlreadyExists, "another account has this token").At("token", "").
				Fix("Give every brand account a token of its own.")
		}
	}
	return nil
}

// lastChange is the number of the newest change, 0 before the first.
func (b *board) lastChange(ctx context.Context) (last uint64, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		last = lastChange(tx)
		return nil
	})
	return last, err
}

func lastChange(tx *store.Tx) uint64 {
	if v := tx.Get(metaBucket, []byte("change")); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}
