package network

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"standpunt/internal/fault"
	"standpunt/internal/id"
)

// PostJSON is a post as the API shows it.
type PostJSON struct {
	ID         string     `json:"id"`
	Author     Handle     `json:"author"`
	AuthorName string     `json:"author_name"`
	Brand      bool       `json:"brand,omitzero"` // the author is a brand account
	Text       string     `json:"text"`
	InReplyTo  string     `json:"in_reply_to"` // empty for a post that answers nothing
	Thread     string     `json:"thread"`      // id of the post that began the thread
	PostedAt   time.Time  `json:"posted_at"`
	EditedAt   *time.Time `json:"edited_at"` // null: never edited
	DeletedAt  *time.Time `json:"deleted_at,omitzero"`
	Deleted    bool       `json:"deleted"`
	Change     uint64     `json:"change"` // number of its newest change
	URL        string     `json:"url"`
	Tag        string     `json:"tag,omitzero"` // as the posting program gave it
	PeopleOnly bool       `json:"people_only,omitzero"`
}

// ListJSON is one page of posts. Next asks for the following one; empty at the
// end of a list, never empty in the feed.
type ListJSON struct {
	Items []PostJSON `json:"items"`
	Next  string     `json:"next"`
	More  bool       `json:"more"`
}

// AccountJSON is an account as the API shows it.
type AccountJSON struct {
	ID     string `json:"id"` // stable for ever
	Handle Handle `json:"handle"`
	Name   string `json:"name"`
	Brand  bool   `json:"brand"`
	URL    string `json:"url"`
}

func (n *Network) routes(mux *http.ServeMux) {
	always := func(a access) func(*http.Request) access { return func(*http.Request) access { return a } }
	mux.HandleFunc("POST /api/posts", n.faulty(always(writes), n.apiCreate))
	mux.HandleFunc("GET /api/posts", n.faulty(listAccess, n.apiList))
	mux.HandleFunc("GET /api/posts/{id}", n.faulty(always(reads), n.apiPost))
	mux.HandleFunc("PATCH /api/posts/{id}", n.faulty(always(writes), n.apiEdit))
	mux.HandleFunc("DELETE /api/posts/{id}", n.faulty(always(writes), n.apiRemove))
	mux.HandleFunc("GET /api/stream", n.faulty(always(reads), n.apiStream))
	mux.HandleFunc("GET /api/account", n.faulty(always(reads), n.apiOwnAccount))
	mux.HandleFunc("GET /api/accounts/{handle}", n.apiAccount)
	mux.HandleFunc("PUT /api/accounts", n.apiSetAccount)
	mux.HandleFunc("GET /api/faults", n.apiFaults)
	mux.HandleFunc("PUT /api/faults", n.apiSetFault)
	mux.HandleFunc("DELETE /api/faults", n.apiClearFaults)
	mux.HandleFunc("POST /api/burst", n.apiBurst)
	mux.HandleFunc("GET /api/trickle", n.apiTrickle)
	mux.HandleFunc("PUT /api/trickle", n.apiSetTrickle)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, fault.New(fault.NotFound, "the API has no such call").At("path", r.Method+" "+r.URL.Path).
			Fix("Check the method and the path: %s.", "/api/posts, /api/stream, /api/account, /api/accounts, /api/faults, /api/burst, /api/trickle"))
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
}

// authenticate is the brand account whose token came with the request, "" for
// a request without one.
func (n *Network) authenticate(r *http.Request) (Handle, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", fault.New(fault.Unauthenticated, "the header is not a bearer token").At("Authorization", "").
			Fix("Send Authorization: Bearer and the token.")
	}
	p, err := n.board.byToken(r.Context(), token)
	if err != nil {
		return "", err
	}
	return p.Handle, nil
}

