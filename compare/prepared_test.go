package compare_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/template"
)

func TestAConfidentialTemplateIsRefused(t *testing.T) {
	hidden := *prepare(t, columnFacts(0, 4)).Template()
	hidden.Visibility = template.VisibilityConfidential
	if p, err := compare.Prepare(&hidden); !errors.Is(err, template.ErrConfidential) || p != nil {
		t.Errorf("got %v and %v, want ErrConfidential", p, err)
	}
}

func TestATemplateOfNoneOrTooManyFactsIsRefused(t *testing.T) {
	p := prepare(t, columnFacts(0, 4))
	if p.Digest() != p.Template().Digest() {
		t.Error("a prepared template has another digest")
	}
	for _, n := range []int{0, compare.MaxFacts + 1} {
		other := *p.Template()
		other.Judged = make([]template.Judged, n)
		if p, err := compare.Prepare(&other); err == nil {
			t.Errorf("%d facts are prepared: %v", n, p)
		}
	}
}

func TestMisconductSaysWhoDidWhatInOneSentence(t *testing.T) {
	cause := errors.New("the seed is not the one it committed to")
	m := &compare.Misconduct{Accused: compare.RoleService, Offence: compare.OffenceOpening, Message: compare.TypeSeed, Cause: cause}
	for _, word := range []string{"service", "opening", "seed", cause.Error(), "evidence"} {
		if !strings.Contains(m.Error(), word) || strings.Contains(m.Error(), "\n") {
			t.Errorf("%q lacks %q", m, word)
		}
	}
	if !errors.Is(m, cause) {
		t.Error("the cause is lost")
	}
}

// TestEveryMessageIsSentOnce: a side that is asked for a message again, or too
// early, does not sign another one.
func TestEveryMessageIsSentOnce(t *testing.T) {
	p := small(t, 57)
	open := p.until(t, compare.TypeOpen)
	if again, err := p.tenant.Open(); err == nil || again != nil {
		t.Error("the tenant opened twice")
	}
	offer, err := p.evaluator.Offer(open)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.evaluator.Offer(open); err == nil || again != nil {
		t.Error("the service offered twice")
	}
	fresh := small(t, 57)
	if accept, err := fresh.tenant.Accept(offer); err == nil || accept != nil {
		t.Error("a tenant that has not opened accepted")
	}
	if _, err := p.tenant.Accept(offer); err != nil {
		t.Errorf("after all that was refused, the offer is: %v", err)
	}
}
