package platform

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

// The ways to reach the account.
const (
	FacebookLogin  = "facebook"
	InstagramLogin = "instagram"
)

// Options are what a platform is made of.
type Options struct {
	Login            string // FacebookLogin or InstagramLogin
	UserID, Username string // of the professional account
	PageID           string // that the account is linked to; FacebookLogin only
	Token            string
	AppSecret        string // signs deliveries; over FacebookLogin calls have to prove it, unless it is empty
	Version          string // the only one that is taken
	Permissions      []string
	Subscribed       []string  // the fields that are delivered; what is told here does not change what [Platform.Deliver] does
	TokenType        string    // over FacebookLogin; empty: PAGE
	TokenOf          string    // over FacebookLogin, the Page that the token is of; empty: PageID
	TokenEnds        time.Time // over FacebookLogin
	TokenMade        time.Time // over InstagramLogin; zero: now
	Calls            int       // how many calls are allowed; 0: any number
	Heavy            int       // how many items of a list Instagram gives at most before it wants to be asked for less; 0: any number
}

// Platform is one account and what concerns it. It is safe for concurrent use.
type Platform struct {
	o Options

	mu      sync.Mutex
	front   graphreplay.Front
	nodes   map[string]*node
	order   []*node // oldest first
	last    int64
	private map[string]bool // comments that were answered in private
	events  []event

	tokenMade time.Time
	older     []string // tokens that were renewed and still live
}

// Fault is an answer in place of the right one.
type Fault = graphreplay.Fault

// kind tells nodes apart.
type kind int

const (
	media kind = iota
	comment
	message
)

// node is a post, a comment or a message.
type node struct {
	kind             kind
	id               string
	media, parent    string // of a comment
	with             string // of a message: who the customer is
	fromID, username string
	nameless         bool // who wrote it is not told
	live, hidden     bool
	foreign          bool // somebody else's
	tagged           bool // the account is tagged in it
	mentions         bool // it mentions the account
	attachment       string
	text             string
	created          time.Time
}

// New makes a platform with an account that has posted once.
func New(o Options) (*Platform, string) {
	p := &Platform{
		front: graphreplay.Front{Account: o.UserID, UseCase: "instagram", Allowed: o.Calls},
		o:     o, nodes: make(map[string]*node), last: 17900000000000000, private: make(map[string]bool), tokenMade: o.TokenMade,
	}
	if p.tokenMade.IsZero() {
		p.tokenMade = time.Now()
	}
	return p, p.Post("Welkom bij ons.", time.Time{})
}

// put gives the node an id and its place; the caller holds the lock.
func (p *Platform) put(n *node) *node {
	p.last++
	n.id = strconv.FormatInt(p.last, 10)
	if n.kind == message {
		n.id = "aWdfZAG1faXRlbTox" + n.id + "ZD"
	}
	if n.created.IsZero() {
		n.created = time.Now()
	}
	n.created = n.created.UTC().Truncate(time.Second)
	p.nodes[n.id] = n
	p.order = append(p.order, n)
	slices.SortStableFunc(p.order, func(a, b *node) int { return a.created.Compare(b.created) })
	return n
}

// Post lets the account post something of its own.
func (p *Platform) Post(caption string, at time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.put(&node{kind: media, fromID: p.o.UserID, username: p.o.Username, text: caption, created: at}).id
}

// Live lets the account begin a live broadcast.
func (p *Platform) Live() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.put(&node{kind: media, live: true, fromID: p.o.UserID, username: p.o.Username}).id
}

// Said is what somebody writes.
type Said struct {
	Name       string // their username; empty: the answer does not tell who wrote it
	Text       string
	Attachment string    // of a message: "image", "story_mention"
	At         time.Time // zero: now
}

func (s Said) node(k kind) *node {
	return &node{kind: k, fromID: ScopedID(s.Name), username: s.Name, nameless: s.Name == "", text: s.Text, attachment: s.Attachment, created: s.At}
}

// ScopedID is the id that Instagram gives a user towards the account.
func ScopedID(username string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(username)) // a hash never fails
	return strconv.FormatUint(9007199254740993+h.Sum64()%1e15, 10)
}

// Comment lets somebody comment under a post, or answer a comment. It returns
// "" where there is no such thing.
func (p *Platform) Comment(under string, s Said) string {
	n := s.node(comment)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.under(n, under) {
		return ""
	}
	p.put(n)
	p.tell(n)
	return n.id
}

