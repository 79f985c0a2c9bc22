package he_test

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/veilschema/veil/he"
)

// mutations is how many random mutations of each message are parsed.
const mutations = 1_000_000

func honestMessages(t testing.TB, p *he.Parameters) (submission, response []byte) {
	t.Helper()
	_, sub, submission := mustEncrypt(t, p, [32]byte{28}, [][]uint64{slotDrawer(p, 3, [32]byte{1})()})
	resp, err := he.Evaluate(sub, constantWork(p, 1))
	if err != nil {
		t.Fatal(err)
	}
	if response, err = resp.AppendBinary(nil); err != nil {
		t.Fatal(err)
	}
	return submission, response
}

// message is one of the two decoders: what it accepts it must give back byte
// for byte, so that no two byte strings mean the same.
type message struct {
	name   string
	wire   []byte
	header int
	parse  func(data []byte) ([]byte, error)
}

func messages(t testing.TB, p *he.Parameters) []message {
	submission, response := honestMessages(t, p)
	return []message{
		{"submission", submission, 40, func(data []byte) ([]byte, error) {
			s, err := he.ParseSubmission(p, 1, data)
			if err != nil {
				return nil, err
			}
			return s.AppendBinary(nil)
		}},
		{"response", response, 8, func(data []byte) ([]byte, error) {
			r, err := he.ParseResponse(p, 1, data)
			if err != nil {
				return nil, err
			}
			return r.AppendBinary(nil)
		}},
	}
}

func TestMessagesSurviveTheWire(t *testing.T) {
	for _, p := range append(toySets(t), vettedSets(t)...) {
		for _, m := range messages(t, p) {
			if again, err := m.parse(m.wire); err != nil || !bytes.Equal(again, m.wire) {
				t.Errorf("%s at degree %d: %v", m.name, p.N(), err)
			}
		}
	}
}

