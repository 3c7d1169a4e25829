package network

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"standpunt/internal/fault"
)

const (
	maxStreams    = 500              // open at a time
	streamBeat    = 15 * time.Second // between signs of life
	streamPatient = 10 * time.Second // how long a reader may be slow
)

// apiStream is GET /api/stream: the feed of changes as server-sent events, one
// "post" event each, whose id is the cursor after it. It begins where the
// header Last-Event-ID or the parameter after says, else now, and takes
// concerning and since as the feed does.
func (n *Network) apiStream(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		q.Set("after", last)
	}
	f, err := n.feedOf(q, 100)
	if err == nil && !q.Has("after") {
		f.After, err = n.board.lastChange(r.Context())
	}
	if err == nil && n.streams.Add(1) > maxStreams {
		err = fault.New(fault.Unavailable, "too many streams are open").Fix("Poll the feed instead.")
		n.streams.Add(-1)
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	defer n.streams.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	if err := n.stream(w, r, f); err != nil && r.Context().Err() == nil {
		n.log.Debug("a stream ended", "error", err)
	}
}

func (n *Network) stream(w http.ResponseWriter, r *http.Request, f feed) error {
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	say := func(format string, args ...any) error {
		control := http.NewResponseController(w)
		if err := control.SetWriteDeadline(time.Now().Add(streamPatient)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return control.Flush()
	}
	if err := say("retry: 2000\n\n"); err != nil {
		return err
	}
	for {
		changed := n.board.watch() // before reading, so that no change falls in between
		if err := n.catchUp(r, &f, say); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-beat.C:
			if err := say(": still here\n\n"); err != nil {
				return err
			}
		case <-r.Context().Done():
			return nil
		case <-n.quit.Done():
			return nil
		}
	}
}

// catchUp sends everything up to the feed's end.
func (n *Network) catchUp(r *http.Request, f *feed, say func(string, ...any) error) error {
	for more := true; more; {
		posts, reached, yet, err := n.board.changes(r.Context(), *f)
		if err != nil {
			return err
		}
		shown, err := n.present(r.Context(), posts)
		if err != nil {
			return err
		}
		for _, p := range shown {
			body, err := json.Marshal(p)
			if err != nil {
				return err
			}
			if err := say("id: %s\nevent: post\ndata: %s\n\n", n.cursor(p.Change), body); err != nil {
				return err
			}
		}
		f.After, more = reached, yet
	}
	return nil
}
