package compare_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// interrupted returns a play with that many messages.
func interrupted(tb testing.TB, seed uint64, at compare.Type) *play {
	tb.Helper()
	p := newPlay(tb, seed)
	for len(p.sent) < int(at) {
		p.step(tb)
	}
	return p
}

// TestAServiceThatAnswersTwiceIsProvenByATenantThatCameBack: the first answer is
// in the journal, the tenant died on it, and the second is as well signed.
func TestAServiceThatAnswersTwiceIsProvenByATenantThatCameBack(t *testing.T) {
	whole, _ := uninterrupted(t, 90)
	for write, what := range whole.disk.events {
		var at compare.Type
		switch what {
		case "keep submission":
			at = compare.TypeSalt
		case "record response", "keep commitment":
			at = compare.TypeResponse
		case "keep disclosure":
			at = compare.TypeSeed
		default:
			continue
		}
		t.Run(fmt.Sprintf("the tenant died before it could %s", what), func(t *testing.T) {
			p := interrupted(t, 90, at)
			p.disk.fail = write + 1
			if _, err := p.next(at); !errors.Is(err, errDisk) {
				t.Fatalf("got %v, want the disk's error", err)
			}
			if err := p.killTenant(); err != nil {
				t.Fatal(err)
			}
			body := bytes.Clone(compare.Body(p.sent[at-1]))
			body[len(body)-1] ^= 1
			other := compare.Seal(p.sent[:at-1], at, body, serviceIdentity)
			answer, err := p.answer(at, other)
			wantMisconduct(t, err, compare.RoleService, compare.OffenceTwice, at)
			if answer != nil || p.tenant.Decryptions() != 0 {
				t.Errorf("it was answered with %d bytes, after %d decryptions", len(answer), p.tenant.Decryptions())
			}
			if answer, err = p.answer(at, p.sent[at-1]); err != nil || !bytes.Equal(answer, whole.sent[at]) {
				t.Errorf("after that, the first answer gives another message: %v", err)
			}
		})
	}
}

func TestATenantThatSpeaksTwiceIsProvenByAServiceThatCameBack(t *testing.T) {
	for _, at := range []compare.Type{compare.TypeAccept, compare.TypeSubmission, compare.TypeCommitment, compare.TypeDisclosure} {
		for unanswered := range 2 {
			p := interrupted(t, 91, at+1)
			if err := p.killEvaluator(int(at) + 1 - unanswered); err != nil {
				t.Fatal(err)
			}
			body := bytes.Clone(compare.Body(p.sent[at-1]))
			body[0] ^= 1
			answer, err := p.answer(at, compare.Seal(p.sent[:at-1], at, body, tenantRoot.Identity()))
			wantMisconduct(t, err, compare.RoleTenant, compare.OffenceTwice, at)
			if answer != nil || p.evaluator.Evaluations() != 0 {
				t.Errorf("%s: it was answered with %d bytes, after %d evaluations", at, len(answer), p.evaluator.Evaluations())
			}
		}
	}
}

// TestAResponseIsDecryptedOnceWhateverTheJournalSays: another response than that
// of the ledger is not decrypted, though the service signed it and the journal has it.
func TestAResponseIsDecryptedOnceWhateverTheJournalSays(t *testing.T) {
	p := interrupted(t, 92, compare.TypeResponse)
	p.disk.fail = p.disk.writes + 3 // the commitment
	if _, err := p.next(compare.TypeResponse); !errors.Is(err, errDisk) || p.tenant.Decryptions() != 1 {
		t.Fatalf("got %d decryptions and %v, want one and the disk's error", p.tenant.Decryptions(), err)
	}
	body := bytes.Clone(compare.Body(p.sent[5]))
	body[len(body)-1] ^= 1
	other := compare.Seal(p.sent[:5], compare.TypeResponse, body, serviceIdentity)
	p.disk.records[5] = slices.Concat(p.disk.records[5][:7], other)
	if err := p.killTenant(); !errors.Is(err, compare.ErrPutBack) {
		t.Errorf("got %v, want ErrPutBack", err)
	}
}

