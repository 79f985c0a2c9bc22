package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/keys"
)

type queue [][2]uuid.UUID

func (q *queue) EnqueueEvaluation(_ context.Context, _ pgx.Tx, tenant, id uuid.UUID) error {
	*q = append(*q, [2]uuid.UUID{tenant, id})
	return nil
}

// syncBuffer is a log that may be written while it is read.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// noDigest is a Repr-Digest that no message has.
const noDigest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"

// newTenant makes a tenant and returns a token of it.
func (w *world) newTenant(name string) string {
	w.Helper()
	id := w.field("id", w.operator, "POST", "/v1/tenants", fmt.Appendf(nil, `{"name":%q}`, name))
	return w.field("token", w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, `{"role":"tenant","tenant":%q,"expires":%q}`, id, w.expires))
}

// open opens a comparison and returns its id.
func (w *world) open(token string) string {
	w.Helper()
	opened := must(w.newClient().Open())
	return w.field("id", token, "POST", "/v1/comparisons?template=example@1&digest="+w.digest, opened)
}

// newClient is the tenant's side of a comparison.
func (w *world) newClient() *compare.Tenant {
	return must(compare.NewTenant(compare.TenantConfig{
		Root: must(keys.NewRoot(rand.Reader)), Template: must(compare.Prepare(must(template.Parse(w.encoded)))), Facts: columns(20, 30), Ledger: ledger{}, Random: rand.Reader,
	}))
}

type publisher struct{}

func (publisher) Publish(_ context.Context, d service.Draft) (*template.Template, error) {
	return template.Build(template.Meta{Slug: d.Slug, Version: d.Version}, columns(0, 40), nil)
}

func columns(from, n int) schema.Facts {
	facts := make(schema.Facts, n)
	for i := range facts {
		facts[i] = schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: fmt.Sprintf("table_%d", (from+i)/16), Name: fmt.Sprintf("column_%02d", (from+i)%16)}
	}
	return facts
}

type ledger map[[32]byte][32]byte

func (l ledger) MarkSession(s [32]byte) error       { l[s] = [32]byte{}; return nil }
func (l ledger) RecordResponse(s, r [32]byte) error { l[s] = r; return nil }

type world struct {
	*testing.T
	service         *service.Service
	queue           *queue
	url             string
	operator        string
	tenant, foreign string
	auditor         string // of the first tenant
	digest          string // of the template
	expires         string
	encoded         []byte
	audit           *auditlog.Log
	log             *syncBuffer
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// call makes a request and returns status, headers and body.
func (w *world) call(token, method, path string, body []byte, headers ...string) (int, http.Header, []byte) {
	w.Helper()
	r := must(http.NewRequestWithContext(w.Context(), method, w.url+path, bytes.NewReader(body)))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", uuid.NewString())
	r.Header.Set("Content-Type", "application/octet-stream")
	if bytes.HasPrefix(body, []byte("{")) {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode, answer.Header, must(io.ReadAll(answer.Body))
}

// field makes a call that succeeds and returns a member of its answer.
func (w *world) field(name, token, method, path string, body []byte, headers ...string) string {
	w.Helper()
	status, _, text := w.call(token, method, path, body, headers...)
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil || status != http.StatusOK {
		w.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return fmt.Sprint(out[name])
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, api.Limits{})
}

func newWorldWith(t *testing.T, limits api.Limits) *world {
	t.Helper()
	db := storetest.Open(t)
	w := &world{T: t, queue: &queue{}, log: &syncBuffer{}}
	root := must(keys.NewRoot(rand.Reader))
	w.audit = must(auditlog.New(auditlog.Config{DB: db, Key: must(service.LogKey(root))}))
	w.service = must(service.New(service.Config{DB: db, Root: root, Publish: publisher{}, Jobs: w.queue, Random: rand.Reader, Generator: "test"}))
	handler := must(api.New(api.Config{Service: w.service, Health: db.Health, Version: "test", Limits: limits, Log: slog.New(slog.NewJSONHandler(w.log, nil))}))
	s := httptest.NewUnstartedServer(handler)
	s.Config = api.Server(handler)
	s.Start()
	t.Cleanup(s.Close)
	w.url = s.URL
	w.expires = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	w.operator = w.field("token", must(w.service.Bootstrap(t.Context())), "POST", "/v1/bootstrap", fmt.Appendf(nil, `{"expires":%q}`, w.expires))
	for i, to := range []*string{&w.tenant, &w.foreign} {
		id := w.field("id", w.operator, "POST", "/v1/tenants", fmt.Appendf(nil, `{"name":"tenant %d"}`, i))
		*to = w.field("token", w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, `{"role":"tenant","tenant":%q,"expires":%q}`, id, w.expires))
		if i == 0 {
			w.auditor = w.field("token", w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, `{"role":"auditor","tenant":%q,"expires":%q}`, id, w.expires))
		}
	}
	w.digest = w.field("digest", w.operator, "POST", "/v1/templates", []byte(`{"slug":"example","version":"1","title":"","files":[{"name":"a.sql","text":"YQ=="}]}`))
	_, _, w.encoded = w.call(w.tenant, "GET", "/v1/templates/example/1/encoded", nil)
	return w
}

