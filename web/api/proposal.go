package api

import (
	"encoding/hex"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
)

// Proposal is something that takes two people.
type Proposal struct {
	ID             approval.ProposalID `json:"id" format:"uuid"`
	Kind           approval.Kind       `json:"kind" doc:"reply, or a governance kind: person, roles, enablement, credential, policy, resume, account."`
	State          approval.State      `json:"state" enum:"draft,in_review,changes_requested,rejected,approved,queued,sending,published,failed,unknown,withdrawn,expired,held"`
	Account        optional[string]    `json:"account"`
	ConversationID optional[string]    `json:"conversation_id"`
	About          optional[Person]    `json:"about" doc:"The person whom a governance proposal concerns."`
	Basis          optional[string]    `json:"basis" doc:"Why it was released; quorum is what makes an answer official. Null before."`
	Official       bool                `json:"official" doc:"Approved by quorum, published, and read back equal."`
	Revision       Revision            `json:"revision" doc:"The newest one."`
	Contributors   []Person            `json:"contributors" nullable:"false" doc:"Wrote any revision."`
	Endorsements   []Endorsement       `json:"endorsements" nullable:"false" doc:"Of the newest revision. A new revision empties them."`
	Decisions      []Decision          `json:"decisions" nullable:"false" doc:"All ever made, on any revision, oldest first."`
	Policy         Requirement         `json:"policy"`
	Missing        optional[string]    `json:"missing" doc:"What the policy still asks for, in one English sentence; null outside review."`
	Target         optional[Target]    `json:"target" doc:"Where it goes; null for governance and once erased."`
	CreatedAt      instant             `json:"created_at"`
	UpdatedAt      instant             `json:"updated_at"`
	SubmittedAt    optional[instant]   `json:"submitted_at"`
	QuorumAt       optional[instant]   `json:"quorum_at"`
	DueAt          optional[instant]   `json:"due_at" doc:"Not sent before."`
	ExpiresAt      optional[instant]   `json:"expires_at" doc:"When the full set of endorsements lapses."`
	Attempts       int                 `json:"attempts"`
	Failure        optional[Failure]   `json:"failure" doc:"Of the last attempt; of a queued one, which is then tried again. Null once a person sends it again."`
	Reason         optional[string]    `json:"reason" doc:"Why it is held, expired, unknown or withdrawn, or why the address of an answer by hand was taken back: a code."`
	Remark         optional[string]    `json:"remark" doc:"A person's words for the reason; of an answer by hand, the address that was taken back."`
	SettledBy      optional[Person]    `json:"settled_by" doc:"Who settled an unknown outcome by hand."`
	ByHand         bool                `json:"by_hand" doc:"A person posts it on the platform: approved until its address is recorded, and never queued."`
	RecordedBy     optional[Person]    `json:"recorded_by" doc:"Who recorded where an answer by hand stands; also of an address that was taken back."`
	Receipt        optional[Receipt]   `json:"receipt"`
}

// Revision is one immutable version of a proposal's content.
type Revision struct {
	Number    int               `json:"number"`
	Author    Person            `json:"author"`
	At        optional[instant] `json:"at"`
	Text      optional[string]  `json:"text" doc:"Null once erased. Of a governance proposal: what it would do, in words."`
	Language  optional[string]  `json:"language"`
	Digest    approval.Digest   `json:"digest" doc:"What endorsements endorse: 64 hexadecimal digits over everything that decides what is sent where."`
	Findings  []Finding         `json:"findings" nullable:"false" doc:"What the checks noticed in the text; the author accepts them by submitting."`
	Media     []Medium          `json:"media" nullable:"false" doc:"Pictures that go with the text, in order."`
	NotBefore optional[instant] `json:"not_before"`
	ValidFor  optional[span]    `json:"valid_for" doc:"How long a full set of endorsements lives."`
}

// Finding is something that a check noticed.
type Finding struct {
	Code    string `json:"code" example:"bank_account"`
	Excerpt string `json:"excerpt"`
}

// Endorsement is one person standing behind one digest.
type Endorsement struct {
	Person      Person          `json:"person"`
	Roles       []people.Role   `json:"roles" nullable:"false" doc:"Held at that moment."`
	Digest      approval.Digest `json:"digest"`
	At          instant         `json:"at"`
	Author      bool            `json:"author" doc:"Given by submitting."`
	Contributor bool            `json:"contributor" doc:"Approved by somebody who wrote an earlier revision."`
	Via         string          `json:"via" enum:"desk,api"`
}

// Decision is one verdict by one person on one revision.
type Decision struct {
	Person   Person           `json:"person"`
	Verdict  approval.Verdict `json:"verdict" enum:"approve,request_changes,reject"`
	Revision int              `json:"revision"`
	Digest   approval.Digest  `json:"digest"`
	Comment  optional[string] `json:"comment"`
	At       instant          `json:"at"`
}

// Requirement is what the policy in force asks for.
type Requirement struct {
	Quorum int           `json:"quorum" doc:"Different people; 0 where no policy covers it, and then nothing is released."`
	Roles  []people.Role `json:"roles" nullable:"false" doc:"Each held by at least one of them."`
}

