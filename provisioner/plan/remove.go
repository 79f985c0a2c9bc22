package plan

import "github.com/veilschema/veil/compare/schema"

// remove adds a step for each forbidden fact that holds. Names of constraints and indexes are no facts, so the executor finds them.
func (p *planner) remove(goals []Goal) {
	for i := range goals {
		g := &goals[i]
		if g.Want != WantAbsent || g.Verdict == schema.Absent || p.covered(goals, g.Fact) {
			continue
		}
		f := g.Fact
		step := Step{
			Action: Remove, Goal: "remove what is forbidden: " + f.String(), Facts: []schema.Fact{f},
			Object: Object{Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name}, Guarded: g.Verdict == schema.Undisclosed,
			Hazards: []Hazard{HazardBlocksAll}, Locks: lockAll(f), Reversible: Exact, SQL: drop(f),
		}
		switch f.Kind {
		case schema.KindColumn, schema.KindTable:
			step.Hazards, step.Reversible = append(step.Hazards, HazardDeletes), ForwardOnly
		case schema.KindExtension, schema.KindColumnType, schema.KindPartition, schema.KindPartitionKey, schema.KindInheritance,
			schema.KindGenerated, schema.KindCollation:
			step.Action = Ask
		}
		p.add(step)
	}
}

// covered says whether a forbidden fact goes with its table or column, which is forbidden too.
func (p *planner) covered(goals []Goal, f schema.Fact) bool {
	gone := func(over schema.Fact) bool {
		g := p.virtual.goals[over]
		return over != f && g != nil && g.Want == WantAbsent && g.Verdict != schema.Absent
	}
	return f.Table != "" && (gone(table(f.Schema, f.Table)) || ofColumn(f) && gone(column(f)))
}

// drop returns the statement that takes a fact's object away where its name is in the fact.
func drop(f schema.Fact) []string {
	alter := "ALTER TABLE " + of(f)
	switch f.Kind {
	case schema.KindTable:
		return []string{"DROP TABLE " + of(f)}
	case schema.KindColumn:
		return []string{alter + " DROP COLUMN " + schema.Quote(f.Name)}
	case schema.KindNotNull:
		return []string{alter + " ALTER COLUMN " + schema.Quote(f.Name) + " DROP NOT NULL"}
	case schema.KindDefault:
		return []string{alter + " ALTER COLUMN " + schema.Quote(f.Name) + " DROP DEFAULT"}
	case schema.KindIdentity:
		return []string{alter + " ALTER COLUMN " + schema.Quote(f.Name) + " DROP IDENTITY"}
	case schema.KindTrigger:
		return []string{"DROP TRIGGER " + schema.Quote(f.Name) + " ON " + of(f)}
	case schema.KindRowSecurity:
		switch {
		case f.Name != "":
			return []string{"DROP POLICY " + schema.Quote(f.Name) + " ON " + of(f)}
		case f.Detail == "forced":
			return []string{alter + " NO FORCE ROW LEVEL SECURITY"}
		}
		return []string{alter + " DISABLE ROW LEVEL SECURITY"}
	case schema.KindView:
		return []string{"DROP VIEW " + named(f)}
	case schema.KindEnum, schema.KindComposite, schema.KindRange:
		return []string{"DROP TYPE " + named(f)}
	case schema.KindDomain:
		return []string{"DROP DOMAIN " + named(f)}
	}
	return nil
}
