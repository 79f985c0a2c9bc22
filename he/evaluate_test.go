package he_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/bits"
	"testing"

	"github.com/veilschema/veil/he"
)

// pinned are digests of the submission and the response of one fixed comparison
// for each set: three columns, two layers of three rows. Another machine, or
// another version of this package, must give the same bytes; a change here is a
// change of the wire format or of the evaluation and needs a new version number.
var pinned = map[he.SetID]struct{ submission, response string }{
	he.Small4096: {
		submission: "bd0e7dd97757a3c2c89951f31f8d04c4c5b546122ef7f42bffd6218de20a6709",
		response:   "f0d6f8bcca74ae76ddbba6f2fd3496efbb621eaf556b67f40b7660a3c8e72671",
	},
	he.Public8192: {
		submission: "34f46212e68a60d8a14d93ee67810b2f1cf5db4e0591835a8f63da759dd20a8d",
		response:   "dfb59ee108fed3f336fc272269c8d584f10b337f8543c9e1ad563f4045cc6a15",
	},
	he.Confidential8192: {
		submission: "cd65a5369c38eb802f3d2b1a2f0e9c73f88590fba48af4eb54d406aa7fc18d6d",
		response:   "8993ec610555bfc6d221800d9dee43fe870b67e54af7f2016c47e77db98f530c",
	},
}

func pinnedComparison(p *he.Parameters) *comparison {
	draw := slotDrawer(p, 3, [32]byte{0xca, 0xfe})
	c := &comparison{params: p, seed: [32]byte{1}, evaluation: [32]byte{2}, layers: 2, rows: 3, workers: 1}
	for range 3 {
		c.columns = append(c.columns, draw())
	}
	for range c.layers {
		m := &randomMatrix{}
		for range c.columns {
			m.columns = append(m.columns, drawRows(c.rows, draw))
		}
		m.constant = drawRows(c.rows, draw)
		c.matrices = append(c.matrices, m)
	}
	return c
}

func TestEvaluationGivesThePinnedBytes(t *testing.T) {
	for _, p := range vettedSets(t) {
		t.Run(p.String(), func(t *testing.T) {
			c := pinnedComparison(p)
			_, sub, wire := mustEncrypt(t, p, c.seed, c.columns)
			if got := digest(wire); got != pinned[p.ID()].submission {
				t.Errorf("submission: digest %s, want %s", got, pinned[p.ID()].submission)
			}
			resp, err := he.Evaluate(sub, c.work())
			if err != nil {
				t.Fatal(err)
			}
			wire, _ = resp.AppendBinary(nil)
			if got := digest(wire); got != pinned[p.ID()].response {
				t.Errorf("response: digest %s, want %s", got, pinned[p.ID()].response)
			}
		})
	}
}

func digest(b []byte) string {
	d := sha256.Sum256(b)
	return hex.EncodeToString(d[:])
}

func TestEvaluationDoesNotDependOnWorkers(t *testing.T) {
	for _, p := range toySets(t) {
		c := pinnedComparison(p)
		c.layers = 7
		for len(c.matrices) < c.layers {
			c.matrices = append(c.matrices, c.matrices[0])
		}
		_, sub, _ := mustEncrypt(t, p, c.seed, c.columns)
		var first []byte
		for _, workers := range []int{1, 0, -1, 2, 3, 7, 100} {
			c.workers = workers
			resp, err := he.Evaluate(sub, c.work())
			if err != nil {
				t.Fatal(err)
			}
			wire, _ := resp.AppendBinary(nil)
			if first == nil {
				first = wire
			}
			if !bytes.Equal(first, wire) {
				t.Errorf("%d workers gave another response", workers)
			}
		}
	}
}

