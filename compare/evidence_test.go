package compare_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/veilschema/veil/compare"
)

// wantNoProof checks that nothing follows from evidence.
func wantNoProof(tb testing.TB, what string, evidence []byte) {
	tb.Helper()
	if f, err := compare.VerifyEvidence(evidence, 1); err == nil {
		tb.Errorf("%s: it proves the %s guilty of %s (%s)", what, f.Accused, f.Offence, f.Message)
	}
}

// honest is the whole of an honest comparison.
func honest(tb testing.TB, seed uint64) (p pair, transcript [][]byte) {
	tb.Helper()
	p = small(tb, seed)
	if _, _, err := p.exchange(); err != nil {
		tb.Fatal(err)
	}
	return p, p.tenant.Transcript()
}

func TestNoPrefixOfAnHonestTranscriptProvesAnything(t *testing.T) {
	_, transcript := honest(t, 30)
	template := encoded(prepare(t, columnFacts(0, 40)))
	for n := range len(transcript) + 1 {
		parts := append([][]byte{template}, transcript[:n]...)
		for o := compare.OffenceUnknown; o <= compare.OffenceTwice+1; o++ {
			wantNoProof(t, fmt.Sprintf("%d messages as %s", n, o), evidenceOf(o, compare.Type(n), parts...))
		}
	}
	for at := compare.TypeUnknown; at <= compare.TypeVerdict+1; at++ {
		wantNoProof(t, fmt.Sprintf("all messages about the %s", at), evidenceOf(compare.OffenceEvaluation, at, append([][]byte{template}, transcript...)...))
	}
}

