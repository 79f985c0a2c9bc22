package he_test

import (
	"testing"

	"github.com/veilschema/veil/he"
)

func TestAWipedKeyDecryptsNothing(t *testing.T) {
	p, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	key, submission, err := he.Encrypt(p, [32]byte{1}, [][]uint64{make([]uint64, p.N())}, 1)
	if err != nil {
		t.Fatal(err)
	}
	response, err := he.Evaluate(submission, he.Work{
		Layers: 1, Rows: 1, Workers: 1,
		Matrix: func(int) he.Matrix { return newRandomMatrix(p, he.NewStream([32]byte{2}, "wipe", 0), 1, 1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	key.Wipe()
	if _, err := key.Decrypt(response, 1); err == nil {
		t.Error("a wiped key decrypted a response")
	}
}
