package compare_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/veilschema/veil/compare"
)

// mutations is the number of random mutations of each message. By default short
// messages get a million and long ones as many as keep the test short; a million
// of each takes about ten minutes:
//
//	go test -run Hostile ./compare -mutations 1000000
var mutations = flag.Int("mutations", 0, "random mutations of each message in the tests of hostile bytes; 0 is a million of short ones and 20,000 of long ones")

// mutationsOf is the number of mutations of a message of that many bytes.
func mutationsOf(length int) int {
	switch {
	case *mutations > 0:
		return *mutations
	case testing.Short():
		return 500
	case length < 4096:
		return 1_000_000
	}
	return 20_000
}

// reading is how the receiver of one type reads a whole message, signature aside.
type reading struct {
	layout        compare.Layout
	layers, facts int
}

// read returns the message as encoded anew, nil where it is refused.
func (r reading) read(t compare.Type, message []byte) (again func() []byte) {
	kind, body, err := compare.ParseEnvelope(message)
	if err != nil || kind != t {
		return nil
	}
	if again, err = compare.ParseBody(t, body, r.layout, r.layers, r.facts); err != nil {
		return nil
	}
	return again
}

// hostileTargets are the ten messages of one honest comparison.
func hostileTargets(tb testing.TB) (reading, [][]byte) {
	tb.Helper()
	p := small(tb, 45)
	result, _, err := p.exchange()
	if err != nil {
		tb.Fatal(err)
	}
	return reading{result.Layout, result.Layers, 40}, p.tenant.Transcript()
}

func TestHostileTruncationsOfEveryMessageAreRefused(t *testing.T) {
	r, messages := hostileTargets(t)
	for i, m := range messages {
		kind := compare.Type(i + 1)
		for n := range m {
			if r.read(kind, m[:n:n]) != nil {
				t.Fatalf("the first %d of %d bytes are taken for a %s", n, len(m), kind)
			}
		}
		body := compare.Body(m)
		for n := range body {
			if _, err := compare.ParseBody(kind, body[:n:n], r.layout, r.layers, r.facts); err == nil {
				t.Fatalf("the first %d of %d bytes are taken for the body of a %s", n, len(body), kind)
			}
		}
		if _, err := compare.ParseBody(kind, append(bytes.Clone(body), 0), r.layout, r.layers, r.facts); err == nil {
			t.Errorf("the body of a %s is accepted with a byte after it", kind)
		}
		if r.read(kind, append(bytes.Clone(m), 0)) != nil {
			t.Errorf("a %s is accepted with a byte after it", kind)
		}
		if r.read(kind, m) == nil {
			t.Errorf("the whole %s is refused", kind)
		}
	}
}

// TestHostileHeadersOfEveryMessageAreRefused tries every value of every byte of
// envelope and body header.
func TestHostileHeadersOfEveryMessageAreRefused(t *testing.T) {
	r, messages := hostileTargets(t)
	for i, m := range messages {
		kind, mutated := compare.Type(i+1), bytes.Clone(m)
		for at := range 8 {
			for by := 1; by < 256; by++ {
				mutated[at] ^= byte(by)
				if r.read(kind, mutated) != nil {
					t.Errorf("a %s is accepted with envelope byte %d changed by %#x", kind, at, by)
				}
				mutated[at] ^= byte(by)
			}
		}
		from, to := 8, 8
		switch kind {
		case compare.TypeSubmission:
			from, to = 8+32, 8+32+8 // after the Merkle root
		case compare.TypeResponse:
			to = 8 + 8
		case compare.TypeOpen:
			to = 8 + 2
		}
		for at := from; at < to; at++ {
			for by := 1; by < 256; by++ {
				mutated[at] ^= byte(by)
				if r.read(kind, mutated) != nil {
					t.Errorf("a %s is accepted with body byte %d changed by %#x", kind, at-8, by)
				}
				mutated[at] ^= byte(by)
			}
		}
	}
}

// TestHostileMutationsOfEveryMessageEndInAnError, or in the one message that has
// this encoding: random bytes, lengths, insertions and repetitions. Memory is
// held against the message's length.
func TestHostileMutationsOfEveryMessageEndInAnError(t *testing.T) {
	r, messages := hostileTargets(t)
	for i, m := range messages {
		kind := compare.Type(i + 1)
		t.Run(kind.String(), func(t *testing.T) {
			accepted, count, start := 0, mutationsOf(len(m)), time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			mutator := newMutator(m, uint64(i))
			for n := range count {
				mutated, undo := mutator.next()
				if again := r.read(kind, mutated); again != nil {
					accepted++
					if n%64 == 0 && !bytes.Equal(again(), compare.Body(mutated)) {
						t.Fatalf("mutation %d is accepted and encodes differently", n)
					}
				}
				undo()
			}
			runtime.ReadMemStats(&after)
			perMessage := int(after.TotalAlloc-before.TotalAlloc) / count
			if limit := 4*len(m) + 4096; perMessage > limit {
				t.Errorf("reading a message of %d bytes takes %d bytes of memory, want at most %d", len(m), perMessage, limit)
			}
			t.Logf("%d mutations, %d accepted, %d bytes of memory each, %s", count, accepted, perMessage, time.Since(start).Round(time.Millisecond))
		})
	}
}

