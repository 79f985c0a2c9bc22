package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/veilschema/veil/internal/service"
)

// Config is what the interface is made of.
type Config struct {
	// Service does the work. Required.
	Service *service.Service
	// Health says whether the database answers; required. Readiness is its answer.
	Health func(context.Context) error
	// Version is the program's, for the description.
	Version string
	// Log gets causes of errors, never a token, query or body; nil logs nothing.
	Log *slog.Logger
	// Limits bounds what clients may have at the same time.
	Limits Limits
	// Observe is told of every request that has ended; nil is told nothing.
	Observe func(Observation)
	// Closing ends all streams of events when it is closed, so that a graceful shutdown does not wait for them; nil never does.
	Closing <-chan struct{}
}

type server struct {
	Config
	gate  *gate
	known known
}

type contextKey int

const (
	keyRequest  contextKey = iota // *http.Request
	keyResponse                   // http.ResponseWriter
	keyID                         // string
	keyActor                      // service.Actor
	keyTrace                      // *trace
)

func response(ctx context.Context) http.ResponseWriter {
	w, _ := ctx.Value(keyResponse).(http.ResponseWriter)
	return w
}
func requestID(ctx context.Context) string    { id, _ := ctx.Value(keyID).(string); return id }
func actor(ctx context.Context) service.Actor { a, _ := ctx.Value(keyActor).(service.Actor); return a }
func request(ctx context.Context) *http.Request {
	r, _ := ctx.Value(keyRequest).(*http.Request)
	return r
}

// unreadable is what huma says of a body that broke off, and takes for a fault of the service.
const unreadable = "cannot read request body"

// problems makes huma's own errors problem documents of ours. The library keeps this in a variable of the package.
var problems = sync.OnceFunc(func() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, detail string, causes ...error) huma.StatusError {
		if status == http.StatusInternalServerError && detail == unreadable {
			status, detail, causes = http.StatusBadRequest, "the body broke off, or is not as long as its header says; send it whole", nil
		}
		code, ok := codeOfStatus[status]
		if !ok && status < http.StatusInternalServerError {
			code = service.CodeInvalid
		} else if !ok {
			code, detail = service.CodeInternal, ""
		}
		for _, cause := range causes {
			if d, ok := cause.(huma.ErrorDetailer); ok && status < http.StatusInternalServerError {
				detail += "; " + d.ErrorDetail().Location + ": " + d.ErrorDetail().Message
			}
		}
		id := ""
		if ctx != nil {
			id = requestID(ctx.Context())
		}
		return newProblem(code, detail, id)
	}
})

// New makes the handler of all routes.
func New(c Config) (http.Handler, error) {
	if c.Service == nil || c.Health == nil {
		return nil, errors.New("the REST interface needs a service and its health")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	problems()
	s := &server{Config: c, gate: newGate(c.Limits.orDefault())}
	router := chi.NewRouter()
	router.Use(s.outermost, http.NewCrossOriginProtection().Handler)
	router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		write(w, newProblem(service.CodeNotFound, "there is nothing at this address; look into /openapi.json", requestID(r.Context())))
	})
	router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		write(w, newProblem(CodeMethod, "this address does not take the method "+r.Method+"; look into /openapi.json", requestID(r.Context())))
	})
	router.Get("/livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	router.Get("/readyz", s.ready)
	config := huma.DefaultConfig("Veil", c.Version)
	config.DocsPath, config.SchemasPath, config.OpenAPIPath, config.CreateHooks = "", "", "", nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	api := humachi.New(router, config)
	api.UseMiddleware(s.admit(api))
	s.identities(api)
	s.templates(api)
	s.comparisons(api)
	s.events(api)
	s.audit(api, router)
	if err := s.pages(router, api.OpenAPI()); err != nil {
		return nil, err
	}
	return router, nil
}

// Server is an HTTP server with limits on what a slow client may hold. Set its address and certificates.
func Server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaders}
}

// outermost gives a request its id, its pace and its line in the log, and the answer its headers, and makes a panic an answer.
func (s *server) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		id, begun := rand.Text(), time.Now()
		w := &trace{ResponseWriter: to, ReadCloser: &paced{ReadCloser: r.Body, control: http.NewResponseController(to), begun: begun}}
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("Veil-Version", s.Version)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		r = r.WithContext(context.WithValue(context.WithValue(r.Context(), keyID, id), keyTrace, w))
		if r.Body != http.NoBody {
			r.Body = w
		}
		defer func() { s.observe(r, w, id, time.Since(begun)) }()
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
					panic(p)
				}
				s.Log.Error("a request panicked", "request", id, "panic", p)
				if w.status != 0 {
					panic(http.ErrAbortHandler) // an answer has begun, and must not look like a whole one
				}
				write(w, newProblem(service.CodeInternal, "", id))
			}
		}()
		if r.Header.Get("Content-Encoding") != "" {
			write(w, newProblem(CodeMedia, "compressed bodies are not taken; send it without Content-Encoding", id))
			return
		}
		if !readable(r.URL) {
			write(w, newProblem(service.CodeInvalid, "the address has a zero byte or is not UTF-8; send text in it", id))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// readable says whether an address is text that the database can be asked for.
func readable(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	all := u.Path + query
	return err == nil && utf8.ValidString(all) && !strings.Contains(all, "\x00")
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if err := s.Health(ctx); err != nil {
		write(w, s.problem(ctx, &service.Error{Code: service.CodeUnavailable, Message: "the database is not ready; try again later", Cause: err}))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func write(w http.ResponseWriter, p *Problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // where it fails, nobody listens
}

// problem makes a problem document of an error, whose cause goes to the log and nowhere else.
func (s *server) problem(ctx context.Context, err error) *Problem {
	code, detail := service.CodeOf(err), ""
	if e, ok := errors.AsType[*service.Error](err); ok && code != service.CodeInternal {
		detail = e.Message
	} else if code == service.CodeUnavailable {
		detail = "the database of the service does not answer now; try again later"
	}
	p := newProblem(code, detail, requestID(ctx))
	if p.Status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "a request failed", "request", p.RequestID, "code", code, "error", err)
	}
	return p
}

// admit holds a request against the access table, before its body is read.
func (s *server) admit(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		op := ctx.Operation()
		who, known := Access[op.Method+" "+op.Path]
		c := huma.WithValue(huma.WithValue(ctx, keyRequest, r), keyResponse, w)
		if !known {
			write(w, s.problem(ctx.Context(), errors.New("the operation has no row in the access table: "+op.OperationID)))
			return
		}
		a, err := s.identify(r, who)
		if err == nil {
			err = tooLong(op, r)
		}
		var leave func()
		if err == nil {
			leave, err = s.gate.enter(ctx.Context(), op, a, r.ContentLength)
		}
		if err != nil {
			write(w, s.problem(ctx.Context(), err))
			return
		}
		defer leave()
		next(huma.WithValue(c, keyActor, a))
	}
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}
