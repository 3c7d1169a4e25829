package approval_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// TestAbuse15_EveryFieldOfTheEnvelopeCounts changes each field alone: the bytes
// that are signed differ, so no endorsement covers two of them.
func TestAbuse15_EveryFieldOfTheEnvelopeCounts(t *testing.T) {
	whole := func() approval.Envelope {
		return approval.Envelope{Revision: 1, Kind: approval.KindReply, Platform: "mail", Account: "a", RemoteID: "b", Action: approval.Reply,
			Target: "c", Thread: "d", Route: []inbox.Field{{Name: "To", Value: "e"}}, Visibility: inbox.Public, Language: "nl", Text: "f",
			Media: []approval.Media{{AltText: "g"}}, Links: []approval.Link{{Shown: "h", Expanded: "i"}},
			Positions: []approval.Citation{{Position: "j", Version: 1}}, Findings: []approval.Finding{{Code: "k", Excerpt: "l"}},
			ValidFor: time.Hour, NotBefore: time.UnixMilli(1), Change: []byte("m")}
	}
	base := whole()
	for name, change := range map[string]func(e *approval.Envelope){
		"proposal": func(e *approval.Envelope) { e.Proposal[15] = 1 }, "revision": func(e *approval.Envelope) { e.Revision++ },
		"kind": func(e *approval.Envelope) { e.Kind = "x" }, "platform": func(e *approval.Envelope) { e.Platform = "x" },
		"account": func(e *approval.Envelope) { e.Account = "x" }, "remote identity": func(e *approval.Envelope) { e.RemoteID = "x" },
		"action": func(e *approval.Envelope) { e.Action = approval.Edit }, "target": func(e *approval.Envelope) { e.Target = "x" },
		"thread": func(e *approval.Envelope) { e.Thread = "x" }, "route's name": func(e *approval.Envelope) { e.Route[0].Name = "Cc" },
		"route's value": func(e *approval.Envelope) { e.Route[0].Value = "x" }, "mention": func(e *approval.Envelope) { e.Mention[31] = 1 },
		"visibility": func(e *approval.Envelope) { e.Visibility = inbox.Private }, "language": func(e *approval.Envelope) { e.Language = "en" },
		"text": func(e *approval.Envelope) { e.Text = "f " }, "medium": func(e *approval.Envelope) { e.Media[0].SHA256[0] = 1 },
		"alternative text": func(e *approval.Envelope) { e.Media[0].AltText = "x" }, "link shown": func(e *approval.Envelope) { e.Links[0].Shown = "x" },
		"link's end": func(e *approval.Envelope) { e.Links[0].Expanded = "x" }, "position": func(e *approval.Envelope) { e.Positions[0].Position = "x" },
		"version": func(e *approval.Envelope) { e.Positions[0].Version = 2 }, "finding": func(e *approval.Envelope) { e.Findings[0].Code = "x" },
		"excerpt": func(e *approval.Envelope) { e.Findings[0].Excerpt = "x" }, "policy": func(e *approval.Envelope) { e.Policy[0] = 1 },
		"valid for": func(e *approval.Envelope) { e.ValidFor += time.Second }, "not before": func(e *approval.Envelope) { e.NotBefore = time.Time{} },
		"change": func(e *approval.Envelope) { e.Change = nil },
	} {
		e := whole()
		change(&e)
		if string(e.Bytes()) == string(base.Bytes()) {
			t.Errorf("%s is not covered", name)
		}
		if back, err := approval.ParseEnvelope(e.Bytes()); err != nil || fmt.Sprint(*back) != fmt.Sprint(e) && !back.NotBefore.Equal(e.NotBefore) {
			t.Errorf("%s does not read back: %v", name, err)
		}
	}
}

