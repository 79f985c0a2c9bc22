package dependents

import (
	"context"
	"maps"
	"slices"
)

// ref is something on which objects may depend, as pg_depend names it.
type ref struct {
	class  string // the catalog
	object uint32
	part   int32 // the number of a column, or whole
}

const whole = -1

// found is an object that depends on what changes or on a view that has to step aside.
type found struct {
	class  string
	object uint32
	part   int32
	// kind is, by catalog: relkind, ev_type, contype (o and d for checks of the domain itself and of others), and for column defaults
	// g (generated), v (of a view), s (of the column itself).
	kind    string
	name    string // as "view public.v"
	depends ref
	through uint32 // the view on which it depends, 0 if on what changes
	view    uint32 // the view that it is or belongs to as its rule, 0 if none
}

// walkSQL lists what depends on the refs, and on the views and keys that do, over as many views as there are. Further views are such from
// the start. A key counts because the server makes it anew: a rule may name it after ON CONFLICT without using the column.
const walkSQL = `
WITH RECURSIVE hit (class, object, part, deptype, refclass, refobject, refpart, through, view) AS (
	SELECT d.classid, d.objid, d.objsubid, d.deptype, d.refclassid, d.refobjid, d.refobjsubid, 0::oid,
		CASE WHEN w.ev_type = '1' THEN w.ev_class WHEN c.relkind IN ('v', 'm') THEN c.oid ELSE 0 END
	FROM unnest($1::text[], $2::oid[], $3::int4[]) r (class, object, part)
	JOIN pg_depend d ON d.refclassid = r.class::regclass AND d.refobjid = r.object AND (r.part = -1 OR d.refobjsubid = r.part)
	LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
	LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
UNION
	SELECT 'pg_class'::regclass, v, 0, 'n'::"char", 0::oid, 0::oid, 0, 0::oid, v FROM unnest($4::oid[]) v
UNION
	SELECT d.classid, d.objid, d.objsubid, d.deptype, d.refclassid, d.refobjid, d.refobjsubid, coalesce(v.oid, 0),
		CASE WHEN w.ev_type = '1' THEN w.ev_class WHEN c.relkind IN ('v', 'm') THEN c.oid ELSE 0 END
	FROM hit
	LEFT JOIN pg_class v ON v.oid = hit.view
	LEFT JOIN pg_type t ON t.oid = v.reltype
	LEFT JOIN pg_constraint k ON hit.class = 'pg_constraint'::regclass AND k.oid = hit.object AND k.contype IN ('p', 'u', 'x')
	CROSS JOIN LATERAL (VALUES ('pg_class'::regclass::oid, v.oid), ('pg_type'::regclass, t.oid), ('pg_type'::regclass, t.typarray),
		('pg_constraint'::regclass, k.oid)) r (class, object)
	JOIN pg_depend d ON d.refclassid = r.class AND d.refobjid = r.object
	LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
	LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
)
SELECT h.class::regclass::text, h.object, h.part,
	coalesce(c.relkind::text, CASE WHEN k.contypid = h.refobject THEN 'o' WHEN k.contypid <> 0 THEN 'd' ELSE k.contype::text END, w.ev_type::text, CASE
		WHEN v.relkind IN ('v', 'm') THEN 'v'
		WHEN a.attgenerated <> '' AND NOT (h.refobject = e.adrelid AND h.refpart = e.adnum) THEN 'g'
		WHEN e.adnum = h.refpart THEN 's' END, ''),
	CASE WHEN a.attgenerated <> '' THEN format('generated column %s.%I', a.attrelid::regclass, a.attname) ELSE i.type || ' ' || i.identity END,
	h.refclass::regclass::text, h.refobject, h.refpart, h.through, h.view
FROM hit h
CROSS JOIN LATERAL pg_identify_object(h.class, h.object, h.part) i
LEFT JOIN pg_class c ON h.class = 'pg_class'::regclass AND c.oid = h.object
LEFT JOIN pg_constraint k ON h.class = 'pg_constraint'::regclass AND k.oid = h.object
LEFT JOIN pg_rewrite w ON h.class = 'pg_rewrite'::regclass AND w.oid = h.object
LEFT JOIN pg_attrdef e ON h.class = 'pg_attrdef'::regclass AND e.oid = h.object
LEFT JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
LEFT JOIN pg_class v ON v.oid = e.adrelid
WHERE NOT (h.class = 'pg_type'::regclass AND h.deptype = 'i') -- the type of a relation's rows, the array of a type
ORDER BY 5, 7, 8`

func (r *reader) walk(ctx context.Context, refs []ref, views []uint32) ([]found, error) {
	classes, objects, parts := make([]string, len(refs)), make([]uint32, len(refs)), make([]int32, len(refs))
	for i, ref := range refs {
		classes[i], objects[i], parts[i] = ref.class, ref.object, ref.part
	}
	var (
		q    round
		f    found
		list []found
	)
	q.each(walkSQL, []any{classes, objects, parts, views},
		[]any{&f.class, &f.object, &f.part, &f.kind, &f.name, &f.depends.class, &f.depends.object, &f.depends.part, &f.through, &f.view},
		func() { list = append(list, f) })
	return list, q.send(ctx, r.q)
}

