package diff

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// Tables compares what a tenant has, under the names that the mapping gives it,
// with what a template asks, name by name. It sees the tenant's names, so the view is for the
// tenant and whoever it shows it to. It fails where the mapping does not fit the
// tenant's database.
func Tables(tenant *schema.Database, m schema.Mapping, t *template.Template) (*TableView, error) {
	facts, _, err := tenant.Facts(m)
	if err != nil {
		return nil, err
	}
	b := newBuilder(t, func(x, y entry) bool { return x.fact == y.fact })
	b.renamed = renames(tenant, m)
	b.verdicts = make([]schema.Verdict, len(t.Judged))
	for i, j := range t.Judged {
		b.verdicts[i] = schema.Absent
		if facts.Has(j.Fact) {
			b.verdicts[i] = schema.Present
		}
	}
	mine := make([]entry, len(facts))
	for i, f := range facts {
		mine[i] = b.entry(f)
	}
	return b.view(mine, b.asked()), nil
}

// TablesByVerdict is [Tables] from nothing of the tenant but verdicts, one a judged
// fact in the template's order: what stands on the tenant's side are the places in the template
// whose verdict is not absent. Known are facts beyond the template's that the
// tenant is known to have, such as the answers of a follow-up comparison.
func TablesByVerdict(t *template.Template, verdicts []schema.Verdict, known schema.Facts) (*TableView, error) {
	if err := checkVerdicts(t, verdicts); err != nil {
		return nil, err
	}
	b := newBuilder(t, func(x, y entry) bool { return x.at == y.at })
	b.verdicts = verdicts
	var mine []schema.Fact
	for i, j := range t.Judged {
		if verdicts[i] != schema.Absent {
			mine = append(mine, j.Fact)
		}
	}
	for _, f := range known {
		if _, judged := t.Index(f); !judged {
			mine = append(mine, f)
		}
	}
	facts := schema.NewFacts(mine)
	side := make([]entry, len(facts))
	for i, f := range facts {
		side[i] = b.entry(f)
	}
	return b.view(side, b.asked()), nil
}

func checkVerdicts(t *template.Template, verdicts []schema.Verdict) error {
	if len(verdicts) != len(t.Judged) {
		return fmt.Errorf("got %d verdicts for a template of %d facts; give those of a comparison with it", len(verdicts), len(t.Judged))
	}
	for i, v := range verdicts {
		if v != schema.Present && v != schema.Absent && v != schema.Undisclosed {
			return fmt.Errorf("the verdict on fact %d of the template is %s; want present, absent or undisclosed", i, v)
		}
	}
	return nil
}

// entry is an element of either side: a fact, and a place in the template that
// stands for it, -1 where the template does not have it, as no entry of the
// template's own side.
type entry struct {
	fact schema.Fact
	at   int
}

// builder makes a view of two sides. Both kinds of views differ in equal and in
// where verdicts come from, and in nothing else.
type builder struct {
	template *template.Template
	equal    func(x, y entry) bool
	verdicts []schema.Verdict
	heads    map[schema.Fact]int // place of tables and columns
	renamed  renamed
}

func newBuilder(t *template.Template, equal func(x, y entry) bool) *builder {
	b := &builder{template: t, equal: equal, heads: make(map[schema.Fact]int)}
	for i, j := range t.Judged {
		for _, head := range []schema.Fact{tableOf(j.Fact), columnOf(j.Fact)} {
			if _, there := b.heads[head]; !there {
				b.heads[head] = i // the fact itself, if it is judged: it sorts before all others
			}
		}
	}
	return b
}

func (b *builder) entry(f schema.Fact) entry {
	if i, judged := b.template.Index(f); judged {
		return entry{f, i}
	}
	return entry{f, -1}
}

// head returns the entry that stands for a table or column. One that the
// template does not judge as such is where its first judged fact is.
func (b *builder) head(f schema.Fact) entry {
	if i, ok := b.heads[f]; ok {
		return entry{f, i}
	}
	return entry{f, -1}
}