// TestHonestTranscriptsCannotBeMixedIntoEvidence tries what a third party can do
// with two honest comparisons of the same parties: repeat, drop, exchange and
// append messages, and claim an offence that would fit.
func TestHonestTranscriptsCannotBeMixedIntoEvidence(t *testing.T) {
	_, one := honest(t, 31)
	_, two := honest(t, 32)
	template := encoded(prepare(t, columnFacts(0, 40)))
	try := func(what string, messages [][]byte) {
		t.Helper()
		last := compare.Type(0)
		if n := len(messages); n > 0 {
			last, _, _ = compare.ParseEnvelope(messages[n-1])
		}
		for _, o := range []compare.Offence{compare.OffenceMalformed, compare.OffenceTwice} {
			wantNoProof(t, what, evidenceOf(o, last, append([][]byte{template}, messages...)...))
		}
	}
	splice := func(parts ...[][]byte) (all [][]byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for i := range one {
		try(fmt.Sprintf("message %d twice", i+1), splice(one[:i+1], one[i:i+1]))
		try(fmt.Sprintf("message %d and that of another comparison", i+1), splice(one[:i+1], two[i:i+1]))
		try(fmt.Sprintf("that of another comparison in the place of message %d", i+1), splice(one[:i], two[i:i+1]))
		try(fmt.Sprintf("without message %d", i+1), splice(one[:i], one[i+1:]))
		try(fmt.Sprintf("two messages %d after all others", i+1), splice(one, two[i:i+1]))
	}
}

// TestNobodyIsFramedWithMessagesOfTheirOwn is about messages that honest parties
// do sign more than once for the same place of the chain, or that anybody can
// sign: the first ones of either side.
func TestNobodyIsFramedWithMessagesOfTheirOwn(t *testing.T) {
	prepared := prepare(t, columnFacts(0, 40))
	_, one := honest(t, 33)
	_, two := honest(t, 34)

	// A tenant opens many comparisons; each open follows nothing.
	wantNoProof(t, "two opens of one tenant", evidenceOf(compare.OffenceTwice, compare.TypeOpen, encoded(prepared), one[0], two[0]))
	strangers := newPair(t, prepared, columnFacts(0, 9), 35, func(c *compare.TenantConfig) { c.Root = strangerRoot }).until(t, compare.TypeOpen)
	wantNoProof(t, "opens of two tenants", evidenceOf(compare.OffenceTwice, compare.TypeOpen, encoded(prepared), one[0], strangers))

	// An open can be replayed to a service, which then makes another offer.
	again, err := small(t, 36).evaluator.Offer(one[0])
	if err != nil {
		t.Fatal(err)
	}
	wantNoProof(t, "two offers to a replayed open", evidenceOf(compare.OffenceTwice, compare.TypeOffer, encoded(prepared), one[0], one[1], again))

	// Anybody can sign an offer of their own to anybody's open.
	for _, change := range []int{0, 32, 40, 70} {
		body := bytes.Clone(compare.Body(one[1]))
		key := stranger.Public()
		copy(body, key[:])
		body[change] ^= byte(change)
		foreign := compare.Seal(one[:1], compare.TypeOffer, body, stranger)
		wantNoProof(t, "a stranger's second offer", evidenceOf(compare.OffenceTwice, compare.TypeOffer, encoded(prepared), one[0], one[1], foreign))
	}

	// A stranger's messages in the place of a party's.
	for i := 2; i < len(one); i++ {
		kind := compare.Type(i + 1)
		foreign := compare.Seal(one[:i], kind, append(compare.Body(one[i]), 1), stranger)
		parts := append([][]byte{encoded(prepared)}, one[:i]...)
		wantNoProof(t, "a stranger's malformed "+kind.String(), evidenceOf(compare.OffenceMalformed, kind, append(parts, foreign)...))
		wantNoProof(t, "a stranger's second "+kind.String(), evidenceOf(compare.OffenceTwice, kind, append(parts, one[i], foreign)...))
	}
}

// TestAForgedPairOfPartiesAccusesItsMaker: whoever plays both sides gets evidence
// against their own key and against no other.
func TestAForgedPairOfPartiesAccusesItsMaker(t *testing.T) {
	p := small(t, 37)
	offer := p.until(t, compare.TypeOffer)
	body := bytes.Clone(compare.Body(offer))
	key := stranger.Public()
	copy(body, key[:])
	body[34]++
	_, err := p.tenant.Accept(compare.Seal(p.tenant.Transcript(), compare.TypeOffer, body, stranger))
	m, ok := errors.AsType[*compare.Misconduct](err)
	if !ok {
		t.Fatalf("got %v, want misconduct", err)
	}
	f, err := compare.VerifyEvidence(m.Evidence, 1)
	if err != nil || f.Identity() != key {
		t.Fatalf("got %v, %v, want the stranger accused", f, err)
	}
}

// proofs are pieces of evidence of every offence, by name.
func proofs(t *testing.T) map[string][]byte {
	t.Helper()
	caught := func(err error) []byte {
		t.Helper()
		m, ok := errors.AsType[*compare.Misconduct](err)
		if !ok {
			t.Fatalf("got %v, want misconduct", err)
		}
		return m.Evidence
	}
	all := map[string][]byte{}
	one := func(name string, at compare.Type, twice bool, change func([]byte) []byte) {
		p := small(t, 38)
		m := p.until(t, at)
		id, transcript := serviceIdentity, p.tenant.Transcript()
		if at.Sender() == compare.RoleTenant {
			id, transcript = tenantRoot.Identity(), p.evaluator.Transcript()
		}
		cheat := compare.Seal(transcript, at, change(bytes.Clone(compare.Body(m))), id)
		if twice {
			if _, err := p.answer(at, m); err != nil {
				t.Fatal(err)
			}
		}
		_, err := p.answer(at, cheat)
		all[name] = caught(err)
	}
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	more := func(b []byte) []byte { return append(b, 0) }
	one("malformed submission", compare.TypeSubmission, false, more)
	one("malformed response", compare.TypeResponse, false, more)
	one("another layout", compare.TypeOffer, false, func(b []byte) []byte { b[34]++; return b })
	one("another half", compare.TypeSalt, false, flip)
	one("another seed", compare.TypeSeed, false, flip)
	one("two nonces", compare.TypeAccept, true, flip)
	one("two responses", compare.TypeResponse, true, flip)
	one("another acceptance", compare.TypeVerdict, false, flip)

	p := small(t, 39)
	_, err := twisted(t, p, compare.Twist{Spoil: []int{3}})
	all["false evaluation"] = caught(err)

	p = small(t, 40)
	commitment, err := p.tenant.CommitTo(p.until(t, compare.TypeResponse), func(c *compare.Claim) { c.Tokens[3]++ })
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.finish(compare.TypeCommitment, commitment)
	all["false verdict"] = caught(err)
	return all
}

// TestMutatedEvidenceProvesNothingElse changes evidence of every offence in every
// way that is cheap to think of. What remains valid must say the same.
func TestMutatedEvidenceProvesNothingElse(t *testing.T) {
	other := encoded(prepare(t, columnFacts(1, 40)))
	for name, evidence := range proofs(t) {
		t.Run(name, func(t *testing.T) {
			want, err := compare.VerifyEvidence(evidence, 1)
			if err != nil {
				t.Fatal(err)
			}
			o, at, parts, err := compare.ParseEvidence(evidence)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, mutated []byte) {
				t.Helper()
				f, err := compare.VerifyEvidence(mutated, 1)
				if err == nil && (f.Accused != want.Accused || f.Offence != want.Offence || f.Message != want.Message ||
					f.Identity() != want.Identity() || f.Template.Digest() != want.Template.Digest()) {
					t.Errorf("%s: it proves the %s guilty of %s (%s)", what, f.Accused, f.Offence, f.Message)
				}
			}
			for i := range parts {
				fewer := append(append([][]byte{}, parts[:i]...), parts[i+1:]...)
				check(fmt.Sprintf("without part %d", i), evidenceOf(o, at, fewer...))
				twice := append(append([][]byte{}, parts[:i+1]...), parts[i:]...)
				check(fmt.Sprintf("with part %d twice", i), evidenceOf(o, at, twice...))
				wantNoProof(t, fmt.Sprintf("cut after part %d", i), evidenceOf(o, at, parts[:i]...))
			}
			for claim := compare.OffenceUnknown; claim <= compare.OffenceTwice+1; claim++ {
				if claim != o {
					wantNoProof(t, fmt.Sprintf("as %s", claim), evidenceOf(claim, at, parts...))
				}
			}
			wantNoProof(t, "about another message", evidenceOf(o, at-1, parts...))
			swapped := append([][]byte{other}, parts[1:]...)
			wantNoProof(t, "with another template", evidenceOf(o, at, swapped...))
			wantNoProof(t, "with a message after the offence", evidenceOf(o, at, append(append([][]byte{}, parts...), parts[len(parts)-1])...))
			wantNoProof(t, "with a byte after the end", append(bytes.Clone(evidence), 0))
			if !testing.Short() {
				flipBytes(evidence, check)
			}
		})
	}
}

