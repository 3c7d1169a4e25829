package web

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/internal/fault"
	"standpunt/web/api"
	"standpunt/web/session"
)

// contentPolicy allows what the desk is made of: its own files, no inline
// script or style, and no frame around it.
const contentPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// handler joins everything behind the listener, outermost last: a request
// passes the log, the headers, the recovery, who asks, other sites, the mux.
// What platforms deliver leaves that way after the recovery: see [hooks].
func (s *Server) handler(d Deps, o Options) (http.Handler, error) {
	secure := o.CertFile != "" || strings.HasPrefix(o.PublicURL, "https://")
	sessions, err := session.New(d.Staff, session.Options{Secure: secure, TrustedProxies: o.TrustedProxies, PublicURL: o.PublicURL})
	if err != nil {
		return nil, fmt.Errorf("web: public URL: %w", err)
	}
	m := newMetrics(d, func() int { return s.api.Connections() })
	s.api, err = api.New(
		api.Deps{Staff: d.Staff, Box: d.Box, Approvals: d.Approvals, Log: d.Log, Sources: d.Sources, Sessions: sessions},
		api.Options{Version: o.Version, PublicURL: o.PublicURL, MaxBody: o.MaxBody, Logger: o.Logger, OnEntries: m.entries},
	)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(api.Prefix+"/", s.api.Handler())
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.Handle("GET /readyz", readiness{d.Ready, d.Approvals, o.Logger})
	mux.Handle("GET /metrics", s.onlyWatchers(m.handler()))
	if d.Desk != nil {
		desk, err := d.Desk(sessions)
		if err != nil {
			return nil, fmt.Errorf("web: desk: %w", err)
		}
		mux.Handle("/", desk)
	}
	h := noteRoute(mux)
	h = sessions.SameSite(h, s.refuseCrossSite)
	h = sessions.Identify(h)
	h = besideHooks(h, &hooks{receiver: d.Hooks, readTime: cmp.Or(o.HookReadTime, hookReadTime), logger: o.Logger})
	h = s.recovered(h)
	h = secured(h, secure)
	return s.logged(h, m), nil
}

// besideHooks parts the platforms' requests from everybody else's.
func besideHooks(next, hooks http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, connectors.HookPrefix) {
			hooks.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseCrossSite answers a request that came from another site.
func (s *Server) refuseCrossSite(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
		s.api.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprint(w, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Refused</title>"+
		"<h1>Refused</h1><p>This request came from another site, so nothing was done. Do it on the desk itself.</p>"+
		"<p lang=\"nl\">Dit verzoek kwam van een andere site, dus er is niets gedaan. Doe het in Standpunt zelf.</p>"+
		"<p><a href=\"/\">Standpunt</a></p></html>") // the client is gone, or it is not
}

// secured sets the headers that every answer has.
func secured(next http.Handler, secure bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
			h.Set("Cache-Control", "no-store")
		}
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// recovered answers a panic as an internal error and logs where it happened.
// What was panicked with could hold anything, so its type alone is logged.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if err, ok := value.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(value)
			}
			s.logger.Error("request panicked", "method", r.Method, "panic", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))
			if a, ok := w.(*answered); ok && a.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: cut the connection
			}
			if strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
				s.api.WriteProblem(w, r, fault.New(fault.Internal, "something went wrong on our side"))
				return
			}
			http.Error(w, "Something went wrong on our side. / Er ging bij ons iets mis.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// answered remembers what was answered.
type answered struct {
	http.ResponseWriter
	status int
	bytes  int64
	route  string // the pattern that served the request
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// noteRoute keeps the pattern that the muxes chose, for the log and the
// metrics: unlike the path it holds no id and nothing that somebody typed.
func noteRoute(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if a, ok := w.(*answered); ok {
				_, path, hasMethod := strings.Cut(r.Pattern, " ")
				if a.route = path; !hasMethod {
					a.route = r.Pattern
				}
			}
		}()
		mux.ServeHTTP(w, r)
	})
}

// logged logs every request and counts it.
func (s *Server) logged(next http.Handler, m *metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		a := &answered{ResponseWriter: w}
		defer func() { //nolint:contextcheck // counting asks nobody
			took := time.Since(begun)
			if a.status == 0 {
				a.status = http.StatusOK
			}
			if a.route == "" {
				a.route = "none"
			}
			method := knownMethod(r.Method)
			m.request(method, a.route, a.status, took)
			level := slog.LevelInfo
			switch {
			case a.route == hookRoute:
				level = slog.LevelDebug // strangers reach it, and it counts for itself
			case a.status >= http.StatusInternalServerError:
				level = slog.LevelWarn
			}
			s.logger.Log(r.Context(), level, "request", "method", method, "route", a.route, "status", a.status,
				"bytes", a.bytes, "took", took.Round(time.Microsecond))
		}()
		next.ServeHTTP(a, r)
	})
}

// knownMethod keeps what a client invents out of the log and the metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
