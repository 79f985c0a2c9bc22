package diff

import (
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// group is a table or column of one side with its facts.
type group struct {
	head    entry
	members []entry
}

func (b *builder) equalGroups(x, y group) bool { return b.equal(x.head, y.head) }

// either returns the group that an edit is about.
func either(e Edit[group]) group {
	if e.Op == Insert {
		return e.Y
	}
	return e.X
}

// tableOf and columnOf return the fact that what f belongs to exists.
func tableOf(f schema.Fact) schema.Fact {
	return schema.Fact{Kind: schema.KindTable, Schema: f.Schema, Table: f.Table}
}

func columnOf(f schema.Fact) schema.Fact {
	return schema.Fact{Kind: schema.KindColumn, Schema: f.Schema, Table: f.Table, Name: f.Name}
}

// ofColumn reports whether a fact belongs to one column of its table.
func ofColumn(f schema.Fact) bool {
	switch f.Kind {
	case schema.KindColumn, schema.KindColumnType, schema.KindNotNull, schema.KindDefault,
		schema.KindIdentity, schema.KindGenerated, schema.KindCollation:
		return true
	case schema.KindSequence:
		return f.Table != "" // a column owns it
	}
	return false
}

// byTable divides a sorted side into its tables and the facts of none.
func (b *builder) byTable(side []entry) (tables []group, objects []entry) {
	for _, e := range side {
		if e.fact.Table == "" {
			objects = append(objects, e)
			continue
		}
		head := tableOf(e.fact)
		if n := len(tables); n == 0 || tables[n-1].head.fact != head {
			tables = append(tables, group{head: b.head(head)})
		}
		last := &tables[len(tables)-1]
		last.members = append(last.members, e)
	}
	return tables, objects
}

// byColumn divides a table's facts into its columns, sorted by name, and the facts
// of none.
func (b *builder) byColumn(facts []entry) (columns []group, rest []entry) {
	at := make(map[string]int)
	for _, e := range facts {
		if !ofColumn(e.fact) {
			rest = append(rest, e)
			continue
		}
		i, there := at[e.fact.Name]
		if !there {
			i = len(columns)
			at[e.fact.Name] = i
			columns = append(columns, group{head: b.head(columnOf(e.fact))})
		}
		columns[i].members = append(columns[i].members, e)
	}
	slices.SortFunc(columns, func(x, y group) int { return strings.Compare(x.head.fact.Name, y.head.fact.Name) })
	return columns, rest
}
