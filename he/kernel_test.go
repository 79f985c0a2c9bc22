package he_test

import (
	"testing"

	"github.com/veilschema/veil/he"
)

// randomMatrix is a matrix with uniform multipliers and constants, kept for the
// reference.
type randomMatrix struct {
	columns  [][][]uint64 // [column][row][slot]
	constant [][]uint64
}

func newRandomMatrix(p *he.Parameters, s *he.Stream, columns, rows int) *randomMatrix {
	m := &randomMatrix{constant: uniformRows(p, s, rows)}
	for range columns {
		m.columns = append(m.columns, uniformRows(p, s, rows))
	}
	return m
}

func uniformRows(p *he.Parameters, s *he.Stream, rows int) [][]uint64 {
	out := make([][]uint64, rows)
	for o := range out {
		out[o] = make([]uint64, p.N())
		for j := range out[o] {
			out[o][j] = s.Below(p.T())
		}
	}
	return out
}

func (m *randomMatrix) Column(k int, rows [][]uint64) { copyRows(rows, m.columns[k]) }
func (m *randomMatrix) Constant(rows [][]uint64)      { copyRows(rows, m.constant) }

func copyRows(dst, src [][]uint64) {
	for o := range dst {
		copy(dst[o], src[o])
	}
}

func TestEvaluationDecryptsToTheInnerProducts(t *testing.T) {
	for _, id := range []he.SetID{he.Small4096, he.Public8192, he.Confidential8192} {
		p, err := he.Set(id)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(p.String(), func(t *testing.T) { checkInnerProducts(t, p, 3, 2, 3) })
	}
}

func checkInnerProducts(t *testing.T, p *he.Parameters, columns, layers, rows int) {
	t.Helper()
	s := he.NewStream([32]byte{1}, "test", 0)
	plain := uniformRows(p, s, columns)
	key, sub, err := he.Encrypt(p, [32]byte{2}, plain, 2)
	if err != nil {
		t.Fatal(err)
	}
	wire, _ := sub.AppendBinary(nil)
	if sub, err = he.ParseSubmission(p, columns, wire); err != nil {
		t.Fatal(err)
	}
	matrices := make([]*randomMatrix, layers)
	for l := range matrices {
		matrices[l] = newRandomMatrix(p, s, columns, rows)
	}
	resp, err := he.Evaluate(sub, he.Work{
		Layers: layers, Rows: rows, Seed: [32]byte{3}, Workers: 2,
		Matrix: func(l int) he.Matrix { return matrices[l] },
	})
	if err != nil {
		t.Fatal(err)
	}
	wire, _ = resp.AppendBinary(nil)
	if resp, err = he.ParseResponse(p, layers*rows, wire); err != nil {
		t.Fatal(err)
	}
	got, err := key.Decrypt(resp, 2)
	if err != nil {
		t.Fatal(err)
	}
	f := p.Field()
	for l, m := range matrices {
		for o := range rows {
			for j := range p.N() {
				want := m.constant[o][j]
				for k := range columns {
					want = f.Add(want, f.Mul(plain[k][j], m.columns[k][o][j]))
				}
				if g := got[l*rows+o][j]; g != want {
					t.Fatalf("layer %d, row %d, slot %d: got %d, want %d", l, o, j, g, want)
				}
			}
		}
	}
}
