package compare_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/keys"
)

// stores are what a tenant has on its disk, and in events the order of what was
// written there.
type stores struct {
	ledger  *ledger
	vault   *vault
	records [][]byte
	events  []string
	// fail makes the write with that number, counted from 1, fail once.
	fail, writes int
}

func newStores() *stores {
	return &stores{ledger: newLedger(), vault: &vault{secrets: map[[32]byte]keys.Secret{}}}
}

func (s *stores) write(what string) error {
	if s.writes++; s.writes == s.fail {
		return errDisk
	}
	s.events = append(s.events, what)
	return nil
}

func (s *stores) Append(_ [32]byte, record []byte) error {
	if err := s.write(fmt.Sprint("keep ", compare.Type(len(s.records)+1))); err != nil {
		return err
	}
	s.records = append(s.records, bytes.Clone(record))
	return nil
}

func (s *stores) MarkSession(session [32]byte) error {
	if err := s.write("mark session"); err != nil {
		return err
	}
	return s.ledger.MarkSession(session)
}

func (s *stores) RecordResponse(session, digest [32]byte) error {
	if err := s.write("record response"); err != nil {
		return err
	}
	return s.ledger.RecordResponse(session, digest)
}

func (s *stores) Response(session [32]byte) ([32]byte, bool, bool) { return s.ledger.Response(session) }

// clone is a copy of the disk.
func (s *stores) clone() *stores {
	return &stores{ledger: &ledger{responses: maps.Clone(s.ledger.responses)}, vault: s.vault, records: slices.Clone(s.records)}
}

// play is a comparison between two sides that can die.
type play struct {
	pair
	disk     *stores
	template *compare.Prepared
	config   compare.TenantConfig
	random   uint64
	// sent are the messages that were made.
	sent [][]byte
}

// newPlay is a comparison in which one present and one absent fact is withheld.
func newPlay(tb testing.TB, seed uint64) *play {
	tb.Helper()
	p := &play{disk: newStores(), template: prepare(tb, columnFacts(0, 40)), random: seed + 1<<32}
	p.pair = newPair(tb, p.template, columnFacts(20, 30), seed, func(c *compare.TenantConfig) {
		c.Ledger, c.Vault, c.Journal, c.Workers = p.disk, p.disk.vault, p.disk, 1
		c.Withholds = func(f schema.Fact) bool { return f == columnFacts(3, 1)[0] || f == columnFacts(30, 1)[0] }
		p.config = *c
	})
	p.config.Random = nil
	return p
}

// killTenant lets the tenant die and come back with what the disk has.
func (p *play) killTenant() error {
	cfg := p.config
	cfg.Ledger, cfg.Vault, cfg.Journal = p.disk, p.disk.vault, p.disk
	tenant, err := compare.ResumeTenant(cfg, p.comparison(), slices.Clone(p.disk.records))
	if err == nil {
		p.tenant = tenant
	}
	return err
}

func (p *play) comparison() [32]byte {
	for id := range p.disk.vault.secrets {
		return id
	}
	return [32]byte{}
}

func (p *play) serviceConfig() compare.EvaluatorConfig {
	return compare.EvaluatorConfig{Identity: serviceIdentity, Template: p.template, Random: seeded(p.random), Workers: 1}
}

// killEvaluator lets the service die and come back with that many messages.
func (p *play) killEvaluator(messages int) error {
	e, err := compare.ResumeEvaluator(p.serviceConfig(), p.sent[:messages])
	if err == nil {
		p.evaluator = e
	}
	return err
}

// step makes the next message. It fails the test where that is not honest.
func (p *play) step(tb testing.TB) {
	tb.Helper()
	var m []byte
	var err error
	if len(p.sent) == 0 {
		m, err = p.tenant.Open()
	} else {
		m, err = p.answer(compare.Type(len(p.sent)), bytes.Clone(p.sent[len(p.sent)-1]))
	}
	if err != nil {
		tb.Fatalf("after message %d: %v", len(p.sent), err)
	}
	p.sent = append(p.sent, bytes.Clone(m))
}

// uninterrupted is a whole play and its result.
func uninterrupted(tb testing.TB, seed uint64) (*play, *compare.Result) {
	tb.Helper()
	p := newPlay(tb, seed)
	for len(p.sent) < 10 {
		p.step(tb)
	}
	return p, must(p.tenant.Finish(p.sent[9]))
}