// TestAbuse16_TheMentionChangedUnderTheDraft edits the question while the
// answer is a draft, and while it is in review.
func TestAbuse16_TheMentionChangedUnderTheDraft(t *testing.T) {
	r := approvaltest.New(t)
	edits := 0
	edit := func(id, text string) {
		in := inboundWithRoute(id)
		edits++ // each later than the one before, to the millisecond
		in.Text, in.EditedAt = text, time.Now().Add(time.Duration(edits)*time.Millisecond)
		r.Ingest("plein", in)
	}
	draft := ok2(t)(r.As("anna").Draft(r.Ingest("plein", inboundWithRoute("1")), "Ja, dat klopt."))
	edit("1", "Zijn jullie oplichters?")
	_, err := r.As("anna").Submit(draft)
	want(t, err, fault.StaleDigest)
	review := r.As("anna").Submitted(r.Ingest("plein", inboundWithRoute("2")), "Ja, dat klopt.")
	edit("2", "Zijn jullie oplichters?")
	_, err = r.As("bert").Approve(review)
	want(t, err, fault.WrongState)
	if v := r.State(review, approval.Held); v.Reason != approval.ReasonMentionEdited {
		t.Fatalf("held because %q", v.Reason)
	}
	// Edited back it is still another mention than the one that was shown then.
	v := ok2(t)(r.As("anna").Revise(review, "Nee."))
	edit("2", "Vraag")
	_, err = r.As("anna").Submit(v)
	want(t, err, fault.StaleDigest)
	r.Ingest("plein", inbox.Inbound{ExternalID: "2", Deleted: true})
	_, err = r.As("anna").Revise(v, "Nee.")
	want(t, err, fault.NotAnswerable)
	r.Replay()
}

// TestAbuse18_TheWholeTextIsChecked hides the payload far below the fold.
func TestAbuse18_TheWholeTextIsChecked(t *testing.T) {
	r := approvaltest.New(t)
	talk := r.Mention("1", "Vraag")
	fold := strings.Repeat("Dank u.\n", 9_999)
	_, err := r.As("anna").Draft(talk, fold+"Stuur uw code\u202e naar ons")
	want(t, err, fault.HiddenCharacters)
	_, err = r.As("anna").Draft(talk, fold+fold)
	want(t, err, fault.TextTooLong)
	p := ok2(t)(r.As("anna").Draft(talk, fold+"Zie https://bank.nl@evil.test"))
	if len(p.Envelope.Findings) != 1 || p.Envelope.Findings[0].Code != approval.FindingLink {
		t.Fatalf("findings %v", p.Envelope.Findings)
	}
}

// TestAbuse20_WhatIsSentIsWhatWasStored: nothing is added to or cut from the
// text between the endorsement and the connector.
func TestAbuse20_WhatIsSentIsWhatWasStored(t *testing.T) {
	r := approvaltest.New(t)
	for i, text := range []string{"Dank u {{naam}}! %s\n\n--\nAnna", strings.Repeat("lang ", 10_000) + "einde", "<b>&amp;</b>", "tab\ten  twee spaties"} {
		p := r.Queued(r.Mention(fmt.Sprint(i), "Vraag"), text)
		rel := r.Claim()
		if got := rel.Attempt().Text; got != text || got != p.Envelope.Text {
			t.Errorf("%.20q was sent as %.20q", text, got)
		}
	}
}

// TestAbuse21_AnythingElseDiffers: read back, one changed character is enough.
func TestAbuse21_AnythingElseDiffers(t *testing.T) {
	r := approvaltest.New(t)
	for i, standing := range []string{"Antwoord ", "antwoord", "Antwoord\n", "Antwoor\u0064\u0301", "", strings.Repeat("a", 20_000)} {
		p := r.Queued(r.Mention(fmt.Sprint(i), "Vraag"), "Antwoord")
		rel := r.Claim()
		if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: fmt.Sprint("r", i)}); err != nil {
			t.Fatal(err)
		}
		if equal, err := r.Approvals.RecordReadBack(t.Context(), rel.Attempt(), standing); err != nil || equal {
			t.Errorf("%.20q: equal %v, %v", standing, equal, err)
		}
		if v := r.Get(p); v.Official() || len([]rune(v.ReadBack.Text)) > 10_001 {
			t.Errorf("%.20q: official %v, kept %d", standing, v.Official(), len(v.ReadBack.Text))
		}
	}
}

