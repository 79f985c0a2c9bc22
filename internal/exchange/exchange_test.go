package exchange_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/exchange"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/keys"
)

// world is a real service over HTTP, and a tenant's folder.
type world struct {
	*testing.T
	service  *service.Service
	client   *client.Client
	root     *keys.Root
	dir      string
	prepared *compare.Prepared
	queued   atomic.Int64
}

// EnqueueEvaluation evaluates once the transaction is over.
func (w *world) EnqueueEvaluation(_ context.Context, _ pgx.Tx, tenant, id uuid.UUID) error {
	w.queued.Add(1)
	go func() { //nolint:gosec // it outlives the request, as a queue does
		for range 200 {
			time.Sleep(10 * time.Millisecond)
			_ = w.service.Evaluate(context.Background(), tenant, id)
			c, err := service.Ask(context.Background(), w.service, service.Actor{Role: service.RoleTenant, Tenant: tenant}, service.GetComparison{ID: id})
			if err != nil || c.State != service.StateSubmitted && c.State != service.StateAccepted {
				return
			}
		}
	}()
	return nil
}

type publisher struct{}

func (publisher) Publish(_ context.Context, d service.Draft) (*template.Template, error) {
	return template.Build(template.Meta{Slug: d.Slug, Version: d.Version, Title: d.Title}, columns(0, 40), nil)
}

func columns(from, n int) schema.Facts {
	facts := make(schema.Facts, n)
	for i := range facts {
		facts[i] = schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: fmt.Sprintf("table_%d", (from+i)/16), Name: fmt.Sprintf("column_%02d", (from+i)%16)}
	}
	return facts
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.Open(t)
	w := &world{T: t, root: must(keys.NewRoot(rand.Reader))}
	w.service = must(service.New(service.Config{DB: db, Root: must(keys.NewRoot(rand.Reader)), Publish: publisher{}, Jobs: w, Random: rand.Reader, Generator: "test"}))
	handler := must(api.New(api.Config{Service: w.service, Health: db.Health, Version: "1.2.3"}))
	server := httptest.NewUnstartedServer(handler)
	server.Config = api.Server(handler)
	server.Start()
	t.Cleanup(server.Close)
	dial := func(token client.Secret) *client.Client {
		return must(client.New(client.Config{Server: server.URL, Token: token, UserAgent: "test"}))
	}
	expires := time.Now().Add(time.Hour)
	operator := dial(must(dial(client.Secret(must(w.service.Bootstrap(t.Context())))).Bootstrap(t.Context(), "first", expires)).Secret)
	tenant := must(operator.CreateTenant(t.Context(), uuid.New(), "riverside"))
	w.client = dial(must(operator.IssueToken(t.Context(), uuid.New(), client.TokenRequest{Role: "tenant", Tenant: tenant.ID, Expires: expires})).Secret)
	must(operator.PublishTemplate(t.Context(), uuid.New(), client.Draft{Slug: "example", Version: "1", Files: []client.File{{Name: "a.sql", Text: []byte("a")}}}))
	encoded := must(w.client.EncodedTemplate(t.Context(), "example", "1"))
	w.prepared = must(compare.Prepare(must(template.Parse(encoded))))
	w.dir = t.TempDir()
	return w
}

// dying is a journal whose process dies before or after a write.
type dying struct {
	*sessionlog.Journal
	left  *int
	after bool
}

var errDied = errors.New("the process died")

func (d dying) Append(comparison [32]byte, record []byte) error {
	if *d.left--; *d.left == 0 {
		if d.after {
			if err := d.Journal.Append(comparison, record); err != nil {
				return err
			}
		}
		return errDied
	}
	return d.Journal.Append(comparison, record)
}

// process runs one process of the tenant, which dies at a write; 0 is never.
func (w *world) process(facts schema.Facts, write int, after bool) (*exchange.Outcome, error) {
	w.Helper()
	log := must(sessionlog.Open(filepath.Join(w.dir, sessionlog.LogName)))
	defer func() { _ = log.Close() }()
	journal := sessionlog.NewJournal(w.dir)
	defer func() { _ = journal.Close() }()
	return exchange.Compare(w.Context(), exchange.Config{
		Service: w.client, Root: w.root, Pin: w.service.Identity(), Reference: "example@1", Template: w.prepared, Facts: facts,
		State: &exchange.State{
			Dir: w.dir, Ledger: log, Vault: sessionlog.NewVault(w.dir, w.root.SealingLock()),
			Journal: dying{journal, &write, after},
		},
		Note: func(s string) { w.Log(s) },
	})
}

