package service

import (
	"errors"
	"fmt"

	"github.com/veilschema/veil/internal/store"
)

// Code is a stable name of what went wrong, the same in the API's problem documents.
type Code string

// The codes.
const (
	CodeInternal     Code = "internal"         // not the caller's fault
	CodeInvalid      Code = "invalid"          // what was sent cannot be taken as it is
	CodeForbidden    Code = "forbidden"        // the role may not do this
	CodeNotFound     Code = "not-found"        // it is not there, or not the caller's
	CodeExists       Code = "exists"           // there is another one of this name
	CodeState        Code = "out-of-step"      // the comparison is at another message
	CodeConflict     Code = "conflict"         // somebody else was faster; read again
	CodeReused       Code = "key-reused"       // one idempotency key for two different requests
	CodeTemplate     Code = "template-changed" // the template's digest is not the one that was named
	CodeMisconduct   Code = "misconduct"       // a side broke the protocol, and there is evidence
	CodeLimit        Code = "limit"            // more than a tenant may have
	CodePending      Code = "pending"          // it is being made; ask again later
	CodeOffset       Code = "upload-offset"    // a part of an upload does not begin where the last one ended
	CodeGone         Code = "gone"             // it was deleted
	CodeUnavailable  Code = "unavailable"      // something that is needed is not there now; try again later
	CodeUnauthorized Code = "unauthorized"     // no token, or not a valid one
)

// Error is an answer for the caller: Message is one sentence for a person. The cause is for the log.
type Error struct {
	Code    Code
	Message string
	Cause   error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func failf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// CodeOf returns the code of an error. One that is not an *[Error] is [CodeUnavailable] where the database was not there, else [CodeInternal].
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if store.Absent(err) {
		return CodeUnavailable
	}
	return CodeInternal
}
