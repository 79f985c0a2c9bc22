package plan

import (
	"slices"

	"github.com/veilschema/veil/compare/schema"
)

// virtual is the virtual schema: what the verdicts say of the tenant, and what is wanted.
type virtual struct {
	goals map[schema.Fact]*Goal
	spelt map[schema.Fact]*schema.Spelling   // of equal constraints or indexes, which are one fact, the first
	twins map[schema.Fact][]*schema.Spelling // the others
	about map[place][]*schema.Spelling       // the template's facts of one table or column
	// wholes are, by table, the facts that make it a partition or heir; parts are the same facts by the other table.
	wholes, parts map[place][]schema.Fact
}

// place is a table, or one of its columns.
type place struct{ schema, table, column string }

func newVirtual(b *Blueprint, goals []Goal) *virtual {
	v := &virtual{
		goals: make(map[schema.Fact]*Goal, len(goals)),
		spelt: make(map[schema.Fact]*schema.Spelling, len(b.Facts)),
		twins: make(map[schema.Fact][]*schema.Spelling),
		about: make(map[place][]*schema.Spelling),

		wholes: make(map[place][]schema.Fact),
		parts:  make(map[place][]schema.Fact),
	}
	for i := range goals {
		v.goals[goals[i].Fact] = &goals[i]
	}
	for i := range b.Facts {
		s := &b.Facts[i]
		if v.spelt[s.Fact] != nil {
			v.twins[s.Fact] = append(v.twins[s.Fact], s)
			continue
		}
		v.spelt[s.Fact] = s
		if s.Fact.Table == "" {
			continue
		}
		at := place{s.Fact.Schema, s.Fact.Table, ""}
		v.about[at] = append(v.about[at], s)
		if to, ok := s.Fact.Target(); ok && s.Fact.Kind != schema.KindForeignKey {
			v.wholes[at] = append(v.wholes[at], s.Fact)
			v.parts[place{to.Schema, to.Name, ""}] = append(v.parts[place{to.Schema, to.Name, ""}], s.Fact)
		}
		if ofColumn(s.Fact) {
			at.column = s.Fact.Name
			v.about[at] = append(v.about[at], s)
		}
	}
	return v
}

// ofColumn says whether a fact describes a column.
func ofColumn(f schema.Fact) bool {
	switch f.Kind {
	case schema.KindColumn, schema.KindColumnType, schema.KindNotNull, schema.KindDefault, schema.KindIdentity,
		schema.KindGenerated, schema.KindCollation:
		return true
	case schema.KindSequence:
		return f.Table != ""
	default:
		return false
	}
}

// state returns the verdict on a fact. What is not judged is unknown, so it counts as undisclosed.
func (v *virtual) state(f schema.Fact) schema.Verdict {
	if g := v.goals[f]; g != nil {
		return g.Verdict
	}
	return schema.Undisclosed
}

// wanted says whether a fact is to be made.
func (v *virtual) wanted(f schema.Fact) bool {
	g := v.goals[f]
	return g != nil && g.Want == WantPresent && g.Verdict != schema.Present
}

// unsure says whether a fact may hold before its step: it was not disclosed, or its table or column was not, whose step makes it too.
func (v *virtual) unsure(f schema.Fact) bool {
	for _, f := range []schema.Fact{f, table(f.Schema, f.Table), column(f)} {
		if g := v.goals[f]; g != nil && g.Verdict == schema.Undisclosed {
			return true
		}
	}
	return false
}

// table is the fact that a table exists.
func table(schemaName, name string) schema.Fact {
	return schema.Fact{Kind: schema.KindTable, Schema: schemaName, Table: name}
}

// column is the fact that a column exists.
func column(f schema.Fact) schema.Fact {
	return schema.Fact{Kind: schema.KindColumn, Schema: f.Schema, Table: f.Table, Name: f.Name}
}

// inherited says whether a fact of a partition or heir comes with the same fact of the table that it is a part of, so that no step of its
// own makes it.
func (v *virtual) inherited(f schema.Fact) bool {
	switch f.Kind {
	case schema.KindTable, schema.KindPartition, schema.KindInheritance, schema.KindPartitionKey, schema.KindRowSecurity,
		schema.KindSequence, schema.KindIdentity:
		return false
	}
	return slices.ContainsFunc(v.wholes[place{f.Schema, f.Table, ""}], func(part schema.Fact) bool { return v.comesWith(f, part) })
}

// comesWith says whether a fact of a table comes with the same fact of the one that part says it is a part of.
func (v *virtual) comesWith(f, part schema.Fact) bool {
	above, ok := v.above(f, part)
	if !ok {
		return false
	}
	partition := part.Kind == schema.KindPartition
	switch {
	case v.state(table(f.Schema, f.Table)) == schema.Absent:
		return partition // an heir's statement says all of it
	case v.state(part) != schema.Absent:
		// A fact that the whole has and its part lacks is the part's own to mend.
		return (partition || ofColumn(f)) && v.state(above) != schema.Present
	}
	return partition && v.wanted(part) && !beforeAttach(f)
}

// above is the same fact of the table that part says the fact's table is a part of, if the template has it.
func (v *virtual) above(f, part schema.Fact) (schema.Fact, bool) {
	up, _ := part.Target()
	f.Schema, f.Table = up.Schema, up.Name
	return f, v.spelt[f] != nil
}

// saidBy says whether the statement that makes a table makes this fact of a column, too. That of a partition says nothing of columns: they are
// as those of the whole.
func (v *virtual) saidBy(table, f schema.Fact) bool {
	for _, part := range v.wholes[place{table.Schema, table.Table, ""}] {
		if part.Kind == schema.KindPartition && f.Kind != schema.KindSequence {
			_, same := v.above(f, part)
			return same
		}
	}
	return true
}

// beforeAttach says whether a table must have a fact before it can become a part of one that has it.
func beforeAttach(f schema.Fact) bool { return ofColumn(f) || f.Kind == schema.KindCheck }

// heirs are the columns of partitions and heirs that are there, and of theirs, that come with a column; each once.
func (v *virtual) heirs(f schema.Fact) []place {
	var list []place
	seen := map[schema.Fact]bool{column(f): true}
	for open := []schema.Fact{column(f)}; len(open) > 0; open = open[1:] {
		for _, part := range v.parts[place{open[0].Schema, open[0].Table, ""}] {
			below := open[0]
			below.Schema, below.Table = part.Schema, part.Table
			if !seen[below] && v.state(table(below.Schema, below.Table)) != schema.Absent && v.comesWith(below, part) {
				seen[below] = true
				list, open = append(list, place{below.Schema, below.Table, below.Name}), append(open, below)
			}
		}
	}
	return list
}