// TestAJournalAndALedgerOfDifferentTimesAreRefused puts either of them back to
// every earlier state.
func TestAJournalAndALedgerOfDifferentTimesAreRefused(t *testing.T) {
	p := newPlay(t, 93)
	var states []*stores // after n messages
	for len(p.sent) < 10 {
		states = append(states, p.disk.clone())
		p.step(t)
	}
	states = append(states, p.disk.clone())
	known := func(s *stores) (n int) { // 0 no session, 1 begun, 2 answered
		for _, r := range s.ledger.responses {
			n = 1
			if r != [32]byte{} {
				n = 2
			}
		}
		return n
	}
	for journal := 1; journal <= 10; journal++ {
		for ledger := 0; ledger <= 10; ledger++ {
			q := newPlay(t, 93)
			q.disk = states[journal].clone()
			q.disk.ledger = states[ledger].clone().ledger
			had, has := known(states[journal]), known(states[ledger])
			kept := len(q.disk.records)
			// Without the salt nobody knows the session, and a submission that was kept last may be marked now.
			fits := had == has || kept < int(compare.TypeSalt) || kept == int(compare.TypeSubmission) && has == 0
			switch err := q.killTenant(); {
			case fits && err != nil:
				t.Errorf("a journal of %d messages with a ledger of %d: %v", journal, ledger, err)
			case !fits && !errors.Is(err, compare.ErrPutBack):
				t.Errorf("a journal of %d messages with a ledger of %d: got %v, want ErrPutBack", journal, ledger, err)
			}
			if kept < int(compare.TypeSalt) && kept > int(compare.TypeOffer) && has > 0 {
				submission, err := q.tenant.Submit(p.sent[3])
				if !errors.Is(err, compare.ErrPutBack) || submission != nil || len(q.disk.records) != kept {
					t.Errorf("a journal of %d messages with a ledger of %d submits again: %v", journal, ledger, err)
				}
			}
		}
	}
}

func TestAChangedTranscriptIsNotResumed(t *testing.T) {
	p, _ := uninterrupted(t, 94)
	foreign, _ := uninterrupted(t, 95)
	for i := range p.sent {
		for name, m := range changesOf(p.sent[i], foreign.sent[i], p.sent[(i+1)%10]) {
			if i == 0 && name == "that of another comparison" {
				continue // an open follows nothing; what comes after it does not follow that one
			}
			q := &play{template: p.template, random: p.random, sent: slices.Clone(p.sent[:i+1]), disk: p.disk.clone(), config: p.config}
			q.sent[i] = m
			if err := q.killEvaluator(i + 1); err == nil {
				t.Errorf("message %d is taken by the service although it is %s", i+1, name)
			}
			r, err := sealedWith(p.disk.records[i], m)
			if err != nil {
				t.Fatal(err)
			}
			q.disk.records = append(slices.Clone(p.disk.records[:i]), r)
			if accepted(q.killTenant()) {
				t.Errorf("message %d is taken by the tenant although it is %s", i+1, name)
			}
		}
	}
	if _, err := compare.ResumeEvaluator(p.serviceConfig(), append(slices.Clone(p.sent), p.sent[9])); err == nil {
		t.Error("an eleventh message is taken")
	}
	if _, err := compare.ResumeEvaluator(p.serviceConfig(), append([][]byte{foreign.sent[0]}, p.sent[1:]...)); err == nil {
		t.Error("the open of another comparison is taken")
	}
}

// accepted says that nothing was wrong with a journal in itself, whatever the
// ledger, which is that of a finished comparison, says to it.
func accepted(err error) bool { return err == nil || errors.Is(err, compare.ErrPutBack) }

func changesOf(message, foreign, next []byte) map[string][]byte {
	changes := map[string][]byte{
		"cut": message[:len(message)-1], "longer": append(bytes.Clone(message), 0), "empty": nil,
		"that of another comparison": foreign, "the next one": next,
	}
	for name, i := range map[string]int{"type": 3, "length": 7, "first byte": 8, "last byte": len(message) - 65, "signature": len(message) - 1} {
		m := bytes.Clone(message)
		m[i] ^= 1
		changes["changed in its "+name] = m
	}
	return changes
}

