package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// Streaming is an account whose settings ask for a stream: of posts with its
// keywords, of what happens to the account itself, or both. X takes one
// connection of an app to each; another process with the same app takes it away.
type Streaming struct{ *Connector }

// Stream keeps the streams that the settings ask for connected, each by itself,
// and delivers what they bring one page at a time. It ends with ctx, or with
// deliver's error.
func (s *Streaming) Stream(ctx context.Context, _ inbox.Cursor, deliver func(connectors.Page) error) error {
	self, err := s.me(ctx)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	h := &hub{deliver: deliver, stop: stop, pending: make(map[string]bool), troubles: make(map[string]error), seen: newSeen(), partial: !s.s.Activity}
	var feeds sync.WaitGroup
	all := s.feeds(ctx, self)
	for _, f := range all {
		h.pending[f.name] = true
	}
	for _, f := range all {
		feeds.Go(func() { s.follow(ctx, f, h) })
	}
	feeds.Wait()
	if h.failed != nil {
		return h.failed
	}
	return &connectors.Error{Kind: connectors.Temporary, Message: "the stream was ended", Err: ctx.Err()}
}

// feed is one stream.
type feed struct {
	name string
	open func(ctx context.Context) (io.ReadCloser, error) // prepares and connects
	read func(line []byte) (batch, error)                 // what one line brings
}

// batch is what one line of a stream brings.
type batch struct {
	connectors.Page
	key string // what tells it from all others; empty: nothing does
}

func (s *Streaming) feeds(ctx context.Context, self string) (all []feed) {
	if s.s.words() {
		all = append(all, feed{"keyword stream", s.openFiltered, func(line []byte) (batch, error) { return s.readFiltered(ctx, line, self) }})
	}
	if s.s.Activity {
		open := func(ctx context.Context) (io.ReadCloser, error) { return s.openActivity(ctx, self) }
		all = append(all, feed{"activity stream", open, func(line []byte) (batch, error) { return s.readActivity(ctx, line, self) }})
	}
	return all
}