func wantSame(tb testing.TB, got, want [][]byte) {
	tb.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !bytes.Equal(got[i], want[i]) {
			tb.Errorf("number %d is another one, or missing", i+1)
		}
	}
}

// TestWhoeverDiesAfterAMessageGoesOnAsIfNothingHappened lets either side, or both,
// die after every message.
func TestWhoeverDiesAfterAMessageGoesOnAsIfNothingHappened(t *testing.T) {
	whole, result := uninterrupted(t, 80)
	for who, dies := range map[string][2]bool{"the tenant": {true, false}, "the service": {false, true}, "both": {true, true}} {
		for at := range 11 {
			t.Run(fmt.Sprintf("%s after message %d", who, at), func(t *testing.T) {
				p := newPlay(t, 80)
				for len(p.sent) < at {
					p.step(t)
				}
				if dies[0] && at > 0 {
					if err := p.killTenant(); err != nil {
						t.Fatal(err)
					}
				}
				if dies[1] {
					if err := p.killEvaluator(at - at%2); err != nil {
						t.Fatal(err)
					}
				}
				for len(p.sent) < 10 {
					p.step(t)
				}
				again, err := p.tenant.Finish(p.sent[9])
				if err != nil || again.Session != result.Session || !slices.Equal(again.Verdicts, result.Verdicts) {
					t.Errorf("the result is another one: %v", err)
				}
				wantSame(t, p.sent, whole.sent)
				wantSame(t, p.disk.records, whole.disk.records)
				if n := p.tenant.Decryptions(); dies[0] && at > 6 && n != 0 || (!dies[0] || at <= 6) && n != 1 {
					t.Errorf("after that the tenant decrypted %d times", n)
				}
				if n := p.evaluator.Evaluations(); dies[1] && at > 5 && n != 0 || (!dies[1] || at <= 5) && n != 1 {
					t.Errorf("after that the service evaluated %d times", n)
				}
				if n := p.tenant.Evaluations(); dies[0] && at > 8 && n != 0 || (!dies[0] || at <= 8) && n != 1 {
					t.Errorf("after that the tenant evaluated %d times", n)
				}
			})
		}
	}
}