// TestWhatTheTenantSignedElsewhereIsNotResumed: as two processes would, that went
// on from the same records.
func TestWhatTheTenantSignedElsewhereIsNotResumed(t *testing.T) {
	p, _ := uninterrupted(t, 78)
	for _, at := range []compare.Type{compare.TypeAccept, compare.TypeCommitment, compare.TypeDisclosure} {
		q := interruptedAt(p, int(at)-1)
		body := bytes.Clone(compare.Body(p.sent[at-1]))
		body[0] ^= 1
		q.disk.records[at-1] = must(sealedWith(p.disk.records[at-1], compare.Seal(p.sent[:at-1], at, body, tenantRoot.Identity())))
		if err := q.killTenant(); accepted(err) {
			t.Errorf("another %s is taken", at)
		} else {
			wantRefusal(t, err)
		}
	}
}

// TestNoSideAccusesItself: a message of its own that breaks the protocol is an error
// of whoever keeps its records.
func TestNoSideAccusesItself(t *testing.T) {
	p, _ := uninterrupted(t, 79)
	for at := compare.TypeOffer; at <= compare.TypeDisclosure; at++ {
		if at == compare.TypeAccept || at == compare.TypeCommitment {
			continue // every body of that length keeps to the protocol
		}
		body := compare.Body(p.sent[at-1])
		body = body[:len(body)-1]
		if at.Sender() == compare.RoleService {
			p := &play{template: p.template, random: p.random, sent: slices.Clone(p.sent[:at])}
			p.sent[at-1] = compare.Seal(p.sent[:at-1], at, body, serviceIdentity)
			wantRefusal(t, p.killEvaluator(int(at)))
			continue
		}
		q := interruptedAt(p, int(at)-1)
		q.disk.records[at-1] = must(sealedWith(p.disk.records[at-1], compare.Seal(p.sent[:at-1], at, body, tenantRoot.Identity())))
		wantRefusal(t, q.killTenant())
	}
}

// sealedWith is a record with the same sealed part and another message.
func sealedWith(record, message []byte) ([]byte, error) {
	_, old, _, err := compare.ParseRecord(record)
	return slices.Concat(record[:len(record)-len(old)], message), err
}

func TestAChangedRecordIsNotResumed(t *testing.T) {
	p, _ := uninterrupted(t, 96)
	for i, record := range p.disk.records {
		sealed, _, _, err := compare.ParseRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		for at := range 7 + len(sealed) {
			q := interruptedAt(p, i)
			q.disk.records[i] = bytes.Clone(record)
			q.disk.records[i][at] ^= 1
			if accepted(q.killTenant()) {
				t.Errorf("record %d is taken with byte %d changed", i+1, at)
			}
		}
		q := interruptedAt(p, i)
		q.disk.records[i] = slices.Concat(record[:3], []byte{0, 0, 0, 0}, record[7+len(sealed):])
		if accepted(q.killTenant()) != (len(sealed) == 0) {
			t.Errorf("record %d is refused, or taken without its sealed part", i+1)
		}
	}
}

// interruptedAt is a finished play as it was when record i was kept last.
func interruptedAt(p *play, i int) *play {
	q := &play{disk: p.disk.clone(), config: p.config}
	q.disk.records = q.disk.records[:i+1]
	return q
}

func TestAJournalOpensWithItsSecretsOnly(t *testing.T) {
	p := interrupted(t, 97, compare.TypeCommitment)
	whole, _ := uninterrupted(t, 97)
	for _, secret := range [][]byte{compare.Body(whole.sent[8]), compare.Body(whole.sent[8])[:32]} {
		if bytes.Contains(bytes.Join(p.disk.records, nil), secret) {
			t.Error("the journal has the disclosure in clear")
		}
	}
	if bytes.Contains(p.disk.records[0], compare.Body(whole.sent[2])) {
		t.Error("the journal has the nonce in clear before it is sent")
	}
	other := newPlay(t, 98).disk.vault
	for name, change := range map[string]func(q *play){
		"another root key":       func(q *play) { q.config.Root = strangerRoot },
		"the secret of another":  func(q *play) { q.disk.vault = renamed(other, p.comparison()) },
		"a forgotten secret":     func(q *play) { q.disk.vault = &vault{secrets: map[[32]byte]keys.Secret{}} },
		"another template":       func(q *play) { q.config.Template = prepare(t, columnFacts(0, 41)) },
		"another service pinned": func(q *play) { pin := stranger.Public(); q.config.Service = &pin },
		"a stronger minimum":     func(q *play) { q.config.Minimum = he.Public8192 },
		"another policy":         func(q *play) { q.config.Withholds = nil },
		"a stricter policy":      func(q *play) { q.config.Withholds = func(schema.Fact) bool { return true } },
		"no record":              func(q *play) { q.disk.records = nil },
	} {
		q := &play{disk: p.disk.clone(), config: p.config}
		change(q)
		if err := q.killTenant(); err == nil {
			t.Errorf("with %s it is resumed", name)
		}
	}
	if err := p.killTenant(); err != nil {
		t.Errorf("as it was, it is not resumed: %v", err)
	}
}

