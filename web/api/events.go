package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// writeWithin is how long one write to a live connection may take.
const writeWithin = 10 * time.Second

func (a *API) events() {
	type following struct {
		LastEventID string `header:"Last-Event-ID" doc:"The number of the last event that arrived, as browsers send it when they reconnect."`
		After       string `query:"after" doc:"The same, for a first connection. Without either, events begin now."`
	}
	o := operation{
		method: http.MethodGet, path: "/events", id: "followEvents", tag: "Live", summary: "Follow all changes as they happen (server-sent events)",
		description: "Each event has the number of its audit entry as id, the type change, and {number, kind, subject, from, to, at} as data. " +
			"Reconnecting with Last-Event-ID resumes exactly. A comment comes every 15 seconds. The stream ends when the session does, " +
			"when the daemon stops, and when the client reads too slowly.",
		scope: people.Read, faults: []fault.Code{fault.InvalidInput, fault.Unavailable},
	}
	add(a, o, func(ctx context.Context, in *following) (*huma.StreamResponse, error) {
		after, resumes, err := resumption(in.LastEventID, in.After)
		if err != nil {
			return nil, err
		}
		c, ok := a.hub.join(ctx)
		if !ok {
			return nil, fault.New(fault.Unavailable, "the daemon is stopping").With("retry_after", "2")
		}
		// The log may be ahead of the hub's one reader, whose channel begins at c.from.
		size, err := a.d.Log.Size(ctx)
		if err != nil {
			a.hub.leave(c)
			return nil, err
		}
		end := max(c.from, size)
		if !resumes {
			after = end - 1 // 0-1 is audit.NoneBefore
		}
		if after != audit.NoneBefore && after >= end {
			a.hub.leave(c)
			return nil, fault.New(fault.InvalidInput, "there is no such event yet").At("Last-Event-ID", strconv.FormatUint(after, 10)).
				Fix("Reload, and begin without it.")
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { //nolint:contextcheck // the request has it
			defer a.hub.leave(c)
			r, w := humago.Unwrap(hc)
			s := &stream{a: a, w: w, flush: http.NewResponseController(w), who: session.From(r.Context())}
			s.run(r.Context(), c, after)
		}}, nil
	})
	documented := a.huma.OpenAPI().Paths["/events"].Get.Responses["200"]
	documented.Description = "The stream."
	documented.Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}
}

// resumption is the number of the last event that the client has.
func resumption(header, query string) (after uint64, resumes bool, err error) {
	field, text := "Last-Event-ID", header
	if text == "" {
		field, text = "after", query
	}
	switch text {
	case "":
		return 0, false, nil
	case "-1":
		return audit.NoneBefore, true, nil
	}
	after, err = strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, false, fault.New(fault.InvalidInput, "this is not the number of an event").At(field, text).Fix("Send the id of an event, or nothing.")
	}
	return after, true, nil
}

// stream writes events to one connection.
type stream struct {
	a     *API
	w     http.ResponseWriter
	flush *http.ResponseController
	who   people.Principal
	sent  uint64 // number of the last event that was sent
}

// run first reads what the client missed, up to where its channel begins, then
// passes on what the hub sends.
func (s *stream) run(ctx context.Context, c *client, after uint64) {
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
	s.sent = after
	begin := "retry: 2000\n"
	if after != audit.NoneBefore {
		begin += fmt.Sprintf("id: %d\n", after) // so that a reconnection resumes even before the first event
	}
	if s.write([]byte(begin+"\n")) != nil || s.catchUp(ctx, c.from) != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-c.events:
			if !open || s.pass(ctx, e) != nil {
				return
			}
		case <-beat.C:
			if s.a.d.Sessions.Alive(ctx, s.who) != nil || s.write([]byte(": \n\n")) != nil {
				return
			}
		}
	}
}

// pass sends one event, unless the client has it. One about the person who
// follows may have ended the session.
func (s *stream) pass(ctx context.Context, e liveEvent) error {
	if s.sent != audit.NoneBefore && e.number <= s.sent {
		return nil
	}
	if err := s.write(e.text); err != nil {
		return err
	}
	s.sent = e.number
	if e.about == s.who.ID() && !e.about.IsZero() {
		return s.a.d.Sessions.Alive(ctx, s.who)
	}
	return nil
}

// catchUp sends the entries behind the last sent one, up to number to.
func (s *stream) catchUp(ctx context.Context, to uint64) error {
	for s.sent+1 < to {
		page, err := s.a.d.Log.Entries(ctx, s.sent, hubPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range render(page) {
			if e.number >= to {
				break
			}
			if err := s.write(e.text); err != nil {
				return err
			}
			s.sent = e.number
		}
	}
	return nil
}

func (s *stream) write(text []byte) error {
	if err := s.flush.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.flush.Flush()
}
