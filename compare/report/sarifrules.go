package report

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// The rules that are about no kind. The others are "required." and
// "forbidden." with the kind behind it.
const (
	ruleAnyOfID       = "any_of"
	ruleUndisclosedID = "undisclosed"
	ruleConformsID    = "conforms"
)

// sarifRules lists every rule, whether a report has a finding of it or not, so
// that a reader can tell a rule that found nothing from one that is not there.
var sarifRules, sarifRuleIndex = func() ([]sarifRule, map[string]int) {
	rules := []sarifRule{
		newSarifRule(ruleAnyOfID, "None of several alternatives is there", "The template asks for one of several facts, and none of them is there.", "Make one of the alternatives true.", "warning"),
		newSarifRule(ruleUndisclosedID, "A verdict is undisclosed", Info.Meaning(), mendUndisclosed, "none"),
		newSarifRule(ruleConformsID, "The schema conforms", "Every requirement of the template holds or is waived.", "Nothing is to be done.", "none"),
	}
	for _, k := range schema.Kinds() {
		severity := severityOf(k, template.RuleRequired, template.Failed)
		rules = append(rules,
			newSarifRule("required."+k.String(), "A required "+kindNoun(k)+" is missing or different",
				capital(severity.String())+": "+severity.Meaning(), adviceFor(schema.Fact{Kind: k}, "").words, sarifLevel(severity)),
			newSarifRule("forbidden."+k.String(), "A forbidden "+kindNoun(k)+" is there",
				"Critical: "+Critical.Meaning(), mendForbidden(schema.Fact{Kind: k}), sarifLevel(Critical)))
	}
	index := make(map[string]int, len(rules))
	for i, r := range rules {
		index[r.ID] = i
	}
	return rules, index
}()

func newSarifRule(id, short, full, help, level string) sarifRule {
	return sarifRule{
		ID: id, Name: pascal(id),
		ShortDescription: sarifText{short + "."}, FullDescription: sarifText{full}, Help: sarifText{help},
		Configuration: sarifConfiguration{level},
	}
}

// sarifRuleOf returns the rule that a finding is of.
func sarifRuleOf(r template.Rule, v schema.Verdict, k schema.Kind) string {
	switch {
	case r == template.RuleAnyOf:
		return ruleAnyOfID
	case v == schema.Undisclosed:
		return ruleUndisclosedID
	case r == template.RuleForbidden:
		return "forbidden." + k.String()
	}
	return "required." + k.String()
}

// pascal turns "required.not_null" into "RequiredNotNull".
func pascal(id string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(id, func(r rune) bool { return r == '.' || r == '_' }) {
		b.WriteString(capital(word))
	}
	return b.String()
}