// renamed is a vault with its one secret under another comparison.
func renamed(v *vault, comparison [32]byte) *vault {
	out := &vault{secrets: map[[32]byte]keys.Secret{}}
	for _, secret := range v.secrets {
		out.secrets[comparison] = secret
	}
	return out
}

func TestATenantWithoutItsStoresIsNotResumed(t *testing.T) {
	p := interrupted(t, 99, compare.TypeSubmission)
	for name, change := range map[string]func(c *compare.TenantConfig){
		"ledger that can be read": func(c *compare.TenantConfig) { c.Ledger = noLedger{} },
		"vault that can be read":  func(c *compare.TenantConfig) { c.Vault = otherVault{} },
		"journal":                 func(c *compare.TenantConfig) { c.Journal = nil },
	} {
		cfg := p.config
		cfg.Ledger, cfg.Vault, cfg.Journal = p.disk, p.disk.vault, p.disk
		change(&cfg)
		if _, err := compare.ResumeTenant(cfg, p.comparison(), p.disk.records); err == nil {
			t.Errorf("without a %s it is resumed", name)
		}
	}
	cfg := p.config
	cfg.Vault, cfg.Random = nil, seeded(99)
	if _, err := compare.NewTenant(cfg); err == nil {
		t.Error("a journal is begun without a vault")
	}
}

// noLedger cannot be read.
type noLedger struct{}

func (noLedger) MarkSession([32]byte) error              { return nil }
func (noLedger) RecordResponse([32]byte, [32]byte) error { return nil }

// TestFactsMayChangeOnceTheCommitmentIsKept: until then the key derives from them.
func TestFactsMayChangeOnceTheCommitmentIsKept(t *testing.T) {
	whole, _ := uninterrupted(t, 80)
	for at := compare.TypeOpen; at <= compare.TypeVerdict; at++ {
		p := interrupted(t, 80, at)
		shuffled := slices.Clone(p.config.Facts)
		slices.Reverse(shuffled)
		p.config.Facts = shuffled
		if err := p.killTenant(); err != nil {
			t.Errorf("after %s, in another order: %v", at, err)
		}
		p.config.Facts = append(columnFacts(21, 29), columnFacts(7, 1)...)
		err := p.killTenant()
		if at < compare.TypeCommitment {
			if err == nil {
				t.Errorf("after %s it is resumed with other facts", at)
			}
		} else if err != nil {
			t.Errorf("after %s: %v", at, err)
		}
		for len(p.sent) < 10 {
			p.step(t)
		}
		wantSame(t, p.sent, whole.sent)
	}
}

func TestAServiceWithOtherSecretsIsNotResumed(t *testing.T) {
	for at := compare.TypeOffer; at <= compare.TypeVerdict; at++ {
		p := interrupted(t, 89, at)
		for name, change := range map[string]func(c *compare.EvaluatorConfig){
			"other random bytes": func(c *compare.EvaluatorConfig) { c.Random = seeded(1) },
			"no random bytes":    func(c *compare.EvaluatorConfig) { c.Random = bytes.NewReader(make([]byte, 63)) },
			"another identity":   func(c *compare.EvaluatorConfig) { c.Identity = stranger },
			"another template":   func(c *compare.EvaluatorConfig) { c.Template = prepare(t, columnFacts(0, 41)) },
		} {
			cfg := p.serviceConfig()
			change(&cfg)
			_, err := compare.ResumeEvaluator(cfg, p.sent)
			wantRefusal(t, err)
			if err == nil {
				t.Errorf("after %s, with %s it is resumed", at, name)
			}
		}
	}
}

