package network

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/store"
)

const (
	metaBucket = store.Bucket("plein")
	roots      = "r" // the one group of the roots index
)

// peopleOnly is the code for a program's answer to an author who wants none.
const peopleOnly fault.Code = "people_only"

// gone is the code for an answer to, or an edit of, a post that was deleted.
const gone fault.Code = "gone"

// board is what the network remembers: posts and profiles in one data file. Its
// methods own their transactions.
type board struct {
	db       *store.DB
	epoch    string // distinguishes this data file's cursors from any other's
	posts    *store.Table[PostID, Post]
	profiles *store.Table[Handle, Profile]

	mu      sync.Mutex
	changed chan struct{} // closed and replaced after each commit that changed a post
}

func openBoard(ctx context.Context, dir string) (*board, error) {
	b := &board{posts: postTable(), profiles: profileTable(), changed: make(chan struct{})}
	schema := store.Schema{
		Room:    "plein",
		Buckets: append(append(b.posts.Buckets(), b.profiles.Buckets()...), metaBucket),
		Checks:  []func(*store.Tx) error{b.posts.Check, b.profiles.Check},
	}
	db, err := store.Open(ctx, filepath.Join(dir, "plein.db"), store.Options{Schemas: []store.Schema{schema}})
	if err != nil {
		return nil, fmt.Errorf("open the network's data file: %w", err)
	}
	b.db = db
	if err := b.readEpoch(ctx); err != nil {
		return nil, fmt.Errorf("%w (closing: %w)", err, db.Close(ctx))
	}
	return b, nil
}

func postTable() *store.Table[PostID, Post] {
	one := func(key []byte) [][]byte { return [][]byte{key} }
	return store.NewTable("posts", func(p *Post) PostID { return p.ID },
		store.Index[Post]{Name: "changes", Entries: func(p *Post) [][]byte { return one(number(p.Change)) }},
		store.Index[Post]{Name: "concerning", Entries: func(p *Post) [][]byte {
			entries := make([][]byte, len(p.Concerns))
			for i, h := range p.Concerns {
				entries[i] = append(group(h), number(p.Change)...)
			}
			return entries
		}},
		store.Index[Post]{Name: "replies", Entries: func(p *Post) [][]byte {
			if p.InReplyTo.IsZero() {
				return nil
			}
			return one(p.InReplyTo.Key())
		}},
		store.Index[Post]{Name: "threads", Entries: func(p *Post) [][]byte { return one(p.Thread.Key()) }},
		store.Index[Post]{Name: "roots", Entries: func(p *Post) [][]byte {
			if !p.InReplyTo.IsZero() {
				return nil
			}
			return one([]byte(roots))
		}},
		store.Index[Post]{Name: "authors", Entries: func(p *Post) [][]byte { return one(group(p.Author)) }},
	)
}

func profileTable() *store.Table[Handle, Profile] {
	return store.NewTable("profiles", func(p *Profile) Handle { return p.Handle },
		store.Index[Profile]{Name: "tokens", Entries: func(p *Profile) [][]byte {
			if !p.Brand {
				return nil
			}
			return [][]byte{p.TokenHash}
		}})
}

// group is the prefix of a handle's index entries; no handle is a prefix of
// another's group.
func group(h Handle) []byte { return append([]byte(h), 0) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (b *board) readEpoch(ctx context.Context) error {
	return b.db.Update(ctx, func(tx *store.Tx) error {
		b.epoch = string(tx.Get(metaBucket, []byte("epoch")))
		if b.epoch != "" {
			return nil
		}
		b.epoch = id.New[board]().String()[24:]
		return tx.Put(metaBucket, []byte("epoch"), []byte(b.epoch))
	})
}

// watch returns a channel that is closed at the next change.
func (b *board) watch() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

func (b *board) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
}

// passing is the brand with the handle, if the password is the one that people
// post as it with; "" for customers, who need none.
func (b *board) passing(ctx context.Context, h Handle, password string) (by Handle, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		by = ""
		p, ok, err := b.profiles.Lookup(tx, h)
		if err != nil || !ok || !p.Brand || password == "" {
			return err
		}
		if len(p.PasswordHash) == 0 || subtle.ConstantTimeCompare(p.PasswordHash, hashToken(password)) != 1 {
			return fault.New(fault.Forbidden, "this is not the brand's password").At("author", "@"+string(h)).
				Fix("Give the password that the brand account was made with.")
		}
		by = h
		return nil
	})
	return by, err
}

