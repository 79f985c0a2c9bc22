package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/jobs"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/keys"
)

// ready publishes a template that was built before.
type ready struct{ *template.Template }

func (r ready) Publish(context.Context, service.Draft) (*template.Template, error) {
	return r.Template, nil
}

// load is a service as it runs for tenants: a durable database, a queue that is worked on, HTTP over TCP.
type load struct {
	testing.TB
	url, token, digest string
	prepared           *compare.Prepared
	facts              schema.Facts
	client             *http.Client
}

// omop reads the template and the tenant of the benchmark: OMOP 5.4 and 5.3.
func omop(b *testing.B) (*template.Template, schema.Facts) {
	b.Helper()
	folder := testenv.Schemas(b)
	server := &check.Server{}
	defer func() { _ = server.Close() }()
	read := func(name string) *schema.Database {
		r, err := check.Read(b.Context(), server, check.Source{DDL: []string{filepath.Join(folder, "ddl", name+".sql")}})
		if err != nil {
			b.Fatal(err)
		}
		return r.Database
	}
	facts, _, err := read("omop_cdm_v5_4").Facts(schema.Mapping{})
	if err != nil {
		b.Fatal(err)
	}
	t := must(template.Build(template.Meta{Slug: "example", Version: "1"}, facts, nil))
	aligned := must(check.Align(read("omop_cdm_v5_3"), facts, schema.Mapping{}))
	return t, aligned.Facts
}

func newLoad(b *testing.B) *load {
	b.Helper()
	t, facts := omop(b)
	dir := must(os.MkdirTemp("", "veil-bench-"))
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	server := must(postgres.OpenInstance(b.Context(), postgres.InstanceOptions{Dir: filepath.Join(dir, "data"), Binaries: must(postgres.Find(""))}))
	b.Cleanup(func() { _ = server.Close() })
	db := must(store.Open(b.Context(), store.Config{OwnerDSN: server.OwnerDSN(), AppDSN: server.AppDSN()}))
	b.Cleanup(db.Close)
	if err := jobs.Migrate(b.Context(), server.OwnerDSN(), db.Pool().Config().ConnConfig.User); err != nil {
		b.Fatal(err)
	}
	queue := must(jobs.New(db.Pool()))
	svc := must(service.New(service.Config{
		DB: db, Root: must(keys.NewRoot(rand.Reader)), Publish: ready{t}, Jobs: queue, Random: rand.Reader, Generator: "bench",
		Quota: service.Quota{OpenComparisons: 1000, StoredBytes: 1 << 40},
	}))
	stop := must(jobs.Work(b.Context(), db.Pool(), svc, jobs.Options{Workers: 2}))
	b.Cleanup(func() { _ = stop(context.Background()) })
	h := api.Server(must(api.New(api.Config{Service: svc, Health: db.Health, Version: "bench"})))
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() { _ = h.Serve(listener) }()
	b.Cleanup(func() { _ = h.Close() })
	l := &load{TB: b, url: "http://" + listener.Addr().String(), prepared: must(compare.Prepare(t)), facts: facts}
	l.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	return l.enrol(must(svc.Bootstrap(b.Context())))
}

// enrol makes a tenant, its token and the template.
func (l *load) enrol(once string) *load {
	l.Helper()
	field := func(name, token, path, body string) string {
		_, text, err := l.call(token, "POST", path, []byte(body))
		var out map[string]any
		if err != nil || json.Unmarshal(text, &out) != nil {
			l.Fatalf("%s: %v", path, err)
		}
		return fmt.Sprint(out[name])
	}
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	operator := field("token", once, "/v1/bootstrap", fmt.Sprintf(`{"expires":%q}`, expires))
	tenant := field("id", operator, "/v1/tenants", `{"name":"bench"}`)
	l.token = field("token", operator, "/v1/tokens", fmt.Sprintf(`{"role":"tenant","tenant":%q,"expires":%q}`, tenant, expires))
	l.digest = field("digest", operator, "/v1/templates", `{"slug":"example","version":"1","title":"","files":[{"name":"a.sql","text":"YQ=="}]}`)
	return l
}

