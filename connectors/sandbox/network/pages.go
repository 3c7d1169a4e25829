package network

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"

	"standpunt/internal/fault"
)

//go:embed templates/*.html static/*
var files embed.FS

const (
	threadsPerPage = 20
	postsPerThread = 200
)

// pages draw the network as its visitors see it.
type pages struct {
	in     map[string]*template.Template // by language
	static http.Handler
}

// view is what one page shows.
type view struct {
	Lang      string
	Title     string
	Path      string     // of this page, for coming back to it
	Threads   []*node    // newest first
	Next      string     // path of the following page
	Profile   *Profile   // on an account's page
	Single    bool       // one thread alone, with all of it shown
	Focus     PostID     // the post that the address names
	As        Handle     // whom the visitor posted as last
	Customers []*Profile // to choose from
	Problem   *problem   // why the last form was refused
	Typed     Draft      // what was typed into it
	Faults    []Fault
	Kinds     []FaultKind
	Every     float64 // seconds between scripted actions
	MaxLength int
	Now       time.Time
}

// node is a post in its thread.
type node struct {
	*Post
	By      *Profile
	Replies []*node
	Depth   int
	Newest  uint64 // number of the newest change in the whole branch
	View    *view
}

func newPages() (*pages, error) {
	p := &pages{in: make(map[string]*template.Template)}
	for _, lang := range languages {
		t, err := template.New("").Funcs(functions(lang)).ParseFS(files, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("the network's pages: %w", err)
		}
		p.in[lang] = t
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("the network's static files: %w", err)
	}
	p.static = http.StripPrefix("/static/", http.FileServerFS(static))
	return p, nil
}

func functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":        func(key string) string { return say(lang, key) },
		"ago":      func(now, at time.Time) string { return ago(lang, now, at) },
		"excuse":   func(p *problem) string { return excuse(lang, p) },
		"exactly":  func(at time.Time) string { return exactly(lang, at) },
		"iso":      func(at time.Time) string { return at.Format(time.RFC3339) },
		"rich":     rich,
		"initials": initials,
		"hue":      hue,
	}
}

// handler is everything that the network serves.
func (n *Network) handler() http.Handler {
	mux := http.NewServeMux()
	n.routes(mux)
	mux.HandleFunc("GET /{$}", n.pageTimeline)
	mux.HandleFunc("GET /posts/{id}", n.pagePost)
	mux.HandleFunc("GET /live", n.apiStream) // the API's faults never concern the pages
	mux.HandleFunc("GET /{handle}", n.pageProfile)
	mux.HandleFunc("POST /posts", n.formCreate)
	mux.HandleFunc("POST /posts/{id}/edit", n.formEdit)
	mux.HandleFunc("POST /posts/{id}/delete", n.formDelete)
	mux.HandleFunc("POST /director", n.formDirector)
	mux.Handle("GET /static/", n.pages.static)
	// Pages of other sites cannot make a visitor's browser post here.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		guarded.ServeHTTP(w, r)
	})
}

func (n *Network) pageTimeline(w http.ResponseWriter, r *http.Request) {
	v, err := n.timeline(r)
	n.show(w, r, http.StatusOK, v, err)
}

func (n *Network) timeline(r *http.Request) (*view, error) {
	v := n.newView(r, "")
	l := listing{Index: "roots", Group: []byte(roots), Limit: threadsPerPage, Deleted: true}
	return n.rooted(r, v, l, "/")
}

// rooted fills v with the threads of the posts that l lists.
func (n *Network) rooted(r *http.Request, v *view, l listing, path string) (*view, error) {
	if typed := r.URL.Query().Get("page"); typed != "" {
		start, err := parseID("page", typed)
		if err != nil {
			return nil, err
		}
		l.Start = start
	}
	found, next, err := n.board.list(r.Context(), l)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		if l.Index == "authors" && slices.ContainsFunc(v.Threads, func(t *node) bool { return t.ID == p.Thread }) {
			continue
		}
		t, err := n.thread(r.Context(), v, p.Thread)
		if err != nil {
			return nil, err
		}
		if t != nil {
			v.Threads = append(v.Threads, t)
		}
	}
	if !next.IsZero() {
		v.Next = path + "?page=" + next.String()
	}
	return v, nil
}

func (n *Network) pagePost(w http.ResponseWriter, r *http.Request) {
	v, err := n.single(r, r.PathValue("id"))
	n.show(w, r, http.StatusOK, v, err)
}

// single is the page of one post, in its thread.
func (n *Network) single(r *http.Request, typed string) (*view, error) {
	which, err := parseID("id", typed)
	if err != nil {
		return nil, err
	}
	p, err := n.board.post(r.Context(), which)
	if err != nil {
		return nil, err
	}
	v := n.newView(r, "")
	v.Single, v.Focus, v.Path = true, which, "/posts/"+which.String()
	t, err := n.thread(r.Context(), v, p.Thread)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, deletedFault("id", which)
	}
	v.Threads = []*node{t}
	v.Title = "@" + string(p.Author)
	return v, nil
}

func (n *Network) pageProfile(w http.ResponseWriter, r *http.Request) {
	typed, marked := strings.CutPrefix(r.PathValue("handle"), "@")
	if !marked {
		n.show(w, r, 0, nil, fault.New(fault.NotFound, "there is no such page").At("path", r.URL.Path).Fix("Go back to the timeline."))
		return
	}
	v, err := n.profileView(r, typed)
	n.show(w, r, http.StatusOK, v, err)
}

