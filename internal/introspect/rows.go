package introspect

import (
	"context"

	"github.com/veilschema/veil/compare/schema"
)

// rows asks for the catalog rows of the objects.
func (r *reader) rows(ctx context.Context, opts Options) error {
	var q round
	c := &r.cat
	c.byOID = make(map[uint32]*relation)
	r.queryRelations(&q)
	r.queryColumns(&q)
	r.queryConstraints(&q)
	r.queryIndexes(&q)
	r.queryCode(&q)
	r.querySequences(&q)
	r.queryTypes(&q)
	r.queryFunctions(&q)
	if len(opts.Relations) == 0 {
		r.queryUnjudged(&q)
	}
	return q.send(ctx, r.tx)
}

func (r *reader) queryRelations(q *round) {
	c := &r.cat
	var (
		in    relation
		space uint32
		odd   struct{ unlogged, tablespace, options, rights, identity, typed bool }
	)
	// The columns come next in the same batch, so that relations must not move once their addresses are taken.
	c.relations = make([]relation, 0, len(r.objects["pg_class"]))
	q.each(`SELECT oid, relnamespace, relname, relkind::text, relrowsecurity, relforcerowsecurity, relispartition,
			CASE WHEN relkind = 'p' THEN coalesce(pg_get_partkeydef(oid), '') ELSE '' END,
			CASE WHEN relispartition THEN coalesce(pg_get_expr(relpartbound, oid), '') ELSE '' END,
			relpersistence = 'u', reltablespace <> 0, reloptions IS NOT NULL, relacl IS NOT NULL,
			relkind IN ('r', 'p') AND relreplident <> 'd', reloftype <> 0
		FROM pg_class WHERE oid = ANY ($1::oid[])`,
		[]any{r.objects["pg_class"]},
		[]any{
			&in.oid, &space, &in.name.Name, &in.kind, &in.rowSec, &in.forced, &in.partition, &in.key, &in.bounds,
			&odd.unlogged, &odd.tablespace, &odd.options, &odd.rights, &odd.identity, &odd.typed,
		},
		func() {
			in.name.Schema = r.space[space]
			in.byNumber = make(map[int16]int)
			c.relations = append(c.relations, in)
			c.byOID[in.oid] = &c.relations[len(c.relations)-1]
			r.tally(odd.unlogged, "unlogged tables and sequences", "that they are unlogged is storage; they are judged as others are")
			r.tally(odd.tablespace, "tablespaces of tables", "storage")
			r.tally(odd.options, "storage parameters of tables and options of views", "storage and planning")
			r.tally(odd.rights, "privileges of tables, views and sequences", "rights, not structure")
			r.tally(odd.identity, "replica identities", "replication")
			r.tally(odd.typed, "tables of a composite type", "judged as tables; that their columns follow a type is not")
		})
}

func (r *reader) queryColumns(q *round) {
	var (
		of, parent    uint32
		in            column
		tuned, rights bool
		value         string
		number        int16
		relations     = r.objects["pg_class"]
	)
	q.each(`SELECT attrelid, attnum, attname, atttypid, atttypmod, attcollation, attnotnull, attidentity::text, attgenerated::text,
			attoptions IS NOT NULL OR attcompression <> '' OR coalesce(attstattarget, -1) >= 0, attacl IS NOT NULL
		FROM pg_attribute WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped ORDER BY attrelid, attnum`,
		[]any{relations},
		[]any{
			&of, &in.number, &in.name, &in.use.oid, &in.use.modifier, &in.collation, &in.notNull, &in.identity, &in.generated,
			&tuned, &rights,
		},
		func() {
			rel := r.cat.byOID[of]
			if rel == nil || rel.kind == "S" {
				return
			}
			rel.byNumber[in.number] = len(rel.columns)
			rel.columns = append(rel.columns, in)
			r.tally(tuned, "storage and statistics settings of columns", "storage and planning")
			r.tally(rights, "privileges of columns", "rights, not structure")
		})
	// A default has no columns in it, so the server need not look at the table to print it, which takes four fifths of the time.
	q.each(`SELECT d.adrelid, d.adnum, coalesce(pg_get_expr(d.adbin, CASE a.attgenerated WHEN '' THEN 0 ELSE d.adrelid END), '')
		FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
		WHERE d.adrelid = ANY ($1::oid[])`,
		[]any{relations}, []any{&of, &number, &value}, func() {
			rel := r.cat.byOID[of]
			if rel == nil {
				return
			}
			if rel.kind == "v" {
				r.tally(true, "defaults of views' columns", "only a view's name and output columns are judged")
			}
			if at, ok := rel.byNumber[number]; ok {
				rel.columns[at].value = value
			}
		})
	r.cat.parents = make(map[uint32][]uint32)
	q.each(`SELECT inhrelid, inhparent FROM pg_inherits WHERE inhrelid = ANY ($1::oid[]) ORDER BY inhrelid, inhseqno`,
		[]any{relations}, []any{&of, &parent}, func() {
			r.cat.parents[of] = append(r.cat.parents[of], parent)
		})
}

