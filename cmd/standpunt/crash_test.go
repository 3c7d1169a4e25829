package main

import (
	"strings"
	"testing"
)

// TestKilledBetweenAcceptingAndRecording cuts the daemon off after the network
// took the post and before the daemon learned of it: the outcome is unknown,
// reading back settles it, and the customer sees one answer.
func TestKilledBetweenAcceptingAndRecording(t *testing.T) {
	t.Parallel()
	plein := startPlein(t)
	s := foundSite(t, plein.account("plein"))
	daemon := s.serve()
	s.enrol("anna", "bert", "ada")
	asked := plein.ask("waar blijft mijn bestelling?")
	conversation := waitForConversation(t, s.people["anna"], "bestelling")
	answers := func() []map[string]any { return plein.answers(asked) }

	plein.do("PUT", "/faults", map[string]any{"kind": "timeout_after_accept", "count": 1}, 0)
	p := s.people["anna"].do("POST", "/conversations/"+conversation+"/proposals", map[string]any{"kind": "reply", "text": "Hij komt morgen."}, 0)
	id, digest := str(p, "id"), str(p, "revision", "digest")
	s.people["anna"].do("POST", "/proposals/"+id+"/submit", map[string]string{"digest": digest}, 0)
	s.people["bert"].do("POST", "/proposals/"+id+"/decisions", map[string]string{"verdict": "approve", "digest": digest}, 0)
	eventually(t, "the network took the post", func() bool { return len(answers()) == 1 })
	if state := str(s.people["anna"].do("GET", "/proposals/"+id, nil, 0), "state"); state != "sending" {
		t.Fatalf("the daemon believes it is %q", state)
	}
	daemon.kill()

	daemon = s.serve()
	official := officially(t, s.people["anna"], id)
	if got := str(official, "receipt", "external_id"); got != str(answers()[0], "id") {
		t.Fatalf("the receipt names %q, on the network stands %v", got, answers())
	}
	if n := len(answers()); n != 1 {
		t.Fatalf("the customer sees %d answers", n)
	}
	wentUnknown := false
	for _, e := range items(s.people["ada"].do("GET", "/audit/events?limit=500", nil, 0)) {
		wentUnknown = wentUnknown || e["kind"] == "proposal.outcome_unknown" && strings.HasSuffix(str(e, "subject"), id)
	}
	if !wentUnknown {
		t.Fatal("the log does not say that the outcome was unknown")
	}
	daemon.stop()
	verified(t, "--data", s.data)
}
