package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// builder turns standings into findings. Facts that follow from a missing
// parent are folded under it:
//
//	table missing    takes everything that is wrong in the table
//	column missing   takes everything that is wrong about the column
//	group failed     stands alone, unless all alternatives are about one
//	                 missing table or column
type builder struct {
	tmpl    *template.Template
	outcome template.Outcome
	facts   []Fact

	missing map[owner]int // place of the finding of a missing table or column
	list    []Finding
}

// forbiddenPrefix starts what is expected of a forbidden fact.
const forbiddenPrefix = "not there: "

// owner is a table, or a column where the name is not empty.
type owner struct{ schema, table, column string }

// columnKinds are the kinds that speak of one column. A trigger and a row
// security policy have a name too, but it is their own.
var columnKinds = map[schema.Kind]bool{
	schema.KindColumn: true, schema.KindColumnType: true, schema.KindNotNull: true, schema.KindDefault: true,
	schema.KindIdentity: true, schema.KindGenerated: true, schema.KindCollation: true,
}

func ownTable(f schema.Fact) owner { return owner{f.Schema, f.Table, ""} }

func ownColumn(f schema.Fact) owner {
	if !columnKinds[f.Kind] {
		return owner{}
	}
	return owner{f.Schema, f.Table, f.Name}
}

func (b *builder) findings() []Finding {
	b.list = []Finding{}
	b.missing = make(map[owner]int)
	b.missingParents()
	undecided := make(map[owner][]Fact)
	for i, f := range b.facts {
		switch {
		case b.isParent(f) || f.Standing != template.Failed && f.Standing != template.Undecided:
		case b.fold(f):
		case f.Standing == template.Undecided:
			undecided[ownTable(f.Fact)] = append(undecided[ownTable(f.Fact)], f)
		default:
			b.list = append(b.list, b.single(i, f))
		}
	}
	b.groups()
	for o, facts := range undecided {
		b.list = append(b.list, undisclosed(o, facts))
	}
	slices.SortStableFunc(b.list, compareFindings)
	return b.list
}

// missingParents makes the findings that others are folded under: first the
// tables, then the columns of tables that are there.
func (b *builder) missingParents() {
	for _, kind := range []schema.Kind{schema.KindTable, schema.KindColumn} {
		for i, f := range b.facts {
			if f.Kind != kind || !isMissing(f) {
				continue
			}
			at := ownTable(f.Fact)
			if kind == schema.KindColumn {
				if _, ok := b.missing[at]; ok {
					continue // folded under its table
				}
				at = ownColumn(f.Fact)
			}
			b.missing[at] = len(b.list)
			b.list = append(b.list, b.single(i, f))
		}
	}
}

func isMissing(f Fact) bool { return f.Rule == template.RuleRequired && f.Standing == template.Failed }

// isParent reports whether a fact is the subject of a finding already.
func (b *builder) isParent(f Fact) bool {
	if !isMissing(f) {
		return false
	}
	at, ok := b.parentOf(f.Fact)
	return ok && b.list[at].Kind == f.Kind && b.list[at].Name == f.Name && b.list[at].Table == f.Table
}

// parentOf returns the finding of the missing table or column that a fact
// belongs to.
func (b *builder) parentOf(f schema.Fact) (int, bool) {
	if f.Table == "" {
		return 0, false
	}
	if at, ok := b.missing[ownTable(f)]; ok {
		return at, true
	}
	at, ok := b.missing[ownColumn(f)]
	return at, ok && columnKinds[f.Kind]
}

// fold puts a required fact under its missing parent. A forbidden fact never
// follows from something that is missing.
func (b *builder) fold(f Fact) bool {
	if f.Rule != template.RuleRequired {
		return false
	}
	at, ok := b.parentOf(f.Fact)
	if ok {
		b.list[at].Facts = append(b.list[at].Facts, f)
	}
	return ok
}

// single makes the finding of one failed fact.
func (b *builder) single(i int, f Fact) Finding {
	x := Finding{
		Severity: severityOf(f.Kind, f.Rule, f.Standing), Title: title(f.Fact, f.Rule),
		Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name,
		Expected: expected(f.Fact), Rule: f.Rule, Verdict: f.Verdict, Facts: []Fact{},
	}
	if f.Rule == template.RuleForbidden {
		x.Expected = forbiddenPrefix + x.Expected
		x.Mend = mendForbidden(f.Fact)
	} else {
		a := mendAbsent(f.Fact, b.typeOf(f.Fact))
		x.Mend, x.SQL = a.words, a.sql
	}
	if slices.Contains(b.outcome.Expired, i) {
		x.Expired = factWaiver(b.tmpl.Judged[i], WaiverExpired)
	}
	return x
}

