package fill

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// readKinds reads all types; what they point to is known when all are read.
func (c *catalog) readKinds(ctx context.Context, tx pgx.Tx, _ []string) error {
	type refs struct{ element, base, subtype uint32 }
	var (
		in   kind
		to   refs
		refd = make(map[uint32]refs)
	)
	c.kinds = make(map[uint32]*kind)
	err := each(ctx, tx, `
		SELECT t.oid, t.typname, t.typnamespace = 'pg_catalog'::regnamespace, format_type(t.oid, -1), t.typtype::text, t.typcategory::text,
			t.typnotnull, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0::oid END, t.typbasetype,
			CASE t.typtype WHEN 'r' THEN (SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid)
				WHEN 'm' THEN (SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid) ELSE 0::oid END, t.typtypmod,
			CASE t.typtype WHEN 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END,
			CASE t.typtype WHEN 'd' THEN ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM pg_constraint k
				WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname) END
		FROM pg_type t WHERE t.typtype <> 'p' AND NOT (t.typtype = 'c' AND t.typnamespace = 'pg_catalog'::regnamespace)`,
		nil, []any{
			&in.oid, &in.name, &in.builtin, &in.sql, &in.class, &in.category, &in.notNull, &to.element, &to.base, &to.subtype,
			&in.mod, &in.labels, &in.checks,
		}, func() {
			k := in
			c.kinds[k.oid], refd[k.oid] = &k, to
		})
	if err != nil {
		return err
	}
	for oid, to := range refd {
		k := c.kinds[oid]
		k.element, k.base, k.subtype = c.kinds[to.element], c.kinds[to.base], c.kinds[to.subtype]
	}
	return c.readFields(ctx, tx)
}

// readFields reads what composite types are made of.
func (c *catalog) readFields(ctx context.Context, tx pgx.Tx) error {
	var (
		owner, kind uint32
		mod         int32
	)
	return each(ctx, tx, `
		SELECT t.oid, a.atttypid, a.atttypmod FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
		WHERE t.typtype = 'c' AND t.typnamespace <> 'pg_catalog'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum`,
		nil, []any{&owner, &kind, &mod}, func() {
			c.kinds[owner].fields = append(c.kinds[owner].fields, field{kind: c.kinds[kind], mod: mod})
		})
}
