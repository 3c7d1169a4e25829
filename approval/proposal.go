package approval

import (
	"encoding/hex"
	"slices"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
)

// Kind is what a proposal would do.
type Kind string

// KindReply answers a mention. The governance kinds are in governance.go.
const KindReply Kind = "reply"

// State is where a proposal stands.
type State string

// The states of a proposal; transitions says which may follow which.
const (
	Draft            State = "draft"
	InReview         State = "in_review"
	ChangesRequested State = "changes_requested"
	Rejected         State = "rejected"
	Approved         State = "approved" // at rest only where a person posts it by hand
	Queued           State = "queued"
	Sending          State = "sending"
	Published        State = "published" // governance: in force
	Failed           State = "failed"    // certainly not published
	OutcomeUnknown   State = "unknown"   // perhaps published
	Withdrawn        State = "withdrawn"
	Expired          State = "expired"
	Held             State = "held"
)

// transitions is the state machine. Replay checks the audit log against it.
var transitions = map[State][]State{
	"":               {Draft},
	Draft:            {Draft, InReview, Withdrawn, Held},
	InReview:         {InReview, Draft, ChangesRequested, Rejected, Approved, Withdrawn, Held},
	ChangesRequested: {Draft, Withdrawn},
	Approved:         {Approved, Queued, Published, Draft, Withdrawn, Expired, Held},
	Queued:           {Sending, Draft, Withdrawn, Expired, Held},
	Sending:          {Published, Failed, OutcomeUnknown},
	OutcomeUnknown:   {Published, Failed},
	Failed:           {Queued, Draft, Withdrawn, Expired, Held},
	Held:             {Draft, Withdrawn},
	Expired:          {Draft, Withdrawn},
	Rejected:         {},
	Published:        {Published, Approved}, // back only where an address of an answer by hand proved wrong
	Withdrawn:        {},
}

// States are all states, in the order of a proposal's life.
func States() []State {
	return []State{
		Draft, InReview, ChangesRequested, Rejected, Approved, Queued, Sending,
		Published, Failed, OutcomeUnknown, Withdrawn, Expired, Held,
	}
}

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short is what people compare: the first eight hexadecimal digits.
func (d Digest) Short() string { return d.String()[:8] }

// ParseDigest reads the hexadecimal form.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(d) {
		return d, fault.New(fault.InvalidInput, "a digest is 64 hexadecimal digits").
			At("digest", s).Fix("Send the digest of the revision that was shown.")
	}
	copy(d[:], b)
	return d, nil
}

// MarshalText is the hexadecimal form.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the hexadecimal form.
func (d *Digest) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDigest(string(b))
	return err
}

// Proposal is something that takes two people. Its content is in its revisions.
type Proposal struct {
	ID           ProposalID           `cbor:"1,keyasint"`
	Kind         Kind                 `cbor:"2,keyasint"`
	State        State                `cbor:"3,keyasint"`
	Account      inbox.AccountName    `cbor:"4,keyasint,omitempty"` // empty for governance
	Conversation inbox.ConversationID `cbor:"5,keyasint,omitzero"`
	Mention      inbox.MentionID      `cbor:"6,keyasint,omitzero"`
	Target       string               `cbor:"7,keyasint,omitempty"` // external id of the mention
	Revision     int                  `cbor:"8,keyasint"`           // number of the newest revision, from 1
	Author       people.ID            `cbor:"9,keyasint"`           // of the newest revision
	Digest       Digest               `cbor:"10,keyasint"`          // of the newest revision
	CreatedAt    time.Time            `cbor:"11,keyasint"`
	UpdatedAt    time.Time            `cbor:"12,keyasint"`
	SubmittedAt  time.Time            `cbor:"13,keyasint,omitzero"`
	// Endorsements stand behind the newest revision; a new revision empties them.
	Endorsements []Endorsement `cbor:"14,keyasint,omitempty"`
	// Decisions are all decisions ever made on any revision, oldest first.
	Decisions []Decision `cbor:"15,keyasint,omitempty"`
	// Contributors authored any revision.
	Contributors []people.ID `cbor:"16,keyasint"`
	Basis        Basis       `cbor:"17,keyasint,omitempty"`
	QuorumAt     time.Time   `cbor:"18,keyasint,omitzero"`
	ExpiresAt    time.Time   `cbor:"19,keyasint,omitzero"` // of the endorsements, once there is quorum
	Due          time.Time   `cbor:"20,keyasint,omitzero"` // not sent before
	Attempts     int         `cbor:"21,keyasint,omitempty"`
	ClaimedAt    time.Time   `cbor:"22,keyasint,omitzero"`
	Failure      *Failure    `cbor:"23,keyasint,omitempty"` // of the last attempt
	Receipt      *Receipt    `cbor:"24,keyasint,omitempty"`
	ReadBack     *ReadBack   `cbor:"25,keyasint,omitempty"`
	AbsentAt     time.Time   `cbor:"26,keyasint,omitzero"`  // when reading back first found nothing
	Reason       string      `cbor:"27,keyasint,omitempty"` // why held, expired, unknown, withdrawn or not at its address: a reason code
	Remark       string      `cbor:"28,keyasint,omitempty"` // the person's words for it
	SettledBy    people.ID   `cbor:"29,keyasint,omitzero"`  // who settled an unknown outcome by hand
	About        people.ID   `cbor:"30,keyasint,omitzero"`  // the person whom a governance proposal concerns
	Tries        int         `cbor:"31,keyasint,omitempty"` // attempts of the newest revision
	ByHand       bool        `cbor:"32,keyasint,omitempty"` // the newest revision's action is [ByHand]
	RecordedBy   people.ID   `cbor:"33,keyasint,omitzero"`  // who posted it by hand and recorded where
	Refused      bool        `cbor:"34,keyasint,omitempty"` // the platform takes no answer to this from a program
	// PlatformAt is the earliest that the platform's clock can have shown when there was quorum
	// for an answer by hand; zero where it could not be compared with ours.
	PlatformAt time.Time `cbor:"35,keyasint,omitzero"`
	// Proven says that what stands at the receipt was once read back as approved.
	Proven bool `cbor:"36,keyasint,omitempty"`
}

