package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store"
)

// spans are the upper bounds of the buckets of times, in seconds: from a health check to the upload of the largest submission.
var spans = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// Metrics are the counters and gauges of one process. Safe for concurrent use.
type Metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	requestTime  *prometheus.HistogramVec
	requestBytes *prometheus.CounterVec
	actions      *prometheus.CounterVec
	actionTime   *prometheus.HistogramVec
}

// NewMetrics returns metrics with those of Go and of the process among them.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veil_http_requests_total", Help: "Requests that were answered, by method, pattern of the route and status.",
		}, []string{"method", "route", "status"}),
		requestTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "veil_http_request_seconds", Help: "Time from a request's header to the end of its answer; that of a stream is its whole life.", Buckets: spans,
		}, []string{"method", "route"}),
		requestBytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veil_http_body_bytes_total", Help: "Bytes of bodies, in and out.",
		}, []string{"direction"}),
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veil_actions_total", Help: "Commands and queries, by name and by the code of what went wrong, which is ok where nothing did.",
		}, []string{"action", "code"}),
		actionTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "veil_action_seconds", Help: "Time of commands and queries, with the waiting for a connection to the database.", Buckets: spans,
		}, []string{"action"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "veil_info", Help: "1, with the program's version.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(
		m.requests, m.requestTime, m.requestBytes, m.actions, m.actionTime, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Request counts a request that ended.
func (m *Metrics) Request(o api.Observation) {
	m.requests.WithLabelValues(o.Method, o.Route, strconv.Itoa(o.Status)).Inc()
	m.requestTime.WithLabelValues(o.Method, o.Route).Observe(o.Took.Seconds())
	m.requestBytes.WithLabelValues("in").Add(float64(o.In))
	m.requestBytes.WithLabelValues("out").Add(float64(o.Out))
}

// Action counts a command or a query.
func (m *Metrics) Action(name string, code service.Code, took time.Duration) {
	if code == "" {
		code = "ok"
	}
	m.actions.WithLabelValues(name, string(code)).Inc()
	m.actionTime.WithLabelValues(name).Observe(took.Seconds())
}

// Collect adds what the database knows: states of comparisons, the queue, the log and the pool. It is read when metrics are.
func (m *Metrics) Collect(db *store.DB) { m.registry.MustRegister(&database{db: db}) }

// Handler answers scrapes at every path.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}
