package compare_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
)

// twisted plays until a service that cheats in its evaluation has answered, and
// on to what the tenant says when it has seen the seed.
func twisted(t *testing.T, p pair, twist compare.Twist) (commitment []byte, err error) {
	t.Helper()
	response, err := p.evaluator.EvaluateTwisted(p.until(t, compare.TypeSubmission), twist)
	if err != nil {
		t.Fatal(err)
	}
	if commitment, err = p.tenant.Commit(response); err != nil {
		t.Fatalf("the tenant stopped at the response: %v", err)
	}
	seed, err := p.evaluator.Seed(commitment)
	if err != nil {
		t.Fatal(err)
	}
	disclosure, err := p.tenant.Disclose(seed)
	if err == nil || disclosure != nil {
		t.Fatalf("the tenant disclosed %d bytes", len(disclosure))
	}
	return commitment, err
}

func TestAServiceThatEvaluatesSomethingElseIsProven(t *testing.T) {
	other := [32]byte{9}
	for name, twist := range map[string]compare.Twist{
		"a fact of another template in one place":             {Test: map[int]schema.Fact{0: columnFacts(25, 1)[0]}},
		"a fact that the tenant lacks in a place of one":      {Test: map[int]schema.Fact{39: columnFacts(5000, 1)[0]}},
		"two facts exchanged":                                 {Test: map[int]schema.Fact{0: columnFacts(1, 1)[0], 1: columnFacts(0, 1)[0]}},
		"one half of an absent fact's pair":                   {Spoil: []int{0}},
		"one half of a present fact's pair":                   {Spoil: []int{39}},
		"another seed than it committed to":                   {Seed: &other},
		"one half of every pair, to see whether anyone stops": {Spoil: []int{0, 1, 2, 3, 4, 5, 20, 21, 22, 23, 24, 25, 39}},
	} {
		t.Run(name, func(t *testing.T) {
			p := small(t, 16)
			commitment, err := twisted(t, p, twist)
			if len(commitment) != compare.MessageBytes(32) {
				t.Errorf("the commitment has %d bytes, want %d whatever was decrypted", len(commitment), compare.MessageBytes(32))
			}
			evidence := wantMisconduct(t, err, compare.RoleService, compare.OffenceEvaluation, compare.TypeResponse)
			wantNothingDisclosed(t, evidence)
		})
	}
}

// wantNothingDisclosed checks that evidence has no disclosure in it.
func wantNothingDisclosed(t *testing.T, evidence []byte) {
	t.Helper()
	_, _, parts, err := compare.ParseEvidence(evidence)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range parts[1:] {
		if kind, _, err := compare.ParseEnvelope(m); err != nil || kind >= compare.TypeDisclosure {
			t.Errorf("the evidence has a message of type %s, error %v", kind, err)
		}
	}
}

