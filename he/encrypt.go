package he

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// Labels of the streams a tenant draws from; each names one purpose.
const (
	labelSecret     = "secret key"
	labelError      = "error"
	labelZeroError  = "public key error"
	labelMask       = "ciphertext mask"
	labelZeroMask   = "public key mask"
	labelPublicSeed = "public seed"
	labelPlaintext  = "plaintext"
)

// errUsed is returned by a key asked to decrypt again.
var errUsed = errors.New("this key has decrypted its one response; open a new comparison, which makes a new key")

// Key is the secret key of one comparison. It comes from Encrypt, or from
// RecoverKey where that was interrupted, and decrypts one response: a second raw
// decryption would help whoever chose the ciphertexts to find it.
type Key struct {
	params *Parameters
	// secret stands behind a second pointer because fmt calls no method of an
	// unexported field: it follows one pointer, and shows the second's address.
	secret *secretKey
	used   atomic.Bool
}

// secretKey is s under each prime's transform, in Montgomery form.
type secretKey struct{ transformed [][]uint64 }

// String keeps the key out of logs.
func (k *Key) String() string { return "he.Key(secret)" }

// GoString keeps the key out of logs.
func (k *Key) GoString() string { return k.String() }

// Format keeps the key out of logs whatever the verb.
func (k *Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// Encrypt encrypts columns of N slots in [0, t) under a key of their own.
//
// Everything random derives from seed and a digest of all columns, so one seed
// never encrypts two plaintexts under related randomness: other columns mean
// another key, another public seed and other errors. workers bounds the
// goroutines; it does not change the result.
func Encrypt(p *Parameters, seed [32]byte, columns [][]uint64, workers int) (*Key, *Submission, error) {
	if len(columns) < 1 || len(columns) > MaxColumns {
		return nil, nil, fmt.Errorf("encrypting takes 1 to %d columns, not %d", MaxColumns, len(columns))
	}
	root, err := plaintextKey(p, seed, columns)
	if err != nil {
		return nil, nil, err
	}
	key := newKey(p, root)
	s := &Submission{params: p, columns: make([][][]uint64, len(columns))}
	s.seed = deriveKey(root, labelPublicSeed, 0)
	enc := encryptor{params: p, key: key, root: root, seed: s.seed}
	s.zero = enc.encrypt(nil, labelZeroMask, labelZeroError, 0)
	parallel(len(columns), workers, func() func(int) {
		return func(k int) {
			s.columns[k] = enc.encrypt(columns[k], labelMask, labelError, uint64(k))
		}
	})
	return key, s, nil
}

// plaintextKey binds the seed to the parameter set and the columns, and checks
// the columns' shape.
func plaintextKey(p *Parameters, seed [32]byte, columns [][]uint64) ([32]byte, error) {
	digest := sha256.New()
	buffer := make([]byte, 0, 8*p.n)
	for k, column := range columns {
		if len(column) != p.n {
			return seed, fmt.Errorf("column %d has %d slots, want %d", k, len(column), p.n)
		}
		buffer = buffer[:0]
		for j, v := range column {
			if v >= p.t {
				return seed, fmt.Errorf("column %d, slot %d: %d is not below the plaintext prime", k, j, v)
			}
			buffer = binary.LittleEndian.AppendUint64(buffer, v)
		}
		digest.Write(buffer)
	}
	bound := deriveKey(seed, labelPlaintext, uint64(p.id))
	return deriveKey(bound, string(digest.Sum(nil)), uint64(len(columns))), nil
}

func newKey(p *Parameters, root [32]byte) *Key {
	s := make([]int8, p.n)
	NewStream(root, labelSecret, 0).ternary(s)
	key := &Key{params: p, secret: &secretKey{make([][]uint64, len(p.moduli))}}
	for i, m := range p.moduli {
		r := make([]uint64, p.n)
		m.fromSmall(s, r)
		m.transform.forward(r)
		m.MForm(r, r)
		key.secret.transformed[i] = r
	}
	clear(s)
	return key
}

// encryptor holds what the encryptions of one submission share.
type encryptor struct {
	params     *Parameters
	key        *Key
	root, seed [32]byte
}

// encrypt returns the first component round(Q m / t) + e - a s of a ciphertext
// whose second component a expands from the public seed. Without slots it
// encrypts zero: the public key.
func (e *encryptor) encrypt(slots []uint64, maskLabel, errorLabel string, index uint64) [][]uint64 {
	p := e.params
	noise := make([]int8, p.n)
	NewStream(e.root, errorLabel, index).binomial(noise)
	var message []uint64
	if slots != nil {
		message = make([]uint64, p.n)
		p.field.toCoefficients(slots, message)
		p.scale(message)
	}
	mask := p.expandMask(e.seed, maskLabel, index)
	out := make([][]uint64, len(p.moduli))
	for i, m := range p.moduli {
		c := make([]uint64, p.n)
		m.fromSmall(noise, c)
		if message != nil {
			p.addMessage(m, message, c)
		}
		m.transform.forward(c)
		m.MulCoeffsMontgomery(mask[i], e.key.secret.transformed[i], mask[i])
		m.Sub(c, mask[i], c)
		out[i] = c
	}
	clear(noise)
	return out
}

// expandMask expands the second component with that label and index: uniform
// residues, [prime][N]. Uniform is uniform on either side of the transform, so
// none is applied.
func (p *Parameters) expandMask(seed [32]byte, label string, index uint64) [][]uint64 {
	stream := NewStream(seed, label, index)
	out := make([][]uint64, len(p.moduli))
	for i, m := range p.moduli {
		out[i] = make([]uint64, p.n)
		stream.uniform(out[i], m.q)
	}
	return out
}

// scale multiplies coefficients by Q mod t, in place: the first half of
// encoding. With c = [Q m]_t centred, round(Q m / t) = (Q m - c) / t exactly,
// which is -c t^-1 modulo every prime of Q.
func (p *Parameters) scale(coefficients []uint64) {
	w := p.field.NewFactor(p.qModT())
	for j, v := range coefficients {
		coefficients[j] = p.field.MulFactor(v, w)
	}
}

// qModT returns Q mod t.
func (p *Parameters) qModT() uint64 {
	r := uint64(1)
	for _, q := range p.primes {
		r = p.field.Mul(r, q%p.t)
	}
	return r
}

// addMessage adds round(Q m / t) to c modulo one prime, given c = Q m mod t
// from scale: the second half of encoding.
func (p *Parameters) addMessage(m *modulus, scaled, c []uint64) {
	half := p.t >> 1
	for j, v := range scaled {
		// -centre(v): t - v or -v, as a residue.
		if v > half {
			v = p.t - v
		} else if v != 0 {
			v = m.q - v
		}
		c[j] = ring.CRed(c[j]+ring.MRed(v, m.tInv, m.q, m.MRedConstant), m.q)
	}
}

// fromSmall writes small signed integers as residues.
func (m *modulus) fromSmall(small []int8, dst []uint64) {
	for j, v := range small {
		// Adding q where negative, without a branch on a secret.
		dst[j] = uint64(int64(v)) + m.q&uint64(int64(v)>>63)
	}
}