func TestBothSidesMayDieAfterEveryMessage(t *testing.T) {
	whole, _ := uninterrupted(t, 80)
	p, decrypted, evaluated := newPlay(t, 80), 0, 0
	for len(p.sent) < 10 {
		p.step(t)
		decrypted, evaluated = decrypted+p.tenant.Decryptions(), evaluated+p.evaluator.Evaluations()
		if err := errors.Join(p.killTenant(), p.killEvaluator(len(p.sent)-len(p.sent)%2)); err != nil {
			t.Fatal(err)
		}
	}
	wantSame(t, p.sent, whole.sent)
	if decrypted != 1 || evaluated != 1 {
		t.Errorf("in all, %d decryptions and %d evaluations, want one of each", decrypted, evaluated)
	}
	for range 2 { // also after it was kept that all is over
		if _, err := p.tenant.Finish(p.sent[9]); err != nil {
			t.Fatal(err)
		}
		if err := p.killTenant(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAServiceGoesOnFromAMessageThatItHadNotAnswered: it was kept by itself.
func TestAServiceGoesOnFromAMessageThatItHadNotAnswered(t *testing.T) {
	p, _ := uninterrupted(t, 81)
	for n := 1; n < 10; n += 2 {
		if err := p.killEvaluator(n); err != nil {
			t.Fatal(err)
		}
		for at := n; at < 10; at += 2 {
			answer, err := p.answer(compare.Type(at), p.sent[at-1])
			if err != nil || !bytes.Equal(answer, p.sent[at]) {
				t.Errorf("resumed from %d messages, the %s is another one: %v", n, compare.Type(at+1), err)
			}
		}
	}
}

// TestATenantDiesBetweenAnyTwoWrites kills it at every write to its disk but the
// first, before which there is nothing. Only where it dies between decrypting and
// keeping what was decrypted does it decrypt again, and then the same response.
func TestATenantDiesBetweenAnyTwoWrites(t *testing.T) {
	whole, _ := uninterrupted(t, 82)
	for at := 2; at <= len(whole.disk.events); at++ {
		what := whole.disk.events[at-1]
		t.Run("before it could "+what, func(t *testing.T) {
			p, decryptions := newPlay(t, 82), 0
			p.disk.fail = at
			survive := func(err error) error {
				if !errors.Is(err, errDisk) {
					return err
				}
				decryptions = p.tenant.Decryptions()
				return p.killTenant()
			}
			for kind := compare.TypeUnknown; kind < compare.TypeVerdict; kind++ {
				m, err := p.next(kind)
				if m == nil {
					if err = survive(err); err == nil {
						m, err = p.again(kind)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				p.sent = append(p.sent, m)
			}
			if _, err := p.tenant.Finish(p.sent[9]); err != nil {
				if err = survive(err); err != nil {
					t.Fatal(err)
				}
				must(p.tenant.Finish(p.sent[9]))
			}
			wantSame(t, p.sent, whole.sent)
			wantSame(t, p.disk.records, whole.disk.records)
			want := 1
			if what == "keep commitment" {
				want = 2
			}
			if n := decryptions + p.tenant.Decryptions(); n != want || p.disk.writes <= at {
				t.Errorf("%d decryptions, want %d", n, want)
			}
		})
	}
}

// again is what a tenant that came back sends after a message of that kind: what
// it has on record, or the answer that it did not make.
func (p *play) again(kind compare.Type) ([]byte, error) {
	if p.tenant.Last() == kind+1 {
		return p.tenant.Transcript()[kind], nil
	}
	return p.next(kind)
}

// TestAFailedWriteMayBeTriedAgain: the same tenant, the same message.
func TestAFailedWriteMayBeTriedAgain(t *testing.T) {
	whole, _ := uninterrupted(t, 83)
	for at := 1; at <= len(whole.disk.events); at++ {
		p := newPlay(t, 83)
		p.disk.fail = at
		failures := 0
		for kind := compare.TypeUnknown; kind < compare.TypeVerdict; kind++ {
			m, err := p.next(kind)
			if errors.Is(err, errDisk) {
				failures++
				if m != nil || p.tenant.Last() >= kind+1 {
					t.Errorf("write %d failed and a %s was sent", at, kind+1)
				}
				m, err = p.next(kind)
			}
			if err != nil {
				t.Fatalf("write %d, %s: %v", at, kind+1, err)
			}
			p.sent = append(p.sent, m)
		}
		_, err := p.tenant.Finish(p.sent[9])
		if errors.Is(err, errDisk) {
			failures++
			_, err = p.tenant.Finish(p.sent[9])
		}
		if err != nil || failures != 1 || p.tenant.Decryptions() != 1 {
			t.Errorf("write %d: %d failures, %d decryptions, %v", at, failures, p.tenant.Decryptions(), err)
		}
		wantSame(t, p.sent, whole.sent)
	}
}

// next answers the last message, of that kind.
func (p *play) next(kind compare.Type) ([]byte, error) {
	if kind == compare.TypeUnknown {
		return p.tenant.Open()
	}
	return p.answer(kind, p.sent[kind-1])
}

// TestWhatIsKeptBeforeWhat is the order in the comment of ResumeTenant.
func TestWhatIsKeptBeforeWhat(t *testing.T) {
	p := newPlay(t, 84)
	var order []string
	seen := 0
	for len(p.sent) < 10 {
		p.step(t)
		order = append(order, p.disk.events[seen:]...)
		if kind := compare.Type(len(p.sent)); kind.Sender() == compare.RoleTenant {
			order = append(order, "send "+kind.String())
		}
		seen = len(p.disk.events)
	}
	must(p.tenant.Finish(p.sent[9]))
	order = append(order, p.disk.events[seen:]...)
	want := []string{
		"keep open", "send open",
		"keep offer", "keep accept", "send accept",
		"keep salt", "keep submission", "mark session", "send submission",
		"keep response", "record response", "keep commitment", "send commitment",
		"keep seed", "keep disclosure", "send disclosure",
		"keep verdict",
	}
	if !slices.Equal(order, want) {
		t.Errorf("got\n%q, want\n%q", order, want)
	}
}