// TestHostileMutationsOfEvidenceProveNothing reads whole files of evidence, with
// every signature.
func TestHostileMutationsOfEvidenceProveNothing(t *testing.T) {
	evidence := proofs(t)["another half"] // a short one, so many fit
	mutator, count, same := newMutator(evidence, 99), max(*mutations, min(mutationsOf(0), 100_000)), 0
	for range count {
		mutated, undo := mutator.next()
		if bytes.Equal(mutated, evidence) {
			same++
		} else if f, err := compare.VerifyEvidence(mutated, 1); err == nil {
			t.Fatalf("it proves the %s guilty of %s", f.Accused, f.Offence)
		}
		undo()
	}
	t.Logf("%d files, of which %d came out as they were", count, same)
}

// TestHostileDisclosuresHaveNoSpareVerdicts: where the number of facts is no
// multiple of four, the last byte has bits that belong to none.
func TestHostileDisclosuresHaveNoSpareVerdicts(t *testing.T) {
	for facts := 1; facts <= 9; facts++ {
		body := make([]byte, 64+(facts+3)/4)
		for place := range 4 * (len(body) - 64) {
			for code := byte(1); code <= 3; code++ {
				body[64+place/4] = code << (2 * (place % 4))
				_, err := compare.ParseBody(compare.TypeDisclosure, body, compare.Layout{}, 0, facts)
				if want := place < facts && code < 3; (err == nil) != want {
					t.Errorf("%d facts, code %d at place %d: error %v", facts, code, place, err)
				}
				body[64+place/4] = 0
			}
		}
	}
}

// mutator changes a message at random and back again, in place where it can.
type mutator struct {
	random  *rand.Rand
	genuine []byte
	work    []byte
}

func newMutator(message []byte, seed uint64) *mutator {
	return &mutator{rand.New(rand.NewPCG(seed, 7)), message, bytes.Clone(message)}
}

// next returns a mutated message, which is good until undo is called.
func (m *mutator) next() (mutated []byte, undo func()) {
	n := len(m.work)
	switch m.random.IntN(8) {
	case 0: // another length
		cut := m.random.IntN(n + 1)
		return m.work[:cut:cut], func() {}
	case 1: // bytes inserted, with the length field mended
		at, some := m.random.IntN(n+1), make([]byte, 1+m.random.IntN(16))
		longer := bytes.Join([][]byte{m.work[:at], some, m.work[at:]}, nil)
		return mendLength(longer), func() {}
	case 2: // bytes removed, with the length field mended
		at := m.random.IntN(n)
		shorter := bytes.Clone(m.work[:at])
		return mendLength(append(shorter, m.work[min(n, at+1+m.random.IntN(16)):]...)), func() {}
	case 3: // the first bytes, where the fields are
		return m.overwrite(m.random.IntN(min(n, 120)), 1)
	case 4: // a run of one value
		return m.overwrite(m.random.IntN(n), 1+m.random.IntN(32))
	default:
		return m.overwrite(m.random.IntN(n), 1+m.random.IntN(4))
	}
}

// overwrite changes a run of bytes to random ones or to one value.
func (m *mutator) overwrite(at, length int) ([]byte, func()) {
	end := min(at+length, len(m.work))
	same, value := m.random.IntN(3), byte(m.random.IntN(2)*255)
	for i := at; i < end; i++ {
		if same > 0 {
			value = byte(m.random.Uint32())
		}
		m.work[i] = value
	}
	return m.work, func() { copy(m.work[at:end], m.genuine[at:end]) }
}

// mendLength writes a message's own length into it.
func mendLength(message []byte) []byte {
	if overhead := compare.MessageBytes(0); len(message) >= overhead {
		binary.BigEndian.PutUint32(message[4:], uint32(len(message)-overhead))
	}
	return message
}

// signedMutations returns the number of signed bodies of each type.
func signedMutations() int { return min(300, mutationsOf(0)/10) }

// TestHostileBodiesThatAreSignedEndInAnErrorOrAnAnswer gets past the signatures:
// the receiver's whole state machine meets mutated bodies that their sender did
// sign. Whatever is held against the sender must be provable.
func TestHostileBodiesThatAreSignedEndInAnErrorOrAnAnswer(t *testing.T) {
	for _, at := range steps {
		t.Run(at.String(), func(t *testing.T) {
			p := small(t, 46)
			genuine := compare.Body(p.until(t, at))
			id, transcript := serviceIdentity, p.tenant.Transcript()
			if at.Sender() == compare.RoleTenant {
				id, transcript = tenantRoot.Identity(), p.evaluator.Transcript()
			}
			mutator := newMutator(genuine, uint64(at))
			answered, refused, proven := 0, 0, 0
			for range signedMutations() {
				body, undo := mutator.next()
				_, err := p.clone().answer(at, compare.Seal(transcript, at, body, id))
				switch m, ok := errors.AsType[*compare.Misconduct](err); {
				case err == nil:
					answered++
				case !ok:
					refused++
				default:
					if proven++; proven%8 == 0 {
						wantMisconduct(t, m, at.Sender(), m.Offence, m.Message)
					}
				}
				undo()
			}
			t.Logf("%d answered, %d refused, %d proven", answered, refused, proven)
		})
	}
}