// graph is what the walk found, sorted by what is to be done with it.
type graph struct {
	views map[uint32]map[uint32]bool // the views to step aside, each with those of them that it uses
	aside map[string]map[uint32]bool // the other objects that step aside, by their kind
	// origin is, of each of these, the first thing found through which it stands in the way. A view is of the kind "".
	origin map[object]ref
}

// object is something that steps aside. Object ids are unique within a kind.
type object struct {
	kind string
	oid  uint32
}

const (
	checks      = "check"
	foreignKeys = "foreign key"
	indexes     = "index" // or the constraint that it backs
	rules       = "rule"
	triggers    = "trigger"
	policies    = "policy"
	statistics  = "statistics"
	defaults    = "default"
)

func newGraph() *graph {
	return &graph{make(map[uint32]map[uint32]bool), make(map[string]map[uint32]bool), make(map[object]ref)}
}

// on is that on which the object depends.
func (f found) on() ref {
	if f.through != 0 {
		return ref{class: "pg_class", object: f.through, part: whole}
	}
	return f.depends
}

func (g *graph) add(kind string, f found) {
	if g.aside[kind] == nil {
		g.aside[kind] = make(map[uint32]bool)
	}
	g.aside[kind][f.object] = true
	g.note(object{kind, f.object}, f)
}

func (g *graph) note(o object, f found) {
	if _, ok := g.origin[o]; !ok {
		g.origin[o] = f.on()
	}
}

func (g *graph) list(kind string) []uint32 { return slices.Sorted(maps.Keys(g.aside[kind])) }

func (g *graph) addView(f found) {
	if g.views[f.view] == nil {
		g.views[f.view] = make(map[uint32]bool)
	}
	if f.through != f.view {
		g.note(object{"", f.view}, f)
		if f.through != 0 {
			g.views[f.view][f.through] = true
		}
	}
}

// target is the column through which something stands in the way that depends on the ref, or nothing.
func (r *reader) target(on ref) Target {
	for range len(r.graph.origin) + 1 {
		if t, ok := r.targets[on]; ok {
			return t
		}
		kind := ""
		if on.class == "pg_constraint" {
			kind = indexes
		}
		next, ok := r.graph.origin[object{kind, on.object}]
		if !ok {
			break
		}
		on = next
	}
	return Target{}
}

// sort decides what is to be done with each object.
func (r *reader) sort(list []found) {
	for _, f := range list {
		switch {
		case f.view != 0 && f.view != r.made:
			r.graph.addView(f)
		case f.class == "pg_constraint":
			r.graph.note(object{indexes, f.object}, f) // others may stand in the way through it
		}
	}
	for _, f := range list {
		switch f.class {
		case "pg_rewrite":
			if f.view == 0 {
				r.graph.add(rules, f)
			}
		case "pg_class":
			r.sortRelation(f)
		case "pg_constraint":
			r.sortConstraint(f)
		case "pg_attrdef":
			r.sortDefault(f)
		case "pg_trigger":
			r.graph.add(triggers, f)
		case "pg_policy":
			r.graph.add(policies, f)
		case "pg_statistic_ext":
			r.graph.add(statistics, f)
		default:
			r.block(f, reasons[f.class])
		}
	}
}

// reasons say by catalog why an object cannot step aside.
var reasons = map[string]string{
	"pg_proc":            "its signature or its body uses what changes; drop it, and make it again afterwards",
	"pg_publication_rel": "its row filter or list of columns names the column; take the table out of the publication, and put it back afterwards",
	"pg_type":            "it is made of the type",
	"pg_range":           "it is made of the type",
}

func (r *reader) block(f found, why string) {
	if why == "" {
		why = "it uses what changes, and nothing is known of putting such an object back"
	}
	b := Blocked{What: f.name, Why: why, Target: r.target(f.on())}
	if !slices.Contains(r.set.Blocked, b) {
		r.set.Blocked = append(r.set.Blocked, b)
	}
}

func (r *reader) sortRelation(f found) {
	switch f.kind {
	case "i", "I":
		if r.change != replacesKey {
			r.graph.add(indexes, f)
		}
	case "r", "p", "f":
		if f.part > 0 && !r.uses(f) {
			r.block(f, "its type is the row of a relation that has to step aside")
		}
	case "c":
		r.block(f, "the composite type has an attribute of the type")
	}
}

// uses reports whether the object is a column that has the type which is swapped.
func (r *reader) uses(f found) bool {
	return f.through == 0 && f.depends.class == "pg_type"
}

func (r *reader) sortConstraint(f found) {
	switch f.kind {
	case "c":
		r.graph.add(checks, f)
	case "f":
		r.graph.add(foreignKeys, f)
	case "p", "u", "x":
		if r.change != replacesKey {
			r.graph.add(indexes, f)
		}
	case "d":
		r.block(f, "the domain's check uses the type")
	}
}

func (r *reader) sortDefault(f found) {
	switch {
	case f.kind == "g":
		r.block(f, "its values are calculated from what changes, and putting it back would make it the table's last column")
	case f.kind == "" || f.kind == "s" && r.change == swapsType:
		r.graph.add(defaults, f)
	}
}