// Endorsement is one person standing behind one digest.
type Endorsement struct {
	Person people.ID     `cbor:"1,keyasint"`
	Roles  []people.Role `cbor:"2,keyasint"` // held at that moment
	Digest Digest        `cbor:"3,keyasint"`
	At     time.Time     `cbor:"4,keyasint"`
	Author bool          `cbor:"5,keyasint,omitempty"` // given by submitting
	// Contributor marks an approver who wrote an earlier revision.
	Contributor bool   `cbor:"6,keyasint,omitempty"`
	Via         string `cbor:"7,keyasint"`
}

// Verdict is what a person decides.
type Verdict string

// The verdicts.
const (
	Approve        Verdict = "approve"
	RequestChanges Verdict = "request_changes"
	Reject         Verdict = "reject"
)

// Decision is one verdict by one person on one revision.
type Decision struct {
	Person   people.ID `cbor:"1,keyasint"`
	Verdict  Verdict   `cbor:"2,keyasint"`
	Revision int       `cbor:"3,keyasint"`
	Digest   Digest    `cbor:"4,keyasint"`
	Comment  string    `cbor:"5,keyasint,omitempty"`
	At       time.Time `cbor:"6,keyasint"`
}

// ReadBack is the comparison of what stands on the platform with what was
// approved.
type ReadBack struct {
	At    time.Time `cbor:"1,keyasint"`
	Equal bool      `cbor:"2,keyasint"`
	Text  string    `cbor:"3,keyasint,omitempty"` // what stands there, when it differs
	// Besides says, in one English sentence each, what differs beside the text.
	Besides []string `cbor:"4,keyasint,omitempty"`
}

// Revision is one immutable version of a proposal's content. The content
// itself is the sealed envelope under Digest.
type Revision struct {
	Proposal ProposalID `cbor:"1,keyasint"`
	Number   int        `cbor:"2,keyasint"`
	Author   people.ID  `cbor:"3,keyasint"`
	At       time.Time  `cbor:"4,keyasint"`
	Digest   Digest     `cbor:"5,keyasint"`
}

// Official reports whether the answer is one: approved by quorum, published,
// and read back equal.
func (p *Proposal) Official() bool {
	return p.Kind == KindReply && p.State == Published && p.Basis == Quorum && p.ReadBack != nil && p.ReadBack.Equal
}

// BeforeSending reports whether nothing can have left the daemon since the
// newest revision was made.
func (p *Proposal) BeforeSending() bool {
	return slices.Contains([]State{Draft, InReview, ChangesRequested, Approved, Queued, Failed, Held, Expired}, p.State)
}

// Retrying reports whether the last attempt to send it failed, and it is sent
// again by itself.
func (p *Proposal) Retrying() bool { return p.State == Queued && p.Failure != nil }

// underway reports whether the proposal is on its way to the customer, so that
// no second answer to the same mention may be submitted.
func (p *Proposal) underway() bool {
	return slices.Contains([]State{InReview, Approved, Queued, Sending, OutcomeUnknown}, p.State)
}

// endorsedBy is the person's standing endorsement, or -1.
func (p *Proposal) endorsedBy(who people.ID) int {
	return slices.IndexFunc(p.Endorsements, func(e Endorsement) bool { return e.Person == who })
}

// subject names the proposal in the audit log.
func (p *Proposal) subject() audit.Subject { return audit.Subject("proposal:" + p.ID.String()) }