// flipBytes changes every byte of the header, of the length fields and around
// the edges of every part, and some others, one at a time.
func flipBytes(evidence []byte, check func(string, []byte)) {
	mutated := bytes.Clone(evidence)
	flip := func(at int, by byte) {
		mutated[at] ^= by
		check(fmt.Sprintf("byte %d changed by %#x", at, by), mutated)
		mutated[at] ^= by
	}
	for at := range 7 {
		for by := byte(1); by != 0; by <<= 1 {
			flip(at, by)
		}
	}
	_, _, parts, _ := compare.ParseEvidence(evidence)
	from := 7
	for _, p := range parts {
		for at := from; at < min(from+4+14, len(evidence)); at++ {
			flip(at, 1)
			flip(at, 0x80)
		}
		from += 4 + len(p)
		for at := max(7, from-66); at < from; at += 5 { // the signature
			flip(at, 1)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		flip(random.IntN(len(evidence)), byte(1+random.IntN(255)))
	}
}

func TestEvidenceThatIsNoneIsRefusedInOneSentence(t *testing.T) {
	template := encoded(prepare(t, columnFacts(0, 40)))
	for name, evidence := range map[string][]byte{
		"nothing":                nil,
		"something else":         []byte("-----BEGIN PGP MESSAGE-----"),
		"another version":        []byte("VEVD\x02\x01\x01"),
		"a header alone":         []byte("VEVD\x01\x01\x01"),
		"a template alone":       evidenceOf(1, 1, template),
		"no template":            evidenceOf(1, 1, nil, []byte("VM")),
		"a length of 4 GB":       append(evidenceOf(1, 1, template), 0xff, 0xff, 0xff, 0xff),
		"a thousand parts":       evidenceOf(1, 1, make([][]byte, 1000)...),
		"more than is allowed":   make([]byte, compare.MaxEvidenceBytes+1),
		"a message that is none": evidenceOf(1, 1, template, []byte("hello")),
	} {
		t.Run(name, func(t *testing.T) { wantNoProof(t, name, evidence) })
	}
}
