package twitter_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

// A post that X shows behind a newer one comes in by the next round, also where our
// clock runs ahead of X's by more than such posts are waited for.
func TestLatePostsComeInWhateverOurClockSays(t *testing.T) {
	const behind = 50 * time.Minute // X's clock, as seen from ours
	id := func(ago time.Duration) int64 {
		return time.Now().Add(-ago-1288834974657*time.Millisecond).UnixMilli() << 22
	}
	newer, late := id(25*time.Minute), id(30*time.Minute) // between both clocks, so that a slow machine does not matter
	shown := []int64{newer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-behind).UTC().Format(http.TimeFormat))
		q := r.URL.Query()
		since, _ := strconv.ParseInt(q.Get("since_id"), 10, 64)
		highest, err := strconv.ParseInt(q.Get("max_id"), 10, 64)
		var posts, legacy []string
		for _, n := range shown {
			if n > since && (err != nil || n <= highest) {
				posts = append(posts, fmt.Sprintf(`{"id":"%d","author_id":"9","text":"@noordlicht dag"}`, n))
				legacy = append(legacy, fmt.Sprintf(`{"id_str":"%d","user":{"id_str":"9"},"full_text":"@noordlicht dag"}`, n))
			}
		}
		switch r.URL.Path {
		case "/2/users/me":
			_, _ = io.WriteString(w, `{"data":{"id":"1","username":"noordlicht"}}`)
		case "/1.1/account/verify_credentials.json":
			_, _ = io.WriteString(w, `{"id_str":"1","screen_name":"noordlicht"}`)
		case "/2/users/1/mentions":
			_, _ = fmt.Fprintf(w, `{"data":[%s],"meta":{"result_count":%d}}`, strings.Join(posts, ","), len(posts))
		case "/1.1/statuses/mentions_timeline.json":
			_, _ = io.WriteString(w, "["+strings.Join(legacy, ",")+"]")
		case "/1.1/statuses/user_timeline.json":
			_, _ = io.WriteString(w, `[]`)
		default:
			_, _ = io.WriteString(w, `{"meta":{"result_count":0}}`)
		}
	}))
	defer server.Close()
	for _, api := range []string{"2", "1.1"} {
		shown = []int64{newer}
		r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}, more: map[string]any{"api": api}}
		c := r.make(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
		first := connectortest.Walk(t, c, nil)
		shown = []int64{newer, late}
		second := connectortest.Walk(t, c, first.Next)
		if _, came := byID(second.Mentions)[strconv.FormatInt(late, 10)]; len(first.Mentions) != 1 || !came {
			t.Errorf("API %s: %d came, then %+v; the cursor was %s", api, len(first.Mentions), second.Mentions, first.Next)
		}
	}
}

// What was sent is found by the time that X's ids tell, whichever clock is ahead.
func TestAnAttemptIsFoundWhateverOurClockSays(t *testing.T) {
	for _, ahead := range []time.Duration{-4 * time.Minute, 4 * time.Minute} {
		r := newRemote(t, platform.Options{Ahead: ahead})
		r.more = map[string]any{"direct_messages": true}
		c := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
		twitter.ReadMessagesAtOnce(c)
		question := r.Post(t, "een vraag")
		letter := "dm:" + r.x.Write(platform.Letter{Author: "mia", Text: "nog een vraag"})
		came := mentions(t, c)
		legacy := (&legacyRemote{remote: r}).connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
		for what, each := range map[string]struct {
			in  inbox.Inbound
			api connectors.Connector
		}{
			"an answer": {came[question], c}, "a message": {came[letter], c}, "an answer by API 1.1": {came[question], legacy},
		} {
			rel := release(t, c, each.in, "Antwoord als "+what+".")
			r.Break(t, connectortest.AcceptedThenError)
			_, err := each.api.(connectors.Publisher).Publish(t.Context(), rel)
			r.Mend(t)
			if e := errorOf(t, err); e.Kind != connectors.Unknown {
				t.Fatalf("%s: %v", what, e)
			}
			found, err := each.api.(connectors.Finder).Find(t.Context(), rel.Attempt())
			if err != nil || found.Outcome != connectors.Present {
				t.Errorf("X ahead by %s, %s: %+v, %v", ahead, what, found, err)
			}
		}
		// An answer by hand that X does not show yet is not absent before its time.
		a := approval.Attempt{Account: account, Action: approval.ByHand, Target: question, Text: "Dag!"}
		a.Receipt.ExternalID = r.say(t, platform.Draft{Author: "noordlicht", Text: "Dag!", InReplyTo: question})
		r.x.Erase(a.Receipt.ExternalID)
		if found, err := c.Find(t.Context(), a); err != nil || found.Outcome != connectors.CannotTell {
			t.Errorf("X ahead by %s: a fresh post that is not shown: %+v, %v", ahead, found, err)
		}
	}
}

// The moment at which a limit ends is one on X's clock.
func TestALimitEndsByXsClock(t *testing.T) {
	for _, ahead := range []time.Duration{-30 * time.Minute, 30 * time.Minute} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			now := time.Now().Add(ahead)
			w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
			switch r.URL.Path {
			case "/2/users/me":
				_, _ = io.WriteString(w, `{"data":{"id":"1","username":"noordlicht"}}`)
			case "/1.1/account/verify_credentials.json":
				_, _ = io.WriteString(w, `{"id_str":"1","screen_name":"noordlicht"}`)
			default:
				w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(now.Add(10*time.Minute).Unix(), 10))
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}))
		for _, api := range []string{"2", "1.1"} {
			r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}, more: map[string]any{"api": api}}
			_, err := r.make(t, connectors.Account{Name: account}, secrets[3]).Poll(t.Context(), nil)
			if e := errorOf(t, err); e.RetryAfter < 9*time.Minute || e.RetryAfter > 11*time.Minute {
				t.Errorf("API %s, X ahead by %s: the limit ends in %s, want 10m: %v", api, ahead, e.RetryAfter, e)
			}
		}
		server.Close()
	}
}
