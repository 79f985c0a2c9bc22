package client

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Codes of problems that callers tell apart; docs/api.md has all of them.
const (
	CodePending    = "pending"
	CodeLimit      = "limit"
	CodeConflict   = "conflict"
	CodeOffset     = "upload-offset"
	CodeState      = "out-of-step"
	CodeNotFound   = "not-found"
	CodeGone       = "gone"
	CodeTemplate   = "template-changed"
	CodeMisconduct = "misconduct"
)

// Error is a problem that the service answered with.
type Error struct {
	// Status is the HTTP status and Code the stable name of the problem.
	Status int
	Code   string
	Title  string
	// Detail is one sentence for a person.
	Detail string
	// RequestID is what the operator finds the request by.
	RequestID string
	// RetryAfter is how long the service asks to wait; zero where it does not say.
	RetryAfter time.Duration
}

// Error returns what happened and, where the service failed, under which id its operator finds why.
func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	if text == "" {
		text = fmt.Sprintf("the service answered with the status %d", e.Status)
	}
	if e.Status >= http.StatusInternalServerError && e.RequestID != "" {
		text += " (tell its operator the request id " + e.RequestID + ")"
	}
	return text
}

// again says whether the same request may be answered otherwise in a moment.
func (e *Error) again() bool {
	switch e.Status {
	case http.StatusTooManyRequests:
		return e.Code != CodeLimit
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return e.Code == CodeConflict
}

// Unreachable says that there was no answer of the service, or none that could be understood.
type Unreachable struct {
	Server string
	Cause  error
	once   bool // what was asked for may have happened, and cannot be asked for again
}

// Error says what to do next.
func (e *Unreachable) Error() string {
	switch {
	case e.untrusted():
		return fmt.Sprintf("the certificate of the service at %s is not trusted (%v); give the certificate of the authority that signed it, and no token was sent", e.Server, e.Cause)
	case e.once:
		return fmt.Sprintf("the service at %s gave no answer (%v), and the one-time token may be used up; where it is, start the service again, which then shows another one", e.Server, e.Cause)
	}
	return fmt.Sprintf("the service at %s gave no answer (%v); check the address and the network, and repeat the command: nothing is done twice", e.Server, e.Cause)
}

// untrusted says whether the server could not show that it is who it says; asking again changes nothing.
func (e *Unreachable) untrusted() bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](e.Cause)
	return is
}

// Unwrap returns the cause.
func (e *Unreachable) Unwrap() error { return e.Cause }

// problem reads a problem document. Whatever it says is cut and made printable, because it comes from a server.
func problem(status int, header http.Header, body []byte) *Error {
	e := &Error{Status: status, RetryAfter: retryAfter(header), RequestID: plain(header.Get("X-Request-Id"), 64)}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	var doc struct{ Type, Title, Detail string }
	if err == nil && kind == "application/problem+json" && json.Unmarshal(body, &doc) == nil {
		e.Code, _ = strings.CutPrefix(plain(doc.Type, 100), "/problems/")
		e.Title, e.Detail = plain(doc.Title, 200), plain(doc.Detail, 2000)
		return e
	}
	if err == nil && kind == "application/problem+json" && len(body) == 0 { // the answer to HEAD
		e.Code, e.Title = ofStatus[status].code, ofStatus[status].title
		if e.Title == "" {
			e.Title = fmt.Sprintf("the service answered with the status %d (%s)", status, http.StatusText(status))
		}
		return e
	}
	e.Title = fmt.Sprintf("the server answered with the status %d and no problem document; it may not be a Veil service", status)
	if status >= 300 && status < 400 {
		e.Title = "the server redirects to another address, where a token must not follow; give the service's own address"
	}
	return e
}

// ofStatus are the problems that a status alone tells, where there is no body to say so.
var ofStatus = map[int]struct{ code, title string }{
	http.StatusUnauthorized:       {"unauthorized", "the token is missing or not valid; give a valid one"},
	http.StatusForbidden:          {"forbidden", "the token's role may not do this; ask the operator for another one"},
	http.StatusNotFound:           {CodeNotFound, "there is no such comparison of this tenant; look for its id in the list of comparisons"},
	http.StatusGone:               {CodeGone, "the comparison was deleted; open another one"},
	http.StatusTooManyRequests:    {"rate-limited", "too many requests at the moment; try again later"},
	http.StatusServiceUnavailable: {"overloaded", "the service has too much to do at the moment; try again later"},
}

// retryAfter reads the seconds of a Retry-After header.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 24*3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// plain makes a text of a server harmless: no control characters, and not more than so many bytes.
func plain(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s), "")
}
