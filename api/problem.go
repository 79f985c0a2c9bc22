package api

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/veilschema/veil/internal/service"
)

// Codes of problems that never reach the service.
const (
	CodeMethod     service.Code = "method-not-allowed" // the path is there, but not for this method
	CodeAcceptable service.Code = "not-acceptable"     // no representation that the client accepts
	CodeTooLarge   service.Code = "too-large"          // the body is larger than the operation takes
	CodeMedia      service.Code = "media-type"         // the body is in a form that the operation does not take, or compressed
	CodeTimeout    service.Code = "timeout"            // the body did not come in time
	CodeRate       service.Code = "rate-limited"       // too many requests of one token or address
	CodeOverloaded service.Code = "overloaded"         // too many requests of all
)

// Kind is what all problems of one code have in common.
type Kind struct {
	Status int
	Title  string
}

// Problems is the one table of problems: every error that a client gets is one of these. docs/api.md explains them.
var Problems = map[service.Code]Kind{
	service.CodeInternal:     {http.StatusInternalServerError, "The service failed"},
	service.CodeInvalid:      {http.StatusUnprocessableEntity, "The request cannot be taken as it is"},
	service.CodeForbidden:    {http.StatusForbidden, "The token's role may not do this"},
	service.CodeNotFound:     {http.StatusNotFound, "It is not there"},
	service.CodeExists:       {http.StatusConflict, "It is there already"},
	service.CodeState:        {http.StatusConflict, "The comparison is at another message"},
	service.CodeConflict:     {http.StatusConflict, "Somebody else was faster"},
	service.CodeReused:       {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request"},
	service.CodeTemplate:     {http.StatusConflict, "The template has another digest"},
	service.CodeMisconduct:   {http.StatusConflict, "A side broke the protocol"},
	service.CodeLimit:        {http.StatusTooManyRequests, "A limit is reached"},
	service.CodePending:      {http.StatusConflict, "It is being made"},
	service.CodeOffset:       {http.StatusConflict, "The part does not begin where the last one ended"},
	service.CodeGone:         {http.StatusGone, "It was deleted"},
	service.CodeUnavailable:  {http.StatusServiceUnavailable, "The service cannot do this now"},
	service.CodeUnauthorized: {http.StatusUnauthorized, "A valid token is missing"},
	CodeMethod:               {http.StatusMethodNotAllowed, "The method is not allowed here"},
	CodeAcceptable:           {http.StatusNotAcceptable, "There is no such representation"},
	CodeTooLarge:             {http.StatusRequestEntityTooLarge, "The body is too large"},
	CodeMedia:                {http.StatusUnsupportedMediaType, "The body's form is not taken here"},
	CodeTimeout:              {http.StatusRequestTimeout, "The body did not come in time"},
	CodeRate:                 {http.StatusTooManyRequests, "Too many requests"},
	CodeOverloaded:           {http.StatusServiceUnavailable, "The service has too much to do"},
}

// codeOfStatus names the errors that router and validation make.
var codeOfStatus = map[int]service.Code{
	http.StatusUnauthorized: service.CodeUnauthorized, http.StatusForbidden: service.CodeForbidden, http.StatusNotFound: service.CodeNotFound,
	http.StatusMethodNotAllowed: CodeMethod, http.StatusNotAcceptable: CodeAcceptable, http.StatusRequestTimeout: CodeTimeout,
	http.StatusRequestEntityTooLarge: CodeTooLarge, http.StatusUnsupportedMediaType: CodeMedia, http.StatusServiceUnavailable: service.CodeUnavailable,
}

// Problem is a problem document (RFC 9457).
type Problem struct {
	Type      string `json:"type" doc:"relative reference, stable: /problems/ and a code"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty" doc:"what happened, to what, and what to do next"`
	RequestID string `json:"request_id,omitempty" doc:"the operator finds the request by it"`
}

var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.HeadersError      = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
)

func newProblem(code service.Code, detail, request string) *Problem {
	kind, ok := Problems[code]
	if !ok {
		code, kind, detail = service.CodeInternal, Problems[service.CodeInternal], ""
	}
	return &Problem{Type: "/problems/" + string(code), Title: kind.Title, Status: kind.Status, Detail: detail, RequestID: request}
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problem documents, whatever was negotiated.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders says when to come again and how to sign in.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch code := service.Code(strings.TrimPrefix(p.Type, "/problems/")); code {
	case service.CodePending, CodeRate:
		h.Set("Retry-After", "1")
	case service.CodeLimit:
		h.Set("Retry-After", "60") // something has to be finished or deleted first
	case CodeOverloaded, service.CodeUnavailable:
		h.Set("Retry-After", strconv.Itoa(1+rand.IntN(maxRetry))) //nolint:gosec // it spreads clients, and is no secret
	case service.CodeUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="veil"`)
	}
	return h
}
