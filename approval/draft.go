package approval

import (
	"context"
	"crypto/sha256"
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
)

// Content is what a person writes: the part of an [Envelope] that is theirs.
type Content struct {
	Text     string
	Language string // BCP 47; empty: the conversation's
	// Media are pictures that [Approvals.AddPicture] took, in the order in which they are shown.
	Media []Media
	// ValidFor shortens how long a full set of endorsements lives; 0: as long as the policy says.
	ValidFor time.Duration
	// NotBefore schedules the publication; zero: as soon as it is approved.
	NotBefore time.Time
	// ByHand has a person post it, where the platform takes no answer from a program.
	ByHand bool
}

// DraftReply begins an answer to a mention, by default (zero target) the
// newest one of the conversation. The caller becomes the author of revision 1.
func (a *Approvals) DraftReply(ctx context.Context, by people.Principal, conversation inbox.ConversationID, target inbox.MentionID, c Content) (*View, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	var view *View
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if err := a.mayWrite(tx, by); err != nil {
			return err
		}
		talk, err := a.box.Conversation(tx, conversation)
		if err != nil {
			return err
		}
		mention, err := a.targetOf(tx, conversation, target)
		if err != nil {
			return err
		}
		p := &Proposal{
			ID: id.At[Proposal](tx.Now()), Kind: KindReply, Account: talk.Account, Conversation: conversation,
			Mention: mention.ID, Target: mention.ExternalID, CreatedAt: tx.Now(),
		}
		if err := a.revise(tx, by, p, c, nil); err != nil {
			return err
		}
		view = a.view(tx, p)
		return nil
	})
	return view, err
}

// Revise makes a new revision of a proposal that has not been sent. Whoever
// makes it is its author; every endorsement of an older one is void, and the
// proposal is a draft again.
func (a *Approvals) Revise(ctx context.Context, by people.Principal, proposal ProposalID, c Content) (*View, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		if err := a.mayWrite(tx, by); err != nil {
			return err
		}
		switch {
		case p.Kind != KindReply:
			return wrongState(p, "a governance proposal has no text to edit: withdraw it and make a new one")
		case !p.BeforeSending():
			return wrongState(p, "its text can no longer be changed")
		}
		return a.revise(tx, by, p, c, nil)
	})
}

// mayWrite asks that the person is enabled and drafts answers.
func (a *Approvals) mayWrite(tx *store.Tx, by people.Principal) error {
	person, err := a.staff.Confirm(tx, by)
	if err != nil {
		return err
	}
	if !person.Enabled || !person.Has(people.Agent, people.Press) {
		return fault.New(fault.Forbidden, "answers are written by agents and press officers")
	}
	return nil
}

func (a *Approvals) targetOf(tx *store.Tx, conversation inbox.ConversationID, target inbox.MentionID) (*inbox.Mention, error) {
	if target.IsZero() {
		return a.box.NewestMention(tx, conversation)
	}
	m, err := a.box.Mention(tx, target)
	if err != nil {
		return nil, err
	}
	if m.Conversation != conversation {
		return nil, fault.New(fault.InvalidInput, "this mention belongs to another conversation").
			At("target", target.String()).Fix("Name a mention of this conversation, or none for the newest.")
	}
	return m, nil
}

// revise adds the next revision to p, which may be new, and puts it to draft.
func (a *Approvals) revise(tx *store.Tx, by people.Principal, p *Proposal, c Content, change []byte) error {
	first := p.Revision == 0
	e, err := a.compose(tx, p, c, change)
	if err != nil {
		return err
	}
	digest, err := a.log.Seal(tx, envelopeDomain, e.Bytes())
	if err != nil {
		return err
	}
	old := p.Digest
	p.Revision, p.Author, p.Digest, p.ByHand = e.Revision, by.ID(), Digest(digest), e.Action == ByHand
	p.Contributors = appendOnce(p.Contributors, by.ID())
	p.Endorsements, p.Basis, p.Failure, p.Tries = nil, "", nil, 0
	p.SubmittedAt, p.QuorumAt, p.ExpiresAt, p.Due = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	p.Reason, p.Remark, p.SettledBy, p.ClaimedAt, p.AbsentAt = "", "", people.ID{}, time.Time{}, time.Time{}
	p.RecordedBy = people.ID{}
	r := &Revision{Proposal: p.ID, Number: p.Revision, Author: p.Author, At: tx.Now(), Digest: p.Digest}
	if err := a.revisions.Put(tx, r); err != nil {
		return err
	}
	s := step{to: Draft, event: "revised", actor: by.Actor(), via: by.Via(), facts: map[string]string{
		"revision": itoa(p.Revision), "author": by.ID().String(), "visibility": string(e.Visibility),
	}}
	if p.ByHand {
		s.facts["action"] = string(ByHand)
	}
	if first {
		s.event = "drafted"
		s.facts["kind"] = string(p.Kind)
		if p.Account != "" {
			s.facts["account"], s.facts["conversation"], s.facts["mention"] = string(p.Account), p.Conversation.String(), p.Mention.String()
		}
	} else {
		s.facts["replaces"] = old.String()
	}
	return a.move(tx, p, s)
}

