package compare

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// session is what both sides, and whoever judges between them, know of a
// comparison: the messages so far and what follows from them. All of them use
// this one reading of the protocol, so evidence cannot mean different things to
// different people.
type session struct {
	prepared *Prepared
	workers  int

	// messages and chains are by type; chains[t] includes message t.
	messages [typeCount][]byte
	chains   [typeCount]chain
	last     Type

	open       openBody
	offer      offerBody
	layout     Layout
	nonce      [32]byte
	half       [32]byte
	elements   []element // of the template
	places     *places
	anchor     [32]byte
	submission *he.Submission
	response   *he.Response
	commitment [32]byte
	seed       [32]byte
	disclosure disclosure

	// evaluations counts what evaluate did, because it is what a resumed side
	// must not do again.
	evaluations int
}

func newSession(p *Prepared, workers int) *session {
	s := &session{prepared: p, workers: workers}
	s.chains[TypeUnknown] = newChain()
	return s
}

// take reads the other side's next message. A message that its sender did not
// sign for this place is an ordinary error and changes nothing; a signed one
// with a bad body is *Misconduct. Any other error is bad luck, and nobody's fault.
func (s *session) take(t Type, message []byte) error {
	if t != s.last+1 {
		if m := s.again(t, message); m != nil {
			return m
		}
		return fmt.Errorf("%s refused: the comparison is at its %s; the sides are out of step", t, s.last)
	}
	sender, err := s.senderOf(t, message)
	if err != nil {
		return fmt.Errorf("%s refused: %w", t, err)
	}
	body, next, err := s.chains[s.last].receive(message, t, sender)
	if err != nil {
		return err
	}
	s.record(t, message, next)
	err = s.absorb(t, body)
	if m, ok := errors.AsType[*Misconduct](err); ok {
		return s.accuse(m)
	}
	return err
}

// takeUnanswered is take for a message that may have been taken already and was
// not answered: by a side that died since, or could not record something. The
// same bytes are then read once more, and to no other effect.
func (s *session) takeUnanswered(t Type, message []byte) error {
	if t != s.last || !bytes.Equal(message, s.messages[t]) {
		return s.take(t, message)
	}
	err := s.absorb(t, s.body(t))
	if m, ok := errors.AsType[*Misconduct](err); ok {
		return s.accuse(m)
	}
	return err
}

// reread is take for a message of this side's own records, where either side may
// have sent it. What would accuse this side itself is an ordinary error: it does
// not speak against itself, the records are not its own.
func (s *session) reread(t Type, message []byte, self Role) error {
	err := s.take(t, message)
	if m, ok := errors.AsType[*Misconduct](err); ok && m.Accused == self {
		return fmt.Errorf("the %s is not what this side sends: %w", t, m.Cause)
	}
	return err
}

// unsay takes this side's last message back, which nobody has seen.
func (s *session) unsay() {
	s.messages[s.last] = nil
	s.last--
}

// put signs a body as this side's own next message.
func (s *session) put(t Type, body []byte, id *keys.Identity) ([]byte, error) {
	if t != s.last+1 {
		return nil, fmt.Errorf("a %s cannot follow a %s; every message is sent once", t, s.last)
	}
	message, next, err := s.chains[s.last].seal(t, body, id)
	if err != nil {
		return nil, err
	}
	s.record(t, message, next)
	return message, nil
}

func (s *session) record(t Type, message []byte, next chain) {
	s.messages[t], s.chains[t], s.last = message, next, t
}

// senderOf returns the identity that must have signed message t. The first
// message of each side states it.
func (s *session) senderOf(t Type, message []byte) (keys.PublicIdentity, error) {
	switch {
	case t == TypeOpen || t == TypeOffer:
		e, err := parseEnvelope(message)
		if err != nil {
			return keys.PublicIdentity{}, err
		}
		if t == TypeOpen {
			return s.openerOf(e.body)
		}
		b, err := parseOffer(e.body)
		return b.service, err
	case t.Sender() == RoleTenant:
		return s.open.tenant, nil
	default:
		return s.offer.service, nil
	}
}

// openerOf reads an open message far enough to know whose it is. One about
// another template is refused without blame: evidence that it were an offence
// would rest on the accuser's choice of template.
func (s *session) openerOf(body []byte) (keys.PublicIdentity, error) {
	b, err := parseOpen(body)
	if err == nil && b.template != s.prepared.digest {
		err = fmt.Errorf("it pins template %x, which is not %x; fetch the template again", b.template[:8], s.prepared.digest[:8])
	}
	return b.tenant, err
}

// again looks at a message that comes where one of its type was already taken:
// the same body is harmless, another one that is signed for the same place is an
// offence.
//
// Open and offer are exempt, because honest parties sign many of them for the
// same place: every comparison of a tenant begins with an open that follows
// nothing, and whoever replays an open gets another offer. Neither binds anybody
// before an accept, which follows one open and one offer.
func (s *session) again(t Type, message []byte) error {
	if t < TypeAccept || t > s.last {
		return nil
	}
	if next, ok := s.signedFor(t, message); !ok || next == s.chains[t] {
		return nil
	}
	m := misconduct(OffenceTwice, t, errors.New("two different messages are signed for the same place"))
	m.Evidence = s.evidence(m, message)
	return m
}

// signedFor says whether a message is signed by its sender for the place of
// message t, and returns the chain after it.
func (s *session) signedFor(t Type, message []byte) (chain, bool) {
	sender, err := s.senderOf(t, message)
	if err != nil {
		return chain{}, false
	}
	_, next, err := s.chains[t-1].receive(message, t, sender)
	return next, err == nil
}

