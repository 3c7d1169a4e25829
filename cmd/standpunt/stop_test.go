package main

import (
	"strings"
	"testing"
	"time"
)

// TestTerminatedWhileAPostIsInFlight asks the daemon to stop when the network
// has the post and holds its answer back: it gives up in time, knows that it
// does not know, and the next start reads back that there is one answer.
func TestTerminatedWhileAPostIsInFlight(t *testing.T) {
	t.Parallel()
	network := startPlein(t)
	s := foundSite(t, network.account("plein"))
	daemon := s.serve()
	s.enrol("anna", "bert")
	asked := network.ask("kan ik mijn pakket omruilen?")
	conversation := waitForConversation(t, s.people["anna"], "omruilen")
	network.do("PUT", "/faults", map[string]any{"kind": "timeout_after_accept", "count": 1, "on": "writes"}, 0)
	p := s.submit(conversation, map[string]any{"text": "Dat kan binnen veertien dagen."})
	s.approve("bert", p)
	eventually(t, "the network took the post", func() bool { return len(network.answers(asked)) == 1 })

	begun := time.Now()
	daemon.stop()
	if took := time.Since(begun); took > stopTime {
		t.Errorf("it took %s", took)
	}
	if out := verified(t, "--data", s.data); strings.Contains(out, "not signed yet") {
		t.Errorf("not all is signed:\n%s", out)
	}
	daemon = s.serve()
	official := officially(t, s.people["anna"], str(p, "id"))
	answers := network.answers(asked)
	if len(answers) != 1 || str(official, "receipt", "external_id") != str(answers[0], "id") {
		t.Errorf("the receipt is %v, on the network stands %v", official["receipt"], answers)
	}
	unknown := 0
	for _, e := range items(s.people["anna"].do("GET", "/audit/events?limit=500", nil, 0)) {
		if e["kind"] == "proposal.outcome_unknown" && strings.HasSuffix(str(e, "subject"), str(p, "id")) {
			unknown++
		}
	}
	if unknown != 1 {
		t.Errorf("the record says %d times that the outcome was unknown", unknown)
	}
	daemon.stop()
}
