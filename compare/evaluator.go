package compare

import (
	"errors"
	"fmt"
	"io"

	"github.com/veilschema/veil/keys"
)

// EvaluatorConfig is what a service brings to a comparison.
type EvaluatorConfig struct {
	// Identity signs the service's messages.
	Identity *keys.Identity
	// Template is what tenants compare with.
	Template *Prepared
	// Random is read once, by NewEvaluator, for 64 bytes: the service's half of
	// the salt and the evaluation's seed. ResumeEvaluator must read the same 64
	// bytes again; a service derives them from a secret of its own and the
	// comparison's id.
	Random io.Reader
	// Workers bounds the goroutines; zero is one.
	Workers int
}

// Evaluator is the service's side of one comparison: it takes the tenant's
// messages and returns its own, in the order of its methods. After NewEvaluator
// it is deterministic. Not safe for concurrent use. It keeps the messages that it
// takes and returns without copying them, so their bytes must not change.
//
// An Evaluator must exist once. Of two with the same secrets, one could open the
// seed while the other still waits for a commitment, and whoever holds the seed
// forges any verdict. A service that keeps its state between messages therefore
// takes each message of a comparison once, in one transaction, and goes on from
// what it committed: see ResumeEvaluator.
type Evaluator struct {
	cfg     EvaluatorConfig
	session *session
	half    [32]byte
	seed    [32]byte
}

// NewEvaluator prepares a comparison.
func NewEvaluator(cfg EvaluatorConfig) (*Evaluator, error) {
	if cfg.Identity == nil || cfg.Template == nil {
		return nil, errors.New("a service needs an identity and a template")
	}
	cfg.Workers = max(1, cfg.Workers)
	e := &Evaluator{cfg: cfg, session: newSession(cfg.Template, cfg.Workers)}
	var secret [64]byte
	if _, err := io.ReadFull(cfg.Random, secret[:]); err != nil {
		return nil, fmt.Errorf("no comparison was opened, because random bytes are missing: %w", err)
	}
	copy(e.half[:], secret[:32])
	copy(e.seed[:], secret[32:])
	return e, nil
}

// Offer takes the tenant's first message and returns the layout and the
// commitments to what is opened later.
func (e *Evaluator) Offer(open []byte) ([]byte, error) {
	s := e.session
	if err := s.takeUnanswered(TypeOpen, open); err != nil {
		return nil, err
	}
	layout, err := s.chooseLayout()
	if err != nil {
		return nil, err
	}
	s.layout, s.offer = layout, e.offer(layout)
	return s.put(TypeOffer, s.offer.encode(), e.cfg.Identity)
}

// offer is the body of the one offer that this side makes to the open message.
func (e *Evaluator) offer(l Layout) offerBody {
	opened := e.session.chains[TypeOpen]
	return e.session.offerOf(e.cfg.Identity.Public(), l, commit("salt", opened, e.half), commit("seed", opened, e.seed))
}

// Salt takes the tenant's nonce and opens the service's half of the salt.
// ErrNewSalt means that the template does not fit under this salt.
func (e *Evaluator) Salt(accept []byte) ([]byte, error) {
	if err := e.session.takeUnanswered(TypeAccept, accept); err != nil {
		return nil, err
	}
	message, err := e.session.put(TypeSalt, e.half[:], e.cfg.Identity)
	if err != nil {
		return nil, err
	}
	if err := e.session.completeSession(e.half); err != nil {
		return nil, err
	}
	return message, nil
}

// Evaluate takes the submission and returns the response.
func (e *Evaluator) Evaluate(submission []byte) ([]byte, error) {
	s := e.session
	if err := s.takeUnanswered(TypeSubmission, submission); err != nil {
		return nil, err
	}
	s.seed = e.seed
	response, err := s.evaluate()
	if err != nil {
		return nil, err
	}
	body, err := response.AppendBinary(make([]byte, 0, s.layout.Set.ResponseBytes(response.Replies())))
	if err != nil {
		return nil, err
	}
	return s.put(TypeResponse, body, e.cfg.Identity)
}

// Seed takes the commitment and opens the seed.
func (e *Evaluator) Seed(commitment []byte) ([]byte, error) {
	if err := e.session.takeUnanswered(TypeCommitment, commitment); err != nil {
		return nil, err
	}
	return e.session.put(TypeSeed, e.seed[:], e.cfg.Identity)
}

// Conclude takes the disclosure, checks every verdict and returns the acceptance
// and the result. *Misconduct means that some verdict was not true.
func (e *Evaluator) Conclude(disclosure []byte) ([]byte, *Result, error) {
	s := e.session
	if err := s.takeUnanswered(TypeDisclosure, disclosure); err != nil {
		return nil, nil, err
	}
	if err := s.checkDisclosure(); err != nil {
		return nil, nil, err
	}
	acceptance := s.acceptance()
	message, err := s.put(TypeVerdict, acceptance[:], e.cfg.Identity)
	if err != nil {
		return nil, nil, err
	}
	return message, s.result(), nil
}

// checkDisclosure verifies the verdicts against commitment and seed.
func (s *session) checkDisclosure() error {
	switch err := s.disclosure.check(s.chains[TypeResponse], s.commitment, s.evaluation()); {
	case errors.Is(err, errOpening):
		return s.accuse(misconduct(OffenceOpening, TypeDisclosure, err))
	case err != nil:
		return s.accuse(misconduct(OffenceVerdict, TypeDisclosure, err))
	}
	return nil
}

// Transcript returns the messages so far, in order.
func (e *Evaluator) Transcript() [][]byte { return e.session.transcript() }
