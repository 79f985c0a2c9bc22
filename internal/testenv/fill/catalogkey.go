package fill

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

func (c *catalog) readLinks(ctx context.Context, tx pgx.Tx, _ []string) error {
	var (
		in      link
		rel     uint32
		numbers []int16
	)
	// A foreign key to a partitioned table has a row for each partition, too: those name a constraint of the same table as their parent.
	return each(ctx, tx, `
		SELECT k.conrelid, k.conname, k.conkey, k.confrelid, k.confmatchtype = 'f',
			ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS f(num, ord)
				JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = f.num ORDER BY f.ord)
		FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[])
			AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
		ORDER BY k.conrelid, cardinality(k.conkey) DESC, k.conname`,
		[]any{c.oids()}, []any{&rel, &in.name, &numbers, &in.target, &in.matchFull, &in.keys}, func() {
			l := in
			for _, n := range numbers {
				l.columns = append(l.columns, c.columns[rel][n])
			}
			// A generated column is no column to write to: such a link is satisfied by luck and repair.
			if !slices.ContainsFunc(l.columns, func(col *column) bool { return col == nil || col.generated }) {
				c.byOID[rel].links = append(c.byOID[rel].links, &l)
			}
		})
}

func (c *catalog) readKeys(ctx context.Context, tx pgx.Tx, _ []string) error {
	var (
		in       key
		rel      uint32
		numbers  []int16
		oneNulls string
	)
	return each(ctx, tx, `
		SELECT i.indrelid, x.relname, i.indexprs IS NULL AND i.indpred IS NULL AND NOT i.indisexclusion,
			ARRAY(SELECT n FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) n WHERE n <> 0)
				|| ARRAY(SELECT d.refobjsubid::int2 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
					AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0 ORDER BY 1),
			coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false')
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
		WHERE i.indrelid = ANY ($1::oid[]) AND (i.indisunique OR i.indisexclusion) AND i.indisready ORDER BY i.indrelid, x.relname`,
		[]any{c.oids()}, []any{&rel, &in.name, &in.plain, &numbers, &oneNulls}, func() {
			k := in
			k.oneNull = oneNulls == "true"
			k.columns = c.pick(rel, numbers)
			for _, n := range numbers {
				k.plain = k.plain && !c.columns[rel][n].generated
			}
			if k.plain && len(k.columns) == 1 {
				k.columns[0].alone = true
			}
			c.byOID[rel].keys = append(c.byOID[rel].keys, &k)
		})
}

func (c *catalog) readRules(ctx context.Context, tx pgx.Tx, _ []string) error {
	var (
		in      rule
		rel     uint32
		numbers []int16
	)
	err := each(ctx, tx, `
		SELECT k.conrelid, k.conname, pg_get_expr(k.conbin, k.conrelid), coalesce(k.conkey, '{}')
		FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid = ANY ($1::oid[]) ORDER BY k.conrelid, k.conname`,
		[]any{c.oids()}, []any{&rel, &in.name, &in.expression, &numbers}, func() {
			r := in
			r.columns = c.pick(rel, numbers)
			c.byOID[rel].rules = append(c.byOID[rel].rules, &r)
		})
	for _, t := range c.tables {
		for _, r := range t.rules {
			words := literals(r.expression)
			for _, col := range r.columns {
				col.words = append(col.words, words...)
				col.words = col.words[:min(len(col.words), maxDictWords)]
			}
		}
	}
	return err
}
