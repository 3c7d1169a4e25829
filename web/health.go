package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"standpunt/approval"
	"standpunt/people"
	"standpunt/web/session"
)

// readyWithin bounds how long the daemon may take to find out whether it is
// ready.
const readyWithin = 5 * time.Second

// serveHealth answers that the process serves requests.
func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // the client is gone, or it is not
}

// readiness answers 200 when the store can be read and nothing else stands in
// the way, else 503 with the reasons. A stop of publishing is no reason: the
// desk works.
type readiness struct {
	reasons   func(context.Context) []string
	approvals *approval.Approvals
	logger    *slog.Logger
}

func (h readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	reasons := []string{}
	if _, err := h.approvals.Stops(ctx); err != nil {
		h.logger.ErrorContext(ctx, "the store cannot be read", "error", err)
		reasons = append(reasons, "the store cannot be read")
	}
	if h.reasons != nil {
		reasons = append(reasons, h.reasons(ctx)...)
	}
	w.Header().Set("Content-Type", "application/json")
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": len(reasons) == 0, "reasons": reasons}) // as above
}

// onlyWatchers lets in who may see the metrics: programs on this machine that
// come without a proxy, and tokens and sessions that may read. A proxy on this
// machine that adds no forwarding header must keep /metrics to itself.
func (s *Server) onlyWatchers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !session.Direct(r) {
			who, err := session.Require(r.Context())
			if err == nil {
				err = who.May(people.Read)
			}
			if err != nil {
				s.api.WriteProblem(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
