package client_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

func problemTo(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"/problems/%s","detail":"no"}`, code)
}

func TestSubmitSaysWhyItIsRefused(t *testing.T) {
	for status, code := range map[int]string{http.StatusGone: client.CodeGone, http.StatusNotFound: client.CodeNotFound, http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { problemTo(w, status, code) }))
		_, err := must(client.New(client.Config{Server: s.URL})).Submit(t.Context(), uuid.New(), make([]byte, 9), nil)
		if errorOf(err).Code != code {
			t.Errorf("%d: got code %q (%v), want %q", status, errorOf(err).Code, err, code)
		}
		s.Close()
	}
}

func TestFollowGoesOnAfterItWasTold(t *testing.T) {
	id := uuid.New()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i := n.Add(1)
		if i < 7 {
			problemTo(w, http.StatusBadGateway, "x")
			return
		}
		state := "submitted"
		if i == 8 {
			state = "failed"
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(w, "event: comparison\ndata: {\"id\":%q,\"state\":%q}\n\n", id, state)
	}))
	defer s.Close()
	err := must(client.New(client.Config{Server: s.URL})).Follow(t.Context(), id, func(client.Comparison) error { return nil })
	if err != nil {
		t.Errorf("it gave up after an event came: %v", err)
	}
}

func TestALostBootstrapIsNotSaidToBeSafeToRepeat(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer s.Close()
	_, err := must(client.New(client.Config{Server: s.URL})).Bootstrap(t.Context(), "", time.Now())
	if err == nil || strings.Contains(err.Error(), "nothing is done twice") {
		t.Errorf("got %v", err)
	}
}

func TestAnswersOfAnotherKindAreRefused(t *testing.T) {
	page := func(kind, body string) *client.Client {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return must(client.New(client.Config{Server: s.URL}))
	}
	if b, err := page("text/html", "<html>sign in").Message(t.Context(), uuid.New(), compare.TypeSalt); err == nil {
		t.Errorf("a web page is the salt: %q", b)
	}
	if b, err := page("text/html", "<html>sign in").Report(t.Context(), uuid.New()); err == nil {
		t.Errorf("a web page is the report: %q", b)
	}
	if i, err := page("application/json", "{}").IssueToken(t.Context(), uuid.New(), client.TokenRequest{}); err == nil {
		t.Errorf("a token of no characters was issued: %+v", i)
	}
	if c, err := page("application/json", "null").Comparison(t.Context(), uuid.New()); err == nil {
		t.Errorf("nothing is a comparison: %+v", c)
	}
	if c, err := page("application/json", fmt.Sprintf(`{"id":%q}`, uuid.New())).Comparison(t.Context(), uuid.New()); err == nil {
		t.Errorf("another comparison than the one that was asked for: %v", c.ID)
	}
}

func TestAListThatTurnsInCirclesEnds(t *testing.T) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"items":[{"name":"x"}],"next":"%d"}`, n.Add(1)%2+1)
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for _, err := range must(client.New(client.Config{Server: s.URL})).Tenants(ctx) {
		if err != nil {
			break
		}
	}
	if n.Load() > 50 {
		t.Errorf("%d pages were read", n.Load())
	}
}

