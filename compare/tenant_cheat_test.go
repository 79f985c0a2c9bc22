package compare_test

import (
	"bytes"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
)

// small is the comparison that most tests play: 40 template facts, of which the
// tenant has the last 20.
func small(tb testing.TB, seed uint64) pair {
	return newPair(tb, prepare(tb, columnFacts(0, 40)), columnFacts(20, 30), seed, func(c *compare.TenantConfig) { c.Workers = 1 })
}

// claims are ways to find the token of a false verdict about fact i.
var claims = map[schema.Verdict]map[string]func(c *compare.Claim, f fieldOps, i int) uint64{
	schema.Present: {
		"the decrypted u":                     func(c *compare.Claim, _ fieldOps, i int) uint64 { return c.U[i] },
		"u less v, as if r were r'":           func(c *compare.Claim, f fieldOps, i int) uint64 { return f.Sub(c.U[i], c.V[i]) },
		"u less w":                            func(c *compare.Claim, f fieldOps, i int) uint64 { return f.Sub(c.U[i], c.W[i]) },
		"zero":                                func(*compare.Claim, fieldOps, int) uint64 { return 0 },
		"the token of a fact that is there":   func(c *compare.Claim, _ fieldOps, _ int) uint64 { return c.U[len(c.U)-1] },
		"the token that it would have absent": func(c *compare.Claim, _ fieldOps, i int) uint64 { return c.Tokens[i] },
	},
	schema.Absent: {
		"zero":                                   func(*compare.Claim, fieldOps, int) uint64 { return 0 },
		"one":                                    func(*compare.Claim, fieldOps, int) uint64 { return 1 },
		"the decrypted u":                        func(c *compare.Claim, _ fieldOps, i int) uint64 { return c.U[i] },
		"the token of a fact that is absent":     func(c *compare.Claim, _ fieldOps, _ int) uint64 { return c.Tokens[0] },
		"the token that it has as a present one": func(c *compare.Claim, _ fieldOps, i int) uint64 { return c.Tokens[i] },
	},
}

// fieldOps is what a cheat computes with.
type fieldOps interface{ Sub(a, b uint64) uint64 }

func TestATenantThatFlipsAVerdictIsRefusedAndProven(t *testing.T) {
	p := small(t, 5)
	response := p.until(t, compare.TypeResponse)
	flipped := map[schema.Verdict]int{}
	for i := range 40 {
		if testing.Short() && i%13 != 0 {
			continue
		}
		lie := schema.Present
		if i >= 20 {
			lie = schema.Absent
		}
		for how, token := range claims[lie] {
			q := p.clone()
			commitment, err := q.tenant.CommitTo(response, func(c *compare.Claim) {
				if c.Verdicts[i] == lie {
					t.Fatalf("fact %d is %s, so that is no lie", i, lie)
				}
				c.Verdicts[i], c.Tokens[i] = lie, token(c, q.tenant.Field(), i)
			})
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = q.finish(compare.TypeCommitment, commitment)
			if err == nil {
				t.Fatalf("fact %d passes as %s with %s", i, lie, how)
			}
			if i%13 == 0 {
				wantMisconduct(t, err, compare.RoleTenant, compare.OffenceVerdict, compare.TypeDisclosure)
			}
			flipped[lie]++
		}
	}
	t.Logf("refused %d false presents and %d false absents", flipped[schema.Present], flipped[schema.Absent])
}

