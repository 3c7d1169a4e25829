package twitter_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
)

// listenLegacy runs a stream until done says so or the stream ends by itself.
func listenLegacy(t *testing.T, c connectors.Connector, got func(connectors.Page) (done bool, err error)) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return c.(connectors.Streamer).Stream(ctx, nil, func(p connectors.Page) error {
		done, err := got(p)
		if done {
			cancel()
		}
		return err
	})
}

func TestALegacyStreamBringsWhatPollingBrings(t *testing.T) {
	r := &legacyRemote{remote: newRemote(t, platform.Options{}), stream: true}
	c := r.Connect(t, connectors.Account{Name: account, Backfill: time.Hour})
	before := r.Post(t, "vóór de stroom")
	var streamed []connectors.Page
	var long, own, gone string
	err := listenLegacy(t, c, func(p connectors.Page) (bool, error) {
		streamed = append(streamed, p)
		if len(streamed) == 1 {
			gone = r.Post(t, "dit gaat weg")
			long = r.say(t, platform.Draft{Author: "jan", Text: "@noordlicht " + strings.Repeat("een lang verhaal ", 12), InReplyTo: before})
			r.say(t, platform.Draft{Author: "eva", Text: "spam voor @noordlichten en anderen"})
			own = r.say(t, platform.Draft{Author: "noordlicht", Text: "@noordlicht zijn wij"})
		}
		if len(streamed) == 2 {
			r.x.Erase(gone)
		}
		return len(streamed) == 5, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	polled, posts, _ := round(t, c, nil)
	var mentions, owned, erased []string
	for i, p := range streamed {
		if i == 0 && (len(p.Mentions)+len(p.Own) > 0 || p.Partial) {
			t.Errorf("the first page is %+v", p)
		}
		for _, m := range p.Mentions {
			if m.Deleted {
				erased = append(erased, m.ExternalID)
				continue
			}
			mentions = append(mentions, m.ExternalID)
			if m.ExternalID == long && fmt.Sprint(m) != fmt.Sprint(byID(polled)[long]) {
				t.Errorf("streamed\n%+v, polled\n%+v", m, byID(polled)[long])
			}
		}
		for _, o := range p.Own {
			owned = append(owned, o.ExternalID)
		}
	}
	if strings.Join(mentions, " ") != gone+" "+long || strings.Join(owned, " ") != own || strings.Join(erased, " ") != gone {
		t.Errorf("mentions %v, own %v, erased %v; want %s and %s, %s, %s", mentions, owned, erased, gone, long, own, gone)
	}
	if len(polled) != 2 || len(posts) != 1 || posts[0].ExternalID != own {
		t.Errorf("polled %+v and %+v", polled, posts)
	}
}

// streaming is an account whose server streams what say writes.
func streaming(t *testing.T, say func(w http.ResponseWriter, r *http.Request)) *twitter.LegacyStream {
	t.Helper()
	s, ok := legacyAt(t, true, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "account") {
			_, _ = io.WriteString(w, `{"id":1,"screen_name":"noordlicht"}`)
			return
		}
		say(w, r)
	}).(*twitter.LegacyStream)
	if !ok {
		t.Fatal("stream: true makes no LegacyStream")
	}
	return s
}

func TestHowALegacyStreamEnds(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		said    string
		kind    connectors.ErrorKind // "" for no error
		explain string
	}{
		"at its end":            {200, "\r\n", "", ""},
		"with a disconnection":  {200, `{"disconnect":{"code":7,"reason":"admin logout"}}` + "\r\n", "", ""},
		"with garbage":          {200, "<html>sign in</html>\r\n", connectors.Garbage, "JSON"},
		"with an endless line":  {200, strings.Repeat("x", 3<<20), connectors.Garbage, "too long"},
		"with no such stream":   {404, `{"errors":[{"code":34,"message":"Sorry, that page does not exist."}]}`, connectors.NotAllowed, "stream"},
		"with a retired stream": {410, ``, connectors.NotAllowed, "stream"},
		"with a wrong token":    {401, `{"errors":[{"code":89,"message":"expired"}]}`, connectors.BadAuth, "access_token"},
		"with too many":         {420, `Exceeded connection limit for user`, connectors.RateLimited, "fewer"},
		"with a fault":          {503, ``, connectors.Temporary, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			s := streaming(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.said)
			})
			connected := 0
			err := listenLegacy(t, s, func(connectors.Page) (bool, error) {
				connected++
				return false, nil
			})
			if c.kind == "" && err != nil {
				t.Fatal(err)
			}
			if c.kind != "" {
				if e := errorOf(t, err); e.Kind != c.kind || !strings.Contains(e.Error(), c.explain) || strings.Contains(e.Error(), "sign in") {
					t.Errorf("%s, %v", e.Kind, e)
				}
			}
			if calls != 1 || connected != map[bool]int{true: 1}[c.status == 200] {
				t.Errorf("%d requests, %d times connected", calls, connected)
			}
		})
	}
}

func TestASilentLegacyStreamEnds(t *testing.T) {
	for name, answers := range map[string]bool{"after its head": true, "before it": false} {
		t.Run(name, func(t *testing.T) {
			s := streaming(t, func(w http.ResponseWriter, r *http.Request) {
				if answers {
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			twitter.LegacySilence(s, 100*time.Millisecond)
			err := listenLegacy(t, s, func(connectors.Page) (bool, error) { return false, nil })
			if e := errorOf(t, err); e.Kind != connectors.Temporary || !strings.Contains(e.Message, "said nothing for 100ms") {
				t.Errorf("%s, %v", e.Kind, e)
			}
		})
	}
}

// An answer without a redirect to follow, and deliver's own error, end it as they are.
func TestALegacyStreamEndsWithDeliversError(t *testing.T) {
	full := errors.New("the inbox is full")
	s := streaming(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"id":7,"id_str":"7","retweet_count":0,"text":"@noordlicht","user":{"id":2},"entities":{"user_mentions":[{"id":1}]}}`+"\r\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	for _, failing := range []int{1, 2} {
		pages := 0
		err := listenLegacy(t, s, func(connectors.Page) (bool, error) {
			if pages++; pages == failing {
				return false, full
			}
			return false, nil
		})
		if !errors.Is(err, full) || pages != failing {
			t.Errorf("after %d pages: %v", pages, err)
		}
	}
}
