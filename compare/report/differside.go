package report

import (
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// side is one report of a difference with what is wrong in it.
type side struct {
	report *Report
	own    ownFacts
	wrong  map[problem]template.Standing // Failed or Undecided
	waived map[string]bool               // groups that a waiver covers
}

// problem is the smallest thing that can be wrong: a fact, or a group.
type problem struct {
	fact  schema.Fact
	group string
}

func newSide(which string, r *Report) (*side, error) {
	s := &side{report: r, own: newOwnFacts(r), wrong: make(map[problem]template.Standing), waived: make(map[string]bool)}
	if len(s.own.byFact) < len(r.Facts) {
		return nil, fmt.Errorf("the report %s lists a fact twice; it was edited or is damaged", which)
	}
	for i := range r.Findings {
		s.collect(&r.Findings[i])
	}
	for _, w := range r.Waivers {
		if w.Group != "" && w.State == WaiverUsed {
			s.waived[w.Group] = true
		}
	}
	return s, nil
}

// collect notes what a finding says to be wrong: its own fact or group, and
// what is folded under it.
func (s *side) collect(f *Finding) {
	id := s.own.identity(f)
	switch id.what {
	case aboutGroup:
		s.wrong[problem{group: f.Group}] = standingOf(f.Verdict == schema.Undisclosed)
		return // its alternatives are not wrong by themselves
	case aboutUndisclosed:
		for _, x := range s.own.undisclosedFacts(f) {
			s.wrong[problem{fact: x.Fact}] = template.Undecided
		}
		return
	}
	s.wrong[problem{fact: id.fact}] = template.Failed
	for _, x := range f.Facts {
		if x.AnyOf != "" {
			s.wrong[problem{group: x.AnyOf}] = standingOf(undecided(s.own.groups[x.AnyOf]))
		} else {
			s.wrong[problem{fact: x.Fact}] = x.Standing
		}
	}
}

func standingOf(undecided bool) template.Standing {
	if undecided {
		return template.Undecided
	}
	return template.Failed
}

// compare sorts the findings of s by what the other side says of what they are
// about. Those that are undisclosed here and failed there are in no list: the
// other side's comparison has them as failures.
func (s *side) compare(other *side) (alone, shown []DifferentFinding, both []Finding) {
	alone, shown, both = []DifferentFinding{}, []DifferentFinding{}, []Finding{}
	for _, f := range s.report.Findings {
		id := s.own.identity(&f)
		if id.what == aboutUndisclosed {
			a, b := s.undisclosed(&f, other)
			alone, both = append(alone, a...), append(both, b...)
			continue
		}
		p := problem{id.fact, id.group}
		there, wrong := other.wrong[p]
		switch {
		case !wrong:
			alone = append(alone, DifferentFinding{f, s.because(p, other)})
		case there == s.wrong[p]:
			both = append(both, f)
		case there == template.Undecided:
			shown = append(shown, DifferentFinding{f, BecauseVerdict})
		}
	}
	return alone, shown, both
}

// undisclosed splits a finding about undisclosed facts by what the other side
// says of each.
func (s *side) undisclosed(f *Finding, other *side) (alone []DifferentFinding, both []Finding) {
	var same []Fact
	fresh := make(map[Because][]Fact)
	for _, x := range s.own.undisclosedFacts(f) {
		p := problem{fact: x.Fact}
		there, wrong := other.wrong[p]
		switch {
		case !wrong:
			why := s.because(p, other)
			fresh[why] = append(fresh[why], x)
		case there == template.Undecided:
			same = append(same, x)
		}
	}
	at := owner{f.Schema, f.Table, ""}
	for _, why := range []Because{BecauseVerdict, BecauseWaiver, BecauseRule, BecauseJudged} {
		if facts := fresh[why]; len(facts) > 0 {
			alone = append(alone, DifferentFinding{undisclosed(at, facts), why})
		}
	}
	if len(same) > 0 {
		both = append(both, undisclosed(at, same))
	}
	return alone, both
}

// because says why something is wrong in s and not in the other.
func (s *side) because(p problem, other *side) Because {
	if p.group != "" {
		return s.becauseOfGroup(p.group, other)
	}
	there, ok := other.own.byFact[p.fact]
	switch {
	case !ok:
		return BecauseJudged
	case there.Standing == template.Waived:
		return BecauseWaiver
	case there.Verdict != s.own.judged(p.fact).Verdict:
		return BecauseVerdict
	}
	return BecauseRule
}

func (s *side) becauseOfGroup(name string, other *side) Because {
	here, there := s.own.groups[name], other.own.groups[name]
	switch {
	case len(there) == 0:
		return BecauseJudged
	case other.waived[name]:
		return BecauseWaiver
	}
	differs := slices.ContainsFunc(there, func(f Fact) bool {
		same, ok := s.own.byFact[f.Fact]
		return ok && same.Verdict != f.Verdict
	})
	if differs || len(here) == 0 {
		return BecauseVerdict
	}
	return BecauseRule
}
