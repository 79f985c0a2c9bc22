package template

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
)

// Answers are what a follow-up comparison found, by column under the template's
// names.
type Answers map[schema.ColumnName]Answer

// Answer is what a follow-up comparison found for one column.
type Answer struct {
	Type    Finding
	Default Finding
}

// Finding is what became of one question. The zero Finding was not asked.
type Finding struct {
	// State says what the other field means.
	State FindingState
	// Detail is the type or default in its canonical spelling, "" unless it was
	// found.
	Detail string
}

// FindingState says what became of one question.
type FindingState uint8

// The states.
const (
	NotAsked  FindingState = iota // the first comparison left no question
	Found                         // it is one of the candidates
	NoneFound                     // it is none of them; for a default, there may be none at all
	Withheld                      // the tenant does not disclose it
)

var findingNames = [...]string{"not asked", "found", "none found", "withheld"}

// String returns the state in words.
func (s FindingState) String() string {
	if int(s) < len(findingNames) {
		return findingNames[s]
	}
	return fmt.Sprintf("finding(%d)", uint8(s))
}

// ReadAnswers gathers the verdicts of a follow-up comparison, one a judged fact of
// the follow-up's template in its order. It fails where they are not
// verdicts of a follow-up, or say that one column has two types or two
// defaults, which no honest side can say.
func ReadAnswers(followUp *Template, verdicts []schema.Verdict) (Answers, error) {
	if len(verdicts) != len(followUp.Judged) {
		return nil, fmt.Errorf("got %d verdicts for a follow-up of %d facts", len(verdicts), len(followUp.Judged))
	}
	answers := make(Answers)
	for i, j := range followUp.Judged {
		name := schema.ColumnName{Schema: j.Fact.Schema, Table: j.Fact.Table, Column: j.Fact.Name}
		a := answers[name]
		finding := &a.Type
		switch j.Fact.Kind {
		case schema.KindColumnType:
		case schema.KindDefault:
			finding = &a.Default
		default:
			return nil, fmt.Errorf("%s is in no follow-up comparison", show(j.Fact))
		}
		if err := finding.add(j.Fact, verdicts[i]); err != nil {
			return nil, err
		}
		answers[name] = a
	}
	return answers, nil
}

// add takes one verdict into account: what is found outweighs what is withheld,
// which outweighs what is absent.
func (f *Finding) add(fact schema.Fact, v schema.Verdict) error {
	switch {
	case v == schema.Present && f.State == Found:
		return fmt.Errorf("the follow-up comparison found %s and also %q; run it again, and if that repeats, one side is not honest",
			show(fact), f.Detail)
	case v == schema.Present:
		*f = Finding{Found, fact.Detail}
	case f.State == Found:
	case v == schema.Undisclosed:
		f.State = Withheld
	case v != schema.Absent:
		return fmt.Errorf("the verdict on %s is %s", show(fact), v)
	case f.State == NotAsked:
		f.State = NoneFound
	}
	return nil
}

// Facts returns what was found as facts.
func (a Answers) Facts() schema.Facts {
	var list []schema.Fact
	for c, answer := range a {
		f := schema.Fact{Schema: c.Schema, Table: c.Table, Name: c.Column}
		if answer.Type.State == Found {
			f.Kind, f.Detail = schema.KindColumnType, answer.Type.Detail
			list = append(list, f)
		}
		if answer.Default.State == Found {
			f.Kind, f.Detail = schema.KindDefault, answer.Default.Detail
			list = append(list, f)
		}
	}
	return schema.NewFacts(list)
}
