package dependents_test

import "strings"

// pictures ask for all that belongs to the structure, by names and not by object ids, one line a row. They are put together otherwise
// than the statements of the package.
var pictures = []string{
	`SELECT 'relation', c.oid::regclass, c.relkind, c.relowner::regrole, c.relpersistence, c.reloptions,
		coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)), c.relreplident, c.relispopulated,
		c.relrowsecurity, c.relforcerowsecurity, (SELECT reloptions FROM pg_class o WHERE o.oid = c.reltoastrelid), am.amname,
		c.reltablespace, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
	FROM pg_class c LEFT JOIN pg_am am ON am.oid = c.relam
	WHERE c.relkind <> 't' AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)`,
	`SELECT 'column', a.attrelid::regclass, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attacl, a.attoptions, a.attstorage,
		a.attcompression, nullif(a.attstattarget, -1), a.attislocal, a.attinhcount, a.attcollation::regcollation, pg_get_expr(e.adbin, e.adrelid)
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
	WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 't'
		AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)`,
	// An inherited constraint that forbids nulls has a name of its own from version 18 on, which no dump shows and a change of type loses.
	// Whether a key is inherited means nothing, and depends on how the key of a partition came to be.
	`SELECT 'constraint', k.conrelid::regclass, CASE WHEN k.contype <> 'n' OR k.conislocal THEN k.conname END, k.contype, k.convalidated, k.condeferrable, k.condeferred, k.conislocal, k.coninhcount,
		k.contype = 'c' AND k.connoinherit, pg_get_constraintdef(k.oid), p.conname, k.conindid::regclass
	FROM pg_constraint k LEFT JOIN pg_constraint p ON p.oid = k.conparentid
	WHERE k.connamespace <> 'information_schema'::regnamespace AND k.contype <> 't'`,
	`SELECT 'index', x.indexrelid::regclass, x.indisunique, x.indisvalid, x.indisclustered, x.indisreplident, pg_get_indexdef(x.indexrelid),
		i.reloptions, i.reltablespace, h.inhparent::regclass
	FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = i.oid
	WHERE i.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)`,
	`SELECT 'trigger', t.tgrelid::regclass, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), p.tgrelid::regclass
	FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid WHERE NOT t.tgisinternal`,
	`SELECT 'rule', w.ev_class::regclass, w.rulename, w.ev_enabled, pg_get_ruledef(w.oid) FROM pg_rewrite w WHERE w.oid > 16383`,
	`SELECT 'policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
		pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy p`,
	`SELECT 'statistics', s.stxnamespace::regnamespace, s.stxname, s.stxowner::regrole, nullif(s.stxstattarget, -1), pg_get_statisticsobjdef(s.oid)
	FROM pg_statistic_ext s`,
	`SELECT 'comment', i.type, i.identity, d.description
	FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i WHERE d.objoid > 16383`,
	`SELECT 'extension', i.type, i.identity, x.extname FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
	CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'`,
	`SELECT 'type', t.oid::regtype, t.typtype, coalesce(t.typacl, acldefault('T', t.typowner)), (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
	FROM pg_type t WHERE t.typtype IN ('e', 'd') AND t.typnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
	`SELECT 'function', p.oid::regprocedure, p.proacl, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.oid > 16383 AND p.prokind <> 'a'`,
}

// picture is all of the structure that the catalog tells, a line an object.
func (d *database) picture() string {
	d.Helper()
	d.run("BEGIN", "SET LOCAL search_path = ''")
	var b strings.Builder
	for _, sql := range pictures {
		results, err := d.conn.PgConn().Exec(d.Context(), "SELECT p::text FROM ("+sql+") p ORDER BY 1").ReadAll()
		if err != nil {
			d.Fatalf("%v in %s", err, sql)
		}
		for _, row := range results[0].Rows {
			b.WriteString(strings.ReplaceAll(string(row[0]), "\n", " ") + "\n")
		}
	}
	d.run("ROLLBACK")
	return b.String()
}