func TestATenantThatFlipsEverythingIsRefused(t *testing.T) {
	p := small(t, 6)
	response := p.until(t, compare.TypeResponse)
	commitment, err := p.tenant.CommitTo(response, func(c *compare.Claim) {
		for i, v := range c.Verdicts {
			if v == schema.Present {
				c.Verdicts[i], c.Tokens[i] = schema.Absent, 1
			} else {
				c.Verdicts[i], c.Tokens[i] = schema.Present, c.U[i]
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.finish(compare.TypeCommitment, commitment)
	wantMisconduct(t, err, compare.RoleTenant, compare.OffenceVerdict, compare.TypeDisclosure)
}

// TestACheatThatChangesNothingIsAccepted shows that the hooks of the tests above
// refuse nothing by themselves.
func TestACheatThatChangesNothingIsAccepted(t *testing.T) {
	p := small(t, 7)
	commitment, err := p.tenant.CommitTo(p.until(t, compare.TypeResponse), func(*compare.Claim) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.finish(compare.TypeCommitment, commitment); err != nil {
		t.Fatal(err)
	}
}

// TestATenantThatChangesItsMindAfterTheSeedIsProven: with the seed every token is
// known, so the verdicts must have been fixed before.
func TestATenantThatChangesItsMindAfterTheSeedIsProven(t *testing.T) {
	p := small(t, 8)
	seed := p.until(t, compare.TypeSeed)
	disclosure, err := p.tenant.DiscloseChanged(seed, func(v []schema.Verdict) { v[0] = schema.Present })
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.evaluator.Conclude(disclosure)
	wantMisconduct(t, err, compare.RoleTenant, compare.OffenceOpening, compare.TypeDisclosure)
}

func TestATenantThatChangesAByteOfItsDisclosureIsProven(t *testing.T) {
	p := small(t, 9)
	disclosure := p.until(t, compare.TypeDisclosure)
	for at := range compare.Body(disclosure) {
		body := bytes.Clone(compare.Body(disclosure))
		body[at] ^= 1
		q := p.clone()
		_, _, err := q.evaluator.Conclude(compare.Seal(p.evaluator.Transcript(), compare.TypeDisclosure, body, tenantRoot.Identity()))
		if err == nil {
			t.Fatalf("with byte %d changed it is accepted", at)
		}
		o := compare.OffenceOpening
		if at >= 64 { // 1 ^ the code of a present or an absent verdict is 0 or 3
			if body[at]&3 == 3 {
				o = compare.OffenceMalformed
			}
		}
		wantMisconduct(t, err, compare.RoleTenant, o, compare.TypeDisclosure)
	}
}

func TestATenantThatSendsAMalformedBodyIsProven(t *testing.T) {
	for _, c := range []struct {
		name string
		at   compare.Type
		body func(honest []byte) []byte
	}{
		{"a nonce of 31 bytes", compare.TypeAccept, func(b []byte) []byte { return b[1:] }},
		{"no nonce", compare.TypeAccept, func([]byte) []byte { return nil }},
		{"a residue that is not below its prime", compare.TypeSubmission, func(b []byte) []byte {
			copy(b[32+40:], bytes.Repeat([]byte{0xff}, 8))
			return b
		}},
		{"one column too few", compare.TypeSubmission, func(b []byte) []byte { return b[:32+40+(len(b)-72)/2] }},
		{"another parameter set", compare.TypeSubmission, func(b []byte) []byte { b[32+5] = 2; return b }},
		{"a byte after the submission", compare.TypeSubmission, func(b []byte) []byte { return append(b, 0) }},
		{"a commitment of 33 bytes", compare.TypeCommitment, func(b []byte) []byte { return append(b, 0) }},
		{"a disclosure of other facts", compare.TypeDisclosure, func(b []byte) []byte { return append(b, 0) }},
		{"a verdict that does not exist", compare.TypeDisclosure, func(b []byte) []byte { b[64] |= 3; return b }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := small(t, 10)
			body := c.body(bytes.Clone(compare.Body(p.until(t, c.at))))
			transcript := p.evaluator.Transcript()
			_, err := p.answer(c.at, compare.Seal(transcript, c.at, body, tenantRoot.Identity()))
			wantMisconduct(t, err, compare.RoleTenant, compare.OffenceMalformed, c.at)
		})
	}
}

func TestATenantThatAnswersTwiceIsProven(t *testing.T) {
	for _, at := range []compare.Type{compare.TypeAccept, compare.TypeSubmission, compare.TypeCommitment, compare.TypeDisclosure} {
		t.Run(at.String(), func(t *testing.T) {
			p := small(t, 11)
			first := p.until(t, at)
			other := bytes.Clone(compare.Body(first))
			other[0] ^= 1 // of a submission, the Merkle root
			second := compare.Seal(p.evaluator.Transcript(), at, other, tenantRoot.Identity())
			if _, err := p.answer(at, first); err != nil {
				t.Fatal(err)
			}
			_, err := p.answer(at, second)
			evidence := wantMisconduct(t, err, compare.RoleTenant, compare.OffenceTwice, at)
			if _, _, parts, err := compare.ParseEvidence(evidence); err != nil || len(parts) != 1+int(at)+1 {
				t.Errorf("the evidence has %d parts and error %v, want the template, %d messages and the second one", len(parts), err, at)
			}
			_, err = p.answer(at, first)
			wantRefusal(t, err) // the same again is no offence
		})
	}
}

// TestAnOversizedConstantInACiphertextForgesNothing is the attack that reads the
// multipliers out of a reply's noise where there is no flooding: the tenant adds
// constants to a ciphertext, from small ones to some that break decryption.
// Honest verdicts pass while decryption holds; forged ones never do.
func TestAnOversizedConstantInACiphertextForgesNothing(t *testing.T) {
	honest := 0
	for bits := 4; bits <= 92; bits += 8 {
		p := small(t, 12)
		salt := p.until(t, compare.TypeSalt)
		submission, err := p.tenant.SubmitChanged(salt, func(body []byte) []byte { return addConstant(body, bits) })
		if err != nil {
			t.Fatal(err)
		}
		response, err := p.evaluator.Evaluate(submission)
		if err != nil {
			t.Fatal(err)
		}
		for _, lie := range []bool{false, true} {
			q := pair{p.tenant.Clone(), p.evaluator.Clone()}
			commitment, err := q.tenant.CommitTo(response, func(c *compare.Claim) {
				if lie {
					c.Verdicts[0], c.Tokens[0] = schema.Present, c.U[0]
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = q.finish(compare.TypeCommitment, commitment)
			switch {
			case lie && err == nil:
				t.Errorf("with a constant of %d bits a forged verdict passes", bits)
			case lie:
				wantMisconduct(t, err, compare.RoleTenant, compare.OffenceVerdict, compare.TypeDisclosure)
			case err == nil:
				honest++
			}
		}
	}
	t.Logf("%d of 12 constants left decryption whole", honest)
	if honest == 0 || honest == 12 {
		t.Errorf("%d of 12 constants left decryption whole; the test should meet both kinds", honest)
	}
}

// addConstant adds 2^bits to the first column of a submission under small-4096:
// the transform of a constant is that constant everywhere.
func addConstant(body []byte, bits int) []byte {
	const n = 4096
	at := 32 + 40 // Merkle root, header
	widths, primes := []int{49, 48}, []uint64{0x1fffffffce001, 0xffffffffc001}
	at += n / 8 * (widths[0] + widths[1]) // the public key comes first
	for i, width := range widths {
		constant := uint64(1)
		for range bits {
			constant = constant * 2 % primes[i]
		}
		for j := range n {
			v := (getBits(body[at:], j*width, width) + constant) % primes[i]
			setBits(body[at:], j*width, width, v)
		}
		at += n / 8 * width
	}
	return body
}

// getBits and setBits are the packing of the wire, bit by bit.
func getBits(b []byte, from, width int) (v uint64) {
	for k := range width {
		v |= uint64(b[(from+k)/8]>>((from+k)%8)&1) << k
	}
	return v
}

func setBits(b []byte, from, width int, v uint64) {
	for k := range width {
		bit := &b[(from+k)/8]
		*bit = *bit&^(1<<((from+k)%8)) | byte(v>>k&1)<<((from+k)%8)
	}
}

// TestATenantMayStillWithhold: a verdict that is kept back after decryption is no
// false verdict; a report counts it as undisclosed.
func TestATenantMayStillWithhold(t *testing.T) {
	p := small(t, 13)
	commitment, err := p.tenant.CommitTo(p.until(t, compare.TypeResponse), func(c *compare.Claim) {
		c.Verdicts[3], c.Tokens[3] = schema.Undisclosed, 0
	})
	if err != nil {
		t.Fatal(err)
	}
	_, r, err := p.finish(compare.TypeCommitment, commitment)
	if err != nil || r.Verdicts[3] != schema.Undisclosed {
		t.Fatalf("got %v, %v", r, err)
	}
}

// TestAVerdictOfAnUndisclosedFactHasNoToken: every fact has exactly one token
// that passes, so there is no room for a message to somebody.
func TestAVerdictOfAnUndisclosedFactHasNoToken(t *testing.T) {
	for _, token := range []uint64{1, 1 << 40} {
		p := small(t, 14)
		commitment, err := p.tenant.CommitTo(p.until(t, compare.TypeResponse), func(c *compare.Claim) {
			c.Verdicts[3], c.Tokens[3] = schema.Undisclosed, token
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = p.finish(compare.TypeCommitment, commitment)
		wantMisconduct(t, err, compare.RoleTenant, compare.OffenceVerdict, compare.TypeDisclosure)
	}
}
