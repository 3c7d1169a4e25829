package approval

import (
	"slices"
	"time"

	"standpunt/inbox"
	"standpunt/internal/id"
	"standpunt/internal/phrase"
	"standpunt/people"
)

// ProposalID identifies one proposal.
type ProposalID = id.ID[Proposal]

// Digest is the commitment to a revision's envelope: what an endorsement endorses.
type Digest [32]byte

// Action is what a release does on the platform.
type Action string

// The actions.
const (
	Reply        Action = "reply"
	Edit         Action = "edit"
	Remove       Action = "remove"
	Hide         Action = "hide"
	PrivateReply Action = "private_reply"
	Post         Action = "post" // a follow-up of our own that answers no mention
	// ByHand is an answer that a person posts on the platform itself, where that takes none
	// from a program. No release for it is ever claimed; see [Approvals.PostedByHand].
	ByHand Action = "by_hand"
)

// Basis says why a release exists. Only quorum makes an answer official.
type Basis string

// The bases of DESIGN.md, invariant 1.
const (
	Quorum     Basis = "quorum"
	PrivateOne Basis = "private"
	Template   Basis = "template"
	Campaign   Basis = "campaign"
	BreakGlass Basis = "break-glass"
)

// Attempt describes one publication: what is sent, where, and under which
// stable key. It proves nothing and publishes nothing; reading back takes it.
type Attempt struct {
	Proposal   ProposalID
	Number     int // of the attempt, from 1
	Account    inbox.AccountName
	RemoteID   string // the remote identity that the envelope names
	Action     Action
	Target     string        // external id of the post that is answered, edited, removed or hidden
	Thread     string        // the platform's thread that the target stands in
	Route      []inbox.Field // the target's route, as approved
	Visibility inbox.Visibility
	Language   string
	Text       string
	Media      []Media // what goes with the text; [Release.Media] has the bytes
	Digest     Digest
	// Key is the same for every attempt of one release and differs between releases: the
	// platform's idempotency key, the Message-ID's left part, the record key. 32 hex digits.
	Key       string
	ClaimedAt time.Time
	Receipt   Receipt // what the platform answered, if it did
	// Since is when, on the platform's clock, an answer by hand can have been posted at the
	// earliest.
	Since time.Time
}

// Release is proof that two different people stand behind one exact text for
// one exact destination. Only this package makes one; the zero Release is
// refused everywhere.
type Release struct{ r *release }

type release struct {
	attempt   Attempt
	media     []Attached
	basis     Basis
	endorsers []people.ID
}

// Valid reports whether the release was made by a claim. Connectors refuse any
// other.
func (r Release) Valid() bool { return r.r != nil }

// Attempt is what to publish, as a copy that nobody else holds. It panics on
// the zero Release.
func (r Release) Attempt() Attempt {
	t := r.r.attempt
	t.Route, t.Media = slices.Clone(t.Route), slices.Clone(t.Media)
	return t
}

// Media are the pictures that go with the text, in order, as copies that nobody
// else holds.
func (r Release) Media() []Attached {
	all := slices.Clone(r.r.media)
	for i := range all {
		all[i].Data = slices.Clone(all[i].Data)
	}
	return all
}

// Basis is why the release exists.
func (r Release) Basis() Basis { return r.r.basis }

// Endorsers are the people who stand behind it, the author first.
func (r Release) Endorsers() []people.ID { return slices.Clone(r.r.endorsers) }

// Receipt is what the platform answered.
type Receipt struct {
	ExternalID string    `cbor:"1,keyasint"`
	URL        string    `cbor:"2,keyasint,omitempty"`
	PostedAt   time.Time `cbor:"3,keyasint"` // the platform's time; ours where it tells none
}

// Measure is a text's length in the platform's own counting.
type Measure struct {
	Length int
	Limit  int    // 0: the platform sets none
	Unit   string // "characters", "weighted characters", "graphemes", "bytes"
}

// OwnPost is a post that a source saw standing on the account itself.
type OwnPost struct {
	ExternalID string
	InReplyTo  string
	Text       string
	URL        string
	PostedAt   time.Time
	// Beside is the text with everything undone that the platform does to what it takes, as
	// far as the approved text explains it (links, names before a reply); nil: Text as it is.
	Beside func(approved string) string
}

// as is the text to hold against an approved one.
func (o *OwnPost) as(approved string) string {
	if o.Beside == nil {
		return o.Text
	}
	return o.Beside(approved)
}

// Failure is why a publication certainly did not happen.
type Failure struct {
	Kind      string `cbor:"1,keyasint"` // the connector's error kind
	Message   string `cbor:"2,keyasint"`
	Remedy    string `cbor:"3,keyasint,omitempty"`
	Retryable bool   `cbor:"4,keyasint,omitempty"` // trying again can help without a new approval

	// What and Fix are Message and Remedy as phrases, where they have one. They count as long
	// as their English is what Message and Remedy say.
	What phrase.Phrase `cbor:"5,keyasint,omitzero"`
	Fix  phrase.Phrase `cbor:"6,keyasint,omitzero"`
}
