package introspect

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// oidSet collects object ids to ask for.
type oidSet map[uint32]bool

func (s oidSet) add(oids ...uint32) {
	for _, oid := range oids {
		if oid != 0 {
			s[oid] = true
		}
	}
}

func (s oidSet) list() []uint32 { return slices.Sorted(maps.Keys(s)) }

// references are the object ids to which the rows point.
type references struct {
	uses       map[typeUse]bool
	collations oidSet
	classes    oidSet
	operators  oidSet
	roles      oidSet
	routines   oidSet
	outside    oidSet // relations of schemas that were not read
	keyed      oidSet // indexes whose own columns tell more
}

// names asks for what the rows point to.
func (r *reader) names(ctx context.Context, opts Options) error {
	refs := &references{make(map[typeUse]bool), oidSet{}, oidSet{}, oidSet{}, oidSet{}, oidSet{}, oidSet{}, oidSet{}}
	r.collectTypes(refs)
	r.collectKeys(refs)
	for _, t := range r.cat.triggers {
		refs.routines.add(t.function)
		refs.outside.add(t.from)
	}
	for _, p := range r.cat.policies {
		refs.roles.add(p.roles...)
	}
	for _, parents := range r.cat.parents {
		refs.outside.add(parents...)
	}
	if len(opts.Relations) > 0 { // a sequence's owner may be a table beside those that are read
		for _, own := range r.cat.owners {
			refs.outside.add(own.column.relation)
		}
	}
	maps.DeleteFunc(refs.outside, func(oid uint32, _ bool) bool { return r.cat.byOID[oid] != nil })
	var q round
	r.queryTypeNames(&q, refs)
	r.queryNames(&q, refs)
	r.queryKeyColumns(&q, refs)
	return q.send(ctx, r.tx)
}

// collectTypes collects the types of columns, domains, ranges and functions. They are asked for once each: a type that a
// thousand columns have is printed once.
func (r *reader) collectTypes(refs *references) {
	use := func(relations ...*relation) {
		for _, rel := range relations {
			for _, c := range rel.columns {
				refs.uses[c.use] = true
				refs.collations.add(c.collation)
			}
		}
	}
	for i := range r.cat.relations {
		use(&r.cat.relations[i])
	}
	for _, rel := range r.cat.composites {
		use(rel)
	}
	for _, t := range r.cat.types {
		if t.kind == "d" {
			refs.uses[t.base] = true
			refs.collations.add(t.collation)
		}
	}
	for _, rng := range r.cat.ranges {
		refs.uses[typeUse{rng.subtype, -1}] = true
		refs.collations.add(rng.collation)
		refs.classes.add(rng.class)
	}
	for _, f := range r.cat.functions {
		for _, typ := range slices.Concat(f.in, f.all, []uint32{f.result}) {
			if typ != 0 {
				refs.uses[typeUse{typ, -1}] = true
			}
		}
	}
}

func (r *reader) collectKeys(refs *references) {
	for _, c := range r.cat.constraints {
		refs.operators.add(c.operators...)
		refs.outside.add(c.target)
	}
	for _, x := range r.cat.indexes {
		refs.classes.add(x.classes...)
		refs.collations.add(x.collations...)
		if method := r.cat.methods[x.method]; x.expressions != "" || method != "btree" && method != "hash" {
			refs.keyed.add(x.oid)
		}
	}
}

func (r *reader) queryTypeNames(q *round, refs *references) {
	var (
		use       typeUse
		text      string
		info      typeInfo
		oid       uint32
		oids      []uint32
		modifiers []int32
	)
	for u := range refs.uses {
		oids, modifiers = append(oids, u.oid), append(modifiers, u.modifier)
	}
	r.cat.spelt = make(map[typeUse]string, len(oids))
	q.each(`SELECT u.oid, u.modifier, format_type(u.oid, u.modifier) FROM unnest($1::oid[], $2::int4[]) u (oid, modifier)`,
		[]any{oids, modifiers}, []any{&use.oid, &use.modifier, &text}, func() { r.cat.spelt[use] = text })
	r.cat.typeInfo = make(map[uint32]*typeInfo, len(oids))
	q.each(`WITH RECURSIVE t AS (
			SELECT oid, oid AS base, typtype, typbasetype, typcollation, typtype AS kind FROM pg_type WHERE oid = ANY ($1::oid[])
			UNION ALL SELECT t.oid, b.oid, b.typtype, b.typbasetype, t.typcollation, t.kind FROM t JOIN pg_type b ON b.oid = t.typbasetype
			WHERE t.typtype = 'd')
		SELECT oid, base, typcollation, kind::text FROM t WHERE typtype <> 'd'`,
		[]any{oids}, []any{&oid, &info.base, &info.collation, &info.kind}, func() {
			row := info
			r.cat.typeInfo[oid] = &row
		})
}