// asked lists what the template asks of this tenant: no forbidden facts, and of
// alternatives those that the tenant has, if it has any.
func (b *builder) asked() []entry {
	satisfied := make(map[string]bool)
	for i, j := range b.template.Judged {
		if j.AnyOf != "" && b.verdicts[i] == schema.Present {
			satisfied[j.AnyOf] = true
		}
	}
	var list []entry
	for i, j := range b.template.Judged {
		switch {
		case j.Rule == template.RuleForbidden:
		case j.Rule == template.RuleAnyOf && satisfied[j.AnyOf] && b.verdicts[i] == schema.Absent:
		default:
			list = append(list, entry{j.Fact, i})
		}
	}
	return list
}

// view compares the two sides, each sorted by [schema.Compare].
func (b *builder) view(tenant, asked []entry) *TableView {
	mineTables, mineObjects := b.byTable(tenant)
	theirTables, theirObjects := b.byTable(asked)
	v := &TableView{Objects: b.lines(mineObjects, theirObjects)}
	for _, e := range Slices(mineTables, theirTables, b.equalGroups) {
		v.Tables = append(v.Tables, b.table(e))
	}
	return v
}

func (b *builder) table(e Edit[group]) Table {
	head := either(e).head
	name := schema.Relation{Schema: head.fact.Schema, Name: head.fact.Table}
	t := Table{Mark: b.mark(e.Op, head), Name: name, Was: b.renamed.tables[name]}
	t.Rule, t.AnyOf = b.rule(head)
	mineColumns, mine := b.byColumn(e.X.members)
	theirColumns, theirs := b.byColumn(e.Y.members)
	for _, c := range Slices(mineColumns, theirColumns, b.equalGroups) {
		t.Columns = append(t.Columns, b.column(c))
	}
	t.Facts = byKind(b.lines(mine, theirs))
	return t
}

func (b *builder) column(e Edit[group]) Column {
	head := either(e).head
	f := head.fact
	was := b.renamed.columns[schema.ColumnName{Schema: f.Schema, Table: f.Table, Column: f.Name}]
	c := Column{Mark: b.mark(e.Op, head), Name: f.Name, Was: was, Facts: byKind(b.lines(e.X.members, e.Y.members))}
	c.Rule, c.AnyOf = b.rule(head)
	return c
}

// lines compares facts one by one. Facts that say nothing but that their table
// or column is there are left to its own mark.
func (b *builder) lines(tenant, asked []entry) []Line {
	var list []Line
	for _, e := range Slices(tenant, asked, b.equal) {
		x := e.X
		if e.Op == Insert {
			x = e.Y
		}
		if x.fact.Kind == schema.KindTable || x.fact.Kind == schema.KindColumn {
			continue
		}
		l := Line{Mark: b.mark(e.Op, x), Fact: x.fact}
		l.Rule, l.AnyOf = b.rule(x)
		list = append(list, l)
	}
	return list
}

// byKind brings together what there is of a kind on either side: the two types of a
// column, the two primary keys of a table.
func byKind(lines []Line) []Line {
	slices.SortStableFunc(lines, func(x, y Line) int { return cmp.Compare(x.Fact.Kind, y.Fact.Kind) })
	return lines
}

// judged reports whether the template judges exactly this fact. The head of a table
// or column may stand at the place of another.
func (b *builder) judged(x entry) bool { return x.at >= 0 && b.template.Judged[x.at].Fact == x.fact }

// mark marks an entry by what became of it and by the verdict on it.
func (b *builder) mark(o Op, x entry) Mark {
	if b.judged(x) {
		return mark(o, b.verdicts[x.at])
	}
	return mark(o, schema.VerdictUnknown)
}

func (b *builder) rule(x entry) (template.Rule, string) {
	if b.judged(x) {
		return b.template.Judged[x.at].Rule, b.template.Judged[x.at].AnyOf
	}
	return template.RuleUnknown, ""
}
