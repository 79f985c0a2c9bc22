package memento

// relationQueries ask for tables and what belongs to them, $1 being the ids of relations.
var relationQueries = []catalogQuery{
	{of: []string{"pg_class"}, sql: relationSQL},
	{of: []string{"pg_class"}, sql: sequenceSQL},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_class'::regclass::oid, attrelid, attnum::int, NULL, format('column %s.%I', attrelid::regclass, attname)
		FROM pg_attribute WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped`},
	{of: []string{"pg_class"}, sql: columnSQL},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_class'::regclass::oid, d.adrelid, d.adnum::int,
			CASE a.attgenerated WHEN '' THEN 'default' WHEN 's' THEN 'generated stored' ELSE 'generated virtual' END,
			-- A default has no columns in it; without the table it prints faster.
			pg_get_expr(d.adbin, CASE a.attgenerated WHEN '' THEN 0 ELSE d.adrelid END)
		FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = ANY ($1::oid[])`},
	{of: []string{"pg_class"}, sql: indexSQL},
	{of: []string{"pg_class", "pg_type"}, sql: constraintNamesSQL},
	{of: []string{"pg_class", "pg_type"}, sql: constraintSQL},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_constraint'::regclass::oid, tgconstraint, 0, 'enforced',
			string_agg(DISTINCT CASE tgenabled WHEN 'D' THEN 'not' WHEN 'R' THEN 'on replicas' ELSE 'always' END || ' at ' || tgrelid::regclass, ', ')
		FROM pg_trigger WHERE tgrelid = ANY ($1::oid[]) AND tgisinternal AND tgconstraint <> 0 AND tgenabled <> 'O'
		GROUP BY tgconstraint`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_trigger'::regclass::oid, oid, 0, NULL, format('trigger %I on %s', tgname, tgrelid::regclass)
		FROM pg_trigger WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_trigger'::regclass::oid, t.oid, 0, a.attribute, a.value
		FROM pg_trigger t CROSS JOIN LATERAL (VALUES
			('definition', pg_get_triggerdef(t.oid)),
			('enabled', CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END),
			('part of', (SELECT format('%I on %s', p.tgname, p.tgrelid::regclass) FROM pg_trigger p WHERE p.oid = t.tgparentid))) AS a (attribute, value)
		WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_rewrite'::regclass::oid, oid, 0, NULL, format('rule %I on %s', rulename, ev_class::regclass)
		FROM pg_rewrite WHERE ev_class = ANY ($1::oid[]) AND rulename <> '_RETURN'`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_rewrite'::regclass::oid, r.oid, 0, a.attribute, a.value
		FROM pg_rewrite r CROSS JOIN LATERAL (VALUES
			('definition', pg_get_ruledef(r.oid)),
			('enabled', CASE r.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END)) AS a (attribute, value)
		WHERE r.ev_class = ANY ($1::oid[]) AND r.rulename <> '_RETURN'`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_policy'::regclass::oid, oid, 0, NULL, format('policy %I on %s', polname, polrelid::regclass) FROM pg_policy WHERE polrelid = ANY ($1::oid[])`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_policy'::regclass::oid, p.oid, 0, a.attribute, a.value
		FROM pg_policy p CROSS JOIN LATERAL (VALUES
			('command', p.polcmd::text),
			('permissive', p.polpermissive::text),
			('roles', (SELECT string_agg(n, ', ' ORDER BY n COLLATE "C")
				FROM (SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END FROM unnest(p.polroles) AS u (r)) AS m (n))),
			('using', pg_get_expr(p.polqual, p.polrelid)),
			('check', pg_get_expr(p.polwithcheck, p.polrelid))) AS a (attribute, value)
		WHERE p.polrelid = ANY ($1::oid[])`},
	{of: []string{"pg_class"}, sql: `
		SELECT 'pg_class'::regclass::oid, r.prrelid, 0, format('publication %I', p.pubname), concat_ws(' ', coalesce((
				SELECT '(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C") || ')' FROM pg_attribute a
				WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), 'all columns'),
			'where ' || pg_get_expr(r.prqual, r.prrelid))
		FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_namespace'::regclass::oid, s.pnnspid, 0, format('publication %I', p.pubname), 'all tables'
		FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid WHERE s.pnnspid = ANY ($1::oid[])`},
	{sql: `SELECT 'pg_publication'::regclass::oid, oid, 0, 'of', 'all tables' FROM pg_publication WHERE puballtables`},
	{of: []string{"pg_statistic_ext"}, sql: `
		SELECT 'pg_statistic_ext'::regclass::oid, s.oid, 0, a.attribute, a.value
		FROM pg_statistic_ext s CROSS JOIN LATERAL (VALUES
			('definition', pg_get_statisticsobjdef(s.oid)),
			('owner', pg_get_userbyid(s.stxowner)::text),
			('target', nullif(s.stxstattarget, -1)::text)) AS a (attribute, value)
		WHERE s.oid = ANY ($1::oid[])`},
}

// relationSQL asks for relations other than indexes.
var relationSQL = `
	SELECT 'pg_class'::regclass::oid, c.oid, 0, a.attribute, a.value
	FROM pg_class c CROSS JOIN LATERAL (VALUES
		('owner', pg_get_userbyid(c.relowner)::text),
		('privileges', ` + privileges(`c.relacl`, `CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END`, `c.relowner`) + `),
		('persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END),
		('access method', (SELECT amname::text FROM pg_am m WHERE m.oid = c.relam)),
		('tablespace', (SELECT spcname::text FROM pg_tablespace s WHERE s.oid = c.reltablespace)),
		('options', ` + sorted(`c.reloptions`) + `),
		('toast options', CASE WHEN c.reltoastrelid <> 0 THEN (SELECT ` + sorted(`t.reloptions`) + ` FROM pg_class t WHERE t.oid = c.reltoastrelid) END),
		('replica identity', CASE WHEN c.relkind IN ('r', 'p', 'm') THEN CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN coalesce((
			SELECT 'index ' || quote_ident(n.relname) FROM pg_index i JOIN pg_class n ON n.oid = i.indexrelid
			WHERE i.indrelid = c.oid AND i.indisreplident), 'lost index') END END),
		('row security', CASE WHEN c.relrowsecurity THEN 'enabled' END),
		('row security of the owner', CASE WHEN c.relforcerowsecurity THEN 'forced' END),
		('of type', nullif(c.reloftype, 0)::regtype::text),
		('partition by', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END),
		('partition bound', CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END),
		('inherits', (SELECT string_agg(h.inhparent::regclass || CASE WHEN h.inhdetachpending THEN ' (being detached)' ELSE '' END, ', ' ORDER BY h.inhseqno)
			FROM pg_inherits h WHERE h.inhrelid = c.oid)),
		('columns', CASE WHEN c.relkind <> 'S' THEN coalesce((SELECT string_agg(quote_ident(t.attname), ', ' ORDER BY t.attnum)
			FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped), '') END),
		('definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END),
		('populated', CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END),
		('server', CASE WHEN c.relkind = 'f' THEN (SELECT format('%I (%s)', s.srvname, array_to_string(f.ftoptions, ', '))
			FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid) END)) AS a (attribute, value)
	WHERE c.oid = ANY ($1::oid[]) AND c.relkind NOT IN ('i', 'I')`

// sequenceSQL asks for what sequences have besides. A sequence is owned by a column, or is that of an identity column.
const sequenceSQL = `
	SELECT 'pg_class'::regclass::oid, s.seqrelid, 0, a.attribute, a.value
	FROM pg_sequence s CROSS JOIN LATERAL (VALUES
		('parameters', format('type %s start %s increment %s from %s to %s cache %s%s', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
			s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END)),
		('owned by', (SELECT format('%s.%I', d.refobjid::regclass, t.attname) FROM pg_depend d JOIN pg_attribute t ON t.attrelid = d.refobjid AND t.attnum = d.refobjsubid
			WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
		) AS a (attribute, value)
	WHERE s.seqrelid = ANY ($1::oid[])`

// columnSQL asks for columns of everything that is no sequence. Of the columns of an index, only the target of their statistics
// is their own.
var columnSQL = `
	SELECT 'pg_class'::regclass::oid, t.attrelid, t.attnum::int, a.attribute, a.value
	FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_type y ON y.oid = t.atttypid
	CROSS JOIN LATERAL (VALUES
		('type', format_type(t.atttypid, t.atttypmod)),
		('collation', CASE WHEN t.attcollation <> y.typcollation THEN nullif(t.attcollation, 0)::regcollation::text END),
		('not null', CASE WHEN t.attnotnull THEN 'yes' END),
		('identity', CASE t.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END),
		('privileges', ` + privileges(`t.attacl`, `'c'::"char"`, `c.relowner`) + `),
		('options', ` + sorted(`t.attoptions`) + `),
		('foreign options', array_to_string(t.attfdwoptions, ', ')),
		('storage', CASE WHEN t.attstorage <> y.typstorage AND c.relkind IN ('r', 'p', 'm', 'f') THEN t.attstorage::text END),
		('compression', nullif(t.attcompression::text, '')),
		('inherited', CASE WHEN NOT t.attislocal THEN 'only' END),
		('statistics', nullif(t.attstattarget, -1)::text)) AS a (attribute, value)
	WHERE t.attrelid = ANY ($1::oid[]) AND t.attnum > 0 AND NOT t.attisdropped AND c.relkind <> 'S'
		AND a.value IS NOT NULL AND (c.relkind NOT IN ('i', 'I') OR a.attribute = 'statistics')`

// indexSQL asks for indexes. Whether one belongs to a constraint, the constraint says.
const indexSQL = `
	SELECT 'pg_class'::regclass::oid, i.indexrelid, 0, a.attribute, a.value
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid CROSS JOIN LATERAL (VALUES
		('definition', pg_get_indexdef(i.indexrelid)),
		('tablespace', (SELECT spcname::text FROM pg_tablespace s WHERE s.oid = c.reltablespace)),
		('valid', CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'no' END),
		('clustered', CASE WHEN i.indisclustered THEN 'yes' END),
		('part of', (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))) AS a (attribute, value)
	WHERE i.indexrelid = ANY ($1::oid[])`

// ownConstraint leaves out the twins that a foreign key to a partitioned table has on its own table, one for each partition there:
// they follow their parent and their names the order in which partitions came.
const ownConstraint = `(n.conrelid = ANY ($1::oid[]) OR n.contypid = ANY ($2::oid[])) AND NOT EXISTS (
	SELECT FROM pg_constraint p WHERE p.oid = n.conparentid AND p.conrelid = n.conrelid)`

const constraintNamesSQL = `
	SELECT 'pg_constraint'::regclass::oid, n.oid, 0, NULL,
		format('constraint %I on %s', n.conname, CASE n.conrelid WHEN 0 THEN n.contypid::regtype::text ELSE n.conrelid::regclass::text END)
	FROM pg_constraint n WHERE ` + ownConstraint

const constraintSQL = `
	SELECT 'pg_constraint'::regclass::oid, n.oid, 0, a.attribute, a.value
	FROM pg_constraint n CROSS JOIN LATERAL (VALUES
		('definition', pg_get_constraintdef(n.oid)),
		('inherited', CASE WHEN NOT n.conislocal THEN 'only' END),
		('part of', (SELECT format('%I on %s', p.conname, p.conrelid::regclass) FROM pg_constraint p WHERE p.oid = n.conparentid))) AS a (attribute, value)
	WHERE ` + ownConstraint