// qualified are the statements that name objects: system objects by their name alone, others with their schema.
const (
	selectCollations = `SELECT x.oid, CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE n.nspname END, x.collname
		FROM pg_collation x JOIN pg_namespace n ON n.oid = x.collnamespace WHERE x.oid = ANY ($1::oid[])`
	selectOperators = `SELECT x.oid, CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE n.nspname END, x.oprname
		FROM pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace WHERE x.oid = ANY ($1::oid[])`
	selectRoutines = `SELECT x.oid, n.nspname, x.proname
		FROM pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace WHERE x.oid = ANY ($1::oid[])`
	selectRelations = `SELECT x.oid, n.nspname, x.relname
		FROM pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace WHERE x.oid = ANY ($1::oid[])`
)

func (r *reader) queryNames(q *round, refs *references) {
	var (
		oid   uint32
		name  schema.Relation
		class opClass
	)
	c := &r.cat
	c.collations, c.operators = make(map[uint32]string), make(map[uint32]schema.Relation)
	c.routines, c.outside, c.roles = make(map[uint32]schema.Relation), make(map[uint32]schema.Relation), make(map[uint32]string)
	c.classes = make(map[uint32]opClass)
	row := []any{&oid, &name.Schema, &name.Name}
	q.each(selectCollations, []any{refs.collations.list()}, row, func() { c.collations[oid] = qualify(name) })
	q.each(selectOperators, []any{refs.operators.list()}, row, func() { c.operators[oid] = name })
	q.each(selectRoutines, []any{refs.routines.list()}, row, func() { c.routines[oid] = name })
	q.each(selectRelations, []any{refs.outside.list()}, row, func() { c.outside[oid] = name })
	q.each(`SELECT oid, rolname FROM pg_roles WHERE oid = ANY ($1::oid[])`,
		[]any{refs.roles.list()}, []any{&oid, &name.Name}, func() { c.roles[oid] = name.Name })
	q.each(`SELECT x.oid, CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE n.nspname END, x.opcname, x.opcdefault, x.opcintype
		FROM pg_opclass x JOIN pg_namespace n ON n.oid = x.opcnamespace WHERE x.oid = ANY ($1::oid[])`,
		[]any{refs.classes.list()}, []any{&oid, &name.Schema, &name.Name, &class.isDefault, &class.input}, func() {
			class.spelling = qualify(name)
			c.classes[oid] = class
		})
}

// queryKeyColumns asks for the columns of tables in other schemas, to which foreign keys point, and for those of indexes.
func (r *reader) queryKeyColumns(q *round, refs *references) {
	var (
		key  columnKey
		name string
		info keyInfo
	)
	r.cat.outsideCol, r.cat.keyInfo = make(map[columnKey]string), make(map[columnKey]keyInfo)
	q.each(`SELECT attrelid, attnum, attname FROM pg_attribute WHERE attrelid = ANY ($1::oid[]) AND attnum > 0`,
		[]any{refs.outside.list()}, []any{&key.relation, &key.number, &name}, func() { r.cat.outsideCol[key] = name })
	q.each(`SELECT a.attrelid, a.attnum, coalesce(nullif(t.typbasetype, 0), t.oid), t.typcollation, coalesce(a.attoptions, '{}')
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0`,
		[]any{refs.keyed.list()}, []any{&key.relation, &key.number, &info.base, &info.collation, &info.options},
		func() { r.cat.keyInfo[key] = info })
}

// qualify quotes a name, with its schema if it has one.
func qualify(name schema.Relation) string {
	if name.Schema == "" {
		return quote(name.Name)
	}
	return quote(name.Schema) + "." + quote(name.Name)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
