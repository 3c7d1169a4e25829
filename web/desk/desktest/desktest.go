// Package desktest serves the desk for tests: real rooms over a real data
// file, the real listener with its headers and its API, and a morning's work
// in the inbox. It is test support and is never shipped.
package desktest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/web"
	"standpunt/web/desk"
)

// Desk is a desk that is being served.
type Desk struct {
	*approvaltest.Rig
	URL string
	t   testing.TB
}

// New serves an empty desk with the people of [approvaltest.New] until the
// test ends. Answers on the account plein have at most 280 characters.
func New(t testing.TB) *Desk {
	t.Helper()
	r := approvaltest.New(t)
	return Serve(t, r, sources{}, records{r})
}

// Sources is a connector side to stand in for the daemon's.
type Sources interface {
	desk.Sources
	Deliver(context.Context, inbox.AccountName, []byte) (inbox.Ingested, error)
}

// Serve serves the desk of a rig with another connector side, and without the
// record as a whole where that is nil.
func Serve(t testing.TB, r *approvaltest.Rig, from Sources, whole desk.Records) *Desk {
	t.Helper()
	return ServeAt(t, "", r, from, whole)
}

// ServeAt is Serve for a desk that is told where the internet finds it.
func ServeAt(t testing.TB, publicURL string, r *approvaltest.Rig, from Sources, whole desk.Records) *Desk {
	t.Helper()
	r.Adapt("plein", func(p *approval.Platform) {
		p.Measure = func(text string) approval.Measure {
			return approval.Measure{Length: len([]rune(text)), Limit: 280, Unit: "characters"}
		}
	})
	r.Locates(nil)
	s, err := web.New(web.Deps{
		Staff: r.Staff, Box: r.Box, Approvals: r.Approvals, Log: r.Log, Sources: from,
		Desk: desk.New(desk.Deps{
			Staff: r.Staff, Box: r.Box, Approvals: r.Approvals, Log: r.Log, Sources: from, Records: whole, PublicURL: publicURL, Logger: slog.New(testHandler{t}),
		}),
	}, web.Options{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	must(t, s.Start())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Log(err) // a browser that was cut off
		}
	})
	return &Desk{Rig: r, URL: s.URL(), t: t}
}

// sources is a connector side on which all is well.
type sources struct{}

func (sources) Health() []connectors.AccountHealth {
	now := time.Now()
	return []connectors.AccountHealth{{
		Account: "plein", Kind: "sandbox", State: connectors.OK, Since: now.Add(-time.Hour),
		LastPoll: now.Add(-20 * time.Second), LastSuccess: now.Add(-20 * time.Second), LastNews: now.Add(-3 * time.Minute),
	}}
}

func (sources) CheckNow(inbox.AccountName) error { return nil }

func (sources) Deliver(context.Context, inbox.AccountName, []byte) (inbox.Ingested, error) {
	return inbox.Ingested{}, nil
}

// testHandler fails the test on what the desk logs: it logs its own faults alone.
type testHandler struct{ t testing.TB }

func (h testHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h testHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h testHandler) WithGroup(string) slog.Handler            { return h }
func (h testHandler) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	if !strings.Contains(text, "context canceled") {
		h.t.Errorf("the desk logged: %s", text)
	}
	return nil
}

// Say lets a customer post on an account, some time ago.
func (d *Desk) Say(account inbox.AccountName, externalID, handle, name, text string, ago time.Duration) *inbox.Conversation {
	d.t.Helper()
	return d.Ingest(account, inbox.Inbound{
		ExternalID: externalID, Author: inbox.Author{ExternalID: "c-" + handle, Handle: handle, Name: name, Followers: int64(40 * len(text))},
		Kind: "post", Visibility: inbox.Public, Text: text, PostedAt: time.Now().Add(-ago), URL: "http://plein.test/posts/" + externalID,
	})
}

