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
// tables that their expressions use. A name that is too long for the catalog must not find one that begins alike.
const selectOnly = `WITH found AS MATERIALIZED (
		SELECT DISTINCT c.oid FROM unnest($1::oid[], $2::text[]) u (space, name)
			JOIN pg_class c ON c.relname = u.name::name AND c.relnamespace = u.space AND c.relname::text = u.name
		WHERE c.relkind IN ('r', 'p', 'v', 'm')),
	expression (class, oid) AS (
		SELECT tableoid, oid FROM pg_attrdef WHERE adrelid IN (SELECT oid FROM found)
		UNION ALL SELECT tableoid, oid FROM pg_constraint WHERE conrelid IN (SELECT oid FROM found)
		UNION ALL SELECT tableoid, oid FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM found)
		UNION ALL SELECT tableoid, oid FROM pg_policy WHERE polrelid IN (SELECT oid FROM found)
		UNION ALL SELECT 'pg_catalog.pg_class'::regclass, indexrelid FROM pg_index WHERE indrelid IN (SELECT oid FROM found)),
	owned (sequence) AS (
		SELECT d.objid FROM found JOIN pg_depend d
			ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = found.oid AND d.refobjsubid > 0
			JOIN pg_sequence s ON s.seqrelid = d.objid
		WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
		UNION SELECT o.objid FROM expression JOIN pg_depend d ON d.classid = expression.class AND d.objid = expression.oid
			JOIN pg_sequence s ON d.refclassid = 'pg_catalog.pg_class'::regclass AND s.seqrelid = d.refobjid
			JOIN pg_depend o ON o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = s.seqrelid AND o.objsubid = 0
				AND o.refclassid = o.classid AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
			JOIN pg_class c ON c.oid = s.seqrelid AND c.relnamespace = ANY ($3::oid[])),
	picked AS (SELECT oid FROM found UNION SELECT sequence FROM owned)
	SELECT coalesce(array_agg(oid ORDER BY oid), '{}') FROM picked WHERE NOT EXISTS (
		SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = oid AND e.deptype = 'e')`
