package introspect

import (
	"github.com/veilschema/veil/compare/schema"
)

// queryCode asks for triggers and policies.
func (r *reader) queryCode(q *round) {
	var t trigger
	q.each(`SELECT oid, tgrelid, tgfoid, tgconstrrelid, tgname, tgenabled::text,
			CASE WHEN tgqual IS NULL THEN '' ELSE pg_get_triggerdef(oid, false) END,
			tgtype, tgconstraint <> 0, tgdeferrable, tginitdeferred, tgattr::int2[], tgargs,
			coalesce(tgoldtable, ''), coalesce(tgnewtable, '')
		FROM pg_trigger WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal ORDER BY tgrelid, tgname`,
		[]any{r.objects["pg_class"]},
		[]any{
			&t.oid, &t.relation, &t.function, &t.from, &t.name, &t.enabled, &t.definition, &t.flags, &t.constraint, &t.deferrable, &t.deferred,
			&t.columns, &t.arguments, &t.oldTable, &t.newTable,
		},
		func() {
			r.cat.triggers = append(r.cat.triggers, t)
		})
	var p policy
	q.each(`SELECT oid, polrelid, polname, polcmd::text, polpermissive, polroles,
			coalesce(pg_get_expr(polqual, polrelid), ''), coalesce(pg_get_expr(polwithcheck, polrelid), '')
		FROM pg_policy WHERE polrelid = ANY ($1::oid[]) ORDER BY polrelid, polname`,
		[]any{r.objects["pg_class"]},
		[]any{&p.oid, &p.relation, &p.name, &p.command, &p.permissive, &p.roles, &p.using, &p.withCheck},
		func() {
			r.cat.policies = append(r.cat.policies, p)
		})
}

func (r *reader) querySequences(q *round) {
	var (
		s   sequence
		of  uint32
		own owner
	)
	o := &s.options
	q.each(`SELECT seqrelid, format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle
		FROM pg_sequence WHERE seqrelid = ANY ($1::oid[])`,
		[]any{r.objects["pg_class"]},
		[]any{&s.oid, &o.Type, &o.Start, &o.Increment, &o.Min, &o.Max, &o.Cache, &o.Cycle},
		func() { r.cat.sequences = append(r.cat.sequences, s) })
	r.cat.owners = make(map[uint32]owner)
	q.each(`SELECT d.objid, d.refobjid, d.refobjsubid::int2, d.deptype = 'i'
		FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
		WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = ANY ($1::oid[]) AND d.objsubid = 0
			AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')`,
		[]any{r.objects["pg_class"]},
		[]any{&of, &own.column.relation, &own.column.number, &own.identity},
		func() { r.cat.owners[of] = own })
}

func (r *reader) queryTypes(q *round) {
	var (
		t     typeRow
		space uint32
	)
	types := []any{r.objects["pg_type"]}
	q.each(`SELECT oid, typrelid, typname, typnamespace, typtype::text, typbasetype, typtypmod, typcollation, typnotnull,
			coalesce(pg_get_expr(typdefaultbin, 0), '')
		FROM pg_type WHERE oid = ANY ($1::oid[]) ORDER BY oid`, types,
		[]any{&t.oid, &t.relation, &t.name.Name, &space, &t.kind, &t.base.oid, &t.base.modifier, &t.collation, &t.notNull, &t.value},
		func() {
			t.name.Schema = r.space[space]
			r.cat.types = append(r.cat.types, t)
		})
	var (
		of     uint32
		labels []string
	)
	r.cat.labels = make(map[uint32][]string)
	q.each(`SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder)
		FROM pg_enum WHERE enumtypid = ANY ($1::oid[]) GROUP BY enumtypid`, types,
		[]any{&of, &labels}, func() { r.cat.labels[of] = labels })
	var rng rangeRow
	r.cat.ranges = make(map[uint32]rangeRow)
	q.each(`SELECT rngtypid, rngsubtype, rngcollation, rngsubopc FROM pg_range WHERE rngtypid = ANY ($1::oid[])`, types,
		[]any{&of, &rng.subtype, &rng.collation, &rng.class}, func() { r.cat.ranges[of] = rng })
	r.queryComposites(q)
}

