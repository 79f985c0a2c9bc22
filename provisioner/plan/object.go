package plan

import (
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// objectOf returns the object that a fact is about.
func objectOf(s *schema.Spelling) Object {
	f := s.Fact
	o := Object{Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name}
	switch f.Kind {
	case schema.KindPrimaryKey, schema.KindUnique, schema.KindForeignKey, schema.KindCheck, schema.KindExclusion, schema.KindIndex:
		o.Name = s.Object.Name
	case schema.KindFunction:
		o.Detail = f.Detail
	}
	return o
}

// words are what the objects of schemas are called.
var words = map[schema.Kind]string{
	schema.KindEnum: "enum", schema.KindDomain: "domain", schema.KindComposite: "composite type", schema.KindRange: "range type",
	schema.KindSequence: "sequence", schema.KindView: "view", schema.KindExtension: "extension", schema.KindFunction: "function",
}

// object adds the step that makes an object of a schema.
func (p *planner) object(s *schema.Spelling) {
	f := s.Fact
	step := Step{
		Action: Create, Object: objectOf(s), Facts: []schema.Fact{f}, Reversible: Exact,
		Goal: "make the " + words[f.Kind] + " " + named(f),
	}
	switch f.Kind {
	case schema.KindEnum:
		step.SQL = []string{"CREATE TYPE " + named(f) + " AS ENUM " + s.SQL}
	case schema.KindDomain:
		step.SQL = []string{"CREATE DOMAIN " + named(f) + " " + s.SQL}
	case schema.KindComposite:
		step.SQL = []string{"CREATE TYPE " + named(f) + " AS " + s.SQL}
	case schema.KindRange:
		step.SQL = []string{"CREATE TYPE " + named(f) + " AS RANGE " + rangeOptions(s.SQL)}
	case schema.KindSequence:
		step.SQL = []string{"CREATE SEQUENCE " + named(f) + " " + s.SQL}
	case schema.KindExtension:
		step.Goal = "install the extension " + schema.Quote(f.Name)
		step.SQL = []string{p.extension(f.Name)}
		step.Hazards = []Hazard{HazardPrivileges, HazardCode}
	case schema.KindView, schema.KindFunction:
		body := p.bodies[step.Object]
		if body == nil {
			p.refuse(f, "the template's DDL does not have its text")
			return
		}
		step.SQL = slices.Clone(body.SQL)
		if f.Kind == schema.KindFunction {
			// The server prints OR REPLACE, which would put the template's function in the place of one that the tenant has.
			step.SQL[0] = strings.Replace(step.SQL[0], "CREATE OR REPLACE ", "CREATE ", 1)
			step.Hazards = []Hazard{HazardCode}
		}
	default:
		p.refuse(f, "facts of this kind are not made by plans")
		return
	}
	p.add(step)
}

func (p *planner) extension(name string) string {
	sql := "CREATE EXTENSION " + schema.Quote(name)
	if in := p.blueprint.Extensions[name]; in != "" && !strings.HasPrefix(in, "pg_") {
		sql += " WITH SCHEMA " + schema.Quote(in)
	}
	return sql
}

// rangeOptions spells "of bigint collate c class" as the list that CREATE TYPE takes.
func rangeOptions(sql string) string {
	rest := strings.TrimPrefix(sql, "of ")
	var options []string
	if at := strings.Index(rest, " collate "); at >= 0 {
		collation, class, found := strings.Cut(rest[at+len(" collate "):], " ")
		options = append(options, "COLLATION = "+collation)
		if found {
			options = append(options, "SUBTYPE_OPCLASS = "+class)
		}
		rest = rest[:at]
	}
	return "(" + strings.Join(append([]string{"SUBTYPE = " + rest}, options...), ", ") + ")"
}

// trigger adds the step that makes a trigger.
func (p *planner) trigger(s *schema.Spelling) {
	f := s.Fact
	o := objectOf(s)
	body := p.bodies[o]
	if body == nil {
		p.refuse(f, "the template's DDL does not have its text")
		return
	}
	p.add(Step{
		Action: Create, Object: o, Facts: []schema.Fact{f}, Reversible: Exact, Goal: "make the trigger " + schema.Quote(f.Name) + " of " + of(f),
		SQL: body.SQL, Hazards: []Hazard{HazardBlocks, HazardCode}, Locks: []Lock{{of(f), "SHARE ROW EXCLUSIVE"}},
	})
}