// typeOf returns the one type that the template requires of a column, "" where
// it leaves a choice.
func (b *builder) typeOf(f schema.Fact) string {
	if f.Kind != schema.KindColumn {
		return ""
	}
	want := schema.Fact{Kind: schema.KindColumnType, Schema: f.Schema, Table: f.Table, Name: f.Name}
	i, _ := b.tmpl.Index(want)
	if i < len(b.tmpl.Judged) {
		j := b.tmpl.Judged[i]
		detail := j.Fact.Detail
		if j.Fact.Detail = ""; j.Fact == want && j.Rule != template.RuleAnyOf && j.Rule != template.RuleForbidden {
			return detail
		}
	}
	return ""
}

// groups makes the findings of any_of groups.
func (b *builder) groups() {
	for gi, g := range b.outcome.Groups {
		if g.Standing != template.Failed && g.Standing != template.Undecided {
			continue
		}
		members := make([]Fact, len(g.Members))
		for i, at := range g.Members {
			members[i] = b.facts[at]
		}
		if at, ok := b.commonParent(members); ok {
			b.list[at].Facts = append(b.list[at].Facts, members...)
			continue
		}
		b.list = append(b.list, groupFinding(b.tmpl.AnyOf[gi], g, members))
	}
}

func (b *builder) commonParent(members []Fact) (int, bool) {
	first, ok := b.parentOf(members[0].Fact)
	for _, m := range members {
		if at, found := b.parentOf(m.Fact); !ok || !found || at != first {
			return 0, false
		}
	}
	return first, ok
}

// groupFinding takes kind and names of the first alternative, so that the
// finding stands with the table that it is about.
func groupFinding(g template.Group, o template.GroupOutcome, members []Fact) Finding {
	first := members[0]
	x := Finding{
		Severity: severityOf(first.Kind, template.RuleAnyOf, o.Standing),
		Title:    "None of the alternatives " + schema.Quote(g.Name) + " is there",
		Kind:     first.Kind, Schema: first.Schema, Table: first.Table, Name: first.Name,
		Rule: template.RuleAnyOf, Verdict: schema.Absent, Group: g.Name, Mend: mendGroup(members), Facts: members,
	}
	if o.Standing == template.Undecided {
		x.Title = "Whether one of the alternatives " + schema.Quote(g.Name) + " is there is undisclosed"
		x.Verdict, x.Mend = schema.Undisclosed, mendUndisclosed
	}
	var wants []string
	for _, m := range members {
		wants = append(wants, expected(m.Fact))
	}
	x.Expected = "one of: " + strings.Join(wants, "; ")
	if o.Expired {
		x.Expired = groupWaiver(g, WaiverExpired)
	}
	return x
}

// undisclosed makes one finding of all that is undisclosed about a table, or
// about what belongs to no table of a schema.
func undisclosed(o owner, facts []Fact) Finding {
	where := qualified(o.schema, o.table)
	kind := schema.KindTable
	switch {
	case len(facts) == 1:
		where, kind = describe(facts[0].Fact), facts[0].Kind
	case o.table == "" && o.schema == "":
		where, kind = "the database", facts[0].Kind
	case o.table == "":
		where, kind = "schema "+schema.Quote(o.schema), facts[0].Kind
	}
	x := Finding{
		Severity: Info, Title: count(len(facts), "verdict is", "verdicts are") + " undisclosed: " + where,
		Kind: kind, Schema: o.schema, Table: o.table, Expected: "a disclosed verdict",
		Rule: facts[0].Rule, Verdict: schema.Undisclosed, Mend: mendUndisclosed, Facts: facts,
	}
	if len(facts) == 1 {
		x.Name, x.Expected = facts[0].Name, expected(facts[0].Fact)
		x.Facts = []Fact{}
	}
	return x
}

// compareFindings sorts the worst first, then by place as facts are sorted.
func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.Expected, b.Expected), cmp.Compare(a.Group, b.Group),
	)
}

func compareRenames(a, b Rename) int {
	return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// waivers lists every waiver of the policy with what came of it, facts in
// their order and then groups.
func (b *builder) waivers() []Waiver {
	list := []Waiver{}
	for i, j := range b.tmpl.Judged {
		if j.Waiver != nil {
			expired := slices.Contains(b.outcome.Expired, i)
			list = append(list, *factWaiver(j, waiverState(b.outcome.Facts[i], expired)))
		}
	}
	for i, g := range b.tmpl.AnyOf {
		if g.Waiver != nil {
			o := b.outcome.Groups[i]
			list = append(list, *groupWaiver(g, waiverState(o.Standing, o.Expired)))
		}
	}
	return list
}

func waiverState(s template.Standing, expired bool) WaiverState {
	switch {
	case expired:
		return WaiverExpired
	case s == template.Waived:
		return WaiverUsed
	}
	return WaiverNotNeeded
}

func factWaiver(j template.Judged, s WaiverState) *Waiver {
	f := j.Fact
	return &Waiver{Fact: &f, Reason: j.Waiver.Reason, Approver: j.Waiver.Approver, Expires: j.Waiver.Expires, State: s}
}

func groupWaiver(g template.Group, s WaiverState) *Waiver {
	return &Waiver{Group: g.Name, Reason: g.Waiver.Reason, Approver: g.Waiver.Approver, Expires: g.Waiver.Expires, State: s}
}
