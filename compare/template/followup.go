package template

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
)

// followUpSuffix ends the version of a follow-up's template.
const followUpSuffix = "+follow-up"

// FollowUp returns the template of a follow-up comparison: the verdicts, one a
// judged fact in the template's order, say that a column is present and that its type or its
// default is not the template's, and the follow-up asks which of the likely
// alternatives it is. Kinds are those to ask about, [schema.KindColumnType] and
// [schema.KindDefault]; which of them a tenant allows says
// [Withholding.AllowsFollowUp]. It returns nil where there is nothing to ask.
//
// Nothing is asked about a column whose presence, or whose type or default, is
// undisclosed. Alternatives that the first comparison answered are left out. The
// follow-up carries the slug of t and its version with "+follow-up" behind it. The
// alternatives of a column are one any_of group; where there is but one, it is
// required, which is the same. Where the limits of this package allow fewer than there are,
// every column keeps its likeliest.
//
// The result follows from the arguments alone. A tenant that knows the template
// and disclosed the verdicts makes it itself and pins its digest, as in every
// comparison, so a service cannot ask for anything else.
func FollowUp(t *Template, verdicts []schema.Verdict, kinds ...schema.Kind) (*Template, error) {
	for _, k := range kinds {
		if !followable(k) {
			return nil, fmt.Errorf("a follow-up comparison asks about types and defaults, not about facts of kind %s", k)
		}
	}
	if len(verdicts) != len(t.Judged) {
		return nil, fmt.Errorf("got %d verdicts for a template of %d facts", len(verdicts), len(t.Judged))
	}
	c := newCandidates(t)
	var questions []question
	for _, col := range columnsOf(t, verdicts) {
		if slices.Contains(kinds, schema.KindColumnType) {
			questions = appendQuestion(questions, t, col, schema.KindColumnType, c.types(col))
		}
		if slices.Contains(kinds, schema.KindDefault) {
			questions = appendQuestion(questions, t, col, schema.KindDefault, c.defaults(col))
		}
	}
	if questions = within(questions); len(questions) == 0 {
		return nil, nil
	}
	return followUpTemplate(t, questions)
}

// followable reports whether follow-ups can ask for alternatives to a fact of
// that kind.
func followable(k schema.Kind) bool { return k == schema.KindColumnType || k == schema.KindDefault }

// column is what the first comparison says of a column.
type column struct {
	name            schema.ColumnName
	typ, defaultsTo detail
}

// detail is what the first comparison says of a column's type or default.
type detail struct {
	wanted   []string // what the template asks for and the tenant does not have
	found    string   // what is present, "" where nothing is
	declared string   // what the template asks for, "" where it asks for nothing
	settled  bool     // found or undisclosed, so that there is nothing to ask
}

func (d *detail) add(j Judged, v schema.Verdict) {
	if j.Rule != RuleForbidden {
		d.declared = j.Fact.Detail
	}
	switch {
	case v == schema.Present:
		d.found, d.settled = j.Fact.Detail, true
	case v != schema.Absent:
		d.settled = true
	case j.Rule != RuleForbidden:
		d.wanted = append(d.wanted, j.Fact.Detail)
	}
}

// open reports whether there is something to ask.
func (d *detail) open() bool { return !d.settled && len(d.wanted) > 0 }

// columnsOf gathers the columns that are present, in the template's order.
func columnsOf(t *Template, verdicts []schema.Verdict) []*column {
	at := make(map[schema.ColumnName]*column)
	var present []*column
	for i, j := range t.Judged {
		if j.Fact.Kind != schema.KindColumn && !followable(j.Fact.Kind) {
			continue
		}
		name := schema.ColumnName{Schema: j.Fact.Schema, Table: j.Fact.Table, Column: j.Fact.Name}
		c := at[name]
		if c == nil {
			c = &column{name: name}
			at[name] = c
		}
		switch {
		case j.Fact.Kind == schema.KindColumnType:
			c.typ.add(j, verdicts[i])
		case j.Fact.Kind == schema.KindDefault:
			c.defaultsTo.add(j, verdicts[i])
		case verdicts[i] == schema.Present:
			present = append(present, c)
		}
	}
	return present
}

// question is one column's alternatives, likeliest first.
type question struct {
	kind       schema.Kind
	column     schema.ColumnName
	candidates []string
}

// fact returns the fact that a candidate stands for.
func (q question) fact(candidate string) schema.Fact {
	return schema.Fact{Kind: q.kind, Schema: q.column.Schema, Table: q.column.Table, Name: q.column.Column, Detail: candidate}
}

// group names the any_of group of the question: after its column, or where that
// is too long by its number, which no quoted name can be mistaken for.
func (q question) group(number int) string {
	name := fmt.Sprintf("%s %s.%s.%s", q.kind, schema.Quote(q.column.Schema), schema.Quote(q.column.Table), schema.Quote(q.column.Column))
	if len(name) > MaxGroupName {
		return fmt.Sprintf("%s of column %d", q.kind, number)
	}
	return name
}

// appendQuestion adds a question about those candidates that are facts and that the
// template does not judge, each once.
func appendQuestion(list []question, t *Template, c *column, k schema.Kind, candidates []string) []question {
	q := question{kind: k, column: c.name}
	seen := make(map[string]bool, len(candidates))
	for _, text := range candidates {
		f := q.fact(text)
		if _, judged := t.Index(f); judged || seen[text] || f.Validate() != nil {
			continue
		}
		seen[text] = true
		if q.candidates = append(q.candidates, text); len(q.candidates) == maxCandidates {
			break
		}
	}
	if len(q.candidates) == 0 {
		return list
	}
	return append(list, q)
}

// within keeps to the limits: the first questions, and of each no more than a
// number of its likeliest candidates, the largest with which all fit.
func within(questions []question) []question {
	if len(questions) > MaxGroups {
		questions = questions[:MaxGroups]
	}
	each := maxCandidates
	for each > 1 && total(questions, each) > MaxFollowUp {
		each--
	}
	for i, q := range questions {
		questions[i].candidates = q.candidates[:min(each, len(q.candidates))]
	}
	return questions
}

// total counts the facts of the questions with no more than that many of each.
func total(questions []question, each int) int {
	n := 0
	for _, q := range questions {
		n += min(each, len(q.candidates))
	}
	return n
}

func followUpTemplate(t *Template, questions []question) (*Template, error) {
	f := &Template{Slug: t.Slug, Version: clipText(t.Version, MaxVersion-len(followUpSuffix)) + followUpSuffix, Visibility: t.Visibility}
	for i, q := range questions {
		if len(q.candidates) == 1 {
			f.Judged = append(f.Judged, Judged{Fact: q.fact(q.candidates[0]), Rule: RuleRequired})
			continue
		}
		name := q.group(i)
		f.AnyOf = append(f.AnyOf, Group{Name: name})
		for _, text := range q.candidates {
			f.Judged = append(f.Judged, Judged{Fact: q.fact(text), Rule: RuleAnyOf, AnyOf: name})
		}
	}
	slices.SortFunc(f.AnyOf, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(f.Judged, func(a, b Judged) int { return schema.Compare(a.Fact, b.Fact) })
	if err := f.Validate(); err != nil {
		return nil, fmt.Errorf("the follow-up of template %q: %w", t.Slug, err)
	}
	return f, nil
}

// clipText cuts text to a number of bytes between two characters.
func clipText(s string, most int) string {
	end := 0
	for i, r := range s {
		if i+len(string(r)) > most {
			break
		}
		end = i + len(string(r))
	}
	return s[:end]
}