// queryConstraints asks for the constraints of tables and domains. Those of NOT NULL, which PostgreSQL 18 catalogues, matter only
// where rows may break them.
func (r *reader) queryConstraints(q *round) {
	var in constraint
	since18 := "true, false"
	if r.version >= 180000 {
		since18 = "conenforced, conperiod"
	}
	q.each(`SELECT oid, conrelid, conparentid, conname, contype::text, condeferrable, condeferred, convalidated, `+since18+`,
			connoinherit, conindid, confrelid, confupdtype::text, confdeltype::text, confmatchtype::text,
			conkey, confkey, confdelsetcols, conexclop,
			CASE WHEN contype = 'c' THEN coalesce(pg_get_expr(conbin, conrelid), '') ELSE '' END
		FROM pg_constraint WHERE conrelid = ANY ($1::oid[]) AND (contype <> 'n' OR NOT convalidated)
		ORDER BY conrelid, contype, conname`,
		[]any{r.objects["pg_class"]},
		[]any{
			&in.oid, &in.relation, &in.parent, &in.name, &in.kind, &in.deferrable, &in.deferred, &in.validated, &in.enforced, &in.period,
			&in.noInherit, &in.index, &in.target, &in.onUpdate, &in.onDelete, &in.matching,
			&in.columns, &in.targets, &in.sets, &in.operators, &in.expression,
		},
		func() {
			r.cat.constraints = append(r.cat.constraints, in)
		})
	var (
		of    uint32
		check schema.DomainCheck
		valid bool
	)
	r.cat.checks = make(map[uint32][]schema.DomainCheck)
	q.each(`SELECT contypid, coalesce(pg_get_expr(conbin, 0), ''), convalidated
		FROM pg_constraint WHERE contypid = ANY ($1::oid[]) AND contype = 'c' ORDER BY contypid, conname`,
		[]any{r.objects["pg_type"]}, []any{&of, &check.Expression, &valid}, func() {
			check.NotValid = !valid
			r.cat.checks[of] = append(r.cat.checks[of], check)
		})
}

func (r *reader) queryIndexes(q *round) {
	var (
		in  index
		odd struct{ tablespace, options, clustered bool }
	)
	q.each(`SELECT i.indexrelid, i.indrelid, c.relam, c.relname, i.indisunique, i.indnullsnotdistinct,
			NOT (i.indisvalid AND i.indisready AND i.indislive), i.indnkeyatts,
			i.indkey::int2[], i.indoption::int2[], i.indclass::oid[], i.indcollation::oid[],
			CASE WHEN i.indexprs IS NULL THEN '' ELSE coalesce(pg_get_expr(i.indexprs, i.indrelid), '') END,
			CASE WHEN i.indpred IS NULL THEN '' ELSE coalesce(pg_get_expr(i.indpred, i.indrelid), '') END,
			c.reltablespace <> 0, c.reloptions IS NOT NULL, i.indisclustered
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY ($1::oid[])
		ORDER BY i.indrelid, c.relname`,
		[]any{r.objects["pg_class"]},
		[]any{
			&in.oid, &in.relation, &in.method, &in.name, &in.unique, &in.nullsNotDistinct, &in.invalid, &in.keys,
			&in.columns, &in.options, &in.classes, &in.collations, &in.expressions, &in.predicate,
			&odd.tablespace, &odd.options, &odd.clustered,
		},
		func() {
			r.cat.indexes = append(r.cat.indexes, in)
			r.tally(odd.tablespace, "tablespaces of indexes", "storage")
			r.tally(odd.options, "storage parameters of indexes", "storage")
			r.tally(odd.clustered, "tables clustered on an index", "storage")
		})
	var (
		oid  uint32
		name string
	)
	r.cat.methods = make(map[uint32]string)
	q.each(`SELECT oid, amname FROM pg_am`, nil, []any{&oid, &name}, func() { r.cat.methods[oid] = name })
}

// tally counts what is not judged.
func (r *reader) tally(seen bool, what, reason string) {
	if seen {
		r.count[notJudged{what, reason}]++
	}
}
