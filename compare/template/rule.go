package template

import "fmt"

// Rule says what a template asks of one judged fact.
type Rule uint8

// The rules. Their numbers are part of the encoding and never change.
const (
	RuleUnknown   Rule = iota // the zero value, never valid
	RuleRequired              // must be present
	RuleOptional              // is reported and never fails
	RuleForbidden             // must be absent
	RuleAnyOf                 // one of several alternatives, of which one must be present
)

var ruleNames = [...]string{"unknown", "required", "optional", "forbidden", "any_of"}

// String returns the rule's name as policies and reports write it.
func (r Rule) String() string {
	if int(r) < len(ruleNames) {
		return ruleNames[r]
	}
	return fmt.Sprintf("rule(%d)", uint8(r))
}

func (r Rule) valid() bool { return r >= RuleRequired && r <= RuleAnyOf }

// Visibility says who may read a template.
type Visibility uint8

// The visibilities. Their numbers are part of the encoding and never change.
const (
	VisibilityUnknown      Visibility = iota // the zero value, never valid
	VisibilityPublic                         // every tenant reads it and re-executes the evaluation
	VisibilityConfidential                   // tenants learn of it only what matches; refused for now, see ErrConfidential
)

var visibilityNames = [...]string{"unknown", "public", "confidential"}

// String returns the visibility's name as policies write it.
func (v Visibility) String() string {
	if int(v) < len(visibilityNames) {
		return visibilityNames[v]
	}
	return fmt.Sprintf("visibility(%d)", uint8(v))
}

func (v Visibility) valid() bool { return v == VisibilityPublic || v == VisibilityConfidential }

func parseVisibility(s string) (Visibility, bool) {
	for v, name := range visibilityNames {
		if name == s && Visibility(v).valid() {
			return Visibility(v), true
		}
	}
	return VisibilityUnknown, false
}
