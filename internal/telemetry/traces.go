package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"
	"github.com/riverqueue/rivercontrib/otelriver"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// TraceConfig says where traces go.
type TraceConfig struct {
	// Endpoint is the address of a collector that takes OTLP over HTTP, such as https://collector.example.org:4318. One that is not of this machine
	// has to be https. What else the exporter needs, such as headers, comes from OTEL_EXPORTER_OTLP_*.
	Endpoint string
	// Version is the program's.
	Version string
}

// Tracing traces requests, evaluations and queries.
type Tracing struct{ provider *trace.TracerProvider }

// Traces begins to send traces. Nothing is lost where the collector is not there, but traces.
func Traces(ctx context.Context, c TraceConfig) (*Tracing, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of a collector; give https://HOST:PORT", c.Endpoint)
	}
	if u.Scheme == "http" && !local(u.Hostname()) {
		return nil, fmt.Errorf("traces would go to %s in clear; give an address with https, or one of this machine", u.Host)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("traces cannot be sent: %w", err)
	}
	return &Tracing{trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "veil"), attribute.String("service.version", c.Version))),
	)}, nil
}

func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Handler traces requests. Their spans are called by method alone here, because an address may be anything that a client sends.
func (t *Tracing) Handler(next http.Handler) http.Handler {
	return otelhttp.NewHandler(
		next, "request", otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/livez" && r.URL.Path != "/readyz" }),
		otelhttp.WithPublicEndpointFn(func(r *http.Request) bool { return !loopbackPeer(r) }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method }),
	)
}

// loopbackPeer says whether a request comes from this machine: others do not choose under which trace a request is found.
func loopbackPeer(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && local(host)
}

// Tracer traces queries: their text, which has no parameter in it.
func (t *Tracing) Tracer() pgx.QueryTracer {
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider), otelpgx.WithDisableConnectionDetailsInAttributes())
}

// Job traces evaluations.
func (t *Tracing) Job() rivertype.Middleware {
	return otelriver.NewMiddleware(&otelriver.MiddlewareConfig{TracerProvider: t.provider, EnableWorkSpanJobKindSuffix: true})
}

// Close sends what is left, as long as ctx lasts.
func (t *Tracing) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the last traces were not sent: %w", err)
	}
	return nil
}
