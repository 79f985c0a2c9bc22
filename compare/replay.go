package compare

import (
	"errors"
	"fmt"
)

// ErrUnfinished says that a transcript keeps to the protocol and ends before its last message.
var ErrUnfinished = errors.New("the transcript ends before the comparison did")

// Replay reads a transcript as a third party and evaluates again, to the byte: every signature, that the response is the evaluation of the submission
// against the template under the opened seed, and that the disclosed verdicts are those that were decrypted. A *[Misconduct] is in the transcript
// itself. What it does not show is that the submission is somebody's schema; see merkle.
func Replay(p *Prepared, transcript [][]byte, workers int) (*Result, error) {
	s := newSession(p, max(1, workers))
	if read, err := s.replay(transcript); err != nil {
		return nil, fmt.Errorf("message %d: %w", read, err)
	}
	if s.last != TypeVerdict {
		return nil, fmt.Errorf("%w: after its %s", ErrUnfinished, s.last)
	}
	return s.result(), nil
}
