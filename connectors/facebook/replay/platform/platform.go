package platform

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

// Options are what a platform is made of.
type Options struct {
	PageID, PageName string
	Token            string   // the Page's
	AppSecret        string   // empty: no proof is asked for
	Version          string   // the only one that is taken
	Permissions      []string // of the token
	TokenEnds        time.Time
	TokenType        string // empty: "PAGE"
	TokenOf          string // the id of the Page whose token it is; empty: PageID
	Calls            int    // how many calls are allowed; 0: any number
	// Heavy is how many items of a list Facebook gives at most before it wants to be asked for less; 0: any number.
	Heavy int
	// HumanAgent is whether Meta allowed the app answers by a person for seven days.
	HumanAgent bool
}

// Platform is one Page and what stands on it. It is safe for concurrent use.
type Platform struct {
	o Options

	mu    sync.Mutex
	front graphreplay.Front
	nodes map[string]*node
	order []*node // oldest first
	last  int64

	erased   map[string]*node // as they last stood
	messages map[string]*message
	mailbox  []*message // oldest first
	push     *push      // nil: nobody is told
	// subscribed are the fields that the Page told its app to be told of.
	subscribed []string
	blind      bool
	refuses    map[string]refused // the comments under a post, the messages of a dialogue
}

// Fault is an answer in place of the right one.
type Fault = graphreplay.Fault

// node is a post or a comment.
type node struct {
	id, post, parent string // post is empty for a post
	fromID, fromName string
	nameless         bool // who wrote it is not told
	tagged, hidden   bool
	elsewhere        bool // under no list of the Page's
	answered         bool // in private
	message          string
	picture          bool
	created, updated time.Time
	edited           time.Time
}

// New makes a platform with a Page that has posted once.
func New(o Options) (*Platform, string) {
	p := &Platform{
		front: graphreplay.Front{Account: o.PageID, UseCase: "pages", Allowed: o.Calls},
		o:     o, nodes: make(map[string]*node), erased: make(map[string]*node), messages: make(map[string]*message),
		refuses: make(map[string]refused),
		last:    9007199254740992, // beyond what a float holds
	}
	return p, p.add(&node{fromID: o.PageID, fromName: o.PageName, message: "Welkom op onze pagina."}).id
}

// add puts a node where it belongs; the caller holds no lock.
func (p *Platform) add(n *node) *node {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.put(n)
}

// put is add for callers that hold the lock.
func (p *Platform) put(n *node) *node {
	p.last++
	n.id = p.o.PageID + "_" + strconv.FormatInt(p.last, 10)
	if n.elsewhere || n.tagged {
		n.id = n.fromID + "_" + strconv.FormatInt(p.last, 10)
	}
	if n.post != "" {
		_, number, _ := strings.Cut(n.post, "_")
		n.id = number + "_" + strconv.FormatInt(p.last, 10)
	}
	if n.created.IsZero() {
		n.created = time.Now()
	}
	n.created = n.created.UTC().Truncate(time.Second)
	n.updated = n.created
	if post := p.nodes[n.post]; post != nil && n.created.After(post.updated) {
		post.updated = n.created
	}
	p.nodes[n.id] = n
	p.order = append(p.order, n)
	slices.SortStableFunc(p.order, func(a, b *node) int { return a.created.Compare(b.created) })
	p.tell(n, "add")
	return n
}

// Said is what somebody writes.
type Said struct {
	Name string // empty: the answer does not tell who wrote it
	Text string
	At   time.Time // zero: now
	// Picture is whether a picture comes with it.
	Picture bool
}

// PersonID is the id that this Page knows somebody by.
func PersonID(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return r - 'a' + '0'
		}
		return r
	}, "7"+fmt.Sprintf("%x", name))
}

func (s Said) node() *node {
	return &node{fromName: s.Name, fromID: PersonID(s.Name), nameless: s.Name == "", message: s.Text, created: s.At, picture: s.Picture}
}

