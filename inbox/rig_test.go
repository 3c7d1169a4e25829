package inbox_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
	"standpunt/store/storetest"
)

const shop inbox.AccountName = "x-support"

// rig is an inbox on a real data file, with a real log and real people.
type rig struct {
	testing.TB
	db    *store.DB
	log   *audit.Log
	staff *people.Staff
	box   *inbox.Inbox
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return rigOn(t, storetest.Open(t, audit.Schema, people.Schema, inbox.Schema))
}

func rigOn(t testing.TB, db *store.DB) *rig {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	log, err := audit.Open(t.Context(), db, audit.Options{Origin: "standpunt/test", KeyDir: t.TempDir()})
	if err != nil {
		t.Fatalf("open the log: %v", err)
	}
	staff := people.New(db, log, people.Options{Hashing: people.CheapHashing(), AllowWeak: true})
	return &rig{TB: t, db: db, log: log, staff: staff, box: inbox.New(db, log, staff, inbox.Options{Logger: quiet})}
}

// as makes a person with the roles and signs them in.
func (r *rig) as(login string, roles ...people.Role) people.Principal {
	r.Helper()
	var e people.Enrolment
	r.update(func(tx *store.Tx) (err error) {
		_, e, err = r.staff.Create(tx, people.NewMandate("test"), people.NewPerson{Login: login, Roles: roles, Founder: true})
		return err
	})
	const password = "vier losse woorden samen"
	_, err := r.staff.Enrol(r.Context(), e.Code(), password)
	r.must(err)
	_, p, err := r.staff.SignIn(r.Context(), login, password, netip.MustParseAddr("192.0.2.7"))
	r.must(err)
	return p
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) update(fn func(*store.Tx) error) {
	r.Helper()
	r.must(r.db.Update(r.Context(), fn))
}

func (r *rig) view(fn func(*store.Tx) error) {
	r.Helper()
	r.must(r.db.View(r.Context(), fn))
}

func (r *rig) wantCode(err error, code fault.Code) {
	r.Helper()
	if fault.CodeOf(err) != code {
		r.Fatalf("got %v (code %q), want the code %q", err, fault.CodeOf(err), code)
	}
}

// ingest takes items in and demands the counts.
func (r *rig) ingest(next string, want inbox.Ingested, items ...inbox.Inbound) {
	r.Helper()
	var cursor inbox.Cursor
	if next != "" {
		cursor = inbox.Cursor(next)
	}
	got, err := r.box.Ingest(r.Context(), shop, items, cursor)
	r.must(err)
	if got != want {
		r.Fatalf("ingested %+v, want %+v", got, want)
	}
}

func (r *rig) mention(externalID string) *inbox.Mention {
	r.Helper()
	var m *inbox.Mention
	r.view(func(tx *store.Tx) (err error) {
		var ok bool
		m, ok, err = r.box.MentionByExternal(tx, shop, externalID)
		if err == nil && !ok {
			err = fmt.Errorf("no mention has the external id %s", externalID)
		}
		return err
	})
	return m
}

func (r *rig) conversation(externalID string) *inbox.Conversation {
	r.Helper()
	t, err := r.box.Thread(r.Context(), r.mention(externalID).Conversation)
	r.must(err)
	return t.Conversation
}

// all walks a list to its end, page by page.
func (r *rig) all(f inbox.Filter, limit int) []*inbox.Conversation {
	r.Helper()
	var items []*inbox.Conversation
	after := ""
	for range 10_000 {
		page, err := r.box.List(r.Context(), f, after, limit)
		r.must(err)
		items = append(items, page.Items...)
		if page.Next == "" {
			return items
		}
		after = page.Next
	}
	r.Fatal("the list does not end")
	return nil
}

func (r *rig) entries(kind string) []audit.Entry {
	r.Helper()
	all, err := r.log.Entries(r.Context(), audit.NoneBefore, 100_000)
	r.must(err)
	var found []audit.Entry
	for _, e := range all {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// post is a public post by eva, n minutes after noon.
func post(externalID, text string, n int) inbox.Inbound {
	return inbox.Inbound{
		ExternalID: externalID, Thread: "t-" + externalID, Kind: "post", Visibility: inbox.Public, Text: text,
		Author:   inbox.Author{ExternalID: "eva", Handle: "@eva", Name: "Eva de Klant"},
		PostedAt: noon.Add(time.Duration(n) * time.Minute),
	}
}

func inThread(thread string, i inbox.Inbound) inbox.Inbound {
	i.Thread = thread
	return i
}
