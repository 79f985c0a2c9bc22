package compare

import (
	"errors"
	"fmt"
)

// ResumeEvaluator returns the service's side as it was after the messages of a
// transcript, which may be empty. Everything that it sends from then on is, to
// the byte, what it would have sent had it never stopped.
//
// A transcript may end with a message of the tenant that was not answered; the
// method that takes it is then called with the same bytes. Another message in its
// place that the tenant signed is *Misconduct, as it always is. A transcript of
// all ten messages is read too, and nothing is left to do; for the result, resume
// from the first nine and conclude again.
//
// Every signature, opening and verdict is verified, and that the offer is the one
// that cfg makes. Nothing is evaluated: a response is taken as it is, since this
// side signed it. An error means that the transcript is no prefix of a comparison
// that cfg led; it is *Misconduct where the tenant's messages prove an offence, and
// ErrNewSalt where the comparison ended with its salt.
//
// The caller vouches for two things, on which soundness rests. cfg.Random yields
// the 64 bytes that it yielded to NewEvaluator, for this comparison alone. And the
// transcript is what was committed to a database, in one transaction for each
// message of the tenant and its answer, before that answer was sent. A service
// that resumes from an older transcript, say a restored backup, can be brought to
// take a second commitment after it opened the seed, and whoever holds the seed
// forges any verdict.
func ResumeEvaluator(cfg EvaluatorConfig, transcript [][]byte) (*Evaluator, error) {
	e, err := NewEvaluator(cfg)
	if err != nil {
		return nil, err
	}
	for i, message := range transcript {
		if err := e.reread(Type(i+1), message); err != nil {
			return nil, fmt.Errorf("the comparison does not go on from its transcript, in which message %d does not hold: %w", i+1, err)
		}
	}
	return e, nil
}

// reread takes the next message of either side from the transcript.
func (e *Evaluator) reread(t Type, message []byte) error {
	s := e.session
	if err := s.reread(t, message, RoleService); err != nil {
		return err
	}
	switch t {
	case TypeOffer:
		// The salt and the seed are then this side's own as well: they open the
		// commitments in the offer.
		if s.offer != e.offer(s.layout) {
			return errors.New("the offer was made under another key or from other random bytes than were given now; find those of this comparison")
		}
	case TypeResponse:
		s.seed = e.seed
	case TypeDisclosure:
		return s.checkDisclosure()
	}
	return nil
}