// errShed says that the service had no room.
var errShed = errors.New("shed")

// errPending says that something is being made.
var errPending = errors.New("pending")

func (l *load) call(token, method, path string, body []byte, headers ...string) (int, []byte, error) {
	r := must(http.NewRequest(method, l.url+path, bytes.NewReader(body)))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", uuid.NewString())
	r.Header.Set("Content-Type", "application/octet-stream")
	if bytes.HasPrefix(body, []byte("{")) {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return 0, nil, err
	case answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests:
		return answer.StatusCode, nil, errShed
	case answer.StatusCode == http.StatusConflict && bytes.Contains(text, []byte("/problems/pending")):
		return answer.StatusCode, nil, errPending
	case answer.StatusCode != http.StatusOK:
		return answer.StatusCode, nil, fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	return answer.StatusCode, text, nil
}

// compare is a whole comparison, from the first message to the verified verdict.
func (l *load) compare() error {
	tenant, err := compare.NewTenant(compare.TenantConfig{Root: must(keys.NewRoot(rand.Reader)), Template: l.prepared, Facts: l.facts, Ledger: ledger{}, Random: rand.Reader, Workers: 1})
	if err != nil {
		return err
	}
	defer tenant.Close()
	_, text, err := l.call(l.token, "POST", "/v1/comparisons?template=example@1&digest="+l.digest, must(tenant.Open()))
	if err != nil {
		return err
	}
	var opened struct{ ID string }
	if err := json.Unmarshal(text, &opened); err != nil {
		return err
	}
	path := "/v1/comparisons/" + opened.ID
	for _, step := range []struct {
		from, to string
		next     func([]byte) ([]byte, error)
	}{{"offer", "accept", tenant.Accept}, {"salt", "submission", tenant.Submit}, {"response", "commitment", tenant.Commit}, {"seed", "disclosure", tenant.Disclose}} {
		m, err := l.wait(path + "/" + step.from)
		if err != nil {
			return err
		}
		if m, err = step.next(m); err != nil {
			return err
		}
		sum := sha256.Sum256(m)
		if err := l.put(path+"/"+step.to, m, "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":"); err != nil {
			return err
		}
	}
	m, err := l.wait(path + "/verdict")
	if err != nil {
		return err
	}
	_, err = tenant.Finish(m)
	return err
}

// wait reads what may not be there yet.
func (l *load) wait(path string) ([]byte, error) {
	for {
		_, m, err := l.call(l.token, "GET", path, nil)
		if !errors.Is(err, errPending) && !errors.Is(err, errShed) {
			return m, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// put sends a message of a comparison that is under way, again where there was no room.
func (l *load) put(path string, m []byte, digest string) error {
	for {
		_, _, err := l.call(l.token, "PUT", path, m, "Repr-Digest", digest)
		if !errors.Is(err, errShed) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// BenchmarkComparisons runs complete comparisons of OMOP's size, tenants and service and PostgreSQL on this one machine, which waits for its disk.
func BenchmarkComparisons(b *testing.B) {
	l := newLoad(b)
	for _, tenants := range []int{1, 4, 12, 36} {
		b.Run(fmt.Sprintf("%d tenants at once", tenants), func(b *testing.B) {
			var took []time.Duration
			var mu sync.Mutex
			var left, shed atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			for range tenants {
				all.Go(func() {
					for left.Add(-1) >= 0 {
						start := time.Now()
						err := l.compare()
						for ; errors.Is(err, errShed); err = l.compare() {
							shed.Add(1)
							time.Sleep(100 * time.Millisecond)
						}
						if err != nil {
							b.Error(err)
							return
						}
						mu.Lock()
						took = append(took, time.Since(start))
						mu.Unlock()
					}
				})
			}
			all.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(shed.Load()), "shed")
			if len(took) > 0 {
				b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "comparisons/s")
				b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-median")
				b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-p99")
			}
		})
	}
}