func TestAnUntrustedCertificateIsNotTriedAgainAndAPrivateOneIsTrustedWhenNamed(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"role":"tenant","service":"x","version":"1"}`))
	}))
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	var again atomic.Int64
	c := must(client.New(client.Config{Server: s.URL, Log: slog.New(handler(func(slog.Record) { again.Add(1) }))}))
	if _, err := c.WhoAmI(t.Context()); err == nil {
		t.Error("an unknown certificate is trusted")
	}
	if again.Load() > 0 {
		t.Errorf("a certificate that is not trusted was tried %d times again", again.Load())
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if _, err := must(client.New(client.Config{Server: s.URL, CA: ca})).WhoAmI(t.Context()); err != nil {
		t.Errorf("the private CA: %v", err)
	}
}

func TestOneServiceHasOneAddress(t *testing.T) {
	for _, text := range []string{"https://veil.example.org:443", "https://VEIL.example.org/", "https://veil.example.org:"} {
		if got := must(client.New(client.Config{Server: text})).Server(); got != "https://veil.example.org" {
			t.Errorf("%s is %s", text, got)
		}
	}
	if got := must(client.New(client.Config{Server: "http://localhost:80"})).Server(); got != "http://localhost" {
		t.Errorf("got %s", got)
	}
}

func TestTheTypesAreThoseOfTheDescription(t *testing.T) {
	var d struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type   any    `json:"type"`
					Format string `json:"format"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(must(os.ReadFile("../testdata/openapi.json")), &d); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"Comparison": client.Comparison{}, "Template": client.Template{}, "TenantInfo": client.Tenant{}, "TokenInfo": client.Token{}, "Self": client.Self{},
		"Draft": client.Draft{}, "DDL": client.File{}, "Issue-tokenRequest": client.TokenRequest{},
	} {
		described, ok := d.Components.Schemas[name]
		if !ok {
			t.Errorf("the description has no %s", name)
		}
		fields := map[string]string{}
		for f := range reflect.TypeOf(v).Fields() {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			kind := f.Type
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			fields[tag] = map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer", reflect.Slice: "array", reflect.Array: "string", reflect.Struct: "string"}[kind.Kind()]
			if kind == reflect.TypeFor[[]byte]() {
				fields[tag] = "string"
			}
		}
		for p, is := range described.Properties {
			want := fmt.Sprint(is.Type)
			if got, ok := fields[p]; !ok || !strings.Contains(want, got) {
				t.Errorf("%s.%s is %q here and %s in the description", name, p, got, want)
			}
			delete(fields, p)
		}
		for f := range fields {
			t.Errorf("%s.%s is not in the description", name, f)
		}
	}
}

func TestMoreFollowersThanStreamsAreToldAll(t *testing.T) {
	w := newWorld(t)
	id := w.opened()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	var told atomic.Int64
	for range 21 {
		all.Go(func() {
			first := true
			err := w.tenant.Follow(ctx, id, func(client.Comparison) error {
				if first {
					first = false
					told.Add(1)
				}
				if told.Load() == 21 {
					cancel()
				}
				return nil
			})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("a follower: %v", err)
				cancel()
			}
		})
	}
	all.Wait()
	if told.Load() != 21 {
		t.Errorf("%d of 21 were told", told.Load())
	}
}

func (w *world) opened() uuid.UUID {
	encoded := must(w.tenant.EncodedTemplate(w.Context(), "example", "1"))
	tenant := must(compare.NewTenant(compare.TenantConfig{
		Root: must(keys.NewRoot(rand.Reader)), Template: must(compare.Prepare(must(template.Parse(encoded)))), Facts: columns(20, 30), Ledger: ledger{}, Random: rand.Reader,
	}))
	published := must(w.tenant.Template(w.Context(), "example", "1"))
	return must(w.tenant.OpenComparison(w.Context(), uuid.New(), "example@1", published.Digest, must(tenant.Open()))).ID
}

// losing carries requests and loses the first answer of a method.
type losing struct {
	method string
	lost   atomic.Bool
}

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.Method == l.method && l.lost.CompareAndSwap(false, true) {
		_, _ = io.Copy(io.Discard, a.Body)
		_ = a.Body.Close()
		return nil, errors.New("connection reset")
	}
	return a, err
}

func TestALostAnswerIsMadeGood(t *testing.T) {
	w := newWorld(t)
	with := func(token client.Secret, method string) *client.Client {
		return must(client.New(client.Config{Server: w.server.URL, Token: token, Transport: &losing{method: method}}))
	}
	if c, err := with(w.token, http.MethodDelete).DeleteComparison(t.Context(), w.opened()); err != nil || c.State != "deleted" {
		t.Errorf("deleting: %+v, %v", c, err)
	}
	id := w.opened()
	size := must(w.tenant.DeleteComparison(t.Context(), id)).SubmissionBytes
	_, err := w.tenant.Submit(t.Context(), id, make([]byte, size), nil)
	if errorOf(err).Code != client.CodeGone && errorOf(err).Code != client.CodeState {
		t.Errorf("submitting to a deleted one: %q %v", errorOf(err).Code, err)
	}
}

// handler is told of each line of a log.
type handler func(slog.Record)

func (handler) Enabled(context.Context, slog.Level) bool        { return true }
func (h handler) Handle(_ context.Context, r slog.Record) error { h(r); return nil }
func (h handler) WithAttrs([]slog.Attr) slog.Handler            { return h }
func (h handler) WithGroup(string) slog.Handler                 { return h }