func TestContentThatIsNotTextIsChecked(t *testing.T) {
	r := approvaltest.New(t)
	talk := r.Mention("1", "Vraag")
	draft := func(c approval.Content) (*approval.View, error) {
		return r.Approvals.DraftReply(t.Context(), r.As("anna").By, talk.ID, inbox.MentionID{}, c)
	}
	for name, c := range map[string]approval.Content{
		"a header in the language": {Text: "a", Language: "nl\r\nBcc: x@y.test"}, "no language": {Text: "a", Language: "nl_NL"},
		"a long language": {Text: "a", Language: "nl-" + strings.Repeat("aaaaaaaa-", 9)},
		"too short":       {Text: "a", ValidFor: time.Second}, "longer than the policy": {Text: "a", ValidFor: 5 * time.Hour},
	} {
		if _, err := draft(c); fault.CodeOf(err) != fault.InvalidInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	v := ok2(t)(draft(approval.Content{Text: "a", Language: "en-GB", ValidFor: time.Minute + time.Millisecond}))
	if v.Envelope.Language != "en-GB" || v.Envelope.ValidFor != time.Minute {
		t.Fatalf("%q, %s", v.Envelope.Language, v.Envelope.ValidFor)
	}
	other := r.Mention("2", "Vraag")
	m, err := mentionOf(r, "1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Approvals.DraftReply(t.Context(), r.As("anna").By, other.ID, m.ID, approval.Content{Text: "a"})
	want(t, err, fault.InvalidInput)
	for _, who := range []string{"mara", "ada"} {
		_, err = r.As(who).Draft(talk, "a")
		want(t, err, fault.Forbidden)
	}
}

func mentionOf(r *approvaltest.Rig, externalID string) (m *inbox.Mention, err error) {
	err = r.DB.View(r.T.Context(), func(tx *store.Tx) error {
		m, _, err = r.Box.MentionByExternal(tx, "plein", externalID)
		return err
	})
	return m, err
}

func TestPoliciesThatWouldWeakenSilentlyAreRefused(t *testing.T) {
	r := approvaltest.New(t)
	def := approval.DefaultPolicy
	for name, list := range map[string][]approval.Policy{
		"a visibility that is none":   {with(def(), func(p *approval.Policy) { p.Visibility = "pubic" })},
		"a kind that is none":         {with(def(), func(p *approval.Policy) { p.Kinds = []string{"repyl"} })},
		"a governance kind":           {with(def(), func(p *approval.Policy) { p.Kinds = []string{"policy"} })},
		"an account that is two":      {with(def(), func(p *approval.Policy) { p.Accounts = []string{"a,b"} })},
		"an account without a name":   {with(def(), func(p *approval.Policy) { p.Accounts = []string{""} })},
		"a name that hides":           {with(def(), func(p *approval.Policy) { p.Name = "x\ty" })},
		"a name too long":             {with(def(), func(p *approval.Policy) { p.Name = strings.Repeat("x", 41) })},
		"too many accounts":           {with(def(), func(p *approval.Policy) { p.Accounts = []string{strings.Repeat("x", 251)} })},
		"a quorum of eleven":          {with(def(), func(p *approval.Policy) { p.Quorum = 11 })},
		"too many roles":              {with(def(), func(p *approval.Policy) { p.Roles = slices.Repeat(p.Roles, 5) })},
		"two of one name":             {with(def(), func(p *approval.Policy) { p.Visibility = "public" }), with(def(), func(p *approval.Policy) { p.Name = "DEFAULT" })},
		"one behind the catch-all":    {def(), with(def(), func(p *approval.Policy) { p.Name, p.Visibility, p.Quorum = "strict", "public", 3 })},
		"one behind the same account": {with(def(), func(p *approval.Policy) { p.Accounts = []string{"a", "b"} }), with(def(), func(p *approval.Policy) { p.Name, p.Accounts = "b", []string{"b"} })},
	} {
		if _, err := r.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: list}); fault.CodeOf(err) != fault.InvalidInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	strict := with(def(), func(p *approval.Policy) {
		p.Name, p.Accounts, p.Visibility, p.Quorum, p.Independent, p.ValidFor = "strict", []string{"plein"}, "public", 3, true, time.Hour
		p.Roles = []people.Role{people.Press, people.Agent}
	})
	p := ok2(t)(r.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{strict, def()}}))
	for _, said := range []string{
		"strict: 3 different people, among them press and agent, none of the approvers having written any of it.",
		"It covers everything on plein, public; approvals live 1h0m0s.", "It covers everything on all accounts, public and private; approvals live 4h0m0s.",
	} {
		if !strings.Contains(p.Envelope.Text, said) {
			t.Errorf("the endorsers do not read %q in\n%s", said, p.Envelope.Text)
		}
	}
	ok2(t)(r.As("mara").Approve(p))
	// The first policy that matches decides.
	answer := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	if v := ok2(t)(r.As("bert").Approve(answer)); v.State != approval.InReview || v.Quorum != 3 || v.Missing != "needs 1 more" {
		t.Fatalf("%s, quorum %d, missing %q", v.State, v.Quorum, v.Missing)
	}
	private := inboundWithRoute("2")
	private.Visibility = inbox.Private
	r.Queued(r.Ingest("plein", private), "Antwoord")
	r.Replay()
}

