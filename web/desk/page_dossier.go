package desk

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/internal/fault"
)

// dossierPage is the whole life of one proposal on one printable page.
type dossierPage struct {
	decisionPage
	Versions []dossierVersion
	Entries  []auditRow
	Covered  audit.Checkpoint // the newest signed head
	Signed   bool             // it covers every entry
	Key      string
	MadeAt   time.Time
	MayTake  bool
}

// dossierVersion is one revision with what became of the one before.
type dossierVersion struct {
	approval.RevisionView
	Text      []piece
	Spans     []span // since the revision before; none for the first
	Decisions []approval.Decision
}

func (v *visit) dossier() error {
	base, err := v.decisionOf(decisionPage{})
	if err != nil {
		return err
	}
	p := dossierPage{decisionPage: base, Key: v.d.Log.VerifierKey(), MadeAt: time.Now(), MayTake: v.who.Has(auditors...)}
	versions, err := v.d.Approvals.Revisions(v.ctx(), p.P.ID)
	if err != nil {
		return err
	}
	p.Versions = dossierVersions(p.P, versions)
	staff, err := v.roster()
	if err != nil {
		return err
	}
	entries, err := v.entriesOf(p.P.ID)
	if err != nil {
		return err
	}
	w := &auditWords{visit: v, people: staff}
	for _, e := range entries {
		p.Entries = append(p.Entries, w.row(audit.Entry{Number: e.Number, At: e.At, Event: audit.Event{
			Kind: e.Kind, Actor: e.Actor, Via: e.Via, From: e.From, To: e.To, Digest: e.Digest, Facts: e.Facts,
		}}))
	}
	if p.Covered, _, err = v.d.Log.LastCheckpoint(v.ctx()); err != nil {
		return err
	}
	p.Signed = len(entries) > 0 && entries[len(entries)-1].Number < p.Covered.Size
	return v.show("dossier", v.t("audit.dossier", "title", v.decisionTitle(base)), p)
}

// entriesOf are a proposal's entries in the log, oldest first.
func (v *visit) entriesOf(which approval.ProposalID) ([]audit.Entry, error) {
	var all []audit.Entry
	for before := audit.NoneBefore; ; {
		page, err := v.d.Log.Search(v.ctx(), audit.Filter{Subject: audit.Subject("proposal:" + which.String())}, before, audit.MaxPage)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < audit.MaxPage {
			slices.Reverse(all)
			return all, nil
		}
		before = page[len(page)-1].Number
	}
}

func dossierVersions(p *approval.View, versions []approval.RevisionView) []dossierVersion {
	all := make([]dossierVersion, 0, len(versions))
	for i, one := range versions {
		d := dossierVersion{RevisionView: one}
		if one.Envelope != nil {
			d.Text = marked(one.Envelope.Text)
		}
		if i > 0 && one.Envelope != nil && versions[i-1].Envelope != nil {
			d.Spans = difference(versions[i-1].Envelope.Text, one.Envelope.Text)
		}
		for _, decision := range p.Decisions {
			if decision.Digest == one.Digest {
				d.Decisions = append(d.Decisions, decision)
			}
		}
		all = append(all, d)
	}
	return all
}

// evidence is a file that proves the proposal's life to an outsider who has the
// public key. What no checkpoint covers yet is signed for it.
func (v *visit) evidence() error {
	which, err := v.proposalID()
	if err != nil {
		return err
	}
	if _, err := v.d.Approvals.Get(v.ctx(), which); err != nil {
		return err
	}
	bundle, err := v.d.Log.Evidence(v.ctx(), audit.Subject("proposal:"+which.String()))
	var contradiction *audit.AnchorError
	if errors.As(err, &contradiction) {
		return fault.New(fault.Unavailable, "the log contradicts its anchor, so nothing of it is signed").Fix("Run standpunt audit verify.").Because(err)
	}
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(bundle, "", "  ")
	if err != nil {
		return err
	}
	v.attach("evidence-"+which.String()+".json", "application/json")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(body) // the client is gone, or it is not
	return nil
}
