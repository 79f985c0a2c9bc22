package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
)

func TestAnOperatorLooksAfterTheDatabase(t *testing.T) {
	t.Parallel()
	s, sh := tenanted(t)
	sh.run(exitDeviates, checking)
	at := " --data " + s.data
	sh.env = nil // the tenant's key is not the service's
	if says, _ := sh.run(exitDone, "veil admin doctor"+at); strings.Count(says, "ok ") != 6 || !strings.Contains(says, "without a gap") {
		t.Errorf("beside the service, the doctor says\n%s", says)
	}
	if says, _ := sh.run(exitDone, "veil admin gc --older-than 1h"+at); !strings.HasPrefix(says, "0 comparisons") {
		t.Errorf("what is an hour old: %s", says)
	}
	sh.says(exitUsage, "veil admin gc --older-than never"+at, "--older-than")
	sh.says(exitUsage, "veil admin doctor --data "+sh.dir, "root key")
	running := got[postgres.Running](t)(postgres.FindRunning(filepath.Join(s.data, "postgres")))
	s.end(syscall.SIGTERM)
	if says, _ := sh.run(exitDone, "veil admin rebuild"+at); !strings.Contains(says, "equal to the byte") {
		t.Errorf("the read models made anew: %s", says)
	}
	sh.run(exitDone, "veil admin migrate"+at)
	if says, _ := sh.run(exitDone, "sleep 1; veil admin gc --older-than 1s"+at); !strings.HasPrefix(says, "1 comparisons") {
		t.Errorf("what is a second old: %s", says)
	}
	sh.run(exitDone, "veil admin dump --out dump.sql"+at)
	if dump, err := os.ReadFile(filepath.Join(sh.dir, "dump.sql")); err != nil || !strings.Contains(string(dump), "comparison.disclosed") {
		t.Errorf("the dump of %d bytes has no events (%v)", len(dump), err)
	}

	// Whoever changes the past with the rights of the owner is found out.
	s.restart(t, nil, "--data", s.data)
	conn := got[*pgx.Conn](t)(pgx.Connect(t.Context(), running.AdminDSN))
	if tag, err := conn.Exec(t.Context(), `UPDATE veil.events SET type = 'token.revoked' WHERE sequence = 2`); err != nil || tag.RowsAffected() != 1 {
		t.Fatal(tag, err)
	}
	_ = conn.Close(t.Context())
	if says, _ := sh.run(exitUnavailable, "veil admin doctor"+at); !strings.Contains(says, "BAD  log") {
		t.Errorf("after an event was changed, the doctor says\n%s", says)
	}
}

// TestNothingThatTheServiceShowsHasATenantsName searches logs, metrics, traces and the database after a full run.
func TestNothingThatTheServiceShowsHasATenantsName(t *testing.T) {
	t.Parallel()
	traces := &taken{}
	collector := httptest.NewServer(traces)
	defer collector.Close()
	port := freePort(t)
	data := filepath.Join(sharedTemporary(t), "data")
	metricsAt := fmt.Sprintf("127.0.0.1:%d", port)
	s := serve(t, nil, "--data", data, "--metrics-listen", metricsAt, "--traces", collector.URL, "--log-level", "debug")
	sh := enlist(t, s)
	sh.write("ours.sql", "CREATE TABLE person (id bigint PRIMARY KEY, secret_of_ours text); CREATE TABLE ledger_of_ours (balance_of_ours numeric)")
	sh.run(exitDeviates, checking)
	sh.write("wrong.token", "veil_"+strings.Repeat("a", 43))
	sh.says(exitDenied, "veil comparisons list --token-file wrong.token", "token")
	metrics := get(t, "http://"+metricsAt+"/metrics")
	s.end(syscall.SIGTERM)
	sh.env = nil // the tenant's key is not the service's
	sh.run(exitDone, "veil admin dump --out dump.sql --data "+data)
	dump := sh.read("dump.sql")
	secrets := []string{
		"secret_of_ours", "ledger_of_ours", "balance_of_ours", strings.Repeat("5a", 32), strings.TrimSpace(sh.read("tenant.token")), strings.TrimSpace(sh.read("operator.token")),
		s.once, strings.TrimSpace(readFile(t, filepath.Join(data, "seal.key"))), sh.dir,
	}
	shown := map[string]string{"log": s.stderr.String(), "metrics": metrics, "traces": traces.String(), "database": dump}
	for where, text := range shown {
		if len(text) < 1000 {
			t.Errorf("the %s is nothing to search: %q", where, text)
		}
		for _, secret := range secrets {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("the %s has %.20s", where, secret)
			}
		}
		if where != "database" && (strings.Contains(text, "born") || strings.Contains(text, "visit")) {
			t.Errorf("the %s has names of the template", where)
		}
	}
	for where, words := range map[string][]string{
		"metrics": {`veil_comparisons{state="disclosed"} 1`, "veil_http_requests_total", "veil_actions_total"},
		"traces":  {"request", "veil.comparison", "evaluation"},
		"log":     {`"request"`, "comparison"},
	} {
		for _, word := range words {
			if !strings.Contains(shown[where], word) {
				t.Errorf("the %s has no %s", where, word)
			}
		}
	}
}

