package approval

import (
	"encoding/binary"
	"slices"
	"time"

	"standpunt/inbox"
	"standpunt/people"
	"standpunt/store"
)

// revisionKey is a proposal's id and the revision's number.
type revisionKey struct {
	proposal ProposalID
	number   int
}

func (k revisionKey) Key() []byte {
	return binary.BigEndian.AppendUint32(k.proposal.Key(), uint32(k.number))
}

// The parts of the "work" index: what the dispatcher has to do per account.
const (
	workQueue   = "queue"   // by due time
	workSending = "sending" // by claim time
	workUnknown = "unknown" // by claim time
	workUnread  = "unread"  // published, not read back; by claim time
)

func workKey(account inbox.AccountName, what string) []byte {
	return store.Field([]byte(account), []byte(what))
}

func byWork(p *Proposal) [][]byte {
	entry := func(what string, at time.Time) [][]byte {
		return [][]byte{append(workKey(p.Account, what), store.Time(at)...)}
	}
	switch {
	case p.Account == "":
		return nil
	case p.State == Queued:
		return entry(workQueue, p.Due)
	case p.State == Sending:
		return entry(workSending, p.ClaimedAt)
	case p.State == OutcomeUnknown:
		return entry(workUnknown, p.ClaimedAt)
	case p.State == Published && p.ReadBack == nil:
		return entry(workUnread, p.ClaimedAt)
	}
	return nil
}

func byState(p *Proposal) [][]byte {
	return [][]byte{append(store.Field([]byte(p.State)), store.NewestFirst(p.UpdatedAt)...)}
}

func byConversation(p *Proposal) [][]byte {
	if p.Conversation.IsZero() {
		return nil
	}
	return [][]byte{append(p.Conversation.Key(), store.Time(p.CreatedAt)...)}
}

func byAccount(p *Proposal) [][]byte {
	return [][]byte{append(store.Field([]byte(p.Account)), store.NewestFirst(p.UpdatedAt)...)}
}

// deadline is when the proposal changes state by itself; zero: never.
func (p *Proposal) deadline() time.Time {
	switch p.State {
	case InReview:
		return p.SubmittedAt.Add(ReviewTime)
	case Approved, Queued, Failed:
		return p.ExpiresAt
	default:
		return time.Time{}
	}
}

func byDeadline(p *Proposal) [][]byte {
	if d := p.deadline(); !d.IsZero() {
		return [][]byte{store.Time(d)}
	}
	return nil
}

// byEndorser finds the proposals that fall when a person loses power.
func byEndorser(p *Proposal) [][]byte {
	if !p.underway() && p.State != Failed || p.State == Sending || p.State == OutcomeUnknown {
		return nil
	}
	var keys [][]byte
	for _, e := range p.Endorsements {
		keys = append(keys, e.Person.Key())
	}
	return keys
}

func endorserKey(who people.ID) []byte { return who.Key() }

func byReceipt(p *Proposal) [][]byte {
	if p.Receipt == nil || p.Receipt.ExternalID == "" {
		return nil
	}
	return [][]byte{postKey(p.Account, p.Receipt.ExternalID)}
}

// postKey names a post on an account, in receipts and in sightings.
func postKey(account inbox.AccountName, externalID string) []byte {
	return store.Field([]byte(account), []byte(externalID))
}

func byTarget(p *Proposal) [][]byte {
	if p.Target == "" || p.State == Withdrawn {
		return nil
	}
	return [][]byte{targetKey(p.Account, p.Target)}
}

func targetKey(account inbox.AccountName, target string) []byte {
	return store.Field([]byte(account), []byte(target))
}

// rejectedKey names a rejected text for one target.
type rejectedKey []byte

func (k rejectedKey) Key() []byte { return slices.Clone([]byte(k)) }

// sightingKey names an own post on an account.
type sightingKey []byte

func (k sightingKey) Key() []byte { return slices.Clone([]byte(k)) }