// TestATwistThatTwistsNothingIsAccepted shows that the hook of the test above
// refuses nothing by itself.
func TestATwistThatTwistsNothingIsAccepted(t *testing.T) {
	p := small(t, 17)
	response, err := p.evaluator.EvaluateTwisted(p.until(t, compare.TypeSubmission), compare.Twist{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.finish(compare.TypeResponse, response); err != nil {
		t.Fatal(err)
	}
}

func TestAServiceThatAltersABitOfItsResponseIsProven(t *testing.T) {
	p := small(t, 18)
	honest := compare.Body(p.until(t, compare.TypeResponse))
	for _, at := range []int{8, 9, len(honest) / 3, len(honest) / 2, len(honest) - 1} {
		q := p.clone()
		body := bytes.Clone(honest)
		body[at] ^= 0x40
		commitment, err := q.tenant.Commit(compare.Seal(q.tenant.Transcript(), compare.TypeResponse, body, serviceIdentity))
		if err != nil {
			t.Fatalf("byte %d: the tenant stopped at the response: %v", at, err)
		}
		// The service has to sign the seed after its own response.
		seed := compare.Body(p.clone().untilSeed(t, honest))
		_, err = q.tenant.Disclose(compare.Seal(q.tenant.Transcript(), compare.TypeSeed, seed, serviceIdentity))
		wantNothingDisclosed(t, wantMisconduct(t, err, compare.RoleService, compare.OffenceEvaluation, compare.TypeResponse))
		if len(commitment) != compare.MessageBytes(32) {
			t.Errorf("the commitment has %d bytes", len(commitment))
		}
	}
}

// untilSeed gives the response to the tenant and returns the service's seed.
func (p pair) untilSeed(t *testing.T, response []byte) []byte {
	t.Helper()
	m, err := p.tenant.Commit(compare.Seal(p.tenant.Transcript(), compare.TypeResponse, response, serviceIdentity))
	if err == nil {
		m, err = p.evaluator.Seed(m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// signed cheats at one message: the service signs another body.
func TestAServiceThatSignsAnotherBodyIsProven(t *testing.T) {
	flip := func(b []byte) []byte { b[0] ^= 1; return b }
	for _, c := range []struct {
		name    string
		at      compare.Type
		body    func(honest []byte) []byte
		offence compare.Offence
	}{
		{"an offer of another parameter set", compare.TypeOffer, func(b []byte) []byte { b[32] = 2; return b }, compare.OffenceTerms},
		{"an offer of the confidential set", compare.TypeOffer, func(b []byte) []byte { b[32] = 3; return b }, compare.OffenceTerms},
		{"an offer of no parameter set", compare.TypeOffer, func(b []byte) []byte { b[32] = 200; return b }, compare.OffenceTerms},
		{"an offer of more groups", compare.TypeOffer, func(b []byte) []byte { b[34]++; return b }, compare.OffenceTerms},
		{"an offer of 65,535 columns", compare.TypeOffer, func(b []byte) []byte { b[35], b[36] = 0xff, 0xff; return b }, compare.OffenceTerms},
		{"a half of the salt that it picks when it knows the nonce", compare.TypeSalt, flip, compare.OffenceOpening},
		{"half a half", compare.TypeSalt, func(b []byte) []byte { return b[:16] }, compare.OffenceMalformed},
		{"a response of fewer layers", compare.TypeResponse, func(b []byte) []byte { return b[:len(b)/2] }, compare.OffenceMalformed},
		{"a response under another parameter set", compare.TypeResponse, func(b []byte) []byte { b[5] = 2; return b }, compare.OffenceMalformed},
		{"an empty response", compare.TypeResponse, func([]byte) []byte { return nil }, compare.OffenceMalformed},
		{"another seed", compare.TypeSeed, flip, compare.OffenceOpening},
		{"the seed and a byte", compare.TypeSeed, func(b []byte) []byte { return append(b, 0) }, compare.OffenceMalformed},
		{"the acceptance of other verdicts", compare.TypeVerdict, flip, compare.OffenceTerms},
		{"no acceptance", compare.TypeVerdict, func([]byte) []byte { return nil }, compare.OffenceTerms},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := small(t, 19)
			body := c.body(bytes.Clone(compare.Body(p.until(t, c.at))))
			answer, err := p.answer(c.at, compare.Seal(p.tenant.Transcript(), c.at, body, serviceIdentity))
			evidence := wantMisconduct(t, err, compare.RoleService, c.offence, c.at)
			if answer != nil {
				t.Errorf("the tenant answered with %d bytes", len(answer))
			}
			if c.at < compare.TypeVerdict {
				wantNothingDisclosed(t, evidence)
			}
		})
	}
}

func TestAServiceThatAnswersTwiceIsProven(t *testing.T) {
	for _, at := range []compare.Type{compare.TypeSalt, compare.TypeResponse, compare.TypeSeed, compare.TypeVerdict} {
		t.Run(at.String(), func(t *testing.T) {
			p := small(t, 20)
			first := p.until(t, at)
			other := bytes.Clone(compare.Body(first))
			other[len(other)-1] ^= 1
			second := compare.Seal(p.tenant.Transcript(), at, other, serviceIdentity)
			if _, err := p.answer(at, first); err != nil {
				t.Fatal(err)
			}
			_, err := p.answer(at, second)
			evidence := wantMisconduct(t, err, compare.RoleService, compare.OffenceTwice, at)
			if at < compare.TypeVerdict {
				wantNothingDisclosed(t, evidence) // though the tenant has disclosed by then, at the seed
			}
			if _, err = p.answer(at, first); at < compare.TypeVerdict {
				wantRefusal(t, err)
			} else if err != nil {
				t.Errorf("the first verdict again gives no result again: %v", err)
			}
		})
	}
}

// TestASecondResponseIsNeverDecrypted: not the one after a first, and not one
// that the ledger does not know.
func TestASecondResponseIsNeverDecrypted(t *testing.T) {
	book := newLedger()
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 21, func(c *compare.TenantConfig) { c.Ledger = book })
	response := p.until(t, compare.TypeResponse)
	for session := range book.responses {
		book.responses[session] = [32]byte{1} // as after a crash between record and commitment
	}
	_, err := p.tenant.Commit(response)
	wantRefusal(t, err)
	if p.tenant.Last() != compare.TypeResponse {
		t.Errorf("the tenant went on to its %s", p.tenant.Last())
	}
}

// TestARepeatedSessionIsRefused plays a session again with everything random as it
// was, which is the most that a service can do to repeat one.
func TestARepeatedSessionIsRefused(t *testing.T) {
	book := newLedger()
	play := func() error {
		p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 22, func(c *compare.TenantConfig) { c.Ledger = book })
		_, _, err := p.exchange()
		return err
	}
	if err := play(); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, play())
	if n := len(book.responses); n != 1 {
		t.Errorf("the ledger has %d sessions, want 1", n)
	}
}

