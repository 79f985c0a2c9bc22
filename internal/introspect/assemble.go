package introspect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// assemble puts the rows together.
func (r *reader) assemble() {
	tables := make(map[uint32]*schema.Table, len(r.cat.relations))
	views := make(map[uint32]*schema.View)
	r.sortRelations()
	for i := range r.cat.relations {
		rel := &r.cat.relations[i]
		switch rel.kind {
		case "r", "p":
			tables[rel.oid] = r.table(rel)
		case "v", "m":
			views[rel.oid] = &schema.View{Relation: rel.name, Materialized: rel.kind == "m", Columns: r.attributes(rel)}
		case "f":
			r.tally(true, "foreign tables", "their structure is another server's")
		}
	}
	r.attach(tables, views)
	for i := range r.cat.relations {
		oid := r.cat.relations[i].oid
		if t := tables[oid]; t != nil {
			r.out.Tables = append(r.out.Tables, *t)
		}
		if v := views[oid]; v != nil {
			r.out.Views = append(r.out.Views, *v)
		}
	}
	r.assembleSequences()
	r.assembleTypes()
	r.assembleFunctions()
	r.tallyMembers()
}

func (r *reader) sortRelations() {
	slices.SortFunc(r.cat.relations, func(a, b relation) int {
		return cmp.Or(cmp.Compare(a.name.Schema, b.name.Schema), cmp.Compare(a.name.Name, b.name.Name))
	})
	for i := range r.cat.relations {
		r.cat.byOID[r.cat.relations[i].oid] = &r.cat.relations[i]
	}
}

func (r *reader) table(rel *relation) *schema.Table {
	t := &schema.Table{
		Relation: rel.name, PartitionKey: rel.key, Bounds: rel.bounds, RowSecurity: rel.rowSec, ForceRowSec: rel.forced,
		Columns: make([]schema.Column, 0, len(rel.columns)),
	}
	for _, parent := range r.cat.parents[rel.oid] {
		if rel.partition {
			t.PartitionOf = r.relationName(parent)
		} else {
			t.Inherits = append(t.Inherits, r.relationName(parent))
		}
	}
	for i := range rel.columns {
		t.Columns = append(t.Columns, r.column(&rel.columns[i]))
	}
	return t
}

func (r *reader) column(c *column) schema.Column {
	return schema.Column{
		Name:      c.name,
		Type:      r.cat.spelt[c.use],
		IsDomain:  r.typeInfo(c.use.oid).kind == "d",
		Collation: r.collation(c.collation, c.use.oid),
		NotNull:   c.notNull,
		Default:   c.value,
		Identity:  map[string]schema.Identity{"a": schema.IdentityAlways, "d": schema.IdentityByDefault}[c.identity],
		Generated: map[string]schema.Generated{"s": schema.GeneratedStored, "v": schema.GeneratedVirtual}[c.generated],
	}
}

func (r *reader) attributes(rel *relation) []schema.Attribute {
	list := make([]schema.Attribute, len(rel.columns))
	for i, c := range rel.columns {
		list[i] = schema.Attribute{Name: c.name, Type: r.cat.spelt[c.use]}
	}
	return list
}

// typeInfo returns what is known of a type; it is never nil.
func (r *reader) typeInfo(oid uint32) *typeInfo {
	if info := r.cat.typeInfo[oid]; info != nil {
		return info
	}
	return &typeInfo{}
}

// collation returns the spelling of a collation unless the type has it anyway.
func (r *reader) collation(oid, typ uint32) string {
	if oid == 0 || oid == r.typeInfo(typ).collation {
		return ""
	}
	return r.cat.collations[oid]
}

// columnNames returns the names of columns by their numbers.
func (r *reader) columnNames(of uint32, numbers []int16) []string {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = r.columnName(of, n)
	}
	return names
}

