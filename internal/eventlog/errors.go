package eventlog

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ErrOtherScope is the cause where an event is not the scope's to append: it is about another tenant, or its command's id or its stream was used by one.
var ErrOtherScope = errors.New("this event is not for this scope to append")

// ConflictError says that a stream has another version than the caller saw: somebody else appended to it. Load the stream and decide again.
type ConflictError struct {
	Stream string
	// Expected is the version that the caller saw, Actual the one that the stream has.
	Expected, Actual int64
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("the stream %s is at version %d and not %d: something happened in between; load it and decide again", e.Stream, e.Actual, e.Expected)
}

// DoneError says that a command was carried out before, and what came of it. A caller that repeats a request answers with that.
type DoneError struct {
	Command uuid.UUID
	// Events are those that the command made the first time, in order, at least one.
	Events []Event
}

// Error implements error.
func (e *DoneError) Error() string {
	return fmt.Sprintf("the command %s was carried out before", e.Command)
}

// Damage is something in the database that is not as it was written. The database must not be written to any more: keep it, restore a backup beside it, and
// compare.
type Damage struct {
	// Sequence is the event that it is about, -1 where it is about none.
	Sequence int64
	// Position is the hash that it is about, -1 where it is about none.
	Position int64
	// Finding says what is wrong, a clause.
	Finding string
}

// Error implements error.
func (d *Damage) Error() string {
	switch {
	case d.Sequence >= 0:
		return fmt.Sprintf("event %d of the log is damaged: %s", d.Sequence, d.Finding)
	case d.Position >= 0:
		return fmt.Sprintf("hash %d of the log is damaged: %s", d.Position, d.Finding)
	default:
		return "the log is damaged: " + d.Finding
	}
}

func damagedEvent(sequence int64, format string, args ...any) *Damage {
	return &Damage{Sequence: sequence, Position: -1, Finding: fmt.Sprintf(format, args...)}
}

func damagedHash(position int64, format string, args ...any) *Damage {
	return &Damage{Sequence: -1, Position: position, Finding: fmt.Sprintf(format, args...)}
}

func damagedLog(format string, args ...any) *Damage {
	return &Damage{Sequence: -1, Position: -1, Finding: fmt.Sprintf(format, args...)}
}
