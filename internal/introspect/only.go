package introspect

import (
	"context"

	"github.com/veilschema/veil/compare/schema"
)

// only asks which of the named tables and views the schemas have. They come by the index of relations by name; what the
// other questions ask of them comes by their object ids.
func (r *reader) only(ctx context.Context, relations []schema.Relation) error {
	var (
		q      round
		spaces []uint32
		names  []string
		oids   []uint32
		byName = make(map[string]uint32, len(r.space))
	)
	for oid, name := range r.space {
		byName[name] = oid
	}
	for _, relation := range relations {
		if space, ok := byName[relation.Schema]; ok {
			spaces, names = append(spaces, space), append(names, relation.Name)
		}
	}
	q.each(selectOnly, []any{spaces, names, r.spaces}, []any{&oids}, func() {
		r.objects = map[string][]uint32{"pg_class": oids}
	})
	return q.send(ctx, r.tx)
}

// selectOnly finds tables and views by schema and name, the sequences that their columns own, and those owned sequences of other
// tables that their expressions use. Each step is materialized, for else the planner, which knows little of the catalog,
// begins at the whole schema. A name that is too long for the catalog must not find one that begins alike.
const selectOnly = `WITH found AS MATERIALIZED (
		SELECT DISTINCT c.oid FROM unnest($1::oid[], $2::text[]) u (space, name)
			JOIN pg_class c ON c.relname = u.name::name AND c.relnamespace = u.space AND c.relname::text = u.name
		WHERE c.relkind IN ('r', 'p', 'v', 'm')),
	expression (class, oid) AS MATERIALIZED (
		SELECT x.tableoid, x.oid FROM found JOIN pg_attrdef x ON x.adrelid = found.oid
		UNION ALL SELECT x.tableoid, x.oid FROM found JOIN pg_constraint x ON x.conrelid = found.oid
		UNION ALL SELECT x.tableoid, x.oid FROM found JOIN pg_trigger x ON x.tgrelid = found.oid AND NOT x.tgisinternal
		UNION ALL SELECT x.tableoid, x.oid FROM found JOIN pg_policy x ON x.polrelid = found.oid
		UNION ALL SELECT 'pg_catalog.pg_class'::regclass, x.indexrelid FROM found JOIN pg_index x ON x.indrelid = found.oid),
	used AS MATERIALIZED (
		SELECT DISTINCT d.refobjid AS oid FROM expression x JOIN pg_depend d ON d.classid = x.class AND d.objid = x.oid
		WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid = 0),
	owned AS MATERIALIZED (
		SELECT d.objid AS oid FROM found JOIN pg_depend d
			ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = found.oid AND d.refobjsubid > 0
		WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
		UNION SELECT d.objid FROM used JOIN pg_depend d
			ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = used.oid AND d.objsubid = 0
		WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')),
	picked AS MATERIALIZED (
		SELECT c.oid, c.relnamespace FROM owned JOIN pg_class c ON c.oid = owned.oid AND c.relkind = 'S'
		UNION SELECT c.oid, c.relnamespace FROM found JOIN pg_class c ON c.oid = found.oid)
	SELECT coalesce(array_agg(oid ORDER BY oid), '{}') FROM picked WHERE relnamespace = ANY ($3::oid[]) AND NOT EXISTS (
		SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = picked.oid AND e.deptype = 'e')`