// TestEveryReplyHasItsOwnRandomness evaluates one row in every reply: their bytes
// must differ all the same, and from those under another seed.
func TestEveryReplyHasItsOwnRandomness(t *testing.T) {
	p := toy(t)
	_, sub, _ := mustEncrypt(t, p, [32]byte{7}, [][]uint64{slotDrawer(p, 3, [32]byte{1})()})
	seen := map[string]bool{}
	for seed := range byte(2) {
		w := constantWork(p, 4)
		w.Seed[0] = seed
		resp, err := he.Evaluate(sub, w)
		if err != nil {
			t.Fatal(err)
		}
		wire, _ := resp.AppendBinary(nil)
		for i := range 4 {
			seen[string(wire[8+i*p.ReplyBytes():8+(i+1)*p.ReplyBytes()])] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("8 replies, %d distinct", len(seen))
	}
}

func TestEvaluationsOfTheWrongShapeAreRefused(t *testing.T) {
	p := toy(t)
	_, sub, _ := mustEncrypt(t, p, [32]byte{7}, [][]uint64{make([]uint64, p.N())})
	for _, shape := range [][2]int{
		{0, 1},
		{1, 0},
		{-1, 1},
		{-1, -1},
		{he.MaxReplies + 1, 1},
		{1, he.MaxReplies + 1},
		{64, 4},
		{math.MaxInt, 2},
		{1 << (bits.UintSize / 2), 1 << (bits.UintSize / 2)},
		{math.MinInt, math.MinInt},
	} {
		w := constantWork(p, 1)
		w.Layers, w.Rows = shape[0], shape[1]
		if _, err := he.Evaluate(sub, w); err == nil {
			t.Errorf("%d layers of %d rows: evaluated", shape[0], shape[1])
		}
	}
}

// TestSumsDoNotOverflowAtTheMostColumns fills a submission to MaxColumns with
// the largest residues that the codec lets through and takes multipliers of the
// largest magnitude, under primes of the largest width.
func TestSumsDoNotOverflowAtTheMostColumns(t *testing.T) {
	p := testParameters(t, 6, []int{60, 60}, 40, 45, 52)
	draw := slotDrawer(p, 3, [32]byte{19})
	c := &comparison{params: p, seed: [32]byte{20}, evaluation: [32]byte{21}, layers: 1, rows: 1, matrices: []*randomMatrix{{}}}
	for range he.MaxColumns {
		c.columns = append(c.columns, draw())
		c.matrices[0].columns = append(c.matrices[0].columns, [][]uint64{draw()})
	}
	c.matrices[0].constant = [][]uint64{draw()}
	checkAgainstReference(t, c)

	// Every residue q-1, and M = -1 in every slot: the transform of a constant
	// polynomial -1 is q-1 everywhere, so every product is (q-1)^2, the most
	// there is. q-1 is -1, so c0 sums to 255 times the constant 1.
	minusOne := make([]uint64, p.N())
	for j := range minusOne {
		minusOne[j] = p.T() - 1
	}
	sub := submissionOf(t, p, he.MaxColumns, func(prime, _ int) uint64 { return p.Primes()[prime] - 1 })
	m := &oneColumn{minusOne, make([]uint64, p.N())}
	he.EvaluateObserved(sub, he.Work{Layers: 1, Rows: 1, Matrix: func(int) he.Matrix { return m }}, false,
		he.Observer{Before: func(c0, _ [][]uint64) {
			// The public key is the constant -1 as well, so u is added negated:
			// a ternary polynomial around the constant 255.
			for i, q := range p.Primes() {
				for j, v := range c0[i] {
					want := uint64(0)
					if j == 0 {
						want = he.MaxColumns
					}
					if d := (v + q - want) % q; d > 1 && d != q-1 {
						t.Fatalf("prime %d, coefficient %d: %d, want %d and a ternary", i, j, v, want)
					}
				}
			}
		}})
}

// submissionOf parses a submission with these residues.
func submissionOf(t testing.TB, p *he.Parameters, columns int, residue func(prime, j int) uint64) *he.Submission {
	t.Helper()
	_, _, wire := mustEncrypt(t, p, [32]byte{}, [][]uint64{make([]uint64, p.N())})
	wire = append(wire[:6:6], byte(columns>>8), byte(columns))
	wire = append(wire, make([]byte, 32)...)
	var part []byte
	for i, q := range p.Primes() {
		values := make([]uint64, p.N())
		for j := range values {
			values[j] = residue(i, j)
		}
		part = append(part, packBits(toBig(values), bitLen(q))...)
	}
	wire = append(wire, bytes.Repeat(part, columns+1)...)
	sub, err := he.ParseSubmission(p, columns, wire)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}
