package compare_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/veilschema/veil/compare"
)

// fuzzBody fuzzes the decoder of one type's body: what is accepted is the one
// encoding of what was read.
func fuzzBody(f *testing.F, kinds ...compare.Type) {
	r, messages := hostileTargets(f)
	for _, kind := range kinds {
		f.Add(compare.Body(messages[kind-1]))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range kinds {
			again, err := compare.ParseBody(kind, body, r.layout, r.layers, r.facts)
			if err == nil && !bytes.Equal(again(), body) {
				t.Errorf("a %s is accepted that encodes differently", kind)
			}
		}
	})
}

func FuzzOpen(f *testing.F)       { fuzzBody(f, compare.TypeOpen) }
func FuzzOffer(f *testing.F)      { fuzzBody(f, compare.TypeOffer) }
func FuzzSubmission(f *testing.F) { fuzzBody(f, compare.TypeSubmission) }
func FuzzResponse(f *testing.F)   { fuzzBody(f, compare.TypeResponse) }
func FuzzDisclosure(f *testing.F) { fuzzBody(f, compare.TypeDisclosure) }
func FuzzValue(f *testing.F) {
	fuzzBody(f, compare.TypeAccept, compare.TypeSalt, compare.TypeCommitment, compare.TypeSeed, compare.TypeVerdict)
}

func FuzzEnvelope(f *testing.F) {
	_, messages := hostileTargets(f)
	for _, m := range messages {
		if len(m) < 4096 {
			f.Add(m)
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		kind, body, err := compare.ParseEnvelope(message)
		if err != nil {
			return
		}
		if kind.Sender() == compare.RoleUnknown || len(message) != compare.MessageBytes(len(body)) {
			t.Errorf("a message of %d bytes is taken for a %s of %d", len(message), kind, len(body))
		}
	})
}

func FuzzEvidence(f *testing.F) {
	template := encoded(prepare(f, columnFacts(0, 2)))
	_, messages := hostileTargets(f)
	f.Add(evidenceOf(compare.OffenceTwice, compare.TypeAccept, template, messages[0], messages[1], messages[2], messages[2]))
	f.Add(evidenceOf(compare.OffenceTerms, compare.TypeOffer, encoded(prepare(f, columnFacts(0, 40))), messages[0], messages[1]))
	f.Fuzz(func(t *testing.T, data []byte) {
		finding, err := compare.VerifyEvidence(data, 1)
		if err != nil {
			return
		}
		if finding.Accused == compare.RoleUnknown || finding.Offence == compare.OffenceUnknown {
			t.Errorf("it proves the %s guilty of %s", finding.Accused, finding.Offence)
		}
	})
}

// fuzzStep fuzzes whole state machines past the signature: the body is signed
// as a message of a side, and given to the other side where it waits for it.
func fuzzStep(f *testing.F, sender compare.Role) {
	waiting := map[compare.Type]pair{}
	for _, at := range steps {
		if at.Sender() != sender {
			continue
		}
		waiting[at] = small(f, 47)
		body := compare.Body(waiting[at].until(f, at))
		f.Add(uint8(at), body[:min(len(body), 4096)])
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		at := compare.Type(kind)
		p, ok := waiting[at]
		if !ok {
			return
		}
		transcript, id := p.tenant.Transcript(), serviceIdentity
		if sender == compare.RoleTenant {
			transcript, id = p.evaluator.Transcript(), tenantRoot.Identity()
		}
		answer, err := p.clone().answer(at, compare.Seal(transcript, at, body, id))
		m, ok := errors.AsType[*compare.Misconduct](err)
		if !ok {
			return
		}
		if answer != nil || m.Accused != sender {
			t.Errorf("the %s is accused, and %d bytes are answered", m.Accused, len(answer))
		}
		if f, err := compare.VerifyEvidence(m.Evidence, 1); err != nil || f.Offence != m.Offence {
			t.Errorf("the evidence of %s does not hold: %v", m.Offence, err)
		}
	})
}

func FuzzEvaluatorStep(f *testing.F) { fuzzStep(f, compare.RoleTenant) }
func FuzzTenantStep(f *testing.F)    { fuzzStep(f, compare.RoleService) }
