package introspect

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/veilschema/veil/compare/schema"
)

func (d *designer) queryExtensions(q *round) {
	var (
		oid  uint32
		name string
	)
	q.each(`SELECT oid, extname FROM pg_extension WHERE extname <> 'plpgsql'`, nil, []any{&oid, &name},
		func() { d.know(classExtension, oid, Object{Kind: schema.KindExtension, Name: name}) })
}

// The dependencies of objects themselves, and those of what is a part of one: rewrite rules of views, defaults of columns,
// checks of domains. Object ids below 16384 are the system's.
const (
	needed = `d.refclassid, d.refobjid, d.refobjsubid, d.deptype = 'P' FROM pg_depend d`
	counts = ` d.deptype IN ('n', 'a', 'i', 'P', 'S') AND d.refobjid >= 16384 AND d.refclassid <> 'pg_catalog.pg_namespace'::regclass`

	selectNeeds = `SELECT d.classid, d.objid, d.objsubid, ` + needed + `
			JOIN unnest($1::oid[], $2::oid[]) o (class, oid) ON d.classid = o.class AND d.objid = o.oid WHERE` + counts + `
		UNION ALL SELECT d.classid, d.objid, 0, ` + needed + `
			JOIN pg_extension x ON d.classid = 'pg_catalog.pg_extension'::regclass AND d.objid = x.oid WHERE` + counts + `
		UNION ALL SELECT 'pg_catalog.pg_class'::regclass, r.ev_class, 0, ` + needed + `
			JOIN pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
			WHERE r.ev_class = ANY ($3::oid[]) AND r.rulename = '_RETURN' AND` + counts + `
		UNION ALL SELECT 'pg_catalog.pg_class'::regclass, v.adrelid, v.adnum, ` + needed + `
			JOIN pg_attrdef v ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = v.oid
			WHERE v.adrelid = ANY ($3::oid[]) AND` + counts + `
		UNION ALL SELECT 'pg_catalog.pg_type'::regclass, c.contypid, 0, ` + needed + `
			JOIN pg_constraint c ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = c.oid
			WHERE c.contypid = ANY ($4::oid[]) AND` + counts
)

// queryNeeds asks what depends on what. Sequences need nothing: what they have is a dependency on the column that owns them, which
// is to be there first the other way round.
func (d *designer) queryNeeds(q *round) {
	var classes, oids []uint32
	for at, object := range d.known {
		if object.Kind != schema.KindUnknown && (at.class != classRelation || !d.isSequence(at.oid)) {
			classes, oids = append(classes, at.class), append(oids, at.oid)
		}
	}
	var (
		from, to       address
		number, toward int32
		part           bool
	)
	q.each(selectNeeds, []any{classes, oids, d.objects["pg_class"], d.objects["pg_type"]},
		[]any{&from.class, &from.oid, &number, &to.class, &to.oid, &toward, &part}, func() {
			object, ok := d.find(from, number)
			if !ok {
				return
			}
			if needs, ok := d.find(to, toward); ok {
				d.need(Need{object, needs, part})
			} else {
				d.waiting[to] = append(d.waiting[to], Need{Object: object, Part: part})
			}
		})
}

func (d *designer) isSequence(oid uint32) bool {
	rel := d.cat.byOID[oid]
	return rel != nil && rel.kind == "S"
}

// find returns the object at an address, or with a number the table's column.
func (d *designer) find(at address, number int32) (Object, bool) {
	if number != 0 && at.class == classRelation {
		if column, ok := d.column(at.oid, int16(number)); ok {
			return column, true
		}
	}
	object, ok := d.known[at]
	return object, ok
}

// need adds a need, unless it is of the object itself: a default of its column, an index of its constraint.
func (d *designer) need(n Need) {
	if n.Object != n.Needs {
		d.design.Needs = append(d.design.Needs, n)
	}
}

// holders asks of what objects that have no identity of their own are a part: the type of a table's rows, of an array or of
// several ranges, the functions that make ranges, whatever an extension has. What is a part of nothing is named as it is if it
// is of a sort that facts leave out.
func (d *designer) holders(ctx context.Context, _ Options) error {
	waiting := slices.SortedFunc(maps.Keys(d.waiting), func(a, b address) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.oid, b.oid))
	})
	classes, oids := make([]uint32, len(waiting)), make([]uint32, len(waiting))
	for i, at := range waiting {
		classes[i], oids[i] = at.class, at.oid
	}
	var (
		q                      round
		at, holder             address
		number                 int32
		kind, in, name, detail string
	)
	found := func(needs Object) {
		for _, n := range d.waiting[at] {
			n.Needs = needs
			d.need(n)
		}
		delete(d.waiting, at)
	}
	q.each(`WITH RECURSIVE up (class, oid, atclass, atoid, number, depth) AS (
			SELECT class, oid, class, oid, 0, 0 FROM unnest($1::oid[], $2::oid[]) o (class, oid)
			UNION SELECT up.class, up.oid, d.refclassid, d.refobjid, d.refobjsubid, up.depth + 1
			FROM up JOIN pg_depend d ON d.classid = up.atclass AND d.objid = up.atoid AND d.objsubid = 0 AND d.deptype IN ('e', 'i')
			WHERE up.depth < 10) -- an array of several ranges of an extension is four deep
		SELECT class, oid, atclass, atoid, number FROM up WHERE depth > 0 ORDER BY class, oid, depth, atclass, atoid`,
		[]any{classes, oids}, []any{&at.class, &at.oid, &holder.class, &holder.oid, &number}, func() {
			if needs, ok := d.find(holder, number); ok {
				found(needs)
			}
		})
	q.each(`SELECT class, oid, coalesce(i.type, ''), coalesce(i.schema, ''), coalesce(i.name, ''), coalesce(i.identity, '')
		FROM unnest($1::oid[], $2::oid[]) o (class, oid), pg_identify_object(class, oid, 0) i`,
		[]any{classes, oids}, []any{&at.class, &at.oid, &kind, &in, &name, &detail}, func() {
			if unplanned[kind] && (in == "" || slices.Contains(d.out.Schemas, in)) {
				found(Object{Schema: in, Name: name, Detail: kind + " " + detail})
			}
		})
	return q.send(ctx, d.tx)
}

// unplanned are the sorts of objects that give no fact and that others may need, as pg_identify_object calls them.
var unplanned = map[string]bool{
	"access method": true, "aggregate": true, "cast": true, "collation": true, "conversion": true, "foreign table": true,
	"foreign-data wrapper": true, "language": true, "operator": true, "operator class": true, "operator family": true, "server": true,
	"text search configuration": true, "text search dictionary": true, "text search parser": true, "text search template": true,
}
