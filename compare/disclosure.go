package compare

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/he"
)

// disclosure is what a tenant says about every template fact: a verdict and a
// token that it can have only if the verdict is true.
//
// The token of a present fact is u, which is s exactly when f(y) = 0. That of an
// absent fact is w/v, which is alpha exactly when f(y) is not 0. Neither tells
// anything else: s and alpha are the service's own. Because both are known to
// the service, one hash of all tokens proves as much as the tokens would.
type disclosure struct {
	nonce    [32]byte
	verdicts []schema.Verdict
	tokens   [32]byte
}

// decide turns the decrypted values v, w, u of every fact into verdicts and
// tokens. withheld facts are decided beforehand, whatever was decrypted. A pair
// of which one half is zero cannot come from an honest evaluation; it is
// answered like any other place, because stopping would answer a probe.
func decide(f *he.Field, values [rows][]uint64, withheld []bool) ([]schema.Verdict, []uint64) {
	verdicts := make([]schema.Verdict, len(withheld))
	tokens := append([]uint64(nil), values[0]...)
	f.Invert(tokens)
	for i := range verdicts {
		switch v, w, u := values[0][i], values[1][i], values[2][i]; {
		case withheld[i]:
			verdicts[i], tokens[i] = schema.Undisclosed, 0
		case v == 0 && w == 0:
			verdicts[i], tokens[i] = schema.Present, u
		default:
			verdicts[i], tokens[i] = schema.Absent, f.Mul(w, tokens[i])
		}
	}
	return verdicts, tokens
}

// expected returns the tokens that these verdicts call for.
func expected(verdicts []schema.Verdict, present, absent []uint64) []uint64 {
	tokens := make([]uint64, len(verdicts))
	for i, v := range verdicts {
		switch v {
		case schema.Present:
			tokens[i] = present[i]
		case schema.Absent:
			tokens[i] = absent[i]
		}
	}
	return tokens
}

// hashTokens hashes the tokens of one session.
func hashTokens(responded chain, tokens []uint64) [32]byte {
	buffer := append([]byte("veil/compare/tokens/v1"), responded[:]...)
	for _, t := range tokens {
		buffer = binary.BigEndian.AppendUint64(buffer, t)
	}
	return sha256.Sum256(buffer)
}

// commitment is the hash that a tenant sends before the seed is opened.
func (d disclosure) commitment(responded chain) [32]byte {
	h := sha256.New()
	h.Write([]byte("veil/compare/commitment/v1"))
	h.Write(responded[:])
	h.Write(d.encode())
	return [32]byte(h.Sum(nil))
}

// encode returns nonce:32 tokens:32 verdicts, four verdicts a byte, low bits
// first: 0 undisclosed, 1 present, 2 absent.
func (d disclosure) encode() []byte {
	out := append(append([]byte(nil), d.nonce[:]...), d.tokens[:]...)
	packed := make([]byte, (len(d.verdicts)+3)/4)
	for i, v := range d.verdicts {
		packed[i/4] |= verdictCode(v) << (2 * (i % 4))
	}
	return append(out, packed...)
}

func verdictCode(v schema.Verdict) byte {
	switch v {
	case schema.Present:
		return 1
	case schema.Absent:
		return 2
	}
	return 0
}

func parseDisclosure(body []byte, facts int) (d disclosure, err error) {
	want := 64 + (facts+3)/4
	if len(body) != want {
		return d, fmt.Errorf("the disclosure has %d bytes, want %d", len(body), want)
	}
	body = body[copy(d.nonce[:], body):]
	body = body[copy(d.tokens[:], body):]
	codes := [...]schema.Verdict{schema.Undisclosed, schema.Present, schema.Absent}
	d.verdicts = make([]schema.Verdict, facts)
	for i := range 4 * len(body) {
		code := body[i/4] >> (2 * (i % 4)) & 3
		if i >= facts && code != 0 || code == 3 {
			return d, fmt.Errorf("the disclosure has no verdict at place %d but the code %d", i, code)
		}
		if i < facts {
			d.verdicts[i] = codes[code]
		}
	}
	return d, nil
}

// Causes of a refused disclosure.
var (
	errOpening = errors.New("the disclosure is not what the tenant committed to")
	errTokens  = errors.New("some verdict of the disclosure is not what was decrypted")
)

// check verifies an opened disclosure against the commitment and the service's
// secrets.
func (d disclosure) check(responded chain, commitment [32]byte, e *evaluation) error {
	opened := d.commitment(responded)
	if subtle.ConstantTimeCompare(opened[:], commitment[:]) != 1 {
		return errOpening
	}
	present, absent := e.tokens()
	want := hashTokens(responded, expected(d.verdicts, present, absent))
	if subtle.ConstantTimeCompare(want[:], d.tokens[:]) != 1 {
		return errTokens
	}
	return nil
}