// under places a comment; answers to answers go below the comment of both.
func (p *Platform) under(n *node, which string) bool {
	at := p.nodes[which]
	switch {
	case at == nil || at.kind == message:
		return false
	case at.kind == media:
		n.media, n.live, n.foreign = at.id, at.live, at.foreign
	default:
		n.media, n.parent, n.live, n.foreign = at.media, cmp.Or(at.parent, at.id), at.live, at.foreign
	}
	return true
}

// Message lets somebody write to the account in private.
func (p *Platform) Message(s Said) string {
	n := s.node(message)
	p.mu.Lock()
	defer p.mu.Unlock()
	n.with = n.fromID
	p.put(n)
	p.tell(n)
	return n.id
}

// Tag lets somebody tag the account in a post of theirs. Where the caption
// mentions it too, it is also a mention.
func (p *Platform) Tag(s Said) string {
	n := s.node(media)
	n.foreign, n.tagged, n.mentions = true, true, p.mentioned(s.Text)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(n)
	if n.mentions {
		p.tell(n)
	}
	return n.id
}

func (p *Platform) mentioned(text string) bool { return strings.Contains(text, "@"+p.o.Username) }

// Mention lets somebody mention the account in the caption of a post of theirs.
func (p *Platform) Mention(s Said) string {
	n := s.node(media)
	n.foreign, n.mentions = true, true
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(n)
	p.tell(n)
	return n.id
}

// MentionBelow lets somebody mention the account in a comment under somebody
// else's post, and returns both ids.
func (p *Platform) MentionBelow(s Said) (post, said string) {
	n := s.node(comment)
	n.mentions = true
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.put(&node{kind: media, foreign: true, fromID: ScopedID("elders"), username: "elders", created: s.At})
	p.under(n, at.id)
	p.put(n)
	p.tell(n)
	return at.id, n.id
}

// Revise lets somebody edit a message.
func (p *Platform) Revise(which, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.nodes[which]; n != nil && n.kind == message {
		n.text = text
		p.events = append(p.events, event{node: *n, edited: true})
	}
}

// Erase deletes a node and what stands below it.
func (p *Platform) Erase(which string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.nodes[which]; n != nil && n.kind == message {
		p.events = append(p.events, event{node: *n, unsent: true})
	}
	p.erase(which)
}

func (p *Platform) erase(which string) {
	p.order = slices.DeleteFunc(p.order, func(n *node) bool {
		gone := n.id == which || n.media == which || n.parent == which
		if gone {
			delete(p.nodes, n.id)
		}
		return gone
	})
}

// Hide hides a comment, as its owner may do on Instagram itself.
func (p *Platform) Hide(which string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.nodes[which]; n != nil {
		n.hidden = true
	}
}

// Show shows a hidden comment again.
func (p *Platform) Show(which string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.nodes[which]; n != nil {
		n.hidden = false
	}
}

// Hidden reports whether a comment is hidden.
func (p *Platform) Hidden(which string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nodes[which] != nil && p.nodes[which].hidden
}

// Answers are the texts of the account's answers to a post, comment or message.
func (p *Platform) Answers(which string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.nodes[which]
	for _, n := range p.order {
		private := to != nil && to.kind == message && n.with == to.with
		below := n.parent == which || n.parent == "" && n.media == which
		if n.fromID == p.o.UserID && n.kind != media && (private || below) {
			texts = append(texts, n.text)
		}
	}
	return texts
}

// Told are the texts that the account sent somebody in private.
func (p *Platform) Told(username string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.order {
		if n.kind == message && n.with == ScopedID(username) && n.fromID == p.o.UserID {
			texts = append(texts, n.text)
		}
	}
	return texts
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
	p.o.Token, p.older = "", nil
}

// Expire ends the time of the tokens.
func (p *Platform) Expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := time.Now().Add(-time.Second)
	p.o.TokenEnds, p.tokenMade, p.older = ended, ended.Add(-lives), nil
}

// Replace puts another token, made now, in place of all.
func (p *Platform) Replace(with string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.Token, p.o.TokenEnds, p.tokenMade, p.older = with, time.Time{}, time.Now(), nil
}

// Forget makes the tokens that were renewed worthless, as their end would.
func (p *Platform) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.older = nil
}

// Calls is how many calls came in.
func (p *Platform) Calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.front.Calls()
}
