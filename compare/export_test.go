package compare

import (
	"errors"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// What follows is for the tests outside this package that cheat: a cheat signs
// its own messages and departs from the program, which the API does not let it.

// MessageBytes is the length of a message with that many bytes of body.
func MessageBytes(body int) int { return envelopeBytes + body }

// Body returns the body of a well-formed message.
func Body(message []byte) []byte {
	e, err := parseEnvelope(message)
	if err != nil {
		panic(err)
	}
	return e.body
}

// Seal returns a body as the next message after a transcript, signed by id.
func Seal(transcript [][]byte, t Type, body []byte, id *keys.Identity) []byte {
	c := newChain()
	for _, m := range transcript {
		e, err := parseEnvelope(m)
		if err != nil {
			panic(err)
		}
		c = c.next(e.kind, e.body)
	}
	message, _, err := c.seal(t, body, id)
	if err != nil {
		panic(err)
	}
	return message
}

// Clone returns a tenant in the same state. Its ledger accepts everything, and
// its key has not decrypted yet.
func (t *Tenant) Clone() *Tenant {
	c, s := *t, *t.session
	c.session, c.cfg.Ledger, c.cfg.Journal = &s, noLedger{}, nil
	if s.last < TypeSubmission {
		return &c
	}
	mine, err := c.bins()
	if err == nil {
		err = c.encrypt(mine.columns(1))
	}
	if err != nil {
		panic(err)
	}
	s.submission = t.session.submission // which a cheat may have altered
	return &c
}

type noLedger struct{}

func (noLedger) MarkSession([32]byte) error              { return nil }
func (noLedger) RecordResponse([32]byte, [32]byte) error { return nil }

// Clone returns an evaluator in the same state.
func (e *Evaluator) Clone() *Evaluator {
	c, s := *e, *e.session
	c.session = &s
	return &c
}

// Last returns the type of the last message that a side has seen.
func (t *Tenant) Last() Type { return t.session.last }

// Last returns the type of the last message that a side has seen.
func (e *Evaluator) Last() Type { return e.session.last }

// Decryptions is how often this tenant decrypted a response.
func (t *Tenant) Decryptions() int { return t.decryptions }

// Evaluations is how often this side evaluated.
func (t *Tenant) Evaluations() int { return t.session.evaluations }

// Evaluations is how often this side evaluated.
func (e *Evaluator) Evaluations() int { return e.session.evaluations }

// SubmitChanged is Submit for a tenant that alters its encrypted facts.
func (t *Tenant) SubmitChanged(salt []byte, change func(body []byte) []byte) ([]byte, error) {
	message, err := t.Submit(salt)
	if err != nil {
		return nil, err
	}
	s := t.session
	s.last = TypeSalt
	body := change(Body(message))
	if _, s.submission, err = parseSubmission(s.layout, body); err != nil {
		return nil, err
	}
	return s.put(TypeSubmission, body, t.identity)
}

// Claim is what a tenant that cheats may alter before it commits: V, W and U are
// what it decrypted, Verdicts and Tokens what it will say, all by template fact.
type Claim struct {
	V, W, U  []uint64
	Verdicts []schema.Verdict
	Tokens   []uint64
}

// CommitTo is Commit for a tenant that claims what it likes.
func (t *Tenant) CommitTo(response []byte, change func(*Claim)) ([]byte, error) {
	s := t.session
	if err := s.take(TypeResponse, response); err != nil {
		return nil, err
	}
	slots, err := t.key.Decrypt(s.response, 1)
	if err != nil {
		return nil, err
	}
	values := s.collect(slots)
	c := &Claim{V: values[0], W: values[1], U: values[2]}
	c.Verdicts, c.Tokens = decide(s.layout.Set.Field(), values, t.withheld)
	change(c)
	nonce := t.hidden.CommitNonce()
	t.opened = disclosure{
		nonce: [32]byte(nonce.Expose()), verdicts: c.Verdicts,
		tokens: hashTokens(s.chains[TypeResponse], c.Tokens),
	}
	commitment := t.opened.commitment(s.chains[TypeResponse])
	return s.put(TypeCommitment, commitment[:], t.identity)
}

// DiscloseChanged is Disclose for a tenant that opens something else than it
// committed to.
func (t *Tenant) DiscloseChanged(seed []byte, change func(verdicts []schema.Verdict)) ([]byte, error) {
	t.opened.verdicts = append([]schema.Verdict(nil), t.opened.verdicts...)
	change(t.opened.verdicts)
	return t.Disclose(seed)
}

// Field returns the arithmetic of the slots of a tenant's session.
func (t *Tenant) Field() *he.Field { return t.session.layout.Set.Field() }

// Twist is how a service that cheats evaluates.
type Twist struct {
	// Test replaces what a place tests, by template fact.
	Test map[int]schema.Fact
	// Spoil lists template facts of which w gets one more.
	Spoil []int
	// Seed replaces the seed it committed to.
	Seed *[32]byte
}

// EvaluateTwisted is Evaluate for a service that cheats.
func (e *Evaluator) EvaluateTwisted(submission []byte, twist Twist) ([]byte, error) {
	s := e.session
	if err := s.take(TypeSubmission, submission); err != nil {
		return nil, err
	}
	s.seed = e.seed
	if twist.Seed != nil {
		s.seed = *twist.Seed
	}
	ev := s.evaluation()
	elements, other := append([]element(nil), ev.elements...), *ev.places
	for i, f := range twist.Test {
		elements[i].x = s.mapper().elements([][32]byte{f.Digest()}, 1)[0].x
	}
	other.lookUp(elements)
	ev.elements, ev.places = elements, &other
	response, err := he.Evaluate(s.submission, he.Work{
		Layers: ev.places.layers, Rows: rows, Seed: ev.replies, Workers: 1,
		Matrix: func(layer int) he.Matrix { return newSpoiledMatrix(ev, layer, twist.Spoil) },
	})
	if err != nil {
		return nil, err
	}
	body, _ := response.AppendBinary(nil)
	return s.put(TypeResponse, body, e.cfg.Identity)
}

// spoiledMatrix adds 1 to w at some bins.
type spoiledMatrix struct {
	*layerMatrix
	bins []int
}

func newSpoiledMatrix(e *evaluation, layer int, facts []int) spoiledMatrix {
	m := spoiledMatrix{layerMatrix: newLayerMatrix(e, e.secretsOf(layer))}
	for bin, i := range e.places.layer(layer) {
		for _, f := range facts {
			if int(i) == f {
				m.bins = append(m.bins, bin)
			}
		}
	}
	return m
}

func (m spoiledMatrix) Constant(out [][]uint64) {
	m.layerMatrix.Constant(out)
	for _, bin := range m.bins {
		out[1][bin] = m.layout.Set.Field().Add(out[1][bin], 1)
	}
}

// ParseBody reads a body alone, without signature, as the receiver of that type
// does, in a session of that layout, layers and number of template facts. It
// returns a function that encodes what was read.
func ParseBody(t Type, body []byte, l Layout, layers, facts int) (encode func() []byte, err error) {
	switch t {
	case TypeOpen:
		b, err := parseOpen(body)
		return b.encode, err
	case TypeOffer:
		b, err := parseOffer(body)
		return b.encode, err
	case TypeAccept, TypeSalt, TypeCommitment, TypeSeed, TypeVerdict:
		v, err := value32(t, body)
		return func() []byte { return v[:] }, err
	case TypeSubmission:
		root, s, err := parseSubmission(l, body)
		return func() []byte {
			out, _ := submissionBody(root, s)
			return out
		}, err
	case TypeResponse:
		r, err := he.ParseResponse(l.Set, layers*rows, body)
		return func() []byte {
			out, _ := r.AppendBinary(nil)
			return out
		}, err
	case TypeDisclosure:
		d, err := parseDisclosure(body, facts)
		return d.encode, err
	}
	return nil, errors.New("no such message")
}

// ParseEnvelope reads a message's envelope.
func ParseEnvelope(message []byte) (Type, []byte, error) {
	e, err := parseEnvelope(message)
	return e.kind, e.body, err
}

// ParseRecord reads a record of a journal and returns its parts and a function
// that encodes what was read.
func ParseRecord(b []byte) (sealed, message []byte, encode func() []byte, err error) {
	r, err := parseRecord(b)
	return r.sealed, r.message, r.encode, err
}

// ParseBeginning reads what is sealed with the open, and returns a function that
// encodes what was read.
func ParseBeginning(private []byte, facts int) (encode func() []byte, err error) {
	b, err := parseBeginning(private, facts)
	return b.encode, err
}

// ParseEvidence reads a file of evidence and returns its parts.
func ParseEvidence(data []byte) (Offence, Type, [][]byte, error) { return parseEvidence(data) }

// SimulateDisclosure is the body of a disclosure as an evaluator that has not
// seen it makes it of a nonce and verdicts.
func (e *Evaluator) SimulateDisclosure(nonce [32]byte, verdicts []schema.Verdict) []byte {
	s := e.session
	present, absent := s.evaluation().tokens()
	tokens := hashTokens(s.chains[TypeResponse], expected(verdicts, present, absent))
	return disclosure{nonce: nonce, verdicts: verdicts, tokens: tokens}.encode()
}