func (w *world) comparisons() (n int, states map[string]int) {
	states = map[string]int{}
	for c, err := range w.client.Comparisons(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		n++
		states[c.State]++
	}
	return n, states
}

func TestATenantThatDiesAtAnyWriteGoesOnInTheSameComparison(t *testing.T) {
	w := newWorld(t)
	want := 0
	for write := 1; write <= 10; write++ {
		for _, after := range []bool{false, true} {
			if _, err := w.process(columns(20, 30), write, after); !errors.Is(err, errDied) {
				t.Fatalf("write %d: got %v, want its death", write, err)
			}
			out, err := w.process(columns(20, 30), 0, false)
			if err != nil {
				t.Fatalf("after it died at write %d (after it: %t): %v", write, after, err)
			}
			present := 0
			for _, v := range out.Result.Verdicts {
				if v == schema.Present {
					present++
				}
			}
			if len(out.Result.Verdicts) != 40 || present != 20 {
				t.Errorf("write %d: %d of %d are present, want 20 of 40", write, present, len(out.Result.Verdicts))
			}
			state := &exchange.State{Dir: w.dir, Vault: sessionlog.NewVault(w.dir, w.root.SealingLock()), Journal: sessionlog.NewJournal(w.dir)}
			if err := state.Forget(out.Place, false); err != nil {
				t.Error(err)
			}
			want++
			if n, states := w.comparisons(); n != want || states["disclosed"] != want || int(w.queued.Load()) != want {
				t.Fatalf("write %d: %d comparisons %v and %d evaluations, want %d of each", write, n, states, w.queued.Load(), want)
			}
		}
	}
	if left := must(exchange.Places(w.dir)); len(left) != 0 {
		t.Errorf("%d places are left", len(left))
	}
}

func TestWhatCannotGoOnIsSaidAndAnotherOneIsOpened(t *testing.T) {
	w := newWorld(t)
	if _, err := w.process(columns(20, 30), 4, true); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	out, err := w.process(columns(10, 30), 0, false)
	if err != nil || len(out.Result.Verdicts) != 40 {
		t.Fatalf("with another schema: %v", err)
	}
	if _, states := w.comparisons(); states["deleted"] != 1 || states["disclosed"] != 1 {
		t.Errorf("the service has %v, want one deleted and one disclosed", states)
	}
}

// TestWhatACrashLeavesOfAComparisonThatEndedIsCleared stops forgetting after each of its deletions.
func TestWhatACrashLeavesOfAComparisonThatEndedIsCleared(t *testing.T) {
	w := newWorld(t)
	for left := range 3 {
		out, err := w.process(columns(20, 30), 0, false)
		if err != nil {
			t.Fatal(err)
		}
		state := &exchange.State{
			Dir: w.dir, Vault: failing{sessionlog.NewVault(w.dir, w.root.SealingLock()), left < 2},
			Journal: failingJournal{sessionlog.NewJournal(w.dir), left < 1},
		}
		if err := state.Forget(out.Place, false); (err == nil) != (left == 2) {
			t.Fatalf("forgotten but for %d: %v", left, err)
		}
	}
	if _, err := w.process(columns(20, 30), 0, false); err != nil {
		t.Fatal(err)
	}
	if _, states := w.comparisons(); states["disclosed"] != 4 || len(states) != 1 {
		t.Errorf("the service has %v, want four disclosed: what ended is not deleted there", states)
	}
	if files := must(filepath.Glob(filepath.Join(w.dir, "*.secret"))); len(files) != 1 {
		t.Errorf("%d secrets are left, want that of the last comparison alone", len(files))
	}
}

type failing struct {
	*sessionlog.Vault
	fail bool
}

func (f failing) Forget(comparison [32]byte) error {
	if f.fail {
		return errDied
	}
	return f.Vault.Forget(comparison)
}

type failingJournal struct {
	*sessionlog.Journal
	fail bool
}

func (f failingJournal) Forget(comparison [32]byte) error {
	if f.fail {
		return errDied
	}
	return f.Journal.Forget(comparison)
}