// brokenLedger records nothing.
type brokenLedger struct{ *ledger }

var errDisk = errors.New("disk full")

func (brokenLedger) MarkSession([32]byte) error { return errDisk }

func TestNothingIsSentThatWasNotRecorded(t *testing.T) {
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 23, func(c *compare.TenantConfig) { c.Ledger = brokenLedger{newLedger()} })
	submission, err := p.tenant.Submit(p.until(t, compare.TypeSalt))
	if !errors.Is(err, errDisk) || submission != nil {
		t.Errorf("got %d bytes and %v, want none and the ledger's error", len(submission), err)
	}
}

// TestAServiceThatRefusesTheSeedLearnsNothing: what it has then is a commitment,
// which has the same length and another random look for every schema.
func TestAServiceThatRefusesTheSeedLearnsNothing(t *testing.T) {
	p := small(t, 24)
	p.until(t, compare.TypeCommitment)
	for _, m := range [][]byte{nil, []byte("no"), compare.Seal(p.tenant.Transcript(), compare.TypeVerdict, make([]byte, 32), serviceIdentity)} {
		disclosure, err := p.tenant.Clone().Disclose(m)
		wantRefusal(t, err)
		if disclosure != nil {
			t.Errorf("the tenant disclosed %d bytes", len(disclosure))
		}
	}
	if n := len(p.tenant.Transcript()); n != int(compare.TypeCommitment) {
		t.Errorf("the tenant's transcript has %d messages, want %d", n, compare.TypeCommitment)
	}
}

func TestAnotherServiceThanThePinnedOneIsRefused(t *testing.T) {
	pin := stranger.Public()
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 25, func(c *compare.TenantConfig) { c.Service = &pin })
	accept, err := p.tenant.Accept(p.until(t, compare.TypeOffer))
	wantRefusal(t, err)
	if accept != nil {
		t.Error("the tenant accepted")
	}
	pin = serviceIdentity.Public()
	p = newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 25, func(c *compare.TenantConfig) { c.Service = &pin })
	if _, _, err := p.exchange(); err != nil {
		t.Errorf("the pinned service is refused: %v", err)
	}
}

func TestATenantWithAnotherTemplateIsRefusedWithoutBlame(t *testing.T) {
	p, other := small(t, 26), newPair(t, prepare(t, columnFacts(0, 41)), columnFacts(20, 30), 26, nil)
	_, err := p.evaluator.Offer(other.until(t, compare.TypeOpen))
	wantRefusal(t, err)
}

// TestAnImpossibleOpenIsRefusedWithoutBlame: a service that has not offered
// anything cannot be bound by what a tenant asks for.
func TestAnImpossibleOpenIsRefusedWithoutBlame(t *testing.T) {
	for name, change := range map[string]func(body []byte){
		"no bucket":                    func(b []byte) { binary.BigEndian.PutUint32(b[len(b)-4:], 0) },
		"a number that is no bucket":   func(b []byte) { binary.BigEndian.PutUint32(b[len(b)-4:], 33*4+1) },
		"more facts than there may be": func(b []byte) { binary.BigEndian.PutUint32(b[len(b)-4:], 1<<18) },
		"more facts than fit an int32": func(b []byte) { binary.BigEndian.PutUint32(b[len(b)-4:], 1<<31) },
		"a set for other templates":    func(b []byte) { b[len(b)-5] = 3 },
		"a set that does not exist":    func(b []byte) { b[len(b)-5] = 255 },
		"another version":              func(b []byte) { b[1] = 2 },
		"a key of small order":         func(b []byte) { copy(b[18:50], make([]byte, 32)) },
		"the key of somebody else":     func(b []byte) { key := stranger.Public(); copy(b[18:50], key[:]) },
	} {
		t.Run(name, func(t *testing.T) {
			p := small(t, 27)
			body := bytes.Clone(compare.Body(p.until(t, compare.TypeOpen)))
			change(body)
			offer, err := p.evaluator.Offer(compare.Seal(nil, compare.TypeOpen, body, tenantRoot.Identity()))
			wantRefusal(t, err)
			if offer != nil {
				t.Error("the service offered something")
			}
		})
	}
}
