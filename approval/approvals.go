package approval

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// Options are the settings of [New]. The zero Options are usable.
type Options struct {
	Log *slog.Logger
	// AbsentApart is the least time between two readings that found nothing before an unknown
	// outcome counts as not published. Default 30 s.
	AbsentApart time.Duration
	// OutsideAfter is how long an unexplained own post may wait for its receipt before it counts
	// as published outside. Default 2 min.
	OutsideAfter time.Duration
	// Effects are the kinds that other rooms bring.
	Effects map[Kind]Effect
}

// Approvals is the room's service. It is safe for concurrent use.
type Approvals struct {
	db    *store.DB
	log   *audit.Log
	staff *people.Staff
	box   *inbox.Inbox
	o     Options

	proposals   *store.Table[ProposalID, Proposal]
	revisions   *store.Table[revisionKey, Revision]
	policySets  *store.Table[store.String, policySet]
	controls    *store.Table[store.String, control]
	rejected    *store.Table[rejectedKey, rejectedText]
	sightings   *store.Table[sightingKey, sighting]
	pictures    *store.Table[Hash, Picture]
	pictureData *store.Table[Hash, pictureBytes]
	effects     map[Kind]Effect

	mu        sync.Mutex
	platforms map[inbox.AccountName]Platform
	wakes     map[chan struct{}]bool
}

// Schema is what this room keeps in the store; see the store package for the tree.
var Schema = schema()

func schema() store.Schema {
	a := tables()
	s := store.Schema{Room: "approval"}
	for _, t := range []interface {
		Buckets() []store.Bucket
		Check(*store.Tx) error
	}{a.proposals, a.revisions, a.policySets, a.controls, a.rejected, a.sightings, a.pictures, a.pictureData} {
		s.Buckets = append(s.Buckets, t.Buckets()...)
		s.Checks = append(s.Checks, t.Check)
	}
	return s
}

func tables() *Approvals {
	return &Approvals{
		proposals: store.NewTable("approval.proposals", func(p *Proposal) ProposalID { return p.ID },
			store.Index[Proposal]{Name: "state", Entries: byState},
			store.Index[Proposal]{Name: "conversation", Entries: byConversation},
			store.Index[Proposal]{Name: "account", Entries: byAccount},
			store.Index[Proposal]{Name: "work", Entries: byWork},
			store.Index[Proposal]{Name: "deadline", Entries: byDeadline},
			store.Index[Proposal]{Name: "endorser", Entries: byEndorser},
			store.Index[Proposal]{Name: "receipt", Entries: byReceipt},
			store.Index[Proposal]{Name: "target", Entries: byTarget}),
		revisions:  store.NewTable("approval.revisions", func(r *Revision) revisionKey { return revisionKey{r.Proposal, r.Number} }),
		policySets: store.NewTable("approval.policies", func(s *policySet) store.String { return s.id() }),
		controls:   store.NewTable("approval.controls", func(c *control) store.String { return store.String(c.Name) }),
		rejected:   store.NewTable("approval.rejected", func(r *rejectedText) rejectedKey { return r.key() }),
		sightings: store.NewTable("approval.sightings", func(s *sighting) sightingKey { return s.key() },
			store.Index[sighting]{Name: "pending", Entries: pendingSightings},
			store.Index[sighting]{Name: "outside", Entries: outsideSightings}),
		pictures: store.NewTable("approval.pictures", func(p *Picture) Hash { return p.SHA256 },
			store.Index[Picture]{Name: "unused", Entries: unusedPictures}),
		pictureData: store.NewTable("approval.picturebytes", func(p *pictureBytes) Hash { return p.SHA256 }),
	}
}

// New joins the room to its neighbours: it is told in the same transaction
// when a mention changes upstream and when a person loses power.
func New(db *store.DB, log *audit.Log, staff *people.Staff, box *inbox.Inbox, o Options) *Approvals {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.AbsentApart == 0 {
		o.AbsentApart = 30 * time.Second
	}
	if o.OutsideAfter == 0 {
		o.OutsideAfter = 2 * time.Minute
	}
	a := tables()
	a.db, a.log, a.staff, a.box, a.o = db, log, staff, box, o
	a.platforms = make(map[inbox.AccountName]Platform)
	a.wakes = make(map[chan struct{}]bool)
	a.effects = a.governance()
	a.effects[KindReply] = replyEffect{a}
	for kind, effect := range o.Effects {
		a.effects[kind] = effect
	}
	box.OnUpstreamChange(a.mentionChanged)
	staff.OnPowerLoss(a.powerLost)
	return a
}

// Effect is what a released proposal of one kind does. Every method runs
// inside the transaction that concerns it.
type Effect interface {
	// Validate refuses content that makes no sense. It runs for every revision.
	Validate(tx *store.Tx, e *Envelope) error
	// Apply does it, in the transaction that reached quorum.
	Apply(tx *store.Tx, p *Proposal, r Release) error
}

// Wake returns a channel that receives when something may be due, coalesced,
// and a function that ends it.
func (a *Approvals) Wake() (wake <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	a.mu.Lock()
	a.wakes[ch] = true
	a.mu.Unlock()
	return ch, func() {
		a.mu.Lock()
		delete(a.wakes, ch)
		a.mu.Unlock()
	}
}

func (a *Approvals) wakeAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for ch := range a.wakes {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// step is one transition, with what its audit entry says.
type step struct {
	to     State
	event  string // "proposal." is put before it
	actor  audit.Actor
	via    string
	facts  map[string]string
	digest Digest
}

// move makes a transition, stores the proposal and appends the audit entry.
// Every change of a proposal goes through it.
func (a *Approvals) move(tx *store.Tx, p *Proposal, s step) error {
	from := p.State
	if !allowed(from, s.to) {
		return wrongState(p, "this cannot be done to it now")
	}
	p.State, p.UpdatedAt = s.to, tx.Now()
	if err := a.proposals.Put(tx, p); err != nil {
		return err
	}
	if s.digest == (Digest{}) {
		s.digest = p.Digest
	}
	_, err := a.log.Append(tx, audit.Event{
		Kind: "proposal." + s.event, Actor: s.actor, Via: s.via, Subject: p.subject(),
		From: string(from), To: string(s.to), Digest: audit.Commitment(s.digest), Facts: s.facts,
	})
	if err != nil {
		return err
	}
	tx.OnCommit(a.wakeAll)
	return nil
}

func allowed(from, to State) bool {
	for _, s := range transitions[from] {
		if s == to {
			return true
		}
	}
	return false
}

// wrongState says what state the proposal is in, so that the caller can show it.
func wrongState(p *Proposal, what string) *fault.Fault {
	return fault.New(fault.WrongState, "the proposal is %s; %s", stateWords[p.State], what).
		With("state", string(p.State)).With("revision", p.Digest.String())
}

var stateWords = map[State]string{
	Draft: "a draft", InReview: "in review", ChangesRequested: "waiting for changes", Rejected: "rejected",
	Approved: "approved", Queued: "queued", Sending: "being sent", Published: "published", Failed: "failed",
	OutcomeUnknown: "of unknown outcome", Withdrawn: "withdrawn", Expired: "expired", Held: "held",
}

// update runs fn with a person's request in one transaction and returns the
// proposal as it then stands.
func (a *Approvals) update(ctx context.Context, id ProposalID, fn func(tx *store.Tx, p *Proposal) error) (*View, error) {
	var view *View
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, id)
		if err != nil {
			return err
		}
		if err := fn(tx, p); err != nil {
			return err
		}
		view = a.view(tx, p)
		return nil
	})
	return view, err
}
