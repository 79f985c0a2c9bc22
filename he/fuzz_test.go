package he_test

import (
	"bytes"
	"testing"

	"github.com/veilschema/veil/he"
)

// The seed corpora stand in testdata/fuzz: honest messages at toy size, headers
// of the vetted sets with nothing behind them, and headers that lie.

func FuzzParseSubmission(f *testing.F) {
	p := toy(f)
	submission, _ := honestMessages(f, p)
	f.Add(uint8(0), 1, submission)
	sets := append([]*he.Parameters{p}, vettedSets(f)...)
	f.Fuzz(func(t *testing.T, set uint8, columns int, data []byte) {
		s, err := he.ParseSubmission(sets[int(set)%len(sets)], columns, data)
		if err != nil {
			return
		}
		if again, _ := s.AppendBinary(nil); !bytes.Equal(again, data) {
			t.Fatal("what parsed comes back changed")
		}
		if s.Columns() != columns {
			t.Fatalf("%d columns, asked for %d", s.Columns(), columns)
		}
		// Whatever parses can be evaluated.
		m := &oneColumn{make([]uint64, s.Parameters().N()), make([]uint64, s.Parameters().N())}
		if _, err := he.Evaluate(s, he.Work{Layers: 1, Rows: 1, Matrix: func(int) he.Matrix { return m }}); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	p := toy(f)
	_, response := honestMessages(f, p)
	f.Add(uint8(0), 1, response)
	sets := append([]*he.Parameters{p}, vettedSets(f)...)
	keys := make([]*he.Key, len(sets))
	for i, set := range sets {
		keys[i], _, _ = mustEncrypt(f, set, [32]byte{30}, [][]uint64{make([]uint64, set.N())})
	}
	f.Fuzz(func(t *testing.T, set uint8, replies int, data []byte) {
		at := int(set) % len(sets)
		r, err := he.ParseResponse(sets[at], replies, data)
		if err != nil {
			return
		}
		if again, _ := r.AppendBinary(nil); !bytes.Equal(again, data) {
			t.Fatal("what parsed comes back changed")
		}
		// Whatever parses can be decrypted, to slots of Z_t.
		for _, slots := range keys[at].DecryptAgain(r) {
			for _, v := range slots {
				if v >= sets[at].T() {
					t.Fatalf("slot %d is not below t", v)
				}
			}
		}
	})
}
