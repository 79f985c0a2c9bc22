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
	t, err := template.Build(template.Meta{Slug: "example", Version: "1"}, facts, nil)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := compare.Prepare(t)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// pair is both sides of one comparison.
type pair struct {
	tenant    *compare.Tenant
	evaluator *compare.Evaluator
}

func newPair(tb testing.TB, p *compare.Prepared, facts schema.Facts, seed uint64, change func(*compare.TenantConfig)) pair {
	tb.Helper()
	root, err := keys.NewRoot(seeded(1))
	if err != nil {
		tb.Fatal(err)
	}
	identity, err := keys.NewIdentity(seeded(2))
	if err != nil {
		tb.Fatal(err)
	}
	cfg := compare.TenantConfig{Root: root, Template: p, Facts: facts, Ledger: newLedger(), Random: seeded(seed), Workers: 2}
	if change != nil {
		change(&cfg)
	}
	tenant, err := compare.NewTenant(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	evaluator, err := compare.NewEvaluator(compare.EvaluatorConfig{Identity: identity, Template: p, Random: seeded(seed + 1<<32), Workers: cfg.Workers})
	if err != nil {
		tb.Fatal(err)
	}
	return pair{tenant, evaluator}
}

// exchange runs the whole protocol; tamper may change any message on its way.
func (p pair) exchange(tamper func(compare.Type, []byte) []byte) (tenants, services *compare.Result, err error) {
	if tamper == nil {
		tamper = func(_ compare.Type, m []byte) []byte { return m }
	}
	m, err := p.tenant.Open()
	steps := []struct {
		sent compare.Type
		next func([]byte) ([]byte, error)
	}{
		{compare.TypeOpen, p.evaluator.Offer},
		{compare.TypeOffer, p.tenant.Accept},
		{compare.TypeAccept, p.evaluator.Salt},
		{compare.TypeSalt, p.tenant.Submit},
		{compare.TypeSubmission, p.evaluator.Evaluate},
		{compare.TypeResponse, p.tenant.Commit},
		{compare.TypeCommitment, p.evaluator.Seed},
		{compare.TypeSeed, p.tenant.Disclose},
	}
	for _, s := range steps {
		if err != nil {
			return nil, nil, err
		}
		m, err = s.next(tamper(s.sent, bytes.Clone(m)))
	}
	if err != nil {
		return nil, nil, err
	}
	m, services, err = p.evaluator.Conclude(tamper(compare.TypeDisclosure, bytes.Clone(m)))
	if err != nil {
		return nil, nil, err
	}
	tenants, err = p.tenant.Finish(tamper(compare.TypeVerdict, m))
	return tenants, services, err
}

func TestVerdictsEqualSetMembershipForSchemasOfEverySize(t *testing.T) {
	for _, c := range []struct{ tenant, template, common int }{
		{1, 1, 1}, {1, 1, 0}, {3, 50, 2}, {50, 3, 3}, {1000, 1000, 990}, {4000, 300, 150}, {300, 4000, 100}, {6000, 6000, 0},
	} {
		t.Run(fmt.Sprintf("%d facts against %d with %d in common", c.tenant, c.template, c.common), func(t *testing.T) {
			p := prepare(t, columnFacts(0, c.template))
			facts := columnFacts(c.template-c.common, c.tenant)
			tenants, services, err := newPair(t, p, facts, 3, nil).exchange(nil)
			if err != nil {
				t.Fatal(err)
			}
			have := map[schema.Fact]bool{}
			for _, f := range facts {
				have[f] = true
			}
			for i, j := range p.Template().Judged {
				want := schema.Absent
				if have[j.Fact] {
					want = schema.Present
				}
				if tenants.Verdicts[i] != want || services.Verdicts[i] != want {
					t.Fatalf("fact %d: tenant says %s, service %s, want %s", i, tenants.Verdicts[i], services.Verdicts[i], want)
				}
			}
			t.Logf("%s, %d groups, %d columns, %d layers, %d bytes up, %d down", tenants.Layout.Set, tenants.Layout.Groups, tenants.Layout.Columns, tenants.Layers, tenants.UploadBytes, tenants.DownloadBytes)
		})
	}
}

func BenchmarkComparison(b *testing.B) {
	for _, c := range []struct{ tenant, template int }{{1000, 1000}, {10000, 10000}, {46000, 6000}, {6000, 46000}} {
		p := prepare(b, columnFacts(0, c.template))
		facts := columnFacts(c.template/2, c.tenant)
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("tenant=%d/template=%d/workers=%d", c.tenant, c.template, workers), func(b *testing.B) {
				b.ReportAllocs()
				var r *compare.Result
				for i := range b.N {
					var err error
					r, _, err = newPair(b, p, facts, uint64(100+i), func(cfg *compare.TenantConfig) { cfg.Workers = workers }).exchange(nil)
					if errors.Is(err, compare.ErrNewSalt) {
						continue
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(r.UploadBytes), "B-up")
				b.ReportMetric(float64(r.DownloadBytes), "B-down")
			})
		}
	}
}