// Visit lets a visitor post on the Page.
func (p *Platform) Visit(s Said) string { return p.add(s.node()).id }

// Tag lets somebody tag the Page in a post elsewhere.
func (p *Platform) Tag(s Said) string {
	n := s.node()
	n.tagged = true
	return p.add(n).id
}

// Mention lets somebody name the Page in a comment under a post that is none of
// its own. It returns the post's id and the comment's.
func (p *Platform) Mention(s Said) (post, comment string) {
	at := p.add(&node{fromID: PersonID("elders"), fromName: "elders", message: "Een bericht van een ander.", elsewhere: true})
	return at.id, p.Comment(at.id, s)
}

// Edit changes the text of a post or comment. It returns false where there is
// no such thing.
func (p *Platform) Edit(which, text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.nodes[which]
	if n == nil {
		return false
	}
	p.rewrite(n, text)
	return true
}

// rewrite is Edit for callers that hold the lock.
func (p *Platform) rewrite(n *node, text string) {
	n.message, n.edited = text, time.Now().UTC()
	p.tell(n, "edited")
}

// Comment lets a customer comment under a post, or answer a comment. It
// returns "" where there is no such thing.
func (p *Platform) Comment(under string, s Said) string {
	n := s.node()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.under(n, under) {
		return ""
	}
	return p.put(n).id
}

// under places a comment; answers to answers go below the comment of both.
func (p *Platform) under(n *node, which string) bool {
	at := p.nodes[which]
	switch {
	case at == nil:
		return false
	case at.post == "":
		n.post = at.id
	default:
		n.post, n.parent = at.post, cmp.Or(at.parent, at.id)
	}
	return true
}

// Erase deletes a post or comment and what stands below it.
func (p *Platform) Erase(which string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase(which)
}

func (p *Platform) erase(which string) {
	p.order = slices.DeleteFunc(p.order, func(n *node) bool {
		gone := n.id == which || n.post == which || n.parent == which
		if gone {
			delete(p.nodes, n.id)
			p.erased[n.id] = n
			p.tell(n, "remove")
		}
		return gone
	})
}

// Answers are the texts of the Page's comments below a post or comment.
func (p *Platform) Answers(which string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.order {
		if n.fromID == p.o.PageID && (n.parent == which || n.parent == "" && n.post == which) {
			texts = append(texts, n.message)
		}
	}
	return texts
}

// Hidden reports whether a comment is hidden.
func (p *Platform) Hidden(which string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nodes[which] != nil && p.nodes[which].hidden
}

// Fail puts faults in place of the next answers, one each.
func (p *Platform) Fail(f ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.front.Fail(f...)
}

// Revoke makes the token worthless.
func (p *Platform) Revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.Token = ""
}

// Expire ends the token's time.
func (p *Platform) Expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.TokenEnds = time.Now().Add(-time.Second)
}

// Replace puts another token, which does not end, in place of all.
func (p *Platform) Replace(with string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.Token, p.o.TokenEnds = with, time.Time{}
}

// Blind takes the right to see what customers write away, as Facebook does: it
// shows the Page's own alone and does not know the rest.
func (p *Platform) Blind(blind bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blind = blind
}

// refused is what Facebook does not show: all of it, or all but the first page.
type refused struct {
	code int
	rest bool
}

// Refuse lets Facebook refuse every call for the comments under a post, or for the
// messages of a dialogue, with the code; 0: it shows them again.
func (p *Platform) Refuse(which string, code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses[which] = refused{code: code}
}

// RefuseRest is [Platform.Refuse] for all but the first page.
func (p *Platform) RefuseRest(which string, code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses[which] = refused{code, true}
}

func (p *Platform) withholds(which, after string) bool {
	r := p.refuses[which]
	return r.code != 0 && (after != "" || !r.rest)
}

// Calls is how many calls came in.
func (p *Platform) Calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.front.Calls()
}
