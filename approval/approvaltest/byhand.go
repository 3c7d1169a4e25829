package approvaltest

import (
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// Locates lets answers on the account plein be posted by hand: the post at
// http://plein.test/posts/ID has that id, and was made at the time in made, now
// where it has none.
func (r *Rig) Locates(made map[string]time.Time) {
	r.Adapt("plein", func(p *approval.Platform) {
		p.Locate = func(url string) (approval.Receipt, error) {
			which, ok := strings.CutPrefix(url, "http://plein.test/posts/")
			if !ok || which == "" || strings.Contains(which, "/") {
				return approval.Receipt{}, fault.New(fault.InvalidInput, "this is no address of a single post").
					At("url", url).Fix("Open our answer on the network and copy its address.")
			}
			at, known := made[which]
			if !known {
				at = time.Now()
			}
			return approval.Receipt{ExternalID: which, URL: url, PostedAt: at}, nil
		}
	})
}

// Closed lets a customer say something on the account plein that takes no
// answer from a program.
func (r *Rig) Closed(externalID, text string) *inbox.Conversation {
	r.T.Helper()
	return r.Ingest("plein", inbox.Inbound{
		ExternalID: externalID, Author: inbox.Author{ExternalID: "klant-" + externalID, Handle: "@klant"}, Kind: "post",
		Visibility: inbox.Public, Text: text, PostedAt: time.Now(), URL: "http://plein.test/posts/" + externalID,
		Unanswerable: inbox.UnansweredNotAddressed.English(),
	})
}

// DraftByHand begins an answer that a person posts.
func (a *Actor) DraftByHand(c *inbox.Conversation, text string) (*approval.View, error) {
	return a.r.Approvals.DraftReply(a.r.T.Context(), a.By, c.ID, inbox.MentionID{}, approval.Content{Text: text, ByHand: true})
}

// ReviseByHand writes a new revision that a person posts.
func (a *Actor) ReviseByHand(p *approval.View, text string) (*approval.View, error) {
	return a.r.Approvals.Revise(a.r.T.Context(), a.By, p.ID, approval.Content{Text: text, ByHand: true})
}

// PostedByHand records that they posted the revision that p shows.
func (a *Actor) PostedByHand(p *approval.View, url string) (*approval.View, error) {
	return a.r.Approvals.PostedByHand(a.r.T.Context(), a.By, p.ID, approval.Posting{Digest: p.Digest, URL: url})
}

// HandedOver is an answer by anna to be posted by hand, which bert approved.
func (r *Rig) HandedOver(c *inbox.Conversation, text string) *approval.View {
	r.T.Helper()
	p, err := r.As("anna").DraftByHand(c, text)
	must(r.T, err)
	p, err = r.As("anna").Submit(p)
	must(r.T, err)
	p, err = r.As("bert").Approve(p)
	must(r.T, err)
	return p
}

// Unread is the one attempt on the account plein that waits to be read back.
func (r *Rig) Unread() approval.Attempt {
	r.T.Helper()
	all, err := r.Approvals.Unread(r.T.Context(), "plein")
	must(r.T, err)
	if len(all) != 1 {
		r.T.Fatalf("%d answers wait to be read back, want one", len(all))
	}
	return all[0]
}
