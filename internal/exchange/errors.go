package exchange

import (
	"fmt"

	"github.com/veilschema/veil/compare"
)

// Untrusted says that the service sent a message that the protocol does not take, and that proves nothing to others.
type Untrusted struct {
	Message compare.Type
	Cause   error
}

// Error says which message it was.
func (u *Untrusted) Error() string {
	return fmt.Sprintf("the service's %s is not what the protocol has there, and nothing was sent after it: %v", u.Message, u.Cause)
}

// Unwrap returns the cause.
func (u *Untrusted) Unwrap() error { return u.Cause }

// Ended says that the service ended a comparison before its verdict. It cannot go on; another one can be opened.
type Ended struct {
	// State is the service's word for the end: failed, misconduct or deleted. Reason is a sentence of the service, and may be empty.
	State, Reason string
}

// Error says how it ended.
func (e *Ended) Error() string {
	text := fmt.Sprintf("the service ended the comparison (%s)", e.State)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}