// taken keeps what is sent to it.
type taken struct {
	mu   sync.Mutex
	text strings.Builder // mu
}

func (c *taken) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is missing fails the test
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(body)
}

func (c *taken) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func freePort(t *testing.T) int {
	t.Helper()
	l := got[net.Listener](t)((&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"))
	defer func() { _ = l.Close() }()
	a, _ := l.Addr().(*net.TCPAddr)
	return a.Port
}

func get(t *testing.T, url string) string {
	t.Helper()
	request := got[*http.Request](t)(http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return string(got[[]byte](t)(io.ReadAll(response.Body)))
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	return string(got[[]byte](t)(os.ReadFile(path)))
}

func (s *shell) read(name string) string {
	s.Helper()
	return readFile(s.T, filepath.Join(s.dir, name))
}

// TestABackupIsRestoredIntoAnotherDatabase does what docs/operations.md says.
func TestABackupIsRestoredIntoAnotherDatabase(t *testing.T) {
	t.Parallel()
	s, sh := tenanted(t)
	sh.run(exitDeviates, checking)
	before, _ := sh.run(exitDone, "veil comparisons list --token-file tenant.token")
	tenants := sh.env
	sh.env = nil
	sh.run(exitDone, "veil admin dump --out veil.sql --data "+s.data)
	s.end(syscall.SIGTERM)

	other := filepath.Join(sharedTemporary(t), "other")
	instance := got[*postgres.Instance](t)(postgres.OpenInstance(t.Context(), postgres.InstanceOptions{Dir: other}))
	t.Cleanup(func() { _ = instance.Close() })
	psql := filepath.Join(got[postgres.Binaries](t)(postgres.Find("")).Dir, "psql")
	sh.run(0, psql+" --quiet --set ON_ERROR_STOP=1 --single-transaction --dbname '"+instance.AdminDSN()+"' --file veil.sql")
	sh.env = []string{"VEIL_SERVE_DATABASE=" + instance.AppDSN(), "VEIL_SERVE_OWNER=" + instance.OwnerDSN()}
	if says, _ := sh.run(exitDone, "veil admin doctor --data "+s.data); strings.Contains(says, "BAD") {
		t.Errorf("of what was restored, the doctor says\n%s", says)
	}
	if says, _ := sh.run(exitDone, "veil admin rebuild --data "+s.data); !strings.Contains(says, "equal to the byte") {
		t.Errorf("what was restored, made anew: %s", says)
	}
	s.restart(t, sh.env, "--data", s.data)
	sh.env = tenants
	if after, _ := sh.run(exitDone, "veil comparisons list --token-file tenant.token"); after != before {
		t.Errorf("what was restored is\n%s, what was dumped\n%s", after, before)
	}
	sh.run(exitDeviates, checking)
}
