package witness

import (
	"fmt"
	"net/http"

	"golang.org/x/mod/sumdb/tlog"
)

// refusal is why a checkpoint is not cosigned. What it says is for whoever asked; the cause is for the witness's own log.
type refusal struct {
	status int
	says   string
	size   int64 // leaves of the last checkpoint, for a conflict
	cause  error
}

func (r *refusal) Error() string { return r.says }

func refusef(status int, format string, args ...any) *refusal {
	return &refusal{status: status, says: fmt.Sprintf(format, args...)}
}

// judge says whether a checkpoint that its log signed may follow the last one that was cosigned. A log that is new here counts as one whose last
// tree was empty; so the first checkpoint needs no proof, and one of no leaves needs the root of no leaves.
func judge(last checkpoint, r request) *refusal {
	next := r.checkpoint
	switch {
	case r.old > next.size:
		return refusef(http.StatusBadRequest, "the checkpoint has %d leaves, fewer than the %d that the proof begins at: a log does not shrink", next.size, r.old)
	case r.old != last.size, next.size == last.size && next.root != last.root:
		return &refusal{status: http.StatusConflict, says: fmt.Sprint(last.size), size: last.size}
	case !grown(last, next, r.proof):
		return refusef(http.StatusUnprocessableEntity, "the proof does not lead from the tree of %d leaves that this witness cosigned to the one of %d leaves", last.size, next.size)
	}
	return nil
}

// grown checks a proof that a tree continues another one. Where that has no leaves or as many leaves there is nothing to prove, and the proof must be
// empty: tlog.CheckTree does not take the first case, which other libraries accept with any root at all.
func grown(last, next checkpoint, proof tlog.TreeProof) bool {
	if last.size == 0 || last.size == next.size {
		return len(proof) == 0
	}
	return tlog.CheckTree(proof, next.size, next.root, last.size, last.root) == nil
}

// contradicts says whether two checkpoints cannot both be of one log, whatever it proves: a fork that needs no more evidence.
func contradicts(a, b checkpoint) bool { return a.size == b.size && a.root != b.root }