// Target is where a proposal goes, as its digest covers it.
type Target struct {
	Account    inbox.AccountName `json:"account"`
	Platform   string            `json:"platform" doc:"The account's connector kind."`
	RemoteID   string            `json:"remote_id" doc:"The remote identity that publishes."`
	Action     approval.Action   `json:"action" doc:"by_hand: a person posts it."`
	MentionID  optional[string]  `json:"mention_id"`
	ExternalID optional[string]  `json:"external_id" doc:"Of the post that is answered."`
	Thread     optional[string]  `json:"thread"`
	Route      []Field           `json:"route" nullable:"false"`
	Visibility inbox.Visibility  `json:"visibility"`
	Mention    string            `json:"mention_digest" doc:"SHA-256 of the mention as it was shown."`
	Policy     string            `json:"policy_digest" doc:"SHA-256 of the policy that was in force."`
}

// Failure is why an attempt certainly did not publish.
type Failure struct {
	Kind      string           `json:"kind"`
	Message   string           `json:"message"`
	Remedy    optional[string] `json:"remedy"`
	Retryable bool             `json:"retryable" doc:"Trying again can help, and needs no new approval while the approval lives."`
}

// Receipt is what the platform answered, and what reading back saw.
type Receipt struct {
	ExternalID   optional[string]  `json:"external_id" doc:"Null where a press officer settled the outcome."`
	URL          optional[string]  `json:"url"`
	PostedAt     instant           `json:"posted_at"`
	ReadBack     string            `json:"read_back" enum:"pending,equal,differs" doc:"Whether what stands on the platform is what was approved."`
	ReadBackAt   optional[instant] `json:"read_back_at"`
	ReadBackText optional[string]  `json:"read_back_text" doc:"What stands there, where the text differs."`
	Besides      []string          `json:"read_back_besides" nullable:"false" doc:"What differs beside the text, one English sentence each."`
}

// proposal is the view's JSON.
func (a *API) proposal(named *names, v *approval.View) Proposal {
	p := v.Proposal
	out := Proposal{
		ID: p.ID, Kind: p.Kind, State: p.State, Account: word(p.Account), ConversationID: word(p.Conversation.String()),
		About: named.maybe(p.About), Basis: word(p.Basis), Official: p.Official(),
		Revision:     revision(named, p.Revision, p.Author, time.Time{}, p.Digest, v.Envelope),
		Contributors: named.all(p.Contributors), Endorsements: []Endorsement{}, Decisions: []Decision{},
		Policy:  Requirement{Quorum: v.Quorum, Roles: append([]people.Role{}, v.Roles...)},
		Missing: word(v.Missing), Target: target(p, v.Envelope),
		CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt), SubmittedAt: at(p.SubmittedAt), QuorumAt: at(p.QuorumAt),
		DueAt: at(p.Due), ExpiresAt: at(p.ExpiresAt), Attempts: p.Attempts, Reason: word(p.Reason), Remark: word(p.Remark),
		SettledBy: named.maybe(p.SettledBy), ByHand: p.ByHand, RecordedBy: named.maybe(p.RecordedBy), Receipt: receipt(p),
	}
	for _, e := range p.Endorsements {
		out.Endorsements = append(out.Endorsements, Endorsement{
			Person: named.of(e.Person), Roles: append([]people.Role{}, e.Roles...), Digest: e.Digest, At: instant(e.At),
			Author: e.Author, Contributor: e.Contributor, Via: e.Via,
		})
	}
	for _, d := range p.Decisions {
		out.Decisions = append(out.Decisions, Decision{
			Person: named.of(d.Person), Verdict: d.Verdict, Revision: d.Revision, Digest: d.Digest, Comment: word(d.Comment), At: instant(d.At),
		})
	}
	if f := p.Failure; f != nil {
		out.Failure = some(Failure{Kind: f.Kind, Message: f.Message, Remedy: word(f.Remedy), Retryable: f.Retryable})
	}
	return out
}

// revision is one version; e is nil once its content is erased.
func revision(named *names, number int, author people.ID, made time.Time, digest approval.Digest, e *approval.Envelope) Revision {
	r := Revision{Number: number, Author: named.of(author), At: at(made), Digest: digest, Media: []Medium{}, Findings: []Finding{}}
	if e == nil {
		return r
	}
	r.Text, r.Language, r.NotBefore = some(e.Text), word(e.Language), at(e.NotBefore)
	r.ValidFor = some(span(e.ValidFor))
	for _, m := range e.Media {
		r.Media = append(r.Media, Medium{m.SHA256.String(), m.AltText})
	}
	for _, f := range e.Findings {
		r.Findings = append(r.Findings, Finding(f))
	}
	return r
}

func target(p *approval.Proposal, e *approval.Envelope) optional[Target] {
	if e == nil || p.Governs() {
		return optional[Target]{}
	}
	return some(Target{
		Account: e.Account, Platform: e.Platform, RemoteID: e.RemoteID, Action: e.Action, MentionID: word(p.Mention.String()),
		ExternalID: word(e.Target), Thread: word(e.Thread), Route: fields(e.Route), Visibility: e.Visibility,
		Mention: hex.EncodeToString(e.Mention[:]), Policy: hex.EncodeToString(e.Policy[:]),
	})
}

func receipt(p *approval.Proposal) optional[Receipt] {
	if p.Receipt == nil {
		return optional[Receipt]{}
	}
	r := Receipt{
		ExternalID: word(p.Receipt.ExternalID), URL: word(p.Receipt.URL), PostedAt: instant(p.Receipt.PostedAt), ReadBack: "pending", Besides: []string{},
	}
	if back := p.ReadBack; back != nil {
		r.ReadBack, r.ReadBackAt, r.ReadBackText = "differs", at(back.At), word(back.Text)
		r.Besides = append(r.Besides, back.Besides...)
		if back.Equal {
			r.ReadBack = "equal"
		}
	}
	return some(r)
}