func (n *Network) profileView(r *http.Request, typed string) (*view, error) {
	h, err := parseHandle("handle", typed)
	if err != nil {
		return nil, err
	}
	p, err := n.board.profile(r.Context(), h)
	if err != nil {
		return nil, err
	}
	v := n.newView(r, p.Name)
	v.Profile, v.Path = p, "/@"+url.PathEscape(string(h))
	return n.rooted(r, v, listing{Index: "authors", Group: group(h), Limit: threadsPerPage}, v.Path)
}

func (n *Network) newView(r *http.Request, title string) *view {
	v := &view{Lang: languageFor(r), Title: title, Path: "/", As: "eva_bakker", Kinds: faultKinds, Faults: n.faults.all(),
		Every: n.cast.pace().Seconds(), MaxLength: MaxLength, Now: time.Now()}
	if c, err := r.Cookie("as"); err == nil {
		if h, err := parseHandle("author", c.Value); err == nil {
			v.As = h
		}
	}
	return v
}

// thread is the tree of one thread; nil when nothing of it stands any more.
func (n *Network) thread(ctx context.Context, v *view, root PostID) (*node, error) {
	posts, _, err := n.board.list(ctx, listing{Index: "threads", Group: root.Key(), Limit: postsPerThread, Deleted: true})
	if err != nil {
		return nil, err
	}
	authors, err := n.board.named(ctx, posts)
	if err != nil {
		return nil, err
	}
	nodes := make(map[PostID]*node, len(posts))
	for _, p := range posts {
		nodes[p.ID] = &node{Post: p, By: authors[p.Author], View: v}
	}
	for _, p := range posts { // oldest first, so that replies are in order
		if parent := nodes[p.InReplyTo]; parent != nil {
			parent.Replies = append(parent.Replies, nodes[p.ID])
		}
	}
	t := nodes[root]
	if t == nil || !t.standing(0) {
		return nil, nil
	}
	return t, nil
}

// standing prunes deleted posts that nothing stands under, and reports whether
// anything is left.
func (t *node) standing(depth int) bool {
	t.Depth, t.Newest = depth, t.Change
	kept := t.Replies[:0]
	for _, reply := range t.Replies {
		if reply.standing(depth + 1) {
			kept = append(kept, reply)
		}
		t.Newest = max(t.Newest, reply.Newest)
	}
	t.Replies = kept
	return len(kept) > 0 || !t.Deleted()
}

// Mine reports whether the visitor may edit and delete the post: on this
// network everybody may play every customer, and nobody a brand.
func (t *node) Mine() bool { return !t.By.Brand }

// Answering reports whether the form that was refused belongs to this post.
func (t *node) Answering() bool { return t.View.Problem != nil && t.View.Typed.InReplyTo == t.ID }

// show draws a page, or says why there is none.
func (n *Network) show(w http.ResponseWriter, r *http.Request, status int, v *view, err error) {
	name := "page"
	if err == nil {
		v.Customers, err = n.board.customers(r.Context(), 200)
	}
	if err != nil {
		if fault.CodeOf(err) == fault.Internal && r.Context().Err() == nil {
			n.log.Error("a page failed", "route", r.Pattern, "error", err)
		}
		p := problemOf(err)
		v = n.newView(r, p.Title)
		v.Problem, status, name = &p, p.Status, "refusal"
	}
	var body strings.Builder
	if err := n.pages.in[v.Lang].ExecuteTemplate(&body, name+".html", v); err != nil {
		n.log.Error("a page cannot be drawn", "route", r.Pattern, "error", err)
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", v.Lang)
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body.String()))
}

// rich is text with its mentions and links made clickable. Everything else is
// escaped; nothing is added to or taken from the text.
func rich(text string) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range clickable.FindAllStringSubmatchIndex(text, -1) {
		start, end := m[0], m[1]
		href := text[start:end]
		if m[4] >= 0 { // a mention; what precedes it is not part of it
			start = m[4] - 1
			href = "/@" + url.PathEscape(strings.ToLower(text[m[4]:m[5]]))
		}
		b.WriteString(template.HTMLEscapeString(text[at:start]))
		b.WriteString(`<a href="` + template.HTMLEscapeString(href) + `" rel="nofollow noopener">` +
			template.HTMLEscapeString(text[start:end]) + `</a>`)
		at = end
	}
	b.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(b.String()) //nolint:gosec // every part was escaped above
}

// initials are one or two letters for the circle beside a name.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	if len(words) == 0 {
		return "?"
	}
	first, _, _, _ := uniseg.FirstGraphemeClusterInString(words[0], -1)
	if len(words) == 1 {
		return strings.ToUpper(first)
	}
	last, _, _, _ := uniseg.FirstGraphemeClusterInString(words[len(words)-1], -1)
	return strings.ToUpper(first + last)
}

// hue gives each account one of ten colours for ever.
func hue(h Handle) int {
	f := fnv.New32a()
	_, _ = f.Write([]byte(h))
	return int(f.Sum32() % 10)
}

// backTo is where a form goes back to: a path on this network and nothing else.
func backTo(r *http.Request) string {
	u, err := url.Parse(cmp.Or(r.PostFormValue("back"), "/"))
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(u.Path, "\\\r\n") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}
