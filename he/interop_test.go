package he_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/tuneinsight/lattigo/v5/core/rlwe"
	"github.com/tuneinsight/lattigo/v5/ring"
	"github.com/tuneinsight/lattigo/v5/ring/ringqp"
	"github.com/tuneinsight/lattigo/v5/schemes/bfv"

	"github.com/veilschema/veil/he"
)

// TestLibraryDecryptsFreshCiphertexts shows that a column is a BFV ciphertext in
// the library's sense too. The library keeps a message as m t^-1 modulo Q times
// a scale; round(Q m / t) is -[Q m]_t t^-1 modulo Q, so the scale is -Q mod t.
func TestLibraryDecryptsFreshCiphertexts(t *testing.T) {
	for _, p := range vettedSets(t) {
		t.Run(p.String(), func(t *testing.T) {
			columns := [][]uint64{slotDrawer(p, 3, [32]byte{15})(), slotDrawer(p, 2, [32]byte{16})()}
			key, sub, err := he.Encrypt(p, [32]byte{17}, columns, 1)
			if err != nil {
				t.Fatal(err)
			}
			library := newLibraryDecryptor(t, p, key)
			for k, want := range columns {
				if got := library.slots(t, sub, k); !slices.Equal(got, want) {
					t.Errorf("the library decrypts column %d to other slots", k)
				}
			}
			if got := library.slots(t, sub, -1); !slices.Equal(got, make([]uint64, p.N())) {
				t.Error("the library does not decrypt the public key to zero")
			}
		})
	}
}

type libraryDecryptor struct {
	p         *he.Parameters
	params    bfv.Parameters
	decryptor *rlwe.Decryptor
	encoder   *bfv.Encoder
}

func newLibraryDecryptor(t *testing.T, p *he.Parameters, key *he.Key) *libraryDecryptor {
	t.Helper()
	logN := big.NewInt(int64(p.N())).BitLen() - 1
	params, err := bfv.NewParametersFromLiteral(bfv.ParametersLiteral{LogN: logN, Q: p.Primes(), PlaintextModulus: p.T()})
	if err != nil {
		t.Fatal(err)
	}
	secret := &rlwe.SecretKey{Value: ringqp.Poly{Q: ring.Poly{Coeffs: key.SecretForLibrary()}}}
	return &libraryDecryptor{p, params, bfv.NewDecryptor(params, secret), bfv.NewEncoder(params)}
}

func (d *libraryDecryptor) slots(t *testing.T, s *he.Submission, column int) []uint64 {
	t.Helper()
	ct := bfv.NewCiphertext(d.params, 1)
	ct.Value[0] = ring.Poly{Coeffs: s.Column(column)}
	ct.Value[1] = ring.Poly{Coeffs: s.Mask(column)}
	ct.IsNTT, ct.IsBatched = true, false
	tBig := new(big.Int).SetUint64(d.p.T())
	scale := new(big.Int).Neg(d.p.Q())
	ct.Scale = rlwe.NewScaleModT(scale.Mod(scale, tBig).Uint64(), d.p.T())
	coefficients := make([]uint64, d.p.N())
	if err := d.encoder.Decode(d.decryptor.DecryptNew(ct), coefficients); err != nil {
		t.Fatal(err)
	}
	// The library orders slots in two rows; ours are the plain transform.
	d.p.ToSlots(coefficients, coefficients)
	return coefficients
}