func TestAComparisonRunsOverHTTPAndItsUploadGoesOnWhereItBrokeOff(t *testing.T) {
	w := newWorld(t)
	tenant := w.newClient()
	opened := must(tenant.Open())
	digest := w.field("digest", w.tenant, "GET", "/v1/templates/example/1", nil)
	if status, _, _ := w.call(w.tenant, "POST", "/v1/comparisons?template=example@1&digest="+strings.Repeat("0", 64), opened); status != http.StatusConflict {
		t.Errorf("a comparison with another digest: %d, want 409", status)
	}
	path := "/v1/comparisons/" + w.field("id", w.tenant, "POST", "/v1/comparisons?template=example@1&digest="+digest, opened)
	get := func(name string) []byte { _, _, b := w.call(w.tenant, "GET", path+"/"+name, nil); return b }
	w.field("state", w.tenant, "PUT", path+"/accept", must(tenant.Accept(get("offer"))))
	submission := must(tenant.Submit(get("salt")))
	sum := sha256.Sum256(submission)
	repr := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	half := len(submission) / 2
	if status, _, b := w.call(w.tenant, "PUT", path+"/submission", submission[:half], "Repr-Digest", repr); status != http.StatusConflict {
		t.Errorf("half a submission: %d %s, want 409", status, b)
	}
	if _, h, _ := w.call(w.tenant, "HEAD", path+"/submission", nil); h.Get("Upload-Offset") != fmt.Sprint(half) || h.Get("Upload-Length") != fmt.Sprint(len(submission)) {
		t.Errorf("got offset %q of %q, want %d of %d", h.Get("Upload-Offset"), h.Get("Upload-Length"), half, len(submission))
	}
	if status, _, _ := w.call(w.tenant, "PUT", path+"/submission", append(submission[half:], 0), "Repr-Digest", repr, "Upload-Offset", fmt.Sprint(half)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a byte too many: %d, want 413", status)
	}
	w.field("state", w.tenant, "PUT", path+"/submission", submission[half:], "Repr-Digest", repr, "Upload-Offset", fmt.Sprint(half))
	for _, job := range *w.queue {
		if err := w.service.Evaluate(t.Context(), job[0], job[1]); err != nil {
			t.Fatal(err)
		}
	}
	w.field("state", w.tenant, "PUT", path+"/commitment", must(tenant.Commit(get("response"))))
	if state := w.field("state", w.tenant, "PUT", path+"/disclosure", must(tenant.Disclose(get("seed")))); state != "disclosed" {
		t.Errorf("got state %s, want disclosed", state)
	}
	must(tenant.Finish(get("verdict")))
	if status, h, _ := w.call(w.tenant, "GET", path+"/report", nil); status != http.StatusOK || h.Get("ETag") == "" {
		t.Errorf("the report: %d with ETag %q", status, h.Get("ETag"))
	} else if status, _, b := w.call(w.tenant, "GET", path+"/report", nil, "If-None-Match", h.Get("ETag")); status != http.StatusNotModified || len(b) > 0 {
		t.Errorf("the report again: %d with %d bytes, want 304 and none", status, len(b))
	}
	for _, secret := range []string{w.tenant, w.operator, w.foreign, "veil_", "table_", "column_"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log has %.10s", secret)
		}
	}
	if !strings.Contains(w.log.String(), `"route":"/v1/comparisons/{id}/disclosure","status":200`) {
		t.Error("the log has no line of the disclosure")
	}
	for route, who := range api.Access { // another tenant finds none of it
		method, at, _ := strings.Cut(route, " ")
		if rest, ok := strings.CutPrefix(at, "/v1/comparisons/{id}"); ok && !who.Open {
			if status, _, _ := w.call(w.foreign, method, path+rest, nil, "Repr-Digest", repr); status != http.StatusNotFound && (method != "PUT" || status < 400 || status > 499) {
				t.Errorf("another tenant's %s: %d, want 404", route, status)
			}
		}
	}
}

func TestEveryOperationHasARowInTheAccessTableAndEveryRowAnOperation(t *testing.T) {
	w := newWorld(t)
	var description struct{ Paths map[string]map[string]any }
	_, _, text := w.call("", "GET", "/openapi.json", nil)
	if err := json.Unmarshal(text, &description); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for path, operations := range description.Paths {
		for method := range operations {
			route := strings.ToUpper(method) + " " + path
			found[route] = true
			who, ok := api.Access[route]
			if !ok {
				t.Errorf("%s has no row", route)
			}
			at := strings.NewReplacer("{id}", uuid.NewString(), "{slug}", "example", "{version}", "1").Replace(path)
			if status, h, _ := w.call("veil_nobody", strings.ToUpper(method), at, nil); !who.Open && (status != http.StatusUnauthorized || h.Get("Content-Type") != "application/problem+json") {
				t.Errorf("%s without a token: %d %s, want 401 and a problem document", route, status, h.Get("Content-Type"))
			}
		}
	}
	for route := range api.Access {
		if !found[route] {
			t.Errorf("the row %s has no operation", route)
		}
	}
}

func TestEveryProblemIsExplainedInTheDocument(t *testing.T) {
	text := string(must(os.ReadFile("../docs/api.md")))
	for code, kind := range api.Problems {
		if !strings.Contains(text, fmt.Sprintf("| `%s` | %d |", code, kind.Status)) {
			t.Errorf("docs/api.md does not explain %s with its status %d", code, kind.Status)
		}
	}
	if rows := strings.Count(text, "\n| `"); rows != len(api.Problems) {
		t.Errorf("docs/api.md explains %d problems, and there are %d", rows, len(api.Problems))
	}
}
