package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/veilschema/veil/internal/telemetry"
)

// lastTraces is how long the last traces may take to be sent.
const lastTraces = 3 * time.Second

// observe makes the metrics, and begins to send traces where there is a collector.
func (p *process) observe(ctx context.Context) error {
	p.metrics = telemetry.NewMetrics(p.Version)
	if p.Traces == "" {
		return nil
	}
	var err error
	if p.traces, err = telemetry.Traces(ctx, telemetry.TraceConfig{Endpoint: p.Traces, Version: p.Version}); err != nil {
		return &Misconfigured{err.Error()}
	}
	p.later(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), lastTraces)
		defer cancel()
		if err := p.traces.Close(ctx); err != nil {
			p.Log.Warn("traces are missing", "error", err)
		}
		return nil
	})
	return nil
}

func (p *process) tracer() pgx.QueryTracer {
	if p.traces == nil {
		return nil
	}
	return p.traces.Tracer()
}

func (p *process) middleware() []rivertype.Middleware {
	if p.traces == nil {
		return nil
	}
	return []rivertype.Middleware{p.traces.Job()}
}

// expose answers scrapes at an address of its own, which has nothing else.
func (p *process) expose(ctx context.Context) error {
	if p.MetricsListen == "" {
		return nil
	}
	p.metrics.Collect(p.db)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.MetricsListen)
	if err != nil {
		return fmt.Errorf("metrics cannot be shown at %s: %w; choose another address with --metrics-listen", p.MetricsListen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: scrapeTimeout, ReadTimeout: scrapeTimeout, WriteTimeout: scrapeTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	p.metricsURL = "http://" + listener.Addr().String() + "/metrics"
	p.later(server.Close)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.Log.Error("metrics are not shown any more", "error", err)
		}
	}()
	return nil
}

// scrapeTimeout bounds a scrape.
const scrapeTimeout = 10 * time.Second