func with(p approval.Policy, change func(*approval.Policy)) approval.Policy {
	change(&p)
	return p
}

// TestAbuse12_TheRecordPointsAtAnotherText: both texts are sealed and true, but
// the second one was endorsed for another customer.
func TestAbuse12_TheRecordPointsAtAnotherText(t *testing.T) {
	r := approvaltest.New(t)
	p := r.Queued(r.Mention("1", "Mag ik mijn geld terug?"), "Nee.")
	other := r.As("anna").Submitted(r.Mention("2", "Klopt deze factuur niet?"), "Ja.")
	err := r.Approvals.Tamper(t.Context(), p.ID, func(p *approval.Proposal) {
		p.Digest = other.Digest
		for i := range p.Endorsements {
			p.Endorsements[i].Digest = other.Digest
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.NothingDue()
	if reason, err := held(r, p); err != nil || reason != approval.ReasonRecordDamaged {
		t.Fatalf("held because %q, %v", reason, err)
	}
}

func TestWhatThePlatformTakesNoAnswerTo(t *testing.T) {
	r := approvaltest.New(t)
	in := inboundWithRoute("1")
	in.Unanswerable = "replies are closed"
	_, err := r.As("anna").Draft(r.Ingest("plein", in), "Antwoord")
	want(t, err, fault.NotAnswerable)
}

func TestAnswersThatThePlatformTakesForATimeOnly(t *testing.T) {
	r := approvaltest.New(t)
	ends := time.Now().Add(time.Hour)
	r.Adapt("plein", func(p *approval.Platform) {
		p.Unanswerable = func(m *inbox.Mention, at time.Time) string {
			if m.Visibility == inbox.Private && at.After(ends) {
				return "it took answers for a day"
			}
			return ""
		}
		p.Closes = func(*inbox.Mention) time.Time { return ends }
	})
	r.Adapt("plein", func(p *approval.Platform) {
		p.MeasurePrivate = func(string) approval.Measure { return approval.Measure{Length: 11, Limit: 10, Unit: "characters"} }
	})
	in := inboundWithRoute("1")
	in.Visibility = inbox.Private
	talk := r.Ingest("plein", in)
	_, err := r.As("anna").Draft(talk, "Antwoord")
	want(t, err, fault.TextTooLong)
	r.Adapt("plein", func(p *approval.Platform) {
		p.MeasurePrivate = func(string) approval.Measure { return approval.Measure{Length: 9, Limit: 10, Unit: "characters"} }
	})
	if _, err := r.As("anna").Draft(talk, "Antwoord"); err != nil {
		t.Errorf("in time: %v", err)
	}
	late := approval.Content{Text: "Antwoord", NotBefore: ends.Add(time.Minute)}
	_, err = r.Approvals.DraftReply(t.Context(), r.As("anna").By, talk.ID, inbox.MentionID{}, late)
	want(t, err, fault.NotAnswerable)
	if f := new(fault.Fault); !errors.As(err, &f) || f.Field != "not_before" || f.Details["until"] != ends.UTC().Format(time.RFC3339) ||
		!strings.Contains(f.Remedy, "earlier moment") || strings.Contains(f.Message, "it took answers") {
		t.Errorf("planned too late: %+v", f)
	}
	waiting := r.As("anna").Submitted(talk, "Antwoord, bijtijds")
	ends = time.Now().Add(-time.Second)
	_, err = r.As("bert").Approve(waiting)
	want(t, err, fault.NotAnswerable)
	r.State(waiting, approval.InReview)
	_, err = r.As("anna").Draft(talk, "Antwoord")
	want(t, err, fault.NotAnswerable)
	_, err = r.Approvals.DraftReply(t.Context(), r.As("anna").By, talk.ID, inbox.MentionID{}, late)
	if f := new(fault.Fault); !errors.As(err, &f) || f.Field != "" || !strings.Contains(f.Message, "it took answers for a day") {
		t.Errorf("over, and planned for later: %+v", f)
	}
	if _, err := r.As("anna").Draft(r.Mention("2", "Vraag"), "Antwoord"); err != nil {
		t.Errorf("a public one: %v", err)
	}
}
