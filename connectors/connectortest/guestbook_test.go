package connectortest_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// This file is the worked example of docs/adding-a-connector.md: a whole
// connector for an invented platform, a guestbook with an HTTP API.

// guestbookSettings is what an account's settings may hold.
type guestbookSettings struct {
	BaseURL    config.URL      `yaml:"base_url" required:"true"`
	Token      config.Secret   `yaml:"token" required:"true"`
	PollEvery  config.Duration `yaml:"poll_every"`
	HookSecret config.Secret   `yaml:"hook_secret"` // empty: the book does not call us
}

// guestbook is one live account.
type guestbook struct {
	account  connectors.Account
	settings guestbookSettings
	client   *connectors.Client
}

// newGuestbook is what the kind's New is.
func newGuestbook(a connectors.Account) (connectors.Connector, error) {
	g := &guestbook{account: a}
	if err := a.Settings.Decode(&g.settings); err != nil {
		return nil, err
	}
	client, err := connectors.NewClient(connectors.ClientOptions{
		BaseURL: string(g.settings.BaseURL),
		Authorize: func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+g.settings.Token.Reveal())
			return nil
		},
	})
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(g.settings.BaseURL), err.Error(), "Write the guestbook's address.")
	}
	g.client = client
	if g.settings.HookSecret.Reveal() != "" {
		return &hookedGuestbook{g}, nil // what it cannot do it does not declare
	}
	return g, nil
}

// PollEvery is how often the settings ask for a poll.
func (g *guestbook) PollEvery() time.Duration { return g.settings.PollEvery.Std() }

// entry is one entry of the book as the API shows it.
type entry struct {
	ID        string    `json:"id"`
	Change    int64     `json:"change"` // grows whenever any entry is written, edited or deleted
	Author    string    `json:"author"`
	Text      string    `json:"text"`
	InReplyTo string    `json:"in_reply_to"`
	Key       string    `json:"key,omitempty"` // ours: tells which release this is
	At        time.Time `json:"at"`
	EditedAt  time.Time `json:"edited_at,omitzero"`
	Deleted   bool      `json:"deleted,omitempty"`
}

type entries struct {
	Entries *[]entry `json:"entries"`
	More    bool     `json:"more"`
}

const brand = "brand"

// Poll asks for the changes after the number that the cursor holds.
func (g *guestbook) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	query := url.Values{"after": {string(after)}}
	if len(after) == 0 {
		query = url.Values{"since": {time.Now().Add(-g.account.Backfill).UTC().Format(time.RFC3339)}}
	}
	list, err := g.entries(ctx, query)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Next: after, More: list.More}
	for _, e := range *list.Entries {
		page.Next = strconv.AppendInt(nil, e.Change, 10)
		e.into(&page)
	}
	return page, nil
}

// into adds the entry to a page: what is the brand's own apart from the rest.
func (e entry) into(page *connectors.Page) {
	if e.Author == brand {
		page.Own = append(page.Own, approval.OwnPost{ExternalID: e.ID, InReplyTo: e.InReplyTo, Text: e.Text, PostedAt: e.At})
		return
	}
	page.Mentions = append(page.Mentions, inbox.Inbound{
		ExternalID: e.ID, InReplyTo: e.InReplyTo, Kind: "post", Visibility: inbox.Public,
		Author: inbox.Author{ExternalID: e.Author, Handle: e.Author}, Text: e.Text,
		PostedAt: e.At, EditedAt: e.EditedAt, Deleted: e.Deleted,
	})
}

func (g *guestbook) entries(ctx context.Context, query url.Values) (list entries, err error) {
	answer, err := g.client.Do(ctx, connectors.Call{Path: "/entries", Query: query})
	if err != nil {
		return list, err
	}
	if err := answer.JSON(&list); err != nil {
		return list, err
	}
	if list.Entries == nil {
		return list, answer.Nonsense("without entries")
	}
	return list, nil
}

// Publish writes one entry. Send makes the client write it at most once.
func (g *guestbook) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	if !r.Valid() {
		return approval.Receipt{}, connectors.Errorf(connectors.Rejected, "there is no release")
	}
	a := r.Attempt()
	answer, err := g.client.Do(ctx, connectors.Call{Method: http.MethodPost, Path: "/entries", Send: true,
		JSON: entry{Text: a.Text, InReplyTo: a.Target, Key: a.Key}})
	if err != nil {
		return approval.Receipt{}, err
	}
	var written entry
	if err := answer.JSON(&written); err != nil {
		return approval.Receipt{}, err
	}
	if written.ID == "" {
		return approval.Receipt{}, answer.Nonsense("without the entry's id")
	}
	return approval.Receipt{ExternalID: written.ID, PostedAt: written.At}, nil
}

// Find looks the entry up by the key that Publish sent with it. The book shows
// its own writes at once, so that what is not there was not written.
func (g *guestbook) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	list, err := g.entries(ctx, url.Values{"key": {a.Key}})
	if err != nil {
		return connectors.Found{}, err
	}
	for _, e := range *list.Entries {
		if e.Key == a.Key && !e.Deleted {
			return connectors.Found{Outcome: connectors.Present, Text: e.Text,
				Receipt: approval.Receipt{ExternalID: e.ID, PostedAt: e.At}}, nil
		}
	}
	return connectors.Found{Outcome: connectors.Absent}, nil
}

// Identity is the book's own word on who we are.
func (g *guestbook) Identity(ctx context.Context) (connectors.Identity, error) {
	answer, err := g.client.Do(ctx, connectors.Call{Path: "/me"})
	if err != nil {
		return connectors.Identity{}, err
	}
	var me struct {
		ID string `json:"id"`
	}
	if err := answer.JSON(&me); err != nil {
		return connectors.Identity{}, err
	}
	return connectors.Identity{RemoteID: me.ID, Handle: me.ID, CanSend: true}, nil
}