// add posts each draft in order, in one transaction. Authors unknown so far get
// a profile. by is the brand whose token came with the request, "" without one:
// who may write as whom is checked here, so that no way in forgets it.
func (b *board) add(ctx context.Context, by Handle, drafts ...Draft) ([]*Post, error) {
	var made []*Post
	err := b.db.Update(ctx, func(tx *store.Tx) error {
		made = made[:0]
		for _, d := range drafts {
			p, err := b.addOne(tx, by, d)
			if err != nil {
				return err
			}
			made = append(made, p)
		}
		tx.OnCommit(b.announce)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (b *board) addOne(tx *store.Tx, by Handle, d Draft) (*Post, error) {
	if err := checkText(d.Text); err != nil {
		return nil, err
	}
	author, err := b.authorFor(tx, d.Author, d.name)
	if err != nil {
		return nil, err
	}
	if err := mayWrite(author, by, "author"); err != nil && !d.trusted {
		return nil, err
	}
	at := tx.Now()
	if !d.At.IsZero() {
		at = d.At.UTC().Truncate(time.Millisecond)
	}
	if d.id.IsZero() {
		d.id = id.At[Post](at)
	}
	p := &Post{
		ID: d.id, Author: d.Author, Text: d.Text, PostedAt: at, InReplyTo: d.InReplyTo, Tag: d.Tag, PeopleOnly: d.PeopleOnly,
	}
	p.Thread, p.Concerns = p.ID, concerns([]Handle{d.Author}, mentioned(d.Text))
	if !d.InReplyTo.IsZero() {
		parent, err := b.standing(tx, d.InReplyTo, "in_reply_to")
		if err != nil {
			return nil, err
		}
		if parent.PeopleOnly && by != "" && !d.byHand {
			return nil, fault.New(peopleOnly, "its author is answered by people and by no program").
				At("in_reply_to", d.InReplyTo.String()).Fix("Answer on the network's own page.")
		}
		p.Thread, p.Concerns = parent.Thread, concerns(p.Concerns, parent.Concerns)
	}
	return p, b.put(tx, p)
}

// edit replaces the text of a post. The same text again changes nothing.
func (b *board) edit(ctx context.Context, by Handle, which PostID, text string) (*Post, error) {
	return b.change(ctx, by, which, func(tx *store.Tx, p *Post) (bool, error) {
		if err := checkText(text); err != nil {
			return false, err
		}
		if p.Deleted() {
			return false, deletedFault("id", which)
		}
		if p.Text == text {
			return false, nil
		}
		p.Text, p.EditedAt = text, tx.Now()
		p.Concerns = concerns(p.Concerns, mentioned(text))
		return true, nil
	})
}

// remove deletes a post: the text is forgotten, its place in the thread stays.
// Deleting it again changes nothing.
func (b *board) remove(ctx context.Context, by Handle, which PostID) (*Post, error) {
	return b.change(ctx, by, which, func(tx *store.Tx, p *Post) (bool, error) {
		if p.Deleted() {
			return false, nil
		}
		p.Text, p.DeletedAt = "", tx.Now()
		return true, nil
	})
}

func (b *board) change(ctx context.Context, by Handle, which PostID, apply func(*store.Tx, *Post) (bool, error)) (*Post, error) {
	var changed *Post
	err := b.db.Update(ctx, func(tx *store.Tx) error {
		p, err := b.find(tx, which, "id")
		if err != nil {
			return err
		}
		author, err := b.profiles.Get(tx, p.Author)
		if err != nil {
			return fmt.Errorf("author of post %s: %w", p.ID, err)
		}
		if err := mayWrite(author, by, "id"); err != nil {
			return err
		}
		changed = p
		touched, err := apply(tx, p)
		if err != nil || !touched {
			return err
		}
		tx.OnCommit(b.announce)
		return b.put(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// put writes the post as the newest change.
func (b *board) put(tx *store.Tx, p *Post) error {
	p.Change = lastChange(tx) + 1
	if err := tx.Put(metaBucket, []byte("change"), number(p.Change)); err != nil {
		return err
	}
	return b.posts.Put(tx, p)
}

func (b *board) find(tx *store.Tx, which PostID, field string) (*Post, error) {
	p, ok, err := b.posts.Lookup(tx, which)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no such post").At(field, which.String()).
			Fix("Give the id of a post that exists.")
	}
	return p, nil
}

func (b *board) standing(tx *store.Tx, which PostID, field string) (*Post, error) {
	p, err := b.find(tx, which, field)
	if err == nil && p.Deleted() {
		return nil, deletedFault(field, which)
	}
	return p, err
}

func deletedFault(field string, which PostID) error {
	return fault.New(gone, "the post was deleted").At(field, which.String()).Fix("Choose a post that still stands.")
}

// authorFor is the author's profile, made on first use; without a name the
// handle is the name.
func (b *board) authorFor(tx *store.Tx, h Handle, name string) (*Profile, error) {
	p, ok, err := b.profiles.Lookup(tx, h)
	if err != nil || ok {
		return p, err
	}
	p = &Profile{Handle: h, ID: id.At[Profile](tx.Now()), Name: cmp.Or(name, string(h)), Since: tx.Now()}
	return p, b.profiles.Put(tx, p)
}

// mayWrite tells whether a request with by's token, "" without one, may write
// in author's name: brands with their own token alone, customers without any.
func mayWrite(author *Profile, by Handle, field string) error {
	switch {
	case author.Brand && by == "":
		return fault.New(fault.Unauthenticated, "this is a brand account").At(field, "@"+string(author.Handle)).
			Fix("Send its token in the header Authorization: Bearer.")
	case by != "" && by != author.Handle:
		return fault.New(fault.Forbidden, "the token belongs to @%s", by).At(field, "@"+string(author.Handle)).
			Fix("Post as @%s, or leave the token out to post as a customer.", by)
	}
	return nil
}
