package compare_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/veilschema/veil/compare"
)

// steps are the types of messages, in order.
var steps = [...]compare.Type{
	compare.TypeOpen, compare.TypeOffer, compare.TypeAccept, compare.TypeSalt, compare.TypeSubmission,
	compare.TypeResponse, compare.TypeCommitment, compare.TypeSeed, compare.TypeDisclosure, compare.TypeVerdict,
}

// last returns the last message that the receiver of a type has seen.
func (p pair) last(t compare.Type) compare.Type {
	if t.Sender() == compare.RoleTenant {
		return p.evaluator.Last()
	}
	return p.tenant.Last()
}

func TestEveryMessageIsTakenInItsPlaceOnly(t *testing.T) {
	_, transcript := honest(t, 41)
	for _, at := range steps {
		p := small(t, 41) // the same again, so every message is genuine
		p.until(t, at)
		for _, to := range steps {
			q := p.clone()
			before := q.last(to)
			if to == before+1 {
				continue // its receiver waits for it
			}
			answer, err := q.answer(to, transcript[to-1])
			wantRefusal(t, err)
			if answer != nil || q.last(to) != before {
				t.Errorf("before the %s, a %s is answered", at, to)
			}
			_, err = q.answer(at, transcript[to-1]) // in the place of another
			wantRefusal(t, err)
		}
		if _, err := p.answer(at, transcript[at-1]); err != nil {
			t.Errorf("after all that was refused, the %s in its place is: %v", at, err)
		}
	}
}

func TestMessagesOfAnotherSessionAreRefused(t *testing.T) {
	_, foreign := honest(t, 42)
	for _, at := range steps[1:] { // an open belongs to no session yet
		p := small(t, 43)
		genuine := p.until(t, at)
		_, err := p.clone().answer(at, foreign[at-1])
		wantRefusal(t, err)
		body := compare.Seal(foreign[:at-1], at, compare.Body(genuine), stranger)
		_, err = p.clone().answer(at, body)
		wantRefusal(t, err)
		if _, err := p.answer(at, genuine); err != nil {
			t.Errorf("after all that was refused, the genuine %s is: %v", at, err)
		}
	}
}

// TestBrokenMessagesAreRefusedAndChangeNothing meets whole state machines with
// every truncation and every flipped bit of header and signature, and with a
// sample of flipped bytes of the body.
func TestBrokenMessagesAreRefusedAndChangeNothing(t *testing.T) {
	for _, at := range steps {
		t.Run(at.String(), func(t *testing.T) {
			p := small(t, 44)
			genuine := p.until(t, at)
			before := p.last(at)
			refused := func(what string, m []byte) {
				t.Helper()
				answer, err := p.answer(at, m)
				wantRefusal(t, err)
				if answer != nil || p.last(at) != before {
					t.Fatalf("%s: it was answered", what)
				}
			}
			for _, n := range someLengths(len(genuine)) {
				refused(fmt.Sprintf("cut to %d bytes", n), genuine[:n:n])
			}
			refused("with a byte more", append(bytes.Clone(genuine), 0))
			mutated := bytes.Clone(genuine)
			for _, i := range somePlaces(len(genuine)) {
				for _, by := range []byte{1, 0x80} {
					mutated[i] ^= by
					refused(fmt.Sprintf("byte %d changed by %#x", i, by), mutated)
					mutated[i] ^= by
				}
			}
			if _, err := p.answer(at, genuine); err != nil {
				t.Errorf("after all that was refused, the genuine message is: %v", err)
			}
		})
	}
}

// someLengths returns all lengths below n, or where that is many, those around
// the edges and a sample between.
func someLengths(n int) (lengths []int) {
	for i := 0; i < n; i++ {
		if i < 200 || i >= n-200 || i%997 == 0 {
			lengths = append(lengths, i)
		}
	}
	return lengths
}

// somePlaces is someLengths with fewer places between, because a signature is
// checked for each.
func somePlaces(n int) (places []int) {
	for i := 0; i < n; i++ {
		if i < 90 || i >= n-66 || i%4999 == 0 {
			places = append(places, i)
		}
	}
	return places
}

func TestAClosedTenantKeepsItsTranscript(t *testing.T) {
	p := newPair(t, prepare(t, columnFacts(0, 20)), columnFacts(10, 30), 5, nil)
	if _, _, err := p.exchange(); err != nil {
		t.Fatal(err)
	}
	p.tenant.Close()
	p.tenant.Close()
	if got := len(p.tenant.Transcript()); got != 10 {
		t.Errorf("a closed tenant has %d messages, want 10", got)
	}
}
