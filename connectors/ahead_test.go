package connectors

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestThePlatformsClockIsTold by the Date of its answers, whichever clock is
// wrong, and never by an answer that tells nothing.
func TestThePlatformsClockIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		ahead time.Duration
		head  map[string]string
		code  int
		known bool
	}{
		"ours is right":      {0, nil, http.StatusOK, true},
		"ours is behind":     {5 * time.Minute, nil, http.StatusOK, true},
		"ours is ahead":      {-5 * time.Minute, nil, http.StatusOK, true},
		"no clock":           {30 * 24 * time.Hour, nil, http.StatusOK, false},
		"no date":            {0, map[string]string{"Date": ""}, http.StatusOK, false},
		"nonsense":           {0, map[string]string{"Date": "gisteren"}, http.StatusOK, false},
		"an answer in store": {0, map[string]string{"Age": "40"}, http.StatusOK, false},
		"a proxy's own":      {0, nil, http.StatusBadGateway, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
				for name, value := range c.head {
					w.Header()[name] = []string{value}
				}
				w.WriteHeader(c.code)
			}))
			t.Cleanup(s.Close)
			client, err := NewClient(ClientOptions{BaseURL: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			if _, known := client.Ahead(); known {
				t.Fatal("it is known before any answer came")
			}
			began := time.Now()
			if _, err := client.Do(t.Context(), Call{Path: "/"}); (err == nil) != (c.code == http.StatusOK) {
				t.Fatal(err)
			}
			took := time.Since(began)
			ahead, known := client.Ahead()
			if known != c.known {
				t.Fatalf("known: %v, want %v (%s)", known, c.known, ahead)
			}
			// A Date has no parts of a second, and a second is left for the platform's machines.
			if least := c.ahead - 2*time.Second - 2*took; known && (ahead > c.ahead || ahead < least) {
				t.Errorf("it is ahead by %s at the least, want %s to %s", ahead, least, c.ahead)
			}
		})
	}
}

// TestAComparisonOfClocksCountsForAWhile, the tightest one, and until our clock
// is set.
func TestAComparisonOfClocksCountsForAWhile(t *testing.T) {
	start := time.Date(2026, 8, 22, 12, 0, 0, 0, time.UTC)
	after := func(passed, set time.Duration) moment { return moment{start.Add(passed + set), passed} }
	date := func(at time.Duration) http.Header {
		return http.Header{"Date": {start.Add(at).Format(http.TimeFormat)}}
	}
	var p platformClock
	is := func(now moment, want time.Duration, counts bool) {
		t.Helper()
		if got, ok := p.ahead(now); ok != counts || ok && got != want {
			t.Errorf("after %s it is %s, %v, want %s, %v", now.passed, got, ok, want, counts)
		}
	}
	p.saw(date(0), after(0, 0))
	is(after(0, 0), -time.Second, true)
	p.saw(date(time.Second), after(20*time.Second, 0)) // an answer that took long says little
	is(after(20*time.Second, 0), -time.Second-10*time.Millisecond, true)
	p.saw(date(41*time.Second), after(40*time.Second, 0))
	is(after(40*time.Second, 0), 0, true)
	is(after(40*time.Second+time.Hour, 0), -1800*time.Millisecond, true)
	is(after(40*time.Second+3*time.Hour, 0), 0, false)
	is(after(time.Minute, 3*time.Minute), 0, false)
	is(after(time.Minute, -3*time.Minute), 0, false)
	p.saw(date(time.Minute), after(time.Minute, 3*time.Minute))
	is(after(time.Minute, 3*time.Minute), -3*time.Minute-time.Second, true)
}
