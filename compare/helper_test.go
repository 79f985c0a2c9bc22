package compare_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

// reader is an endless reader of bytes that only depend on its seed.
type reader struct {
	seed    uint64
	counter uint64
	rest    []byte
}

func (r *reader) Read(p []byte) (int, error) {
	for n := range p {
		if len(r.rest) == 0 {
			block := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, r.seed), r.counter))
			r.counter++
			r.rest = block[:]
		}
		p[n], r.rest = r.rest[0], r.rest[1:]
	}
	return len(p), nil
}

func seeded(seed uint64) io.Reader { return &reader{seed: seed} }

// ledger is a tenant's durable record, kept in memory.
type ledger struct {
	responses map[[32]byte][32]byte
}

func newLedger() *ledger { return &ledger{responses: map[[32]byte][32]byte{}} }

func (l *ledger) MarkSession(s [32]byte) error {
	if _, ok := l.responses[s]; ok {
		return errors.New("this session was used before")
	}
	l.responses[s] = [32]byte{}
	return nil
}

func (l *ledger) RecordResponse(s, r [32]byte) error {
	if old := l.responses[s]; old != [32]byte{} && old != r {
		return errors.New("another response was recorded for this session")
	}
	l.responses[s] = r
	return nil
}

func (l *ledger) Response(s [32]byte) (digest [32]byte, begun, answered bool) {
	digest, begun = l.responses[s]
	return digest, begun, digest != [32]byte{}
}

// columnFacts returns n different facts, the first with number from.
func columnFacts(from, n int) schema.Facts {
	facts := make(schema.Facts, n)
	for i := range facts {
		facts[i] = schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: fmt.Sprintf("table_%06d", (from+i)/16), Name: fmt.Sprintf("column_%02d", (from+i)%16)}
	}
	return facts
}

func prepare(tb testing.TB, facts schema.Facts) *compare.Prepared {
	tb.Helper()
	return must(compare.Prepare(must(template.Build(template.Meta{Slug: "example", Version: "1"}, facts, nil))))
}

// must returns a value that cannot fail to be made.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys of the two sides, the same in all tests, and of somebody else.
var (
	tenantRoot      = must(keys.NewRoot(seeded(1)))
	serviceIdentity = must(keys.NewIdentity(seeded(2)))
	strangerRoot    = must(keys.NewRoot(seeded(3)))
	stranger        = must(keys.NewIdentity(seeded(4)))
)

// pair is both sides of one comparison.
type pair struct {
	tenant    *compare.Tenant
	evaluator *compare.Evaluator
}

func newPair(tb testing.TB, p *compare.Prepared, facts schema.Facts, seed uint64, change func(*compare.TenantConfig)) pair {
	tb.Helper()
	cfg := compare.TenantConfig{Root: tenantRoot, Template: p, Facts: facts, Ledger: newLedger(), Random: seeded(seed), Workers: 2}
	if change != nil {
		change(&cfg)
	}
	tenant, err := compare.NewTenant(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	evaluator, err := compare.NewEvaluator(compare.EvaluatorConfig{Identity: serviceIdentity, Template: p, Random: seeded(seed + 1<<32), Workers: cfg.Workers})
	if err != nil {
		tb.Fatal(err)
	}
	return pair{tenant, evaluator}
}

// clone returns both sides in the same state; see compare.Tenant.Clone.
func (p pair) clone() pair { return pair{p.tenant.Clone(), p.evaluator.Clone()} }

// answer gives a message of a type to its receiver and returns the next one,
// nil after the last.
func (p pair) answer(t compare.Type, m []byte) ([]byte, error) {
	switch t {
	case compare.TypeOpen:
		return p.evaluator.Offer(m)
	case compare.TypeOffer:
		return p.tenant.Accept(m)
	case compare.TypeAccept:
		return p.evaluator.Salt(m)
	case compare.TypeSalt:
		return p.tenant.Submit(m)
	case compare.TypeSubmission:
		return p.evaluator.Evaluate(m)
	case compare.TypeResponse:
		return p.tenant.Commit(m)
	case compare.TypeCommitment:
		return p.evaluator.Seed(m)
	case compare.TypeSeed:
		return p.tenant.Disclose(m)
	case compare.TypeDisclosure:
		m, _, err := p.evaluator.Conclude(m)
		return m, err
	case compare.TypeVerdict:
		_, err := p.tenant.Finish(m)
		return nil, err
	}
	return nil, fmt.Errorf("nobody answers a message of %s", t)
}

// until plays honestly until the message of that type is made and returns it,
// not yet received.
func (p pair) until(tb testing.TB, last compare.Type) []byte {
	tb.Helper()
	m, err := p.tenant.Open()
	for t := compare.TypeOpen; err == nil && t < last; t++ {
		m, err = p.answer(t, bytes.Clone(m))
	}
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Clone(m)
}

// finish plays honestly from the message m of that type to the end.
func (p pair) finish(t compare.Type, m []byte) (tenants, services *compare.Result, err error) {
	for ; err == nil && t < compare.TypeDisclosure; t++ {
		m, err = p.answer(t, m)
	}
	if err != nil {
		return nil, nil, err
	}
	if m, services, err = p.evaluator.Conclude(m); err != nil {
		return nil, nil, err
	}
	tenants, err = p.tenant.Finish(m)
	return tenants, services, err
}

// exchange plays a whole comparison.
func (p pair) exchange() (tenants, services *compare.Result, err error) {
	m, err := p.tenant.Open()
	if err != nil {
		return nil, nil, err
	}
	return p.finish(compare.TypeOpen, m)
}

// evidenceOf encodes a claim as docs/protocol.md describes the file.
func evidenceOf(o compare.Offence, at compare.Type, parts ...[]byte) []byte {
	out := append([]byte("VEVD\x01"), byte(o), byte(at))
	for _, p := range parts {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(p))), p...)
	}
	return out
}

func encoded(p *compare.Prepared) []byte { return must(p.Template().AppendBinary(nil)) }

// wantMisconduct checks that an error is a proven offence, and that its evidence
// convinces somebody who has nothing but its bytes. It returns the evidence.
func wantMisconduct(tb testing.TB, err error, accused compare.Role, o compare.Offence, at compare.Type) []byte {
	tb.Helper()
	m, ok := errors.AsType[*compare.Misconduct](err)
	if !ok {
		tb.Fatalf("got %v, want misconduct of the %s", err, accused)
	}
	if m.Accused != accused || m.Offence != o || m.Message != at {
		tb.Fatalf("the %s is accused of %s (%s), want the %s of %s (%s)", m.Accused, m.Offence, m.Message, accused, o, at)
	}
	f, err := compare.VerifyEvidence(bytes.Clone(m.Evidence), 1)
	if err != nil {
		tb.Fatal(err)
	}
	if f.Accused != accused || f.Offence != o || f.Message != at {
		tb.Fatalf("the evidence shows the %s %s (%s), want the %s %s (%s)", f.Accused, f.Offence, f.Message, accused, o, at)
	}
	want := serviceIdentity.Public()
	if accused == compare.RoleTenant {
		want = tenantRoot.Identity().Public()
	}
	if f.Identity() != want {
		tb.Fatalf("the evidence accuses %s, want %s", f.Identity(), want)
	}
	return m.Evidence
}

// wantRefusal checks that an error accuses nobody.
func wantRefusal(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		tb.Fatal("it was accepted")
	}
	if m, ok := errors.AsType[*compare.Misconduct](err); ok {
		tb.Fatalf("it was held against the %s: %v", m.Accused, m)
	}
}
