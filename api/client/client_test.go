package client_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/keys"
)

// world is a real service over HTTP.
type world struct {
	*testing.T
	service          *service.Service
	server           *httptest.Server
	operator, tenant *client.Client
	token            client.Secret
}

// EnqueueEvaluation evaluates once the transaction is over.
func (w *world) EnqueueEvaluation(_ context.Context, _ pgx.Tx, tenant, id uuid.UUID) error {
	go func() { //nolint:gosec // it outlives the request, as a queue does
		for range 100 {
			time.Sleep(20 * time.Millisecond)
			if w.service.Evaluate(context.Background(), tenant, id) == nil {
				c, err := service.Ask(context.Background(), w.service, service.Actor{Role: service.RoleTenant, Tenant: tenant}, service.GetComparison{ID: id})
				if err != nil || c.State != service.StateSubmitted && c.State != service.StateAccepted {
					return
				}
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

type ledger map[[32]byte][32]byte

func (l ledger) MarkSession(s [32]byte) error       { l[s] = [32]byte{}; return nil }
func (l ledger) RecordResponse(s, r [32]byte) error { l[s] = r; return nil }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.Open(t)
	w := &world{T: t}
	w.service = must(service.New(service.Config{DB: db, Root: must(keys.NewRoot(rand.Reader)), Publish: publisher{}, Jobs: w, Random: rand.Reader, Generator: "test"}))
	handler := must(api.New(api.Config{Service: w.service, Health: db.Health, Version: "1.2.3"}))
	w.server = httptest.NewUnstartedServer(handler)
	w.server.Config = api.Server(handler)
	w.server.Start()
	t.Cleanup(w.server.Close)
	expires := time.Now().Add(time.Hour)
	first := must(w.client(client.Secret(must(w.service.Bootstrap(t.Context())))).Bootstrap(t.Context(), "first", expires))
	w.operator = w.client(first.Secret)
	tenant := must(w.operator.CreateTenant(t.Context(), uuid.New(), "riverside"))
	w.token = must(w.operator.IssueToken(t.Context(), uuid.New(), client.TokenRequest{Role: "tenant", Tenant: tenant.ID, Expires: expires})).Secret
	w.tenant = w.client(w.token)
	must(w.operator.PublishTemplate(t.Context(), uuid.New(), client.Draft{Slug: "example", Version: "1", Files: []client.File{{Name: "a.sql", Text: []byte("a")}}}))
	return w
}

func (w *world) client(token client.Secret) *client.Client {
	return must(client.New(client.Config{Server: w.server.URL, Token: token, UserAgent: "test"}))
}

// compare runs a whole comparison through a client and returns the verdicts' number.
func (w *world) compare(c *client.Client) (*compare.Result, error) {
	ctx := w.Context()
	t, err := c.Template(ctx, "example", "1")
	if err != nil {
		return nil, err
	}
	encoded, err := c.EncodedTemplate(ctx, "example", "1")
	if err != nil {
		return nil, err
	}
	tenant := must(compare.NewTenant(compare.TenantConfig{
		Root: must(keys.NewRoot(rand.Reader)), Template: must(compare.Prepare(must(template.Parse(encoded)))), Facts: columns(20, 30), Ledger: ledger{}, Random: rand.Reader,
	}))
	opened, err := c.OpenComparison(ctx, uuid.New(), "example@1", t.Digest, must(tenant.Open()))
	if err != nil {
		return nil, err
	}
	message := func(t compare.Type) []byte {
		m, err := c.Message(ctx, opened.ID, t)
		if err != nil {
			w.Fatalf("%s: %v", t, err)
		}
		return m
	}
	if _, err := c.Send(ctx, opened.ID, compare.TypeAccept, must(tenant.Accept(message(compare.TypeOffer)))); err != nil {
		return nil, err
	}
	if _, err := c.Submit(ctx, opened.ID, must(tenant.Submit(message(compare.TypeSalt))), nil); err != nil {
		return nil, err
	}
	evaluated := errors.New("evaluated")
	if err := c.Follow(ctx, opened.ID, func(is client.Comparison) error {
		if is.State == "evaluated" {
			return evaluated
		}
		return nil
	}); !errors.Is(err, evaluated) {
		return nil, fmt.Errorf("following: %w", err)
	}
	if _, err := c.Send(ctx, opened.ID, compare.TypeCommitment, must(tenant.Commit(message(compare.TypeResponse)))); err != nil {
		return nil, err
	}
	if _, err := c.Send(ctx, opened.ID, compare.TypeDisclosure, must(tenant.Disclose(message(compare.TypeSeed)))); err != nil {
		return nil, err
	}
	if _, err := c.Report(ctx, opened.ID); err != nil {
		return nil, err
	}
	return tenant.Finish(message(compare.TypeVerdict))
}

func TestEveryOperationOfTheClientIsOneOfTheService(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	result := must(w.compare(w.tenant))
	if len(result.Verdicts) != 40 {
		t.Errorf("got %d verdicts, want 40", len(result.Verdicts))
	}
	self := must(w.tenant.WhoAmI(ctx))
	if self.Role != "tenant" || self.Tenant == nil || self.Version != "1.2.3" || self.Service != w.service.Identity().String() {
		t.Errorf("who am I: %+v", self)
	}
	count := 0
	for c, err := range w.tenant.Comparisons(ctx) {
		if err != nil || c.State != "disclosed" || !c.Ended() {
			t.Fatalf("a comparison: %+v, %v", c, err)
		}
		count++
		must(w.tenant.Transcript(ctx, c.ID))
		if _, err := w.tenant.Evidence(ctx, c.ID); errorOf(err).Code != client.CodeNotFound {
			t.Errorf("evidence: %v", err)
		}
		if deleted := must(w.tenant.DeleteComparison(ctx, c.ID)); deleted.State != "deleted" {
			t.Errorf("deleted: %+v", deleted)
		}
		if _, err := w.tenant.Report(ctx, c.ID); errorOf(err).Code != client.CodeGone {
			t.Errorf("the report of a deleted one: %v", err)
		}
	}
	if count != 1 {
		t.Errorf("got %d comparisons, want 1", count)
	}
	for range 3 {
		must(w.operator.IssueToken(ctx, uuid.New(), client.TokenRequest{Role: "operator", Label: "x", Expires: time.Now().Add(time.Hour)}))
	}
	for token, err := range w.operator.Tokens(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if token.Label == "x" && must(w.operator.RevokeToken(ctx, token.ID)).RevokedAt == nil {
			t.Error("a token is not revoked")
		}
	}
	for tenant, err := range w.operator.Tenants(ctx) {
		if err != nil || tenant.Name != "riverside" {
			t.Errorf("a tenant: %+v, %v", tenant, err)
		}
	}
	for found, err := range w.operator.Templates(ctx, "exam") {
		if err != nil || found.Slug != "example" {
			t.Errorf("a template: %+v, %v", found, err)
		}
	}
	if _, err := w.tenant.CreateTenant(ctx, uuid.New(), "x"); errorOf(err).Status != http.StatusForbidden {
		t.Errorf("a tenant makes a tenant: %v", err)
	}
}

func errorOf(err error) client.Error {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return *e
	}
	return client.Error{}
}

// cutting is a proxy whose connections break after so many bytes from the client, each a little later than the one before.
func (w *world) cutting(first, more int64) (address string, connections *atomic.Int64) {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	w.Cleanup(func() { _ = listener.Close() })
	var limit atomic.Int64
	connections = new(atomic.Int64)
	limit.Store(first)
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer func() { _ = in.Close() }()
				out, err := net.Dial("tcp", w.server.Listener.Addr().String())
				if err != nil {
					return
				}
				defer func() { _ = out.Close() }()
				var once sync.Once
				end := func() { once.Do(func() { _ = in.Close(); _ = out.Close() }) }
				go func() { _, _ = io.Copy(in, out); end() }()
				_, _ = io.CopyN(out, in, limit.Add(more))
				end()
			}()
		}
	}()
	return "http://" + listener.Addr().String(), connections
}

