package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/internal/jobs"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/internal/telemetry"
)

func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("a scrape is answered with %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestWhatHappensIsCounted(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3")
	m.Request(api.Observation{Method: "GET", Route: "/v1/templates", Status: 200, Took: time.Millisecond, In: 3, Out: 5})
	m.Action("list-templates", "", time.Millisecond)
	m.Action("list-templates", service.CodeNotFound, time.Millisecond)
	text := scrape(t, m)
	for _, line := range []string{
		`veil_http_requests_total{method="GET",route="/v1/templates",status="200"} 1`, `veil_http_body_bytes_total{direction="out"} 5`,
		`veil_actions_total{action="list-templates",code="ok"} 1`, `veil_actions_total{action="list-templates",code="not-found"} 1`, `veil_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the scrape has no line %s", line)
		}
	}
}

func TestTheDatabaseIsAskedAtAScrape(t *testing.T) {
	d := storetest.New(t)
	db := d.Open(t)
	if err := jobs.Migrate(t.Context(), d.OwnerDSN, d.App); err != nil {
		t.Fatal(err)
	}
	m := telemetry.NewMetrics("1")
	m.Collect(db)
	text := scrape(t, m)
	for _, line := range []string{"veil_database_up 1", "veil_events 0", "veil_queue_oldest_seconds 0", `veil_database_connections{state="idle"} 1`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the scrape has no line %s", line)
		}
	}
	db.Close()
	if text := scrape(t, m); !strings.Contains(text, "veil_database_up 0\n") || strings.Contains(text, "veil_events") {
		t.Error("without its database, the scrape does not say so")
	}
}

// collector takes what is sent to it.
type collector struct {
	mu   sync.Mutex
	took strings.Builder // mu
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing fails the test
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took.Write(body)
}

func TestTracesHaveNoParameters(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	traces, err := telemetry.Traces(t.Context(), telemetry.TraceConfig{Endpoint: server.URL, Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	d := storetest.New(t)
	db, err := store.Open(t.Context(), store.Config{OwnerDSN: d.OwnerDSN, AppDSN: d.AppDSN, Tracer: traces.Tracer()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ask := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		err := db.Read(r.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT 'the text' WHERE $1::text = 'x'`, "the parameter")
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	traces.Handler(ask).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/templates", nil))
	if err := traces.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if took := c.took.String(); !strings.Contains(took, "the text") || strings.Contains(took, "the parameter") {
		t.Errorf("the traces have the text of a query: %t, and its parameter: %t", strings.Contains(took, "the text"), strings.Contains(took, "the parameter"))
	}
}

func TestTracesGoNowhereInClear(t *testing.T) {
	for _, endpoint := range []string{"http://collector.example.org:4318", "collector:4318", "ftp://localhost", ""} {
		if _, err := telemetry.Traces(t.Context(), telemetry.TraceConfig{Endpoint: endpoint}); err == nil {
			t.Errorf("traces go to %q", endpoint)
		}
	}
}
