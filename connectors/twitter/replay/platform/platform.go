package platform

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options describe the brand account and its app.
type Options struct {
	// PublicURL is the address that clients sign their requests for, where that is not the
	// one that requests arrive at; empty: http and the request's own host.
	PublicURL string

	Handle string // of the brand, without @
	Name   string

	ConsumerKey, ConsumerSecret string
	AccessToken, AccessSecret   string
	BearerToken                 string // the app's own

	// ClientID, and ClientSecret where the app is a confidential one, are the app's for OAuth
	// 2.0; empty: it has none. RedirectURL is the one callback address in its settings.
	ClientID, ClientSecret string
	RedirectURL            string

	// OwnsApp says that the brand account owns the developer app, which makes reading its own
	// timelines cheap; see [Platform.Bill].
	OwnsApp bool

	// ExpandAuthors leaves a post's author out unless the author is expanded, and whom it answers.
	ExpandAuthors bool

	// KeepAlive is how often streams give a sign of life; 0: 20 seconds.
	KeepAlive time.Duration
	// PageSize is the most posts in one page, whatever is asked for; 0: 100.
	PageSize int
	// Limits are calls per 15 minutes by endpoint, such as "GET /2/users/me", where they
	// differ from X's.
	Limits map[string]int
	// Vocabulary is "tweet" or "post" where only one of them is taken; empty: both.
	Vocabulary string
	// Ahead is by how much X's clock is before ours.
	Ahead time.Duration
	// ReadOnly is an app whose permissions are to read.
	ReadOnly bool
	// NoMessages is an app whose permissions leave direct messages out, as those to read do.
	NoMessages bool
	// Refuses is what every call is refused with, such as [NoProject]; empty: none. API v1.1
	// knows those of them that have a code.
	Refuses string
	// NoLegacy answers every call of API v1.1 as X does where the access level lacks it.
	NoLegacy bool
}

// Draft is what somebody posts.
type Draft struct {
	Author    string `json:"author"` // handle without @
	Text      string `json:"text"`
	InReplyTo string `json:"in_reply_to"`
	Quotes    string `json:"quotes"`
	Pictures  int    `json:"pictures"` // that come with it
	Language  string `json:"lang"`     // as X would find it, such as "nl"; empty: it cannot tell
}

// Platform is the whole network.
type Platform struct {
	o   Options
	mux *http.ServeMux

	mu      sync.Mutex
	users   map[string]*user // by handle in lower case
	posts   []*post          // oldest first
	byID    map[string]*post
	lastID  int64
	nonces  map[string]time.Time // until when each is refused
	windows map[string]*window
	erased  []*post       // in the order in which they were deleted
	changed chan struct{} // closed with the next post or deletion
	books   books

	consents consents
	uploads  map[string]*upload // by id
	streams
	rules         []*rule
	subscriptions []*subscription
	messages      []*message // oldest first
}

type user struct{ id, handle, name string }

type post struct {
	id, text  string
	language  string // empty: not known
	author    *user
	at        time.Time
	inReplyTo *post
	quotes    *post
	history   []string // ids of all versions, this one's last
	newer     *post    // the version that took its place
	deleted   bool
	hidden    bool
	pictures  []*upload
}

// window counts the calls of one endpoint in 15 minutes.
type window struct {
	left  int
	reset time.Time
}

// New makes a network with the brand account alone.
func New(o Options) *Platform {
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	p := &Platform{
		o: o, mux: http.NewServeMux(), users: make(map[string]*user), byID: make(map[string]*post),
		nonces: make(map[string]time.Time), windows: make(map[string]*window),
		changed: make(chan struct{}), uploads: make(map[string]*upload),
	}
	p.brand()
	p.routes()
	p.legacyRoutes()
	p.signIns()
	return p
}

func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// epoch is when X's ids begin, in Unix milliseconds.
const epoch = 1288834974657

func (p *Platform) newID() (string, time.Time) {
	now := time.Now().Add(p.o.Ahead).UTC()
	p.lastID = max(p.lastID+1, (now.UnixMilli()-epoch)<<22)
	return strconv.FormatInt(p.lastID, 10), now.Truncate(time.Millisecond)
}

func (p *Platform) brand() *user { return p.person(p.o.Handle, p.o.Name) }

