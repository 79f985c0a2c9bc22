package plan

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// keywords are what ADD CONSTRAINT says before the detail of a fact.
var keywords = map[schema.Kind]string{
	schema.KindPrimaryKey: "PRIMARY KEY ", schema.KindForeignKey: "FOREIGN KEY ", schema.KindCheck: "CHECK ", schema.KindExclusion: "EXCLUDE USING ",
}

var constraintWords = map[schema.Kind]string{
	schema.KindPrimaryKey: "primary key", schema.KindUnique: "unique constraint", schema.KindForeignKey: "foreign key",
	schema.KindCheck: "check", schema.KindExclusion: "exclusion constraint",
}

// constraint adds the step that adds a constraint.
func (p *planner) constraint(s *schema.Spelling) {
	f := s.Fact
	step := Step{
		Action: AddKey, Object: objectOf(s), Facts: []schema.Fact{f}, Reversible: Exact,
		Goal:    "add the " + constraintWords[f.Kind] + " " + s.Fact.Detail + " to " + of(f),
		SQL:     []string{AddConstraint(of(f), schema.Quote(s.Object.Name), f.Kind, s.SQL)},
		Hazards: []Hazard{HazardBlocksAll, HazardScan, HazardRows}, Locks: lockAll(f),
	}
	if f.Kind == schema.KindForeignKey {
		step.Hazards[0] = HazardBlocks
		step.Locks = append([]Lock{{of(f), "SHARE ROW EXCLUSIVE"}}, lockTarget(f, "SHARE ROW EXCLUSIVE")...)
	}
	p.add(step)
}

// AddConstraint spells the statement that adds a constraint; table and name are quoted, detail is the fact's or its spelling.
func AddConstraint(table, name string, k schema.Kind, detail string) string {
	sql := keywords[k] + detail
	if k == schema.KindUnique {
		sql = "UNIQUE " + detail
	}
	return "ALTER TABLE " + table + " ADD CONSTRAINT " + name + " " + sql
}

// index adds the step that adds an index.
func (p *planner) index(s *schema.Spelling) {
	f := s.Fact
	p.add(Step{
		Action: AddIndex, Object: objectOf(s), Facts: []schema.Fact{f}, Reversible: Exact,
		Goal:    "index " + of(f) + " by " + f.Detail,
		SQL:     []string{AddIndexSQL(of(f), schema.Quote(s.Object.Name), s.SQL)},
		Hazards: []Hazard{HazardBlocks, HazardScan}, Locks: []Lock{{of(f), "SHARE"}},
	})
}

// AddIndexSQL spells the statement that adds an index; table and name are quoted, detail is the fact's or its spelling.
func AddIndexSQL(table, name, detail string) string {
	unique := ""
	if rest, ok := strings.CutPrefix(detail, "unique "); ok {
		unique, detail = "UNIQUE ", rest
	}
	return "CREATE " + unique + "INDEX " + name + " ON " + table + " USING " + detail
}

// attach adds the step that makes a table a partition of, or inherit from, another.
func (p *planner) attach(s *schema.Spelling) {
	f := s.Fact
	to, ok := f.Target()
	if !ok {
		p.refuse(f, "its detail does not name the other table")
		return
	}
	parent := schema.Quote(to.Schema) + "." + schema.Quote(to.Name)
	step := Step{
		Action: Attach, Object: objectOf(s), Facts: []schema.Fact{f}, Reversible: Exact,
		Goal:  "make " + of(f) + " a part of " + parent,
		Locks: append(lockAll(f), Lock{parent, "ACCESS EXCLUSIVE"}), Hazards: []Hazard{HazardBlocksAll, HazardScan, HazardRows},
	}
	if f.Kind == schema.KindPartition {
		bounds := strings.TrimPrefix(strings.TrimPrefix(s.SQL, "of "), parent)
		step.SQL = []string{"ALTER TABLE " + parent + " ATTACH PARTITION " + of(f) + bounds}
	} else {
		step.SQL = []string{"ALTER TABLE " + of(f) + " INHERIT " + parent}
	}
	p.add(step)
}

// rowSecurity adds the step that switches row security on or makes a policy.
func (p *planner) rowSecurity(s *schema.Spelling) {
	f := s.Fact
	step := Step{
		Action: Enable, Object: objectOf(s), Facts: []schema.Fact{f}, Reversible: Exact, Locks: lockAll(f),
		Hazards: []Hazard{HazardBlocksAll},
	}
	switch {
	case f.Name != "":
		step.Action, step.Goal = Create, "make the policy "+schema.Quote(f.Name)+" of "+of(f)
		step.SQL = []string{"CREATE POLICY " + schema.Quote(f.Name) + " ON " + of(f) + " AS " + strings.TrimPrefix(s.SQL, "policy ")}
	case f.Detail == "forced":
		step.Goal = "force row security on " + of(f)
		step.SQL = []string{"ALTER TABLE " + of(f) + " FORCE ROW LEVEL SECURITY"}
	default:
		step.Goal = "enable row security on " + of(f)
		step.SQL = []string{"ALTER TABLE " + of(f) + " ENABLE ROW LEVEL SECURITY"}
	}
	p.add(step)
}
