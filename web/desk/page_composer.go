package desk

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

// composer is the form in which an answer is written.
type composer struct {
	Text     string
	Proposal *approval.View // the draft that is gone on with; nil for a new answer
	Target   inbox.MentionID
	Route    []inbox.Field // where a mail goes
	Public   bool
	Approval approvers
	Check    checked
	Schedule schedule
	ByHand   bool // a person posts it
	Pictures pictures
	Folded   bool // an answer is under way, so that writing another one is not the first thing to do
}

// approvers says who may stand behind an answer of this visitor.
type approvers struct {
	Quorum int
	Role   people.Role // that somebody else must have; "" where any writer will do
	People []*people.Person
}

// checked is what the checks say about a text. It is shown by the template and
// sent as JSON while somebody types.
type checked struct {
	Length   int     `json:"length"`
	Limit    int     `json:"limit"`
	Unit     string  `json:"unit"`
	Price    string  `json:"price"` // what publishing it costs, in a sentence; empty: nothing
	Findings []found `json:"findings"`
	Hidden   []found `json:"hidden"`
}

// found is one finding, or one character that a reader cannot see.
type found struct {
	Code    string `json:"code"`
	Title   string `json:"title"`
	Why     string `json:"why"`
	Excerpt string `json:"excerpt"`
	At      int    `json:"at"` // of a hidden character, in characters from 1
}

// composer prepares the answer to a mention: the visitor goes on with the draft
// that is there, or with the one that ?edit= names.
func (v *visit) composer(t *thread, target *inbox.Mention) (*composer, error) {
	c := &composer{Public: t.Visibility == inbox.Public}
	for _, f := range target.Route {
		if slices.Contains([]string{"To", "Cc", "Subject"}, f.Name) {
			c.Route = append(c.Route, f)
		}
	}
	asked := v.r.Form.Get("edit")
	if raw := v.r.PostForm.Get("proposal"); raw != "" {
		asked = raw
	}
	c.Target = target.ID
	c.Proposal = editable(t.Pending, asked)
	c.ByHand = v.byHand(t, target, c.Proposal)
	c.Folded = c.Proposal == nil && (c.ByHand || len(t.Pending) > 0)
	if c.Proposal != nil && c.Proposal.Envelope != nil {
		c.Text, c.Schedule = c.Proposal.Envelope.Text, scheduleOf(c.Proposal.Envelope.NotBefore)
	}
	c.Check = v.check(t.Conversation, c.Text)
	if c.ByHand {
		c.Check.Price = "" // a person posts it
	}
	var e *approval.Envelope
	if c.Proposal != nil {
		e = c.Proposal.Envelope
	}
	c.Pictures = v.picturesOf("/inbox/"+t.ID.String()+"/attach", t.Account, t.Visibility, c.ByHand, e)
	var err error
	c.Approval, err = v.approversOf(t.Conversation)
	return c, err
}

// editable is the proposal to go on writing: the one that is asked for, else
// the newest that is with its authors. Nil where there is none.
func editable(pending []*approval.View, asked string) *approval.View {
	for _, p := range pending {
		if p.ID.String() == asked && p.BeforeSending() {
			return p
		}
	}
	for _, p := range slices.Backward(pending) {
		if slices.Contains([]approval.State{approval.Draft, approval.ChangesRequested, approval.Held, approval.Expired}, p.State) {
			return p
		}
	}
	return nil
}

// approversOf finds who else can stand behind the visitor's answer: the policy
// says how many and which role, the people say who.
func (v *visit) approversOf(c *inbox.Conversation) (approvers, error) {
	var a approvers
	policies, err := v.d.Approvals.Policies(v.ctx())
	if err != nil {
		return a, err
	}
	i := slices.IndexFunc(policies, func(p approval.Policy) bool {
		covers := func(list []string, value string) bool {
			return slices.Contains(list, approval.Any) || slices.Contains(list, value)
		}
		return covers(p.Accounts, string(c.Account)) && covers(p.Kinds, string(approval.KindReply)) &&
			(p.Visibility == approval.Any || p.Visibility == string(c.Visibility))
	})
	if i < 0 {
		return a, nil
	}
	a.Quorum = policies[i].Quorum
	for _, role := range policies[i].Roles {
		if !v.who.Has(role) {
			a.Role = role
		}
	}
	team, err := v.team()
	if err != nil {
		return a, err
	}
	for _, p := range team {
		if p.ID != v.who.ID() && (a.Role == "" || p.Has(a.Role)) && !p.EndorsesFrom.After(time.Now()) {
			a.People = append(a.People, p)
		}
	}
	return a, nil
}

// check runs the checks on a text as it is written.
func (v *visit) check(of *inbox.Conversation, raw string) checked {
	text := approval.Normalize(raw)
	m := v.d.Approvals.Measure(of.Account, of.Visibility, text)
	c := checked{Length: m.Length, Limit: m.Limit, Unit: m.Unit, Findings: []found{}, Hidden: []found{}}
	if text != "" {
		c.Price = v.price(of.Account, approval.Reply, of.Visibility, text)
	}
	if key := "unit." + m.Unit; v.words.has(key) {
		c.Unit = v.t(key)
	}
	for _, h := range approval.Hidden(text) {
		c.Hidden = append(c.Hidden, found{Code: "hidden", Title: h.Name(), Why: v.t("composer.hidden.why"), At: h.Position})
	}
	for _, f := range approval.Check(text) {
		c.Findings = append(c.Findings, found{Code: f.Code, Title: v.t("finding." + f.Code), Why: v.t("finding." + f.Code + ".why"), Excerpt: f.Excerpt})
	}
	return c
}

