package plan

import "github.com/veilschema/veil/compare/schema"

// virtual is the virtual schema: what the verdicts say of the tenant, and what is wanted.
type virtual struct {
	goals map[schema.Fact]*Goal
	spelt map[schema.Fact]*schema.Spelling   // of equal constraints or indexes, which are one fact, the first
	twins map[schema.Fact][]*schema.Spelling // the others
	about map[place][]*schema.Spelling       // the template's facts of one table or column
}

// place is a table, or one of its columns.
type place struct{ schema, table, column string }

func newVirtual(b *Blueprint, goals []Goal) *virtual {
	v := &virtual{
		goals: make(map[schema.Fact]*Goal, len(goals)),
		spelt: make(map[schema.Fact]*schema.Spelling, len(b.Facts)),
		twins: make(map[schema.Fact][]*schema.Spelling),
		about: make(map[place][]*schema.Spelling),
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

// parent returns the partitioned table of which a table is a partition in the template.
func (v *virtual) parent(at place) (place, bool) {
	for _, s := range v.about[place{at.schema, at.table, ""}] {
		if s.Fact.Kind == schema.KindPartition {
			up, ok := s.Fact.Target()
			return place{up.Schema, up.Name, ""}, ok
		}
	}
	return place{}, false
}

// inherited says whether a fact of a partition comes with the same fact of its parent, which is made or there already.
func (v *virtual) inherited(f schema.Fact) bool {
	switch f.Kind {
	case schema.KindTable, schema.KindPartition, schema.KindPartitionKey, schema.KindRowSecurity, schema.KindSequence, schema.KindIdentity:
		return false
	}
	up, ok := v.parent(place{f.Schema, f.Table, ""})
	if !ok {
		return false
	}
	above := f
	above.Schema, above.Table = up.schema, up.table
	if v.spelt[above] == nil {
		return false
	}
	// A fact that the parent has and the partition lacks is the partition's own to mend.
	return v.state(above) != schema.Present || v.state(table(f.Schema, f.Table)) == schema.Absent
}
