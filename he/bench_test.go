package he_test

import (
	"testing"

	"github.com/veilschema/veil/he"
)

// The shapes of a comparison: columns a bin's degree, one layer of three rows.
// One goroutine, so that figures are those of one core.

const benchmarkColumns = 8

func BenchmarkEncrypt(b *testing.B) {
	for _, p := range vettedSets(b) {
		b.Run(p.String(), func(b *testing.B) {
			columns := benchmarkInput(p)
			b.SetBytes(int64(p.SubmissionBytes(benchmarkColumns)))
			for b.Loop() {
				if _, _, err := he.Encrypt(p, [32]byte{1}, columns, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for _, p := range vettedSets(b) {
		b.Run(p.String(), func(b *testing.B) {
			_, sub, _ := mustEncrypt(b, p, [32]byte{1}, benchmarkInput(p))
			w := benchmarkWork(p)
			b.SetBytes(int64(p.ResponseBytes(w.Rows)))
			for b.Loop() {
				if _, err := he.Evaluate(sub, w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecrypt(b *testing.B) {
	for _, p := range vettedSets(b) {
		b.Run(p.String(), func(b *testing.B) {
			key, sub, _ := mustEncrypt(b, p, [32]byte{1}, benchmarkInput(p))
			resp, err := he.Evaluate(sub, benchmarkWork(p))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(p.ResponseBytes(resp.Replies())))
			for b.Loop() {
				key.DecryptAgain(resp)
			}
		})
	}
}

func BenchmarkParseSubmission(b *testing.B) {
	for _, p := range vettedSets(b) {
		b.Run(p.String(), func(b *testing.B) {
			_, _, wire := mustEncrypt(b, p, [32]byte{1}, benchmarkInput(p))
			b.SetBytes(int64(len(wire)))
			for b.Loop() {
				if _, err := he.ParseSubmission(p, benchmarkColumns, wire); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTransform is one number-theoretic transform modulo one prime, the
// unit in which the others may be counted.
func BenchmarkTransform(b *testing.B) {
	for _, p := range vettedSets(b) {
		b.Run(p.String(), func(b *testing.B) {
			values := make([]uint64, p.N())
			for b.Loop() {
				p.SubRing(0).NTT(values, values)
			}
		})
	}
}

func benchmarkInput(p *he.Parameters) [][]uint64 {
	return uniformRows(p, he.NewStream([32]byte{31}, "test", 0), benchmarkColumns)
}

func benchmarkWork(p *he.Parameters) he.Work {
	m := newRandomMatrix(p, he.NewStream([32]byte{32}, "test", 0), benchmarkColumns, 3)
	return he.Work{Layers: 1, Rows: 3, Seed: [32]byte{2}, Workers: 1, Matrix: func(int) he.Matrix { return m }}
}