// measure answers the composer while somebody types.
func (v *visit) measure() error {
	c, err := inbox.ParseConversationID(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	t, err := v.d.Box.Thread(v.ctx(), c)
	if err != nil {
		return err
	}
	v.noteTyping(c)
	v.w.Header().Set("Content-Type", "application/json")
	told := v.check(t.Conversation, v.r.Form.Get("text"))
	if target := newestStanding(t.Mentions); target != nil && target.Unanswerable != "" {
		told.Price = "" // a person posts it
	}
	return json.NewEncoder(v.w).Encode(told)
}

// reply saves the answer as a draft or submits it for approval, as the button
// says. A refusal shows the conversation again with the text as it was typed.
func (v *visit) reply() error {
	c, err := inbox.ParseConversationID(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	submit := v.form("do") == "submit"
	p, err := v.write(c, submit)
	if err == nil && submit {
		_, err = v.d.Approvals.Submit(v.ctx(), v.who, p.ID, p.Digest)
	}
	if err != nil {
		return v.again(c, err, v.retype)
	}
	v.presence.left(v.who.ID(), c)
	if submit {
		v.done("composer.submitted")
	} else {
		v.done("composer.saved")
	}
	return v.to(v.queryOfBack().of(c))
}

// retype puts what the form held back into the composer.
func (v *visit) retype(t *thread) {
	if t.Composer == nil {
		return
	}
	t.Composer.Text, t.Composer.Folded = v.r.Form.Get("text"), false
	t.Composer.Check = v.check(t.Conversation, t.Composer.Text)
	t.Composer.Schedule = v.typedSchedule(t.Composer.Schedule)
	if media, err := v.typedMedia(t.Composer.Pictures.List); err == nil {
		t.Composer.Pictures.List, t.Composer.Pictures.Unsaved = media, true
	}
}

// write makes the revision that the form holds: the first one of a new
// proposal, the next one where the text or the author differ, or none.
func (v *visit) write(c inbox.ConversationID, submit bool) (*approval.View, error) {
	text := v.r.Form.Get("text")
	if v.form("proposal") == "" {
		return v.writeNew(c, text)
	}
	proposal, err := id.Parse[approval.Proposal](v.form("proposal"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "there is no such proposal").Because(err)
	}
	p, err := v.d.Approvals.Get(v.ctx(), proposal)
	if err != nil {
		return nil, err
	}
	if p.Digest.String() != v.form("digest") {
		return nil, fault.New(fault.StaleDigest, "somebody changed this answer since you opened it").
			Fix("Your text is still in the field; compare it with the answer as it is now.")
	}
	var was time.Time
	var had []approval.Media
	if p.Envelope != nil {
		was, had = p.Envelope.NotBefore, p.Envelope.Media
	}
	notBefore, err := v.notBefore(was)
	if err != nil {
		return nil, err
	}
	media, err := v.typedMedia(had)
	if err != nil {
		return nil, err
	}
	byHand := v.form("by_hand") == "yes"
	same := p.Envelope != nil && p.Envelope.Text == approval.Normalize(text) && notBefore.Equal(upcoming(was)) && p.ByHand == byHand && sameMedia(media, had)
	if same && (p.State == approval.Draft && p.Author == v.who.ID() || !submit) {
		return p, nil
	}
	return v.d.Approvals.Revise(v.ctx(), v.who, proposal, approval.Content{Text: text, Media: media, NotBefore: notBefore, ByHand: byHand})
}

// writeNew begins a proposal, unless a double click has begun the same one.
func (v *visit) writeNew(c inbox.ConversationID, text string) (*approval.View, error) {
	notBefore, err := v.notBefore(time.Time{})
	if err != nil {
		return nil, err
	}
	media, err := v.typedMedia(nil)
	if err != nil {
		return nil, err
	}
	all, err := v.d.Approvals.OfConversation(v.ctx(), c)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.State == approval.Draft && p.Author == v.who.ID() && p.Envelope != nil &&
			p.Envelope.Text == approval.Normalize(text) && p.Envelope.NotBefore.Equal(notBefore) && sameMedia(media, p.Envelope.Media) {
			return p, nil
		}
	}
	var target inbox.MentionID
	if raw := v.form("target"); raw != "" {
		if target, err = id.Parse[inbox.Mention](raw); err != nil {
			return nil, fault.New(fault.InvalidInput, "there is no such mention").At("target", raw)
		}
	}
	return v.d.Approvals.DraftReply(v.ctx(), v.who, c, target, approval.Content{
		Text: text, Media: media, NotBefore: notBefore, ByHand: v.form("by_hand") == "yes",
	})
}

// withdrawReply takes an answer back before it is sent.
func (v *visit) withdrawReply() error {
	proposal, err := id.Parse[approval.Proposal](v.form("proposal"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such proposal").Because(err)
	}
	if _, err := v.d.Approvals.Withdraw(v.ctx(), v.who, proposal, v.form("reason")); err != nil {
		return err
	}
	v.done("composer.withdrawn")
	return v.to(v.back("/inbox/" + v.r.PathValue("id")))
}

// Writes reports whether the visitor becomes the author of somebody else's
// text by saving it.
func (c *composer) Writes(me people.ID) bool { return c.Proposal != nil && c.Proposal.Author != me }

// Names are the people who could approve, in one line.
func (a approvers) Names() string {
	names := make([]string, len(a.People))
	for i, p := range a.People {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}