// Furnish puts a morning's work into the inbox and gives the conversations, in
// the order in which they came.
func (d *Desk) Furnish() []*inbox.Conversation {
	d.t.Helper()
	lines := []struct{ handle, name, text string }{
		{"@eva_v", "Eva Verbeek", "Al de derde keer deze week storing in Utrecht-Oost. Wanneer komt hier een echte oplossing voor?"},
		{"@tom.h", "Tom Hughes", "Is the app down? I cannot see my usage since yesterday evening."},
		{"@fatima", "Fatima El Idrissi", "Mijn termijnbedrag is verdubbeld zonder bericht. Kan iemand uitleggen waarom?"},
		{"@jdegroot", "Jan de Groot", "Compliment voor de monteur van vanochtend, binnen tien minuten opgelost!"},
		{"@linh_n", "Linh Nguyen", "I have been waiting 6 weeks for my final bill. Please help."},
		{"@pieter_w", "Pieter Willems", "Klopt het dat jullie het vaste tarief schrappen? Ik lees het overal."},
		{"@sanne", "Sanne Bakker", "Hoe zeg ik mijn contract op als ik ga samenwonen?"},
		{"@marc", "Marc Dubois", "Your chat keeps disconnecting before anybody answers."},
		{"@roos_k", "Roos Kuipers", "Bij ons in de straat is nu al twee uur geen stroom. Is er iets bekend?"},
		{"@yusuf", "Yusuf Kaya", "Waarom moet ik een slimme meter? Ik wil dat niet."},
		{"@grace", "Grace Okafor", "Can I pay my bill in two parts this month?"},
		{"@bram", "Bram Visser", "De link in jullie mail werkt niet 🤷"},
	}
	var all []*inbox.Conversation
	for i := range 36 {
		l := lines[i%len(lines)]
		text := l.text
		if i >= len(lines) {
			text = fmt.Sprintf("%s (%d)", l.text, i)
		}
		ago := time.Duration(36-i) * 7 * time.Minute
		all = append(all, d.Say("plein", fmt.Sprintf("post-%d", i), fmt.Sprintf("%s%d", l.handle, i/len(lines)), l.name, text, ago))
	}
	d.furnish(all)
	return all
}

// Mail accepts the account klantenservice and lets a customer write to it,
// with a quoted history and a picture: a private conversation with a route.
func (d *Desk) Mail() *inbox.Conversation {
	d.t.Helper()
	ctx := d.t.Context()
	must(d.t, d.Approvals.InitAccounts(ctx, []approval.Configured{{Name: "klantenservice", Kind: "mail", BaseURL: "imap://post.test"}}))
	must(d.t, d.Approvals.RecordIdentity(ctx, "klantenservice", "klantenservice@noordlicht.example", "klantenservice@noordlicht.example", ""))
	return d.Ingest("klantenservice", inbox.Inbound{
		ExternalID: "mail-1", Author: inbox.Author{ExternalID: "h.smit@klant.test", Handle: "h.smit@klant.test", Name: "Hanneke Smit"}, Kind: "mail",
		Visibility: inbox.Private, Subject: "Meterstanden kloppen niet", PostedAt: time.Now().Add(-35 * time.Minute),
		Text:        "Goedemorgen,\n\nOp mijn jaarrekening staat een andere stand dan ik heb doorgegeven. Het verschil is ruim 400 kWh. Een foto van de meter zit erbij.\n\nMet vriendelijke groet,\nHanneke Smit",
		Quoted:      "Op 12 november schreef Noordlicht:\n> Uw jaarrekening staat klaar in Mijn Noordlicht.",
		Route:       []inbox.Field{{Name: "To", Value: "h.smit@klant.test"}, {Name: "Subject", Value: "Re: Meterstanden kloppen niet"}, {Name: "In-Reply-To", Value: "<mail-1@klant.test>"}},
		Attachments: []inbox.Attachment{{Name: "meter.jpg", MediaType: "image/jpeg", Size: 482113}},
	})
}

// Changed is a conversation whose customer edited one post and deleted another.
func (d *Desk) Changed() *inbox.Conversation {
	d.t.Helper()
	first := inbox.Inbound{
		ExternalID: "edit-1", Thread: "edit-1", Author: inbox.Author{ExternalID: "c-edit", Handle: "@wissel", Name: "Wim Sel"}, Kind: "post",
		Visibility: inbox.Public, Text: "Jullie zijn oplichters.", PostedAt: time.Now().Add(-50 * time.Minute), URL: "http://plein.test/posts/edit-1",
	}
	d.Ingest("plein", first)
	second := first
	second.ExternalID, second.InReplyTo, second.Text, second.PostedAt = "edit-2", "edit-1", "En snel een beetje!", time.Now().Add(-49*time.Minute)
	d.Ingest("plein", second)
	first.Text, first.EditedAt = "Ik vind dit tarief onbegrijpelijk. Kan iemand het uitleggen?", time.Now().Add(-40*time.Minute)
	d.Ingest("plein", first)
	second.Deleted = true
	return d.Ingest("plein", second)
}

