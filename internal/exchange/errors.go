package exchange

import (
	"fmt"

	"github.com/google/uuid"

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
	// State is the service's word for the end: failed or deleted. Reason is a sentence of the service, and may be empty.
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

// Accused says that the service ended a comparison because this tenant broke the protocol, and that it has evidence. Nothing is deleted on either
// side: the tenant's own records are its defence.
type Accused struct {
	// ID is what the service calls the comparison. Reason is a sentence of the service, and may be empty.
	ID     uuid.UUID
	Reason string
}

// Error says what to look at.
func (a *Accused) Error() string {
	text := "the service ended the comparison " + a.ID.String() + " because this tenant broke the protocol"
	if a.Reason != "" {
		text += " (" + a.Reason + ")"
	}
	return text + "; fetch its evidence with veil comparisons evidence, and have it checked with veil audit evidence"
}