func (r *reader) columnName(of uint32, number int16) string {
	if rel := r.cat.byOID[of]; rel != nil {
		if at, ok := rel.byNumber[number]; ok {
			return rel.columns[at].name
		}
	}
	return r.cat.outsideCol[columnKey{of, number}]
}

// attach gives tables and views what belongs to them.
func (r *reader) attach(tables map[uint32]*schema.Table, views map[uint32]*schema.View) {
	backing := r.attachConstraints(tables)
	for i := range r.cat.indexes {
		x := &r.cat.indexes[i]
		if backing[x.oid] {
			continue
		}
		if t := tables[x.relation]; t != nil {
			t.Indexes = append(t.Indexes, *r.index(x))
		} else if v := views[x.relation]; v != nil {
			v.Indexes = append(v.Indexes, *r.index(x))
		}
	}
	for i := range r.cat.triggers {
		in := &r.cat.triggers[i]
		if t := tables[in.relation]; t != nil {
			t.Triggers = append(t.Triggers, r.trigger(in))
		} else if v := views[in.relation]; v != nil {
			v.Triggers = append(v.Triggers, r.trigger(in))
		}
	}
	for i := range r.cat.policies {
		in := &r.cat.policies[i]
		if t := tables[in.relation]; t != nil {
			t.Policies = append(t.Policies, r.policy(in))
		}
	}
}

func (r *reader) policy(in *policy) schema.Policy {
	p := schema.Policy{
		Name: in.name, Restrictive: !in.permissive, Using: in.using, WithCheck: in.withCheck,
		Command: map[string]string{"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}[in.command],
	}
	if !slices.Contains(in.roles, 0) {
		for _, role := range in.roles {
			p.Roles = append(p.Roles, r.cat.roles[role])
		}
	}
	return p
}

// The bits of pg_trigger.tgtype.
const (
	triggerRow      = 1 << 0
	triggerBefore   = 1 << 1
	triggerInsert   = 1 << 2
	triggerDelete   = 1 << 3
	triggerUpdate   = 1 << 4
	triggerTruncate = 1 << 5
	triggerInstead  = 1 << 6
)

func (r *reader) trigger(in *trigger) schema.Trigger {
	t := schema.Trigger{
		Name: in.name, Definition: in.definition, Disabled: in.enabled == "D",
		Firing: map[string]schema.Firing{"R": schema.FiresOnReplica, "A": schema.FiresAlways}[in.enabled],
		Timing: "after", ForEachRow: in.flags&triggerRow != 0,
		UpdateOf: r.columnNames(in.relation, in.columns), Function: r.cat.routines[in.function],
		Constraint: in.constraint, Deferrable: in.deferrable, Deferred: in.deferred,
		OldTable: in.oldTable, NewTable: in.newTable,
	}
	switch {
	case in.flags&triggerBefore != 0:
		t.Timing = "before"
	case in.flags&triggerInstead != 0:
		t.Timing = "instead of"
	}
	for _, event := range []struct {
		bit  int16
		name string
	}{{triggerInsert, "insert"}, {triggerDelete, "delete"}, {triggerUpdate, "update"}, {triggerTruncate, "truncate"}} {
		if in.flags&event.bit != 0 {
			t.Events = append(t.Events, event.name)
		}
	}
	if in.from != 0 {
		t.From = r.relationName(in.from)
	}
	if text, ok := strings.CutSuffix(string(in.arguments), "\x00"); ok {
		t.Arguments = strings.Split(text, "\x00")
	}
	return t
}

// tallyMembers turns the counts into lines.
func (r *reader) tallyMembers() {
	if r.members > 0 {
		r.count[notJudged{"objects of extensions", "the extension is judged as a whole"}] += r.members
	}
	for line, n := range r.count {
		r.out.NotJudged = append(r.out.NotJudged, schema.NotJudged{What: line.what, Reason: line.reason, Count: n})
	}
	slices.SortFunc(r.out.NotJudged, func(a, b schema.NotJudged) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Reason, b.Reason))
	})
}