// queryComposites asks for the attributes of composite types, which no schema holds as relations.
func (r *reader) queryComposites(q *round) {
	var (
		of  uint32
		in  column
		all = make(map[uint32]*relation)
	)
	r.cat.composites = all
	q.each(`SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation
		FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid
		WHERE t.oid = ANY ($1::oid[]) AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,
		[]any{r.objects["pg_type"]},
		[]any{&of, &in.number, &in.name, &in.use.oid, &in.use.modifier, &in.collation},
		func() {
			if all[of] == nil {
				all[of] = &relation{oid: of}
			}
			all[of].columns = append(all[of].columns, in)
		})
}

func (r *reader) queryFunctions(q *round) {
	var (
		f      function
		space  uint32
		rights bool
	)
	q.each(`SELECT oid, pronamespace, proname, prokind::text, proretset, prorettype, proargtypes::oid[],
			coalesce(proallargtypes, '{}'), coalesce(proargmodes::text[], '{}'), coalesce(proargnames, '{}'), proacl IS NOT NULL
		FROM pg_proc WHERE oid = ANY ($1::oid[]) ORDER BY oid`,
		[]any{r.objects["pg_proc"]},
		[]any{&f.oid, &space, &f.name.Name, &f.kind, &f.set, &f.result, &f.in, &f.all, &f.modes, &f.names, &rights},
		func() {
			r.tally(rights, "privileges of functions", "rights, not structure")
			if f.kind == "a" {
				r.tally(true, "aggregates", "code, not structure")
				return
			}
			r.tally(true, "bodies, defaults and properties of functions", "only signatures are judged")
			f.name.Schema = r.space[space]
			r.cat.functions = append(r.cat.functions, f)
		})
}

// queryUnjudged counts what hangs on the objects or on the whole database and gives no fact.
func (r *reader) queryUnjudged(q *round) {
	var what string
	var n int
	why := map[string]notJudged{
		"comment":     {"comments", "they say nothing of the structure"},
		"rule":        {"rules", "code, not structure"},
		"event":       {"event triggers", "code of the whole database, not of a schema"},
		"publication": {"publications", "replication"},
		"cast":        {"casts", "code of the whole database, not of a schema"},
		"language":    {"procedural languages", "of the whole database, not of a schema"},
		"server":      {"foreign servers", "of the whole database, not of a schema"},
		"space":       {"privileges of schemas", "rights, not structure"},
	}
	named := make([]uint32, 0, 1000)
	for _, class := range []string{"pg_class", "pg_type", "pg_proc"} {
		named = append(named, r.objects[class]...)
	}
	const member = ` AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = x.oid AND d.classid = x.tableoid AND d.deptype = 'e')`
	q.each(`SELECT 'comment', count(*) FROM pg_description WHERE objoid = ANY ($1::oid[]) AND classoid = ANY (
			ARRAY['pg_catalog.pg_class', 'pg_catalog.pg_type', 'pg_catalog.pg_proc']::regclass[])
		UNION ALL SELECT 'rule', count(*) FROM pg_rewrite WHERE ev_class = ANY ($1::oid[]) AND rulename <> '_RETURN'
		UNION ALL SELECT 'space', count(*) FROM pg_namespace WHERE oid = ANY ($2::oid[]) AND nspacl IS NOT NULL AND nspname <> 'public'
		UNION ALL SELECT 'event', count(*) FROM pg_event_trigger x WHERE x.oid >= 16384`+member+`
		UNION ALL SELECT 'publication', count(*) FROM pg_publication x WHERE x.oid >= 16384`+member+`
		UNION ALL SELECT 'cast', count(*) FROM pg_cast x WHERE x.oid >= 16384`+member+`
		UNION ALL SELECT 'language', count(*) FROM pg_language x WHERE x.oid >= 16384`+member+`
		UNION ALL SELECT 'server', count(*) FROM pg_foreign_server x WHERE x.oid >= 16384`+member,
		[]any{named, r.spaces}, []any{&what, &n}, func() {
			if n > 0 {
				r.count[why[what]] += n
			}
		})
}

// relationName returns the name of a relation, of whichever schema.
func (r *reader) relationName(oid uint32) schema.Relation {
	if rel := r.cat.byOID[oid]; rel != nil {
		return rel.name
	}
	return r.cat.outside[oid]
}
