package introspect

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
)

// Design is what building a schema anew needs beyond its model: texts that facts leave out, and what must be there before what.
// Both lists are sorted by object and hold each entry once.
type Design struct {
	Bodies []Body
	Needs  []Need
}

// Object is the identity of what facts without a mapping are about. By kind:
//
//	table                           Schema and Table
//	column                          Schema, Table and Name; its default, identity and generation are the column too
//	keys, foreign keys, checks,
//	exclusion constraints, indexes  Schema, Table and the constraint's or index's own Name, which its fact does not have
//	trigger, policy (row security)  Schema, Table (or view) and Name
//	view, enum, domain,
//	composite, range                Schema and Name
//	sequence                        Schema and Name; one that a column owns: that column's Schema, Table and Name
//	function                        Schema, Name and the Detail of its fact
//	extension                       Name
//	unknown                         an object that no fact is about, only ever what another needs; Detail says for a person what
//	                                it is: "aggregate public.total(integer)"
type Object struct {
	Kind   schema.Kind
	Schema string
	Table  string
	Name   string
	Detail string
}

// String names the object for a person: "index public.t.t_a_idx", "function public.f: function (integer) returns integer".
func (o Object) String() string {
	if o.Kind == schema.KindUnknown {
		return o.Detail
	}
	return schema.Fact(o).String()
}

// Body is the text of a view, materialized view, function, procedure or trigger as statements that make it, with every name qualified.
// They are to be run with an empty search_path, those of functions with check_function_bodies off: what stands in the text of a body
// may come later.
type Body struct {
	Object
	SQL []string // one CREATE statement; then what it cannot say: when a trigger fires, defaults of a view's columns
}

// Need says that an object cannot be made before another: a view's columns, a default's function, a foreign key's target and
// the key there, a partition's parent.
//
// They are what the server itself keeps of dependencies. It knows nothing of what the text of a function uses, unless that is BEGIN ATOMIC.
// That a table comes before its own columns, constraints, indexes, triggers and policies, is said by their identity and need not
// be here; nor that an owned sequence belongs to its column: it must be there before the column's default.
type Need struct {
	Object Object
	Needs  Object
	Part   bool // the server makes the object of itself: an index, constraint or trigger of a partition with that of the whole
}

// ReadDesign returns the structure of the database as [Read] does, and of the same moment its design. With [Options.Relations] it is
// that of these relations. Errors are as those of Read.
func ReadDesign(ctx context.Context, conn *pgx.Conn, opts Options) (*schema.Database, *Design, error) {
	d := &designer{reader: newReader()}
	if err := d.alone(ctx, conn, opts, d.who, d.what, d.rows, d.names, d.code, d.holders); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(d.design.Bodies, func(a, b Body) int { return compareObjects(a.Object, b.Object) })
	slices.SortFunc(d.design.Needs, compareNeeds)
	d.design.Needs = slices.CompactFunc(d.design.Needs, func(a, b Need) bool { return a.Object == b.Object && a.Needs == b.Needs })
	return d.out, &d.design, nil
}

func compareObjects(a, b Object) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Table, b.Table),
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.Detail, b.Detail))
}

// compareNeeds puts of two that differ in nothing else the one of a part first.
func compareNeeds(a, b Need) int {
	if by := cmp.Or(compareObjects(a.Object, b.Object), compareObjects(a.Needs, b.Needs)); by != 0 || a.Part == b.Part {
		return by
	}
	if a.Part {
		return -1
	}
	return 1
}

// designer is one reading of a design under way.
type designer struct {
	*reader
	design  Design
	known   map[address]Object
	waiting map[address][]Need // of what is not known yet
}

// address is where the dependency catalog has an object: the catalog that holds it and its object id there.
type address struct{ class, oid uint32 }

// The object ids of catalogs, which never change.
const (
	classType       = 1247 // pg_type
	classFunction   = 1255 // pg_proc
	classRelation   = 1259 // pg_class
	classConstraint = 2606 // pg_constraint
	classTrigger    = 2620 // pg_trigger
	classExtension  = 3079 // pg_extension
	classPolicy     = 3256 // pg_policy
)

// code asks for the texts and for what depends on what.
func (d *designer) code(ctx context.Context, _ Options) error {
	d.assemble()
	if err := d.identify(); err != nil {
		return err
	}
	var q round
	d.queryBodies(&q)
	d.queryExtensions(&q)
	d.queryNeeds(&q)
	return q.send(ctx, d.tx)
}