// person is the user with the handle, made when first seen. On X an account
// keeps its id for good: here it comes from the handle, so that whoever goes on
// while this starts anew meets the same accounts.
func (p *Platform) person(handle, name string) *user {
	key := strings.ToLower(handle)
	if u := p.users[key]; u != nil {
		return u
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(key))
	u := &user{id: strconv.FormatUint(sum.Sum64()>>1, 10), handle: handle, name: name}
	p.users[key] = u
	return u
}

// Say posts as anybody, the brand included, past every check of the API. It
// returns the post's id, "" where what it answers or quotes does not stand.
func (p *Platform) Say(d Draft) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	above, ok := p.standing(d.InReplyTo)
	quoted, found := p.standing(d.Quotes)
	if !ok || !found {
		return ""
	}
	made := &post{text: d.Text, language: d.Language, author: p.person(d.Author, d.Author), inReplyTo: above, quotes: quoted}
	for i := range min(max(d.Pictures, 0), maxMedia) {
		id, _ := p.newID()
		made.pictures = append(made.pictures, &upload{id: id, altText: "beschrijving " + strconv.Itoa(i+1), used: true})
	}
	p.put(made)
	return made.id
}

// standing is the post with the id, nil for no id, and false if it is gone.
func (p *Platform) standing(id string) (*post, bool) {
	found := p.byID[id]
	return found, id == "" || found != nil && !found.deleted
}

// put makes a post stand: with the history of the version before it, if there
// is one, and told to the streams.
func (p *Platform) put(made *post) {
	made.id, made.at = p.newID()
	made.history = append(slices.Clone(made.history), made.id)
	p.posts = append(p.posts, made)
	p.byID[made.id] = made
	p.tell(made)
	p.wake()
}

// Revise edits a post: a new version takes its place under an id of its own,
// which is returned, "" if there is no such post.
func (p *Platform) Revise(id, text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.byID[id]
	if old == nil || old.deleted {
		return ""
	}
	for old.newer != nil {
		old = old.newer
	}
	made := &post{text: text, language: old.language, author: old.author, inReplyTo: old.inReplyTo, quotes: old.quotes, pictures: old.pictures, history: old.history}
	p.put(made)
	old.newer = made
	return made.id
}

// versions are the ids of all versions of a post, this one's and every other's.
func (a *post) versions() []string {
	for a.newer != nil {
		a = a.newer
	}
	return a.history
}

// Erase deletes a post with all its versions. It returns false where none stands.
func (p *Platform) Erase(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.byID[id]
	if found == nil || found.deleted {
		return false
	}
	for _, version := range found.versions() {
		p.erase(p.byID[version])
	}
	return true
}

func (p *Platform) erase(a *post) {
	a.deleted = true
	p.erased = append(p.erased, a)
	p.wake()
}

// wake tells the streams that there is something new.
func (p *Platform) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Answers are the texts of the brand's replies under a post or one of its
// versions, as their readers see them.
func (p *Platform) Answers(id string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, each := range p.posts {
		if each.inReplyTo != nil && each.author == p.brand() && !each.deleted && each.inReplyTo.history[0] == p.first(id) {
			texts = append(texts, each.text)
		}
	}
	return texts
}

// first is the id of a post's first version.
func (p *Platform) first(id string) string {
	if found := p.byID[id]; found != nil {
		return found.history[0]
	}
	return id
}

// mentions reports whether the text names the handle with an @.
func mentions(text, handle string) bool { return slices.Contains(named(text), strings.ToLower(handle)) }

// named are the handles in a text, in lower case and without @.
func named(text string) (handles []string) {
	for i, r := range text {
		if r != '@' || i > 0 && isWord(rune(text[i-1])) {
			continue
		}
		rest := text[i+1:]
		end := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(rest)
		}
		if end > 0 && end <= 15 {
			handles = append(handles, strings.ToLower(rest[:end]))
		}
	}
	return handles
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// answerable reports whether the API lets the brand reply to a post: it is the
// brand's own, stands right under one, or its author named or quoted the brand.
func (p *Platform) answerable(target *post) bool {
	brand := p.brand()
	return target.author == brand || target.inReplyTo != nil && target.inReplyTo.author == brand ||
		mentions(target.text, brand.handle) || target.quotes != nil && target.quotes.author == brand
}