// TestAServiceDoesNotEvaluateWhatItSigned: even a response of its own that is false
// is taken as it is, and found by the tenant.
func TestAServiceDoesNotEvaluateWhatItSigned(t *testing.T) {
	p := interrupted(t, 88, compare.TypeSubmission)
	p.sent = append(p.sent, must(p.evaluator.EvaluateTwisted(p.sent[4], compare.Twist{Spoil: []int{1}})))
	if err := p.killEvaluator(6); err != nil {
		t.Fatal(err)
	}
	p.step(t)
	p.step(t)
	if err := p.killTenant(); err != nil {
		t.Fatal(err)
	}
	disclosure, err := p.tenant.Disclose(p.sent[7])
	wantMisconduct(t, err, compare.RoleService, compare.OffenceEvaluation, compare.TypeResponse)
	if disclosure != nil {
		t.Error("the tenant disclosed something")
	}
}

// TestAFalseDisclosureIsProvenByAServiceThatCameBack: resuming checks verdicts too.
func TestAFalseDisclosureIsProvenByAServiceThatCameBack(t *testing.T) {
	p := interrupted(t, 87, compare.TypeSeed)
	m := must(p.tenant.DiscloseChanged(p.sent[7], func(v []schema.Verdict) { v[0] = schema.Present }))
	p.sent = append(p.sent, m)
	wantMisconduct(t, p.killEvaluator(9), compare.RoleTenant, compare.OffenceOpening, compare.TypeDisclosure)
}

func FuzzRecord(f *testing.F) {
	p := interrupted(f, 86, compare.TypeAccept)
	for _, r := range p.disk.records {
		f.Add(r)
	}
	f.Add([]byte("VJ\x01\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed, message, encode, err := compare.ParseRecord(b)
		if err == nil && (!bytes.Equal(encode(), b) || len(sealed)+len(message)+7 != len(b)) {
			t.Error("a record is accepted that encodes differently")
		}
	})
}

func FuzzBeginning(f *testing.F) {
	f.Add(make([]byte, 69), 40)
	f.Add(bytes.Repeat([]byte{255}, 69), 37)
	f.Fuzz(func(t *testing.T, private []byte, facts int) {
		if facts < 1 || facts > compare.MaxFacts {
			return
		}
		encode, err := compare.ParseBeginning(private, facts)
		if err == nil && !bytes.Equal(encode(), private) {
			t.Error("a beginning is accepted that encodes differently")
		}
	})
}

// FuzzResume gives both roles a transcript with one message replaced.
func FuzzResume(f *testing.F) {
	p, _ := uninterrupted(f, 85)
	for i, m := range p.sent {
		if len(m) < 4096 {
			f.Add(uint8(i), m)
			f.Add(uint8(i), p.disk.records[i])
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, m []byte) {
		at := int(i) % 10
		q := &play{template: p.template, random: p.random, sent: slices.Clone(p.sent[:at+1]), disk: p.disk.clone(), config: p.config}
		q.sent[at] = m
		if err := q.killEvaluator(at + 1); err == nil && !bytes.Equal(m, p.sent[at]) {
			t.Error("the service takes another message")
		}
		q.disk.records = append(q.disk.records[:at:at], m)
		if accepted(q.killTenant()) && !bytes.Equal(m, p.disk.records[at]) {
			t.Error("the tenant takes another record")
		}
	})
}

// TestAJournalThatWasCutIsHeldAgainstTheLedger cuts the journal of a finished comparison after each record.
func TestAJournalThatWasCutIsHeldAgainstTheLedger(t *testing.T) {
	p := newPlay(t, 94)
	for len(p.sent) < 10 {
		p.step(t)
	}
	for n := 1; n <= len(p.disk.records); n++ {
		last := compare.Type(n)
		for name, c := range map[string]struct {
			ledger *ledger
			fits   bool
		}{
			"its own ledger":     {p.disk.clone().ledger, last < compare.TypeSalt || last >= compare.TypeResponse},
			"a ledger of nobody": {newLedger(), last <= compare.TypeSubmission},
		} {
			q := newPlay(t, 94)
			q.disk = p.disk.clone()
			q.disk.records, q.disk.ledger = q.disk.records[:n], c.ledger
			switch err := q.killTenant(); {
			case c.fits && err != nil:
				t.Errorf("a journal that ends with its %s and %s: %v", last, name, err)
			case !c.fits && !errors.Is(err, compare.ErrPutBack):
				t.Errorf("a journal that ends with its %s and %s: got %v, want ErrPutBack", last, name, err)
			}
		}
	}
}
