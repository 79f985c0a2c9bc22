package compare_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare"
)

func TestATranscriptIsReplayedByAThirdParty(t *testing.T) {
	p := prepare(t, columnFacts(0, 40))
	both := newPair(t, p, columnFacts(20, 30), 5, nil)
	want, _, err := both.exchange()
	if err != nil {
		t.Fatal(err)
	}
	transcript := both.tenant.Transcript()
	if d := cmp.Diff(want.Verdicts, must(compare.Replay(p, transcript, 2)).Verdicts); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
	for n := range transcript {
		if _, err := compare.Replay(p, transcript[:n], 1); !errors.Is(err, compare.ErrUnfinished) {
			t.Errorf("%d messages: %v", n, err)
		}
	}
	for i := range transcript {
		m := slices.Clone(transcript[i])
		m[len(m)/2] ^= 1
		changed := slices.Clone(transcript)
		changed[i] = m
		if _, err := compare.Replay(p, changed, 1); err == nil {
			t.Errorf("the change of message %d goes through", i+1)
		}
		swapped := slices.Clone(transcript)
		swapped[i], swapped[(i+1)%len(swapped)] = swapped[(i+1)%len(swapped)], swapped[i]
		if _, err := compare.Replay(p, swapped, 1); err == nil {
			t.Errorf("messages %d and the next go through in the other order", i+1)
		}
	}
	if _, err := compare.Replay(prepare(t, columnFacts(0, 41)), transcript, 1); err == nil {
		t.Error("it is replayed against another template")
	}
}