func (d *Desk) furnish(all []*inbox.Conversation) {
	d.t.Helper()
	ctx := d.t.Context()
	anna, bert := d.As("anna"), d.As("bert")
	change := func(by people.Principal, i int, c inbox.Change) {
		d.t.Helper()
		_, err := d.Box.Change(ctx, by, all[i].ID, c)
		must(d.t, err)
	}
	last := len(all) - 1
	change(anna.By, last, inbox.Change{Assignee: new(anna.ID), Labels: &[]string{"app"}})
	change(anna.By, last-1, inbox.Change{Priority: new(inbox.Urgent), Labels: &[]string{"storing", "utrecht"}})
	change(bert.By, last-2, inbox.Change{Assignee: new(bert.ID), Priority: new(inbox.High), Labels: &[]string{"tarief"}})
	change(anna.By, last-3, inbox.Change{Assignee: new(anna.ID), Labels: &[]string{"storing"}})
	change(anna.By, last-4, inbox.Change{SnoozedUntil: new(time.Now().Add(20 * time.Hour))})
	change(bert.By, last-5, inbox.Change{State: new(inbox.Resolved)})
	d.exchange(all[last-3])
	anna.Submitted(all[last-6], "Wij garanderen dat de storing vandaag nog is opgelost. Bel 0800-1234567 voor vragen.")
	p := anna.Submitted(all[last-7], "Dat is niet waar.")
	_, err := bert.Decide(p, approval.RequestChanges, "Te kort door de bocht. Noem de datum en verwijs naar de voorwaarden.")
	must(d.t, err)
	_, err = anna.Draft(all[last-8], "Dag Yusuf, een slimme meter is niet verplicht. U kunt hem ")
	must(d.t, err)
}

// exchange lets a conversation go back and forth: a published answer, an
// edited question, notes.
func (d *Desk) exchange(c *inbox.Conversation) {
	d.t.Helper()
	ctx := d.t.Context()
	d.Queued(c, "Vervelend, dat hoort niet zo. Onze monteurs zijn onderweg en verwachten om 14.00 uur klaar te zijn. U vindt de stand van zaken op noordlicht.example/storingen.")
	r := d.Claim()
	a := r.Attempt()
	receipt := approval.Receipt{ExternalID: "own-1", URL: "http://plein.test/posts/own-1", PostedAt: time.Now().Add(-4 * time.Minute)}
	must(d.t, d.Approvals.RecordPublished(ctx, r, receipt))
	a.Receipt = receipt
	_, err := d.Approvals.RecordReadBack(ctx, a, a.Text)
	must(d.t, err)
	_, err = d.Box.AddNote(ctx, d.As("bert").By, c.ID, "Netbeheer bevestigt: kabelbreuk bij de Biltstraat, hersteld rond 14.00 uur. Niets beloven over vergoeding.")
	must(d.t, err)
	thread, err := d.Box.Thread(ctx, c.ID)
	must(d.t, err)
	first := thread.Mentions[0]
	d.Ingest(c.Account, inbox.Inbound{
		ExternalID: first.ExternalID + "-b", Thread: first.Thread, InReplyTo: "own-1", Author: first.Author, Kind: "post", Visibility: inbox.Public,
		Text: "Dank, maar het is nu half drie en nog steeds donker. Krijgen we hier iets voor terug?", PostedAt: time.Now().Add(-2 * time.Minute),
		URL:         "http://plein.test/posts/b",
		Attachments: []inbox.Attachment{{Name: "straat.jpg", MediaType: "image/jpeg", URL: "http://plein.test/straat.jpg", AltText: "Een donkere straat"}},
	})
}

// Client is somebody with a browser that runs no scripts: cookies, redirects
// followed, requests from this site.
type Client struct {
	*http.Client
	URL string
	t   testing.TB
}

// Browser is a client that nobody is signed in on.
func (d *Desk) Browser() *Client {
	jar, err := cookiejar.New(nil)
	must(d.t, err)
	return &Client{Client: &http.Client{Jar: jar, Timeout: time.Minute}, URL: d.URL, t: d.t}
}

// SignedIn is a client on which somebody of the cast has signed in by the form.
func (d *Desk) SignedIn(login string) *Client {
	d.t.Helper()
	c := d.Browser()
	answer := c.Post("/sign-in", url.Values{"login": {login}, "password": {approvaltest.Password}})
	if answer.Path != "/inbox" {
		d.t.Fatalf("%s did not come in: %d at %s", login, answer.Status, answer.Path)
	}
	return c
}

// Answer is what the desk answered, after redirects.
type Answer struct {
	Status int
	Path   string // and query, where the redirects ended
	Body   string
	Header http.Header
}

// Get asks for a page.
func (c *Client) Get(path string) *Answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.URL+path, http.NoBody)
	must(c.t, err)
	return c.Ask(r)
}

// Post sends a form.
func (c *Client) Post(path string, form url.Values) *Answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.URL+path, strings.NewReader(form.Encode()))
	must(c.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return c.Ask(r)
}

// Ask sends any request.
func (c *Client) Ask(r *http.Request) *Answer {
	c.t.Helper()
	response, err := c.Do(r)
	must(c.t, err)
	defer func() { _ = response.Body.Close() }()
	var body strings.Builder
	_, err = io.Copy(&body, response.Body)
	must(c.t, err)
	return &Answer{Status: response.StatusCode, Path: response.Request.URL.RequestURI(), Body: body.String(), Header: response.Header}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
