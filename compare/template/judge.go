package template

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
)

// Conformance is what a comparison says of a schema as a whole.
type Conformance uint8

// The three outcomes.
const (
	ConformanceUnknown Conformance = iota // the zero value, never an outcome
	Conforms                              // every requirement holds or is waived
	DoesNotConform                        // at least one requirement is known to fail
	Incomplete                            // none is known to fail, at least one is undisclosed
)

var conformanceNames = [...]string{"unknown", "conforms", "does_not_conform", "incomplete"}

// String returns the outcome as reports write it: "conforms",
// "does_not_conform" or "incomplete".
func (c Conformance) String() string {
	if int(c) < len(conformanceNames) {
		return conformanceNames[c]
	}
	return fmt.Sprintf("conformance(%d)", uint8(c))
}

// Standing is what a verdict means under the fact's rule.
type Standing uint8

// The standings of a fact or a group.
const (
	StandingUnknown Standing = iota // the zero value, never an outcome
	Met                             // required and present, forbidden and absent, a group with a present member
	Failed                          // required and absent, forbidden and present, a group without a present member
	Undecided                       // undisclosed, and the verdict would matter
	Waived                          // would be Failed or Undecided, but an active waiver covers it
	NotCounted                      // optional, or an alternative, which its group is judged for
)

var standingNames = [...]string{"unknown", "met", "failed", "undecided", "waived", "not_counted"}

// String returns the standing as reports write it.
func (s Standing) String() string {
	if int(s) < len(standingNames) {
		return standingNames[s]
	}
	return fmt.Sprintf("standing(%d)", uint8(s))
}

// Counts splits the facts of one rule. Present, Absent and Undisclosed count
// facts that no active waiver covers; Waived counts those whose verdict would
// fail or stay undecided but for a waiver. A waived fact that needs no waiver
// is counted by its verdict. The four add up to the facts of the rule.
type Counts struct {
	Present     int `json:"present"`
	Absent      int `json:"absent"`
	Undisclosed int `json:"undisclosed"`
	Waived      int `json:"waived"`
}

// Total returns how many facts the rule has.
func (c Counts) Total() int { return c.Present + c.Absent + c.Undisclosed + c.Waived }

// GroupCounts splits the any_of groups; the four add up to all groups.
type GroupCounts struct {
	Satisfied int `json:"satisfied"`
	Failed    int `json:"failed"`
	Undecided int `json:"undecided"`
	Waived    int `json:"waived"`
}

// Total returns how many groups there are.
func (c GroupCounts) Total() int { return c.Satisfied + c.Failed + c.Undecided + c.Waived }

// Outcome is what a set of verdicts says under a template's policy.
type Outcome struct {
	Verdict   Conformance
	Required  Counts
	Optional  Counts // Waived is 0
	Forbidden Counts
	AnyOf     GroupCounts

	Facts  []Standing     // one a judged fact, in the template's order
	Groups []GroupOutcome // one a group, in the template's order

	// Expired lists the places in Judged of facts that fail or are undecided
	// while their waiver has expired.
	Expired []int
}

// GroupOutcome is what the verdicts say of one any_of group.
type GroupOutcome struct {
	Name     string
	Standing Standing // Met, Failed, Undecided or Waived
	Expired  bool     // fails or is undecided, and its waiver has expired
	Members  []int    // places in Judged
}

// Judge says what the verdicts, one a judged fact in the template's order,
// mean on the day today. It fails where the number of verdicts is wrong or one
// of them is none.
func (t *Template) Judge(verdicts []schema.Verdict, today Date) (Outcome, error) {
	if len(verdicts) != len(t.Judged) {
		return Outcome{}, fmt.Errorf("got %d verdicts for a template of %d facts", len(verdicts), len(t.Judged))
	}
	o := Outcome{Facts: make([]Standing, len(verdicts))}
	members := make(map[string][]int, len(t.AnyOf))
	for i, j := range t.Judged {
		v := verdicts[i]
		if v != schema.Present && v != schema.Absent && v != schema.Undisclosed {
			return Outcome{}, fmt.Errorf("the verdict on %s is %s", show(j.Fact), v)
		}
		if j.Rule == RuleAnyOf {
			members[j.AnyOf] = append(members[j.AnyOf], i)
			o.Facts[i] = NotCounted
			continue
		}
		o.judgeFact(i, j, v, today)
	}
	for _, g := range t.AnyOf {
		o.judgeGroup(g, members[g.Name], verdicts, today)
	}
	o.Verdict = o.conclude()
	return o, nil
}

func (o *Outcome) judgeFact(i int, j Judged, v schema.Verdict, today Date) {
	s := stand(j.Rule, v)
	if s == Failed || s == Undecided {
		if j.Waiver.Active(today) {
			s = Waived
		} else if j.Waiver != nil {
			o.Expired = append(o.Expired, i)
		}
	}
	o.Facts[i] = s
	o.counts(j.Rule).add(v, s)
}

// stand is the table of what a verdict means under a rule.
func stand(r Rule, v schema.Verdict) Standing {
	switch {
	case r == RuleOptional:
		return NotCounted
	case v == schema.Undisclosed:
		return Undecided
	case (r == RuleRequired) == (v == schema.Present):
		return Met
	default:
		return Failed
	}
}

func (o *Outcome) counts(r Rule) *Counts {
	switch r {
	case RuleOptional:
		return &o.Optional
	case RuleForbidden:
		return &o.Forbidden
	default:
		return &o.Required
	}
}

func (c *Counts) add(v schema.Verdict, s Standing) {
	switch {
	case s == Waived:
		c.Waived++
	case v == schema.Present:
		c.Present++
	case v == schema.Absent:
		c.Absent++
	default:
		c.Undisclosed++
	}
}

// judgeGroup decides a group: one present member satisfies it, an undisclosed
// one keeps it undecided, and it fails when all are known to be absent.
func (o *Outcome) judgeGroup(g Group, members []int, verdicts []schema.Verdict, today Date) {
	s := Failed
	for _, i := range members {
		if verdicts[i] == schema.Present {
			s = Met
			break
		}
		if verdicts[i] == schema.Undisclosed {
			s = Undecided
		}
	}
	expired := false
	if s != Met && g.Waiver != nil {
		if expired = !g.Waiver.Active(today); !expired {
			s = Waived
		}
	}
	switch s {
	case Met:
		o.AnyOf.Satisfied++
	case Failed:
		o.AnyOf.Failed++
	case Undecided:
		o.AnyOf.Undecided++
	case Waived:
		o.AnyOf.Waived++
	}
	o.Groups = append(o.Groups, GroupOutcome{Name: g.Name, Standing: s, Expired: expired, Members: members})
}

func (o *Outcome) conclude() Conformance {
	switch {
	case o.Required.Absent > 0 || o.Forbidden.Present > 0 || o.AnyOf.Failed > 0:
		return DoesNotConform
	case o.Required.Undisclosed > 0 || o.Forbidden.Undisclosed > 0 || o.AnyOf.Undecided > 0:
		return Incomplete
	default:
		return Conforms
	}
}
