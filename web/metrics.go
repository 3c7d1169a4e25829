package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"standpunt/audit"
	"standpunt/connectors"
)

// metrics are what /metrics shows. No label holds a person, a customer or an id.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	proposals *prometheus.CounterVec
	ingested  *prometheus.CounterVec
	changes   *prometheus.CounterVec
}

// collectWithin bounds what one collection asks of the store.
const collectWithin = 2 * time.Second

func newMetrics(d Deps, connections func() int) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "standpunt_http_requests_total", Help: "Requests by method, route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "standpunt_http_request_seconds", Help: "Time to answer, live events left out.", Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10},
		}, []string{"method", "route"}),
		proposals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "standpunt_proposal_transitions_total", Help: "State changes of proposals since the start, by new state.",
		}, []string{"to"}),
		ingested: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "standpunt_mentions_total", Help: "Delivered mentions since the start, by account and what they were.",
		}, []string{"account", "what"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "standpunt_audit_entries_total", Help: "Audit entries since the start, by the first part of their kind.",
		}, []string{"kind"}),
	}
	live := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "standpunt_live_connections", Help: "Open streams of live events.",
	}, func() float64 { return float64(connections()) })
	m.registry.MustRegister(m.requests, m.seconds, m.proposals, m.ingested, m.changes, live, newStanding(d),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	if !strings.HasSuffix(route, "/events") {
		m.seconds.WithLabelValues(method, route).Observe(took.Seconds())
	}
}

// entries counts what the audit log tells: the one reader of the log calls it.
func (m *metrics) entries(page []audit.Entry) {
	for _, e := range page {
		first, _, _ := strings.Cut(e.Kind, ".")
		m.changes.WithLabelValues(first).Inc()
		switch {
		case first == "proposal" && e.From != e.To:
			m.proposals.WithLabelValues(e.To).Inc()
		case e.Kind == "inbox.ingested":
			account := strings.TrimPrefix(string(e.Subject), "account:")
			for _, what := range []string{"new", "edited", "deleted", "duplicates", "quarantined"} {
				if n, err := strconv.Atoi(e.Facts[what]); err == nil && n > 0 {
					m.ingested.WithLabelValues(account, what).Add(float64(n))
				}
			}
		}
	}
}

// standing collects what is read at the moment of asking: the health of the
// accounts, and whether publishing is stopped.
type standing struct {
	d       Deps
	health  *prometheus.Desc
	success *prometheus.Desc
	stopped *prometheus.Desc
	size    *prometheus.Desc
	spent   *prometheus.Desc
	budget  *prometheus.Desc
	hooks   *prometheus.Desc
}

func newStanding(d Deps) *standing {
	return &standing{
		d:       d,
		health:  prometheus.NewDesc("standpunt_account_state", "1 for the state that the account's source is in.", []string{"account", "kind", "state"}, nil),
		success: prometheus.NewDesc("standpunt_account_last_success_seconds", "Unix time of the last good poll; 0 before the first.", []string{"account", "kind"}, nil),
		stopped: prometheus.NewDesc("standpunt_publishing_stopped", "1 while publishing is stopped.", nil, nil),
		spent:   prometheus.NewDesc("standpunt_account_spent_dollars", "What the account's platform charged this UTC month, as counted here.", []string{"account", "kind"}, nil),
		budget:  prometheus.NewDesc("standpunt_account_budget_dollars", "What the account may spend in a UTC month; absent where that is not limited.", []string{"account", "kind"}, nil),
		size:    prometheus.NewDesc("standpunt_audit_log_size", "Entries of the audit log.", nil, nil),
		hooks: prometheus.NewDesc("standpunt_webhook_deliveries_total",
			"Requests to the account's webhook since the start: accepted, unproven, unreadable, or not_kept and to be delivered again.", []string{"account", "outcome"}, nil),
	}
}

// Describe names what Collect collects.
func (s *standing) Describe(ch chan<- *prometheus.Desc) {
	ch <- s.health
	ch <- s.success
	ch <- s.stopped
	ch <- s.size
	ch <- s.spent
	ch <- s.budget
	ch <- s.hooks
}

// Collect reads it. What cannot be read is left out.
func (s *standing) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, h := range s.d.Sources.Health() {
		for _, state := range []connectors.HealthState{connectors.Starting, connectors.OK, connectors.Degraded, connectors.Failing, connectors.Stopped} {
			is := 0.0
			if h.State == state {
				is = 1
			}
			gauge(s.health, is, string(h.Account), h.Kind, string(state))
		}
		last := 0.0
		if !h.LastSuccess.IsZero() {
			last = float64(h.LastSuccess.Unix())
		}
		gauge(s.success, last, string(h.Account), h.Kind)
		if h.Spending != nil {
			gauge(s.spent, h.Spending.ToDate.Dollars(), string(h.Account), h.Kind)
			if h.Spending.Budget > 0 {
				gauge(s.budget, h.Spending.Budget.Dollars(), string(h.Account), h.Kind)
			}
		}
		s.collectHook(ch, h)
	}
	if stops, err := s.d.Approvals.Stops(ctx); err == nil {
		gauge(s.stopped, float64(min(len(stops), 1)))
	}
	if size, err := s.d.Log.Size(ctx); err == nil {
		gauge(s.size, float64(size))
	}
}

// collectHook counts what came to an account's webhook, where it has one.
func (s *standing) collectHook(ch chan<- prometheus.Metric, h connectors.AccountHealth) {
	if h.Webhook.Path == "" {
		return
	}
	for outcome, n := range map[string]uint64{
		"accepted": h.Webhook.Accepted, "unproven": h.Webhook.Unproven, "unreadable": h.Webhook.Unreadable, "not_kept": h.Webhook.NotKept,
	} {
		ch <- prometheus.MustNewConstMetric(s.hooks, prometheus.CounterValue, float64(n), string(h.Account), outcome)
	}
}
