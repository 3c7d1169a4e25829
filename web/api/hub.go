package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"standpunt/audit"
	"standpunt/people"
)

const (
	// pending is how many events may wait for one client. One that is further behind is
	// dropped: it comes back and resumes where it was.
	pending   = 512
	hubPage   = 500             // entries that are read at once
	hubPause  = 2 * time.Second // after a failed reading of the log
	heartbeat = 15 * time.Second
)

// liveEvent is one change, rendered once for everybody.
type liveEvent struct {
	number uint64
	about  people.ID // the person concerned, zero for none
	text   []byte    // as it is sent
}

// hub is the one reader of the audit log behind all live connections. However
// many desks are open, each entry is read and rendered once.
type hub struct {
	log       *audit.Log
	logger    *slog.Logger
	onEntries func([]audit.Entry)

	mu      sync.Mutex
	next    uint64 // number of the first entry that was not sent yet
	clients map[*client]struct{}
	ended   bool
	running bool

	cancel context.CancelFunc
	done   chan struct{}
	ready  chan struct{} // closed once next is known
}

// client is one live connection. Its events channel is closed when it is
// dropped or the hub ends.
type client struct {
	from   uint64 // number of the first event that the channel can carry
	events chan liveEvent
}

func newHub(log *audit.Log, logger *slog.Logger, onEntries func([]audit.Entry)) *hub {
	return &hub{
		log: log, logger: logger, onEntries: onEntries, clients: make(map[*client]struct{}),
		done: make(chan struct{}), ready: make(chan struct{}),
	}
}

func (h *hub) start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running || h.ended {
		return
	}
	h.running = true
	var ctx context.Context
	ctx, h.cancel = context.WithCancel(context.Background())
	go h.run(ctx)
}

// stop ends the reader and every connection.
func (h *hub) stop() {
	h.mu.Lock()
	if h.ended {
		h.mu.Unlock()
		return
	}
	h.ended = true
	running := h.running
	for c := range h.clients {
		h.drop(c)
	}
	h.mu.Unlock()
	if running {
		h.cancel()
		<-h.done
	}
}

func (h *hub) run(ctx context.Context) {
	defer close(h.done)
	wake, end := h.log.Watch()
	defer end()
	for known := false; ctx.Err() == nil; {
		var err error
		if !known {
			err = h.begin(ctx)
			known = err == nil
		}
		if err == nil {
			err = h.forward(ctx)
		}
		var again <-chan time.Time
		if err != nil && ctx.Err() == nil {
			h.logger.Error("live events cannot be read", "error", err)
			again = time.After(hubPause)
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-again:
		}
	}
}

// begin goes to the end of the log.
func (h *hub) begin(ctx context.Context) error {
	size, err := h.log.Size(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.next = size
	h.mu.Unlock()
	close(h.ready)
	return nil
}

// forward sends what was appended since.
func (h *hub) forward(ctx context.Context) error {
	for {
		page, err := h.log.Entries(ctx, h.next-1, hubPage) // 0-1 is audit.NoneBefore
		if err != nil || len(page) == 0 {
			return err
		}
		if h.onEntries != nil {
			h.onEntries(page)
		}
		h.send(render(page))
	}
}

func (h *hub) send(events []liveEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = events[len(events)-1].number + 1
	for c := range h.clients {
		for _, e := range events {
			select {
			case c.events <- e:
				continue
			default:
			}
			h.drop(c)
			break
		}
	}
}

// join adds a connection. It is false when the hub has ended.
func (h *hub) join(ctx context.Context) (*client, bool) {
	select {
	case <-h.ready:
	case <-h.done:
		return nil, false
	case <-ctx.Done():
		return nil, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return nil, false
	}
	c := &client{from: h.next, events: make(chan liveEvent, pending)}
	h.clients[c] = struct{}{}
	return c, true
}

func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(c)
}

// drop runs under the lock.
func (h *hub) drop(c *client) {
	if _, in := h.clients[c]; in {
		delete(h.clients, c)
		close(c.events)
	}
}

// count is how many connections there are.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients)
}

// change is what a live event carries: no content and no name.
type change struct {
	Number  uint64           `json:"number"`
	Kind    string           `json:"kind"`
	Subject audit.Subject    `json:"subject"`
	From    optional[string] `json:"from"`
	To      optional[string] `json:"to"`
	At      instant          `json:"at"`
}

func render(page []audit.Entry) []liveEvent {
	events := make([]liveEvent, len(page))
	for i, e := range page {
		data, err := json.Marshal(change{e.Number, e.Kind, e.Subject, word(e.From), word(e.To), instant(e.At)})
		if err != nil { // strings and numbers alone: it cannot
			panic(err)
		}
		events[i] = liveEvent{number: e.Number, text: fmt.Appendf(nil, "id: %d\nevent: change\ndata: %s\n\n", e.Number, data)}
		events[i].about, _ = personOf(string(e.Subject))
	}
	return events
}
