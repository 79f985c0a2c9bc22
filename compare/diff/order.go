package diff

import (
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// ColumnOrder compares the order of a tenant's columns, renamed by the mapping,
// with that of a template's table. The most columns that can stay in their order
// stay; the others that both tables have are moved.
func ColumnOrder(tenant *schema.Table, m schema.Mapping, wanted *schema.Table) *OrderView {
	mine, was := make([]string, len(tenant.Columns)), make(map[string]string)
	for i, c := range tenant.Columns {
		mine[i] = renamedColumn(tenant.Relation, c.Name, m)
		if mine[i] != c.Name {
			was[mine[i]] = c.Name
		}
	}
	theirs := columnNames(wanted)
	v := &OrderView{Name: wanted.Relation}
	if renamedTable(tenant.Relation, m) != tenant.Relation {
		v.Was = tenant.Relation
	}
	v.Lines = order(mine, theirs, func(x, y string) bool { return x == y }, func(e Edit[string]) OrderLine {
		name := e.X
		if e.Op == Insert {
			name = e.Y
		}
		return OrderLine{Mark: mark(e.Op, schema.VerdictUnknown), Name: name, Was: was[name]}
	})
	return v
}

// ColumnOrderByVerdict is [ColumnOrder] from nothing of the tenant but verdicts,
// one a judged fact in the template's order. The order in which a tenant has its columns is
// not in them, so no column is moved. A column whose presence the template does
// not judge is undisclosed.
func ColumnOrderByVerdict(wanted *schema.Table, t *template.Template, verdicts []schema.Verdict) (*OrderView, error) {
	if err := checkVerdicts(t, verdicts); err != nil {
		return nil, err
	}
	var mine, theirs []int // places in wanted.Columns
	said := make([]schema.Verdict, len(wanted.Columns))
	for i, c := range wanted.Columns {
		said[i] = schema.Undisclosed
		f := schema.Fact{Kind: schema.KindColumn, Schema: wanted.Schema, Table: wanted.Name, Name: c.Name}
		if at, judged := t.Index(f); judged {
			said[i] = verdicts[at]
		}
		theirs = append(theirs, i)
		if said[i] != schema.Absent {
			mine = append(mine, i)
		}
	}
	lines := order(mine, theirs, func(x, y int) bool { return x == y }, func(e Edit[int]) OrderLine {
		at := e.X
		if e.Op == Insert {
			at = e.Y
		}
		return OrderLine{Mark: mark(e.Op, said[at]), Name: wanted.Columns[at].Name}
	})
	return &OrderView{Name: wanted.Relation, Lines: lines}, nil
}

// order compares two orders of columns, each column once in each.
func order[T any](mine, theirs []T, equal func(x, y T) bool, line func(Edit[T]) OrderLine) []OrderLine {
	var list []OrderLine
	at := make(map[string]int)
	for _, e := range Slices(mine, theirs, equal) {
		l := line(e)
		if other, twice := at[l.Name]; twice {
			l.Moved, list[other].Moved = true, true
		}
		at[l.Name] = len(list)
		list = append(list, l)
	}
	return list
}

func columnNames(t *schema.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}