// compose builds and checks the envelope of p's next revision.
func (a *Approvals) compose(tx *store.Tx, p *Proposal, c Content, change []byte) (*Envelope, error) {
	e := &Envelope{
		Proposal: p.ID, Revision: p.Revision + 1, Kind: p.Kind, Account: p.Account, Action: Reply,
		Language: c.Language, Text: Normalize(c.Text), NotBefore: c.NotBefore.UTC().Truncate(time.Millisecond), Change: change,
	}
	if c.NotBefore.IsZero() {
		e.NotBefore = time.Time{}
	}
	if c.ByHand {
		e.Action = ByHand
	}
	if governs(p.Kind) {
		if err := CheckText(e.Text, Measure{}); err != nil {
			return nil, err
		}
	} else {
		if err := a.address(tx, p, e); err != nil {
			return nil, err
		}
		if err := CheckText(e.Text, a.Measure(p.Account, e.Visibility, e.Text)); err != nil {
			return nil, err
		}
		if !languagePattern.MatchString(e.Language) {
			return nil, fault.New(fault.InvalidInput, "this is no language tag").At("language", e.Language).Fix("Use one like nl or en-GB.")
		}
		e.Findings = Check(e.Text)
		if err := a.attach(tx, e, c.Media); err != nil {
			return nil, err
		}
		again, err := a.rejectedBefore(tx, e)
		if err != nil {
			return nil, err
		}
		e.Findings = append(e.Findings, again...)
	}
	policy, err := a.policyFor(tx, e)
	if err != nil {
		return nil, err
	}
	e.Policy, e.ValidFor = policy.digest(), policy.ValidFor
	if c.ValidFor != 0 {
		if c.ValidFor < time.Minute || c.ValidFor > policy.ValidFor {
			return nil, fault.New(fault.InvalidInput, "an approval here lives one minute to %s", policy.ValidFor).
				At("valid_for", c.ValidFor.String()).Fix("Choose less.")
		}
		e.ValidFor = c.ValidFor.Truncate(time.Second)
	}
	if e.NotBefore.After(tx.Now().Add(MaxNotBefore)) {
		return nil, fault.New(fault.InvalidInput, "an answer can be scheduled at most 72 hours ahead").
			At("not_before", e.NotBefore.Format(time.RFC3339)).Fix("Choose an earlier time.")
	}
	return e, a.effects[p.Kind].Validate(tx, e)
}

// address fills in where the answer goes, as things stand now.
func (a *Approvals) address(tx *store.Tx, p *Proposal, e *Envelope) error {
	m, err := a.box.Mention(tx, p.Mention)
	if err != nil {
		return err
	}
	account, ok, err := a.box.Account(tx, p.Account)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.AccountNotReady, "the account %s is not set up", p.Account)
	}
	if !m.DeletedAt.IsZero() {
		return fault.New(fault.NotAnswerable, "the customer deleted this mention").At("mention", m.ID.String()).Fix("Resolve the conversation.")
	}
	if err := a.wayOut(tx, p, m, e); err != nil {
		return err
	}
	e.Platform, e.RemoteID = account.Kind, account.RemoteID
	e.Target, e.Thread, e.Route, e.Visibility = m.ExternalID, m.Thread, m.Route, m.Visibility
	e.Mention = mentionDigest(m)
	if e.Language == "" && languagePattern.MatchString(m.Language) {
		e.Language = m.Language
	}
	return nil
}

// languagePattern is the form of the language tags of BCP 47, or nothing.
var languagePattern = regexp.MustCompile(`^(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,5})?$`)

// mentionDigest covers the mention as it was shown.
func mentionDigest(m *inbox.Mention) [32]byte {
	return sha256.Sum256(append([]byte("standpunt/mention/v1\n"), inbox.MentionPayload(m)...))
}

// rejectedText remembers that a text was rejected for one target, by a
// fingerprint that small changes of spacing and case do not escape.
type rejectedText struct {
	Account     inbox.AccountName `cbor:"1,keyasint"`
	Target      string            `cbor:"2,keyasint"`
	Fingerprint []byte            `cbor:"3,keyasint"`
	Proposal    ProposalID        `cbor:"4,keyasint"`
	By          people.ID         `cbor:"5,keyasint"`
	At          time.Time         `cbor:"6,keyasint"`
}

func (r *rejectedText) key() rejectedKey {
	return store.Field([]byte(r.Account), []byte(r.Target), r.Fingerprint)
}

func fingerprint(text string) []byte {
	bare := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) && !hidden(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(text))
	if bare == "" {
		bare = text // signs alone
	}
	sum := sha256.Sum256([]byte(bare))
	return sum[:16]
}

// rejectedBefore is the finding that the same text for the same target was
// rejected, so that no approver meets it as if it were new.
func (a *Approvals) rejectedBefore(tx *store.Tx, e *Envelope) ([]Finding, error) {
	probe := rejectedText{Account: e.Account, Target: e.Target, Fingerprint: fingerprint(e.Text)}
	r, ok, err := a.rejected.Lookup(tx, probe.key())
	if err != nil || !ok {
		return nil, err
	}
	return []Finding{{Code: FindingRejected, Excerpt: r.Proposal.String()}}, nil
}

func appendOnce(list []people.ID, who people.ID) []people.ID {
	for _, have := range list {
		if have == who {
			return list
		}
	}
	return append(list, who)
}