// follow keeps one stream connected until ctx is done. What keeps it away is
// logged when its words change, not each time.
func (s *Streaming) follow(ctx context.Context, f feed, h *hub) {
	var r retry
	said := ""
	for ctx.Err() == nil {
		held, err := s.once(ctx, f, h)
		if ctx.Err() != nil {
			return
		}
		if held == 0 && s.clearConnections(ctx, err) {
			continue
		}
		if held >= heldFor {
			said = ""
		}
		pause := r.after(held, err)
		if pause > 0 {
			if text := fmt.Sprint(err); text != said {
				said = text
				s.log.Warn("a stream is away", "stream", f.name, "error", err)
			}
			h.away(f.name, err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// connectFor bounds connecting, with the calls that come before it.
const connectFor = 2 * time.Minute

// once connects and reads until the connection ends; held is how long it stood,
// 0 for not at all.
func (s *Streaming) once(ctx context.Context, f feed, h *hub) (held time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	slow := time.AfterFunc(connectFor, stop)
	body, err := f.open(ctx)
	if !slow.Stop() && err == nil {
		err = connectors.Errorf(connectors.Temporary, "X's stream did not connect in time")
		_ = body.Close()
	}
	if err != nil {
		return 0, err
	}
	defer body.Close()
	since := time.Now()
	if err := h.connected(f.name); err != nil {
		return time.Since(since), err
	}
	err = readLines(ctx, stop, body, func(line []byte) error {
		if len(line) == 0 {
			s.log.Warn("a line of a stream is too long and was passed over", "stream", f.name)
			return nil
		}
		b, err := f.read(line)
		if err != nil {
			return err
		}
		return h.take(b)
	})
	return max(time.Since(since), 1), err
}

// hub brings the streams together: one page at a time, none twice.
type hub struct {
	mu       sync.Mutex
	deliver  func(connectors.Page) error
	stop     context.CancelFunc
	failed   error           // deliver's, which ends all
	pending  map[string]bool // what has not been connected or failed once
	troubles map[string]error
	partial  bool // no stream brings mentions and messages
	seen     *seen
}

// connected tells that a stream is there, and what another one's trouble is.
func (h *hub) connected(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.troubles, name)
	return h.report(name)
}

// away tells why a stream is not there.
func (h *hub) away(name string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		err = connectors.Errorf(connectors.Temporary, "X's stream ended")
	}
	h.troubles[name] = err
	_ = h.report(name) // kept in failed
}

// report tells how the streams are, once each of them has been tried.
func (h *hub) report(name string) error {
	if delete(h.pending, name); len(h.pending) > 0 {
		return nil
	}
	return h.send(connectors.Page{Trouble: h.trouble(), Partial: h.partial})
}

// trouble is what a person can do something about, first.
func (h *hub) trouble() (worst error) {
	for _, name := range []string{"activity stream", "keyword stream"} {
		if err := h.troubles[name]; err != nil && (worst == nil || !connectors.KindOf(err).Retryable()) {
			worst = err
		}
	}
	return worst
}

// take delivers what a line brought, once.
func (h *hub) take(b batch) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b.key != "" && h.seen.has(b.key) {
		return nil
	}
	b.Mentions = slices.DeleteFunc(b.Mentions, func(m inbox.Inbound) bool { return h.seen.has(versionOf(m)) })
	b.Own = slices.DeleteFunc(b.Own, func(o approval.OwnPost) bool { return h.seen.has(o.ExternalID + " " + o.URL) })
	if len(b.Mentions)+len(b.Own) == 0 {
		return nil
	}
	if err := h.send(b.Page); err != nil {
		return err
	}
	for _, m := range b.Mentions {
		h.seen.add(versionOf(m))
	}
	for _, o := range b.Own {
		h.seen.add(o.ExternalID + " " + o.URL)
	}
	if b.key != "" {
		h.seen.add(b.key)
	}
	return nil
}

// send delivers; a failure ends every stream.
func (h *hub) send(p connectors.Page) error {
	if h.failed != nil {
		return h.failed
	}
	if err := h.deliver(p); err != nil {
		h.failed = err
		h.stop()
	}
	return h.failed
}

// versionOf tells the versions of a post apart.
func versionOf(m inbox.Inbound) string {
	for _, f := range m.Route {
		if f.Name == routePost {
			return m.ExternalID + " " + f.Value
		}
	}
	return m.ExternalID
}

// mostSeen is how many posts and events are remembered against duplicates.
const mostSeen = 10_000

// seen remembers the latest keys.
type seen struct {
	known map[string]bool
	order []string
	next  int
}

func newSeen() *seen { return &seen{known: make(map[string]bool), order: make([]string, mostSeen)} }

func (s *seen) has(key string) bool { return s.known[key] }

func (s *seen) add(key string) {
	if s.known[key] {
		return
	}
	delete(s.known, s.order[s.next])
	s.known[key], s.order[s.next] = true, key
	s.next = (s.next + 1) % len(s.order)
}

// openFiltered brings the rules up to date and connects to the filtered stream.
func (s *Streaming) openFiltered(ctx context.Context) (io.ReadCloser, error) {
	if err := s.syncRules(ctx); err != nil {
		return nil, err
	}
	name, fields := tweetFields() // the one call that kept the old names
	return s.app.Open(ctx, connectors.Call{Path: "/2/tweets/search/stream", Query: url.Values{
		name: {fields}, "expansions": {"author_id"}, "user.fields": {"username,name"},
	}})
}

// readFiltered reads one line of the filtered stream.
func (s *Streaming) readFiltered(ctx context.Context, line []byte, self string) (b batch, err error) {
	var got struct {
		Data     *post    `json:"data"`
		Includes includes `json:"includes"`
	}
	if err := json.Unmarshal(line, &got); err != nil || got.Data != nil && !isID(got.Data.ID) {
		return b, nonsense()
	}
	if got.Data == nil {
		return b, disconnected(line)
	}
	got.Data.settle()
	s.billed(ctx, &timeline{Data: []post{*got.Data}, Includes: got.Includes})
	if got.Data.AuthorID == self {
		b.Own = append(b.Own, s.own(got.Data))
	} else {
		b.Mentions = append(b.Mentions, s.inbound(got.Data, &got.Includes, self, false))
	}
	return b, nil
}

// billed puts what a stream brought on the bill.
func (s *Streaming) billed(ctx context.Context, got *timeline) {
	s.count(postRead, got)
	s.bill.save(ctx)
}

func nonsense() error {
	return &connectors.Error{
		Kind: connectors.Garbage, Message: "X's stream makes no sense",
		Remedy: "It is read again by itself; if this stays, look whether base_url is X's own.",
	}
}

// disconnected reads what X says in the stream before it ends it. A line that
// says nothing of an end is passed over.
func disconnected(line []byte) error {
	var said trouble
	if json.Unmarshal(line, &said) != nil {
		return nonsense()
	}
	if said.Issue != "" {
		return tooMany(&refusal{status: http.StatusTooManyRequests, trouble: said})
	}
	for _, e := range said.Errors {
		if e.Disconnect != "" {
			return &connectors.Error{
				Kind: connectors.Temporary, Message: "X ended the stream",
				Err: &refusal{status: http.StatusServiceUnavailable, trouble: said},
			}
		}
	}
	return nil
}

// tooMany is X's word that the app's one connection is taken.
func tooMany(cause error) *connectors.Error {
	return &connectors.Error{
		Kind: connectors.RateLimited, Message: "the app's one connection to this stream is taken",
		Remedy: "Let no other program use this app's streams: X gives an app one connection to each.", Err: errors.Join(errTooMany, cause),
	}
}

// errTooMany is what tooMany holds.
var errTooMany = errors.New("too many connections")

// clearEvery is how often the app's connections are ended for one that is taken.
// A second process that does the same would else take the stream in turns.
const clearEvery = 15 * time.Minute

// clearConnections ends the app's connections where the stream is taken, as by
// one of ours that X has not noticed is gone. It reports whether to connect again at once.
func (s *Streaming) clearConnections(ctx context.Context, cause error) bool {
	if !errors.Is(cause, errTooMany) {
		return false
	}
	s.mu.Lock()
	recently := time.Since(s.cleared) < clearEvery
	if !recently {
		s.cleared = time.Now()
	}
	s.mu.Unlock()
	if recently {
		return false
	}
	_, err := s.app.Do(ctx, connectors.Call{Method: http.MethodDelete, Path: "/2/connections/all", Send: true})
	s.log.Info("a stream was taken; the app's connections were ended", "error", err)
	return err == nil
}