// absorb reads the body of the message just recorded.
func (s *session) absorb(t Type, body []byte) error {
	var err error
	switch t {
	case TypeOpen:
		s.open, err = parseOpen(body)
	case TypeOffer:
		return s.absorbOffer(body)
	case TypeAccept:
		s.nonce, err = value32(t, body)
	case TypeSalt:
		return s.absorbSalt(body)
	case TypeSubmission:
		s.anchor, s.submission, err = parseSubmission(s.layout, body)
	case TypeResponse:
		s.response, err = he.ParseResponse(s.layout.Set, s.places.layers*rows, body)
	case TypeCommitment:
		s.commitment, err = value32(t, body)
	case TypeSeed:
		return s.absorbSeed(body)
	case TypeDisclosure:
		s.disclosure, err = parseDisclosure(body, len(s.prepared.facts))
	case TypeVerdict:
		if want := s.acceptance(); !bytes.Equal(body, want[:]) {
			return misconduct(OffenceTerms, t, errors.New("it accepts other verdicts than were disclosed"))
		}
	}
	if err != nil {
		return misconduct(OffenceMalformed, t, err)
	}
	return nil
}

func (s *session) absorbOffer(body []byte) error {
	b, err := parseOffer(body)
	if err != nil {
		return misconduct(OffenceMalformed, TypeOffer, err)
	}
	s.offer = b // first of all, so that an accusation has a name
	if s.layout, err = s.chooseLayout(); err != nil {
		return misconduct(OffenceTerms, TypeOffer, fmt.Errorf("it offers a layout where there is none: %w", err))
	}
	if b != s.offerOf(b.service, s.layout, b.saltCommitment, b.seedCommitment) {
		return misconduct(OffenceTerms, TypeOffer, errors.New("its parameter set or layout is not what the sizes call for"))
	}
	return nil
}

// chooseLayout computes the layout that both sides must arrive at.
func (s *session) chooseLayout() (Layout, error) {
	if int64(s.open.bucket) > int64(Bucket(MaxFacts)) || Bucket(int(s.open.bucket)) != int(s.open.bucket) {
		return Layout{}, fmt.Errorf("%d is not a size bucket", s.open.bucket)
	}
	return ChooseLayout(s.open.minimum, int(s.open.bucket), len(s.prepared.facts))
}

func (s *session) offerOf(service keys.PublicIdentity, l Layout, salt, seed [32]byte) offerBody {
	return offerBody{
		service: service, set: l.Set.ID(), groups: uint16(l.Groups), columns: uint16(l.Columns),
		saltCommitment: salt, seedCommitment: seed,
	}
}

func (s *session) absorbSalt(body []byte) error {
	half, err := value32(TypeSalt, body)
	if err != nil {
		return misconduct(OffenceMalformed, TypeSalt, err)
	}
	if commit("salt", s.chains[TypeOpen], half) != s.offer.saltCommitment {
		return misconduct(OffenceOpening, TypeSalt, errors.New("its half of the salt is not the one it committed to"))
	}
	return s.completeSession(half)
}

// completeSession places the template under the session's salt, the hash of
// which is the chain after the salt. An error is bad luck, not misconduct: nobody
// chose the salt.
func (s *session) completeSession(half [32]byte) (err error) {
	s.half = half
	s.elements = s.mapper().elements(s.prepared.facts, s.workers)
	s.places, err = place(s.elements, s.layout.Bins, s.layout.fewestLayers(len(s.elements)))
	return err
}

// mapper returns the mapping of facts under this session, whose hash is the
// chain after the salt.
func (s *session) mapper() mapper {
	return newMapper(s.layout, s.half, s.nonce, s.chains[TypeSalt])
}

func (s *session) absorbSeed(body []byte) error {
	seed, err := value32(TypeSeed, body)
	if err != nil {
		return misconduct(OffenceMalformed, TypeSeed, err)
	}
	if commit("seed", s.chains[TypeOpen], seed) != s.offer.seedCommitment {
		return misconduct(OffenceOpening, TypeSeed, errors.New("the seed is not the one it committed to"))
	}
	s.seed = seed
	return nil
}

// evaluation returns the evaluation that this session and seed determine.
func (s *session) evaluation() *evaluation {
	return newEvaluation(s.layout, s.elements, s.places, s.seed, s.chains[TypeSubmission])
}

// evaluate runs the evaluation.
func (s *session) evaluate() (*he.Response, error) {
	s.evaluations++
	return s.evaluation().run(s.submission, s.workers)
}

// reexecute evaluates again and compares with the response, byte by byte.
func (s *session) reexecute() error {
	again, err := s.evaluate()
	if err != nil {
		return err
	}
	want, err := again.AppendBinary(nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, s.body(TypeResponse)) {
		return s.accuse(misconduct(OffenceEvaluation, TypeResponse, errors.New("evaluating the submission again gives another response")))
	}
	return nil
}

// body returns the body of a recorded message.
func (s *session) body(t Type) []byte {
	m := s.messages[t]
	return m[envelopeHeader : len(m)-keys.SignatureSize]
}

// acceptance is the body of the verdict message: a hash of what was disclosed.
func (s *session) acceptance() [32]byte {
	h := chain(s.disclosure.commitment(s.chains[TypeDisclosure]))
	return h
}

// accuse attaches the evidence to an offence in what was recorded.
func (s *session) accuse(m *Misconduct) error {
	m.Evidence = s.evidence(m, nil)
	return m
}
