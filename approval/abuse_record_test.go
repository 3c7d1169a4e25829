package approval_test

import (
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/people"
)

// TestAbuse23_AForgedRecordOfAnApproval writes an approval into the data file.
// What stands behind it is counted again before anything leaves.
func TestAbuse23_AForgedRecordOfAnApproval(t *testing.T) {
	three := approval.DefaultPolicy()
	three.Quorum, three.Independent = 3, true
	r := approvaltest.NewWith(t, three)
	by := func(login string, p *approval.Proposal) approval.Endorsement {
		return approval.Endorsement{Person: r.As(login).ID, Digest: p.Digest, At: time.Now(), Author: r.As(login).ID == p.Author}
	}
	stale := func(e approval.Endorsement) approval.Endorsement {
		e.Digest[0] ^= 1
		return e
	}
	r.Hire("eva", people.Agent)
	r.Hire("jan", people.Agent)
	for name, forge := range map[string]func(p *approval.Proposal) []approval.Endorsement{
		"nobody": func(*approval.Proposal) []approval.Endorsement { return nil },
		"too few": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("anna", p), by("bert", p)}
		},
		"one twice": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("anna", p), by("bert", p), by("bert", p)}
		},
		"an old text": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("anna", p), by("bert", p), stale(by("paul", p))}
		},
		"no author": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("eva", p), by("bert", p), by("paul", p)}
		},
		"no press": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("anna", p), by("eva", p), by("jan", p)}
		},
		"a manager": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("anna", p), by("bert", p), by("mara", p)}
		},
		"a contributor": func(p *approval.Proposal) []approval.Endorsement {
			p.Contributors = append(p.Contributors, r.As("paul").ID)
			return []approval.Endorsement{by("anna", p), by("bert", p), by("paul", p)}
		},
		"a ghost": func(p *approval.Proposal) []approval.Endorsement {
			return []approval.Endorsement{by("anna", p), by("bert", p), {Person: people.ID{1}, Digest: p.Digest}}
		},
	} {
		p := r.As("anna").Submitted(r.Mention(name, "Vraag"), "Antwoord")
		err := r.Approvals.Tamper(t.Context(), p.ID, func(p *approval.Proposal) {
			p.State, p.Basis, p.QuorumAt, p.Due, p.ExpiresAt = approval.Queued, approval.Quorum, time.Now(), time.Unix(0, 0), time.Now().Add(time.Hour)
			p.Endorsements = forge(p)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, claimed, err := r.Approvals.Claim(t.Context(), "plein"); err != nil || claimed {
			t.Errorf("%s: claimed %v, %v", name, claimed, err)
		}
		if v := r.Get(p); v.State != approval.Held || v.Reason != approval.ReasonEndorserLost {
			t.Errorf("%s: %s, %q", name, v.State, v.Reason)
		}
	}
}