func TestAConnectionThatBreaksAgainAndAgainCostsNothing(t *testing.T) {
	w := newWorld(t)
	address, connections := w.cutting(10_000, 30_000)
	c := must(client.New(client.Config{Server: address, Token: w.token}))
	if result, err := w.compare(c); err != nil || len(result.Verdicts) != 40 {
		t.Errorf("the comparison: %v", err)
	}
	if n := connections.Load(); n < 4 {
		t.Errorf("there were %d connections, so that none broke", n)
	}
}

func TestAHostileServerIsNotBelieved(t *testing.T) {
	id := uuid.New()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "redirects"},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "not understood"},
		"an answer without end": {func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "larger than"},
		"a problem that is none": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "go away", http.StatusTeapot) }, "may not be a Veil service"},
		"escape sequences": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(map[string]string{"type": "/problems/not-found", "detail": "\x1b[2Jgone\r\n"})
		}, "[2Jgone"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(test.answer)
			defer s.Close()
			c := must(client.New(client.Config{Server: s.URL, Token: "veil_secret"}))
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			_, err := c.Comparison(ctx, id)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want something with %q", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "veil_secret") || strings.Contains(err.Error(), "\x1b")) {
				t.Errorf("the error %q has what it must not have", err)
			}
		})
	}
}

func TestWhatIsShedIsTriedAgainAndWhatIsRefusedIsNot(t *testing.T) {
	for status, want := range map[int]int64{http.StatusServiceUnavailable: 3, http.StatusTooManyRequests: 3, http.StatusNotFound: 1, http.StatusForbidden: 1, http.StatusInternalServerError: 1} {
		var seen atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if seen.Add(1) < 3 {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"type":"/problems/x","detail":"no"}`))
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"role":"tenant"}`))
		}))
		_, err := must(client.New(client.Config{Server: s.URL})).WhoAmI(t.Context())
		if got := seen.Load(); got != want || (err == nil) != (want == 3) {
			t.Errorf("%d: %d requests and %v, want %d", status, got, err, want)
		}
		s.Close()
	}
}

func TestAnAddressCarriesNoTokenInClear(t *testing.T) {
	for address, good := range map[string]bool{
		"https://veil.example.org": true, "https://veil.example.org:8420/": true, "http://127.0.0.1:8420": true, "http://[::1]:1": true, "http://localhost:1": true,
		"http://veil.example.org": false, "http://10.0.0.1": false, "http://localhost.example.org": false, "ftp://x": false, "veil.example.org": false, "": false,
		"https://user@veil.example.org": false, "https://veil.example.org/path": false, "https://veil.example.org?x": false, "http://127.0.0.1.example.org": false,
	} {
		if _, err := client.New(client.Config{Server: address}); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := client.New(client.Config{Server: "https://x", Token: "a\nb"}); err == nil {
		t.Error("a token with a line end is taken")
	}
}

func TestATokenDoesNotPrint(t *testing.T) {
	issued := client.Issued{Secret: "veil_secret"}
	text := fmt.Sprintf("%v %+v %#v %s", issued, issued, issued, issued.Secret) + string(must(json.Marshal(issued)))
	if strings.Contains(text, "veil_secret") {
		t.Errorf("it prints: %s", text)
	}
}
