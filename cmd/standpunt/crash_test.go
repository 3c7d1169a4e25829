package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestKilledBetweenAcceptingAndRecording cuts the daemon off after the network
// took the post and before the daemon learned of it: the outcome is unknown,
// reading back settles it, and the customer sees one answer.
func TestKilledBetweenAcceptingAndRecording(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	plein := caller{t: t, url: "http://" + addr + "/api"}
	start(t, "sandbox", "--dir", filepath.Join(t.TempDir(), "plein"), "--listen", addr, "--brand", "brand", "--token", "geheim-van-brand")
	eventually(t, "the network answers", func() bool {
		status, _ := plein.try("GET", "/posts", nil)
		return status == http.StatusOK
	})
	s := foundSite(t, fmt.Sprintf("  - name: plein\n    kind: sandbox\n    settings: {base_url: http://%s, handle: brand, token: geheim-van-brand, poll_every: 1s}\n", addr))
	daemon := s.serve()
	s.enrol()
	asked := plein.do("POST", "/posts", map[string]string{"author": "eva", "text": "@brand waar blijft mijn bestelling?"}, 0)
	conversation := waitForConversation(t, s.people["anna"], "bestelling")
	answers := func() []map[string]any {
		return items(plein.do("GET", "/posts?in_reply_to="+url.QueryEscape(str(asked, "id")), nil, 0))
	}

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
	official := published(t, s.people["anna"], id)
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
	if code, out, errs := runOnce(t, "audit", "verify", "--data", s.data); code != exitOK {
		t.Fatalf("verify: %d\n%s%s", code, out, errs)
	}
}
