package witness

import (
	"errors"
	"fmt"
)

// Errors of a witness's folder and configuration that a caller may want to tell apart.
var (
	ErrLocked  = errors.New("another process is the witness of this folder: stop it, or choose another folder")
	ErrDamaged = errors.New("this witness no longer knows for certain what it cosigned: bring the file back as it was last, or else remove the whole folder, so that a witness of a new key begins; never remove the file alone")
	ErrUnsafe  = errors.New("a witness's folder is its own user's alone")
	ErrNoKey   = errors.New("there is no witness in this folder: check its name, or start a witness with it first")
	ErrConfig  = errors.New("the witness is not set up rightly")
)

// Errors of [Client.Add] that a caller may want to tell apart.
var (
	ErrUnknownLog   = errors.New("the witness does not know this log, or there is none at this address: have the log's key added to it")
	ErrUntrusted    = errors.New("the witness found no signature by a key that it trusts for this log: have the log's present key added to it")
	ErrInconsistent = errors.New("the witness found that the proof does not lead to this checkpoint: the log changed what it had shown, or made a wrong proof")
	ErrCosignature  = errors.New("the answer has no valid cosignature by the witness: nothing is witnessed, check the witness's address and key")
)

// ConflictError says that the witness last cosigned a tree of another size than the proof begins at. A log proves growth from that size and asks again. Where
// the sizes are the same, the witness has cosigned another tree of this size.
type ConflictError struct {
	// Size is the number of leaves of the last checkpoint that the witness cosigned, Old the number that the proof began at.
	Size, Old int64
}

func (e *ConflictError) Error() string {
	if e.Size == e.Old {
		return fmt.Sprintf("the witness cosigned another tree of %d leaves before: this log shows different trees", e.Size)
	}
	return fmt.Sprintf("the witness has a tree of %d leaves, and the proof begins at %d: make one that begins at %d, and ask again", e.Size, e.Old, e.Size)
}

// StatusError says that the witness refused for a reason that has no error of its own.
type StatusError struct {
	// Status is the HTTP status, Detail what the witness says, printable and cut.
	Status int
	Detail string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the witness answered with status %d (%s): ask again later, or ask who runs it", e.Status, e.Detail)
}
