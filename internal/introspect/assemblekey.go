package introspect

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

var constraintTypes = map[string]schema.ConstraintType{
	"p": schema.PrimaryKey, "u": schema.Unique, "f": schema.ForeignKey, "c": schema.Check,
	"x": schema.Exclusion, "t": schema.ConstraintOnTrigger,
}

var actions = map[string]schema.Action{
	"a": schema.NoAction, "r": schema.Restrict, "c": schema.Cascade, "n": schema.SetNull, "d": schema.SetDefault,
}

// attachConstraints gives tables their constraints and returns the indexes that back one.
func (r *reader) attachConstraints(tables map[uint32]*schema.Table) map[uint32]bool {
	indexes := make(map[uint32]*index, len(r.cat.indexes))
	for i := range r.cat.indexes {
		indexes[r.cat.indexes[i].oid] = &r.cat.indexes[i]
	}
	on := make(map[uint32]uint32, len(r.cat.constraints)) // constraint to table
	for _, c := range r.cat.constraints {
		on[c.oid] = c.relation
	}
	backing := make(map[uint32]bool)
	for i := range r.cat.constraints {
		c := &r.cat.constraints[i]
		t := tables[c.relation]
		switch {
		case t == nil:
			continue
		case c.kind == "n":
			r.notNullIsNotValid(t, c)
			continue
		case c.kind == "f" && c.parent != 0 && on[c.parent] == c.relation:
			continue // the server's own copy for one partition of the target
		}
		out := r.constraint(c)
		if c.kind == "p" || c.kind == "u" || c.kind == "x" {
			backing[c.index] = true
			if x := indexes[c.index]; x != nil {
				out.Index = r.index(x)
			} else {
				continue // dropped since, which one snapshot rules out
			}
		}
		t.Constraints = append(t.Constraints, out)
	}
	return backing
}

// notNullIsNotValid takes back that a column refuses NULL: existing rows may have it (PostgreSQL 18).
func (r *reader) notNullIsNotValid(t *schema.Table, c *constraint) {
	for _, name := range r.columnNames(c.relation, c.columns) {
		for i := range t.Columns {
			if t.Columns[i].Name == name {
				t.Columns[i].NotNull = false
			}
		}
	}
	r.tally(true, "constraints", "NOT VALID: rows may break them")
}

func (r *reader) constraint(c *constraint) schema.Constraint {
	out := schema.Constraint{
		Name: c.name, Type: constraintTypes[c.kind], NotValid: !c.validated, NotEnforced: !c.enforced,
		Deferrable: c.deferrable, Deferred: c.deferred, NoInherit: c.kind == "c" && c.noInherit, Period: c.period,
		Expression: c.expression,
	}
	if c.kind == "f" {
		out.Columns, out.TargetColumns = r.columnNames(c.relation, c.columns), r.columnNames(c.target, c.targets)
		out.Target = r.relationName(c.target)
		out.OnUpdate, out.OnDelete, out.MatchFull = actions[c.onUpdate], actions[c.onDelete], c.matching == "f"
		if len(c.sets) > 0 {
			out.SetColumns = r.columnNames(c.relation, c.sets)
		}
	}
	for _, op := range c.operators {
		if c.kind == "x" {
			out.Operators = append(out.Operators, r.cat.operators[op])
		}
	}
	return out
}

// The bits of pg_index.indoption.
const (
	optionDescending = 1 << 0
	optionNullsFirst = 1 << 1
)

func (r *reader) index(x *index) *schema.Index {
	out := &schema.Index{
		Name: x.name, Method: r.cat.methods[x.method], Unique: x.unique, NullsNotDistinct: x.nullsNotDistinct, Invalid: x.invalid,
		Predicate: x.predicate,
	}
	expressions := schema.SplitExpressions(x.expressions)
	for i, number := range x.columns {
		if i >= int(x.keys) {
			out.Include = append(out.Include, r.columnName(x.relation, number))
			continue
		}
		var key schema.IndexKey
		info := r.cat.keyInfo[columnKey{x.oid, int16(i + 1)}]
		base, collation := info.base, info.collation
		if number != 0 {
			key.Column = r.columnName(x.relation, number)
			base, collation = r.keyColumn(x.relation, number)
		} else if len(expressions) > 0 {
			key.Expression, expressions = expressions[0], expressions[1:]
		}
		r.indexKey(x, i, base, collation, &key)
		out.Keys = append(out.Keys, key)
	}
	return out
}

// keyColumn returns type, under a domain, and collation of a column.
func (r *reader) keyColumn(of uint32, number int16) (base, collation uint32) {
	rel := r.cat.byOID[of]
	if rel == nil {
		return 0, 0
	}
	at, ok := rel.byNumber[number]
	if !ok {
		return 0, 0
	}
	return r.typeInfo(rel.columns[at].use.oid).base, rel.columns[at].collation
}

// indexKey fills in what of a key at a position is not the default for its type and collation.
func (r *reader) indexKey(x *index, at int, base, collation uint32, key *schema.IndexKey) {
	if at < len(x.collations) && x.collations[at] != 0 && x.collations[at] != collation {
		key.Collation = r.cat.collations[x.collations[at]]
	}
	if at < len(x.classes) {
		if class := r.cat.classes[x.classes[at]]; !class.isDefault || !takes(class.input, base) {
			key.OpClass = class.spelling
		}
	}
	if at < len(x.options) {
		key.Descending = x.options[at]&optionDescending != 0
		key.NullsFirst = x.options[at]&optionNullsFirst != 0
	}
	key.Options = strings.Join(r.cat.keyInfo[columnKey{x.oid, int16(at + 1)}].options, ", ")
}

// Object ids of types, which never change.
const (
	oidText    = 25
	oidVarchar = 1043
	oidInet    = 869
	oidCidr    = 650
)

// polymorphic are anyarray, anyenum, anyrange and anymultirange.
var polymorphic = oidSet{2277: true, 3500: true, 3831: true, 4537: true}

// takes says whether the default operator class for a type of input is what the server takes for a key whose type is base.
func takes(input, base uint32) bool {
	return input == base || polymorphic[input] || input == oidText && base == oidVarchar || input == oidInet && base == oidCidr
}