func (n *Network) apiCreate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Author    string `json:"author"`
		Text      string `json:"text"`
		InReplyTo string `json:"in_reply_to"`
		Tag       string `json:"tag"`
		// PeopleOnly asks to be answered on the network's own pages alone.
		PeopleOnly bool `json:"people_only"`
	}
	by, err := n.authenticate(r)
	if err == nil {
		err = receive(w, r, &in)
	}
	var d Draft
	if err == nil {
		d, err = newDraft(in.Author, in.Text, in.InReplyTo)
	}
	if d.Tag = in.Tag; err == nil && len(d.Tag) > 64 {
		err = fault.New(fault.InvalidInput, "the tag is too long").At("tag", d.Tag).Fix("Use at most 64 bytes.")
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	d.PeopleOnly = in.PeopleOnly
	made, err := n.board.add(r.Context(), by, d)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	w.Header().Set("Location", n.Link(made[0].ID))
	n.answerPost(w, r, http.StatusCreated, made[0])
}

func newDraft(author, text, inReplyTo string) (Draft, error) {
	d := Draft{Text: text}
	var err error
	if d.Author, err = parseHandle("author", author); err != nil {
		return d, err
	}
	if inReplyTo != "" {
		d.InReplyTo, err = parseID("in_reply_to", inReplyTo)
	}
	return d, err
}

func parseID(field, typed string) (PostID, error) {
	parsed, err := id.Parse[Post](typed)
	if err != nil {
		return parsed, fault.New(fault.InvalidInput, "this is not the id of a post").At(field, typed).
			Fix("Use an id as the API gives it, such as %s.", "0190c2d4-7b1e-7c3a-9d57-2f6f0a3b5c1d")
	}
	return parsed, nil
}

func (n *Network) apiPost(w http.ResponseWriter, r *http.Request) {
	which, err := parseID("id", r.PathValue("id"))
	if err != nil {
		n.fail(w, r, err)
		return
	}
	p, err := n.board.post(r.Context(), which)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	n.answerPost(w, r, http.StatusOK, p)
}

func (n *Network) apiEdit(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	by, err := n.authenticate(r)
	if err == nil {
		err = receive(w, r, &in)
	}
	var which PostID
	if err == nil {
		which, err = parseID("id", r.PathValue("id"))
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	p, err := n.board.edit(r.Context(), by, which, in.Text)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	n.answerPost(w, r, http.StatusOK, p)
}

func (n *Network) apiRemove(w http.ResponseWriter, r *http.Request) {
	by, err := n.authenticate(r)
	var which PostID
	if err == nil {
		which, err = parseID("id", r.PathValue("id"))
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	p, err := n.board.remove(r.Context(), by, which)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	n.answerPost(w, r, http.StatusOK, p)
}

// fail refuses, and logs what is not the caller's fault.
func (n *Network) fail(w http.ResponseWriter, r *http.Request, err error) {
	if fault.CodeOf(err) == fault.Internal && r.Context().Err() == nil {
		n.log.Error("a request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	refuse(w, err)
}

func (n *Network) answerPost(w http.ResponseWriter, r *http.Request, status int, p *Post) {
	shown, err := n.present(r.Context(), []*Post{p})
	if err != nil {
		n.fail(w, r, err)
		return
	}
	answer(w, status, shown[0])
}

// present shows posts as the API does.
func (n *Network) present(ctx context.Context, posts []*Post) ([]PostJSON, error) {
	authors, err := n.board.named(ctx, posts)
	if err != nil {
		return nil, err
	}
	shown := make([]PostJSON, len(posts))
	for i, p := range posts {
		author := authors[p.Author]
		shown[i] = PostJSON{ID: p.ID.String(), Author: p.Author, AuthorName: author.Name, Brand: author.Brand, Text: p.Text,
			InReplyTo: p.InReplyTo.String(), Thread: p.Thread.String(), PostedAt: p.PostedAt, EditedAt: orNull(p.EditedAt),
			DeletedAt: orNull(p.DeletedAt), Deleted: p.Deleted(), Change: p.Change, URL: n.Link(p.ID), Tag: p.Tag, PeopleOnly: p.PeopleOnly}
	}
	return shown, nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// queryInt reads a number from the query.
func queryInt(r *http.Request, name string, fallback, low, high int) (int, error) {
	typed := r.URL.Query().Get(name)
	if typed == "" {
		return fallback, nil
	}
	v, err := strconv.Atoi(typed)
	if err != nil || v < low || v > high {
		return 0, intFault(name, typed, low, high)
	}
	return v, nil
}