func TestSizesAreAsAnnounced(t *testing.T) {
	for _, p := range append(toySets(t), vettedSets(t)...) {
		submission, response := honestMessages(t, p)
		if len(submission) != p.SubmissionBytes(1) || len(response) != p.ResponseBytes(1) {
			t.Errorf("%s: %d and %d bytes, announced %d and %d", p, len(submission), len(response), p.SubmissionBytes(1), p.ResponseBytes(1))
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for _, m := range messages(t, toy(t)) {
		for n := range m.wire {
			if _, err := m.parse(m.wire[:n:n]); err == nil {
				t.Fatalf("%s: the first %d bytes parse", m.name, n)
			}
		}
		if _, err := m.parse(append(m.wire[:len(m.wire):len(m.wire)], 0)); err == nil {
			t.Fatalf("%s: a byte too many parses", m.name)
		}
		if _, err := m.parse(nil); err == nil {
			t.Fatalf("%s: nothing parses", m.name)
		}
	}
}

// TestEveryFlippedHeaderByteIsRefused flips every header byte to every other
// value. The 32 bytes of the public seed are free: any seed is a seed.
func TestEveryFlippedHeaderByteIsRefused(t *testing.T) {
	for _, p := range append(vettedSets(t)[:1], toy(t)) {
		for _, m := range messages(t, p) {
			for i := range m.header {
				for x := 1; x < 256; x++ {
					data := slices.Clone(m.wire)
					data[i] ^= byte(x)
					again, err := m.parse(data)
					if i < 8 && err == nil {
						t.Fatalf("%s: byte %d as %#x parses", m.name, i, data[i])
					}
					if i >= 8 && !bytes.Equal(again, data) {
						t.Fatalf("%s: byte %d of the seed: %v", m.name, i, err)
					}
					if p.N() > 256 && x > 3 {
						break // full-size messages are slow to parse
					}
				}
			}
		}
	}
}

// TestRandomMutationsParseOrFail alters one to four bytes or cuts or extends the
// message: whatever parses gives back the same bytes.
func TestRandomMutationsParseOrFail(t *testing.T) {
	s := he.NewStream([32]byte{29}, "test", 0)
	for _, m := range messages(t, toy(t)) {
		parsed := mutate(t, m, s, mutations)
		t.Logf("%s: %d of %d mutations parse", m.name, parsed, mutations)
	}
	for _, p := range vettedSets(t) {
		for _, m := range messages(t, p) {
			mutate(t, m, s, 200)
		}
	}
}

func mutate(t *testing.T, m message, s *he.Stream, count int) (parsed int) {
	data := make([]byte, 0, len(m.wire)+16)
	for range count {
		data = append(data[:0], m.wire...)
		for range 1 + s.Below(4) {
			i := s.Below(uint64(len(data)))
			if s.Below(4) == 0 {
				i = s.Below(uint64(m.header))
			}
			data[i] = byte(s.Uint64())
		}
		switch s.Below(16) {
		case 0:
			data = data[:s.Below(uint64(len(data)))]
		case 1:
			data = append(data, m.wire[:1+s.Below(16)]...)
		}
		again, err := m.parse(data)
		if err != nil {
			continue
		}
		parsed++
		if !bytes.Equal(again, data) {
			t.Fatalf("%s: parsed bytes come back changed", m.name)
		}
	}
	return parsed
}

// TestEveryResidueIsCheckedAgainstItsPrime sets one residue after another to its
// prime and to the largest value of that width.
func TestEveryResidueIsCheckedAgainstItsPrime(t *testing.T) {
	p := toy(t)
	m := messages(t, p)[0]
	for column := range 2 {
		for i, q := range p.Primes() {
			width := bitLen(q)
			start := 8 * (40 + column*p.ColumnBytes())
			for before := range i {
				start += p.N() * bitLen(p.Primes()[before])
			}
			for j := range p.N() {
				for _, v := range []struct {
					residue uint64
					ok      bool
				}{{0, true}, {q - 1, true}, {q, false}, {1<<width - 1, false}} {
					data := slices.Clone(m.wire)
					setBits(data, start+j*width, width, v.residue)
					if _, err := m.parse(data); (err == nil) != v.ok {
						t.Fatalf("column %d, prime %d, residue %d as %d: %v", column, i, j, v.residue, err)
					}
				}
			}
		}
	}
}

func setBits(data []byte, at, width int, v uint64) {
	for b := range width {
		mask := byte(1) << ((at + b) % 8)
		data[(at+b)/8] &^= mask
		if v>>b&1 == 1 {
			data[(at+b)/8] |= mask
		}
	}
}

func TestCountsOutsideTheLimitsAreRefused(t *testing.T) {
	p := toy(t)
	submission, response := honestMessages(t, p)
	for _, count := range []int{-1, 0, 2, he.MaxColumns, he.MaxColumns + 1, 1 << 16, math.MaxInt} {
		if _, err := he.ParseSubmission(p, count, submission); err == nil {
			t.Errorf("a submission of one column parses as %d columns", count)
		}
		if _, err := he.ParseResponse(p, count, response); err == nil {
			t.Errorf("a response of one reply parses as %d replies", count)
		}
	}
}

// TestParsingAllocatesWhatTheMessageHolds bounds memory: 8 bytes a value, and
// nothing at all for a message of the wrong length.
func TestParsingAllocatesWhatTheMessageHolds(t *testing.T) {
	p := toy(t)
	submission, _ := honestMessages(t, p)
	short := submission[:len(submission)-1]
	const runs = 100
	if got := allocated(runs, func() { _, _ = he.ParseSubmission(p, he.MaxColumns, short) }); got > 1<<10 {
		t.Errorf("refusing a short message allocates %d bytes", got)
	}
	got := allocated(runs, func() { _, _ = he.ParseSubmission(p, 1, submission) })
	if limit := uint64(2*2*p.N()*8 + 1<<10); got > limit {
		t.Errorf("parsing a message of %d bytes allocates %d, want at most %d", len(submission), got, limit)
	}
}

// allocated returns the bytes that f allocates, averaged over runs.
func allocated(runs uint64, f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}
