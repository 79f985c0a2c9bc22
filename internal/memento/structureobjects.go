package memento

// objectQueries name the objects of the schemas $1, and those of the database that go with every schema.
var objectQueries = []catalogQuery{
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_namespace'::regclass::oid, oid, 0, NULL, format('schema %I', nspname) FROM pg_namespace WHERE oid = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_class'::regclass::oid, oid, 0, NULL, CASE relkind WHEN 'r' THEN 'table ' WHEN 'p' THEN 'partitioned table ' WHEN 'v' THEN 'view '
			WHEN 'm' THEN 'materialized view ' WHEN 'f' THEN 'foreign table ' WHEN 'S' THEN 'sequence ' WHEN 'c' THEN 'composite type '
			WHEN 'i' THEN 'index ' WHEN 'I' THEN 'partitioned index ' ELSE 'relation ' END || oid::regclass
		FROM pg_class WHERE relnamespace = ANY ($1::oid[]) AND relkind <> 't'`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_proc'::regclass::oid, oid, 0, NULL,
			CASE prokind WHEN 'a' THEN 'aggregate ' WHEN 'w' THEN 'window function ' WHEN 'p' THEN 'procedure ' ELSE 'function ' END || oid::regprocedure
		FROM pg_proc WHERE pronamespace = ANY ($1::oid[])`},
	// Row types and array types follow their tables and elements, in name too. A composite type is a relation besides.
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_type'::regclass::oid, t.oid, 0, NULL, 'type ' || t.oid::regtype
		FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace = ANY ($1::oid[]) AND (t.typrelid = 0 OR c.relkind = 'c')
			AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_operator'::regclass::oid, oid, 0, NULL, 'operator ' || oid::regoperator FROM pg_operator WHERE oprnamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_opfamily'::regclass::oid, f.oid, 0, NULL, format('operator family %s.%I for %I', f.opfnamespace::regnamespace, f.opfname, m.amname)
		FROM pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod WHERE f.opfnamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_opclass'::regclass::oid, o.oid, 0, NULL, format('operator class %s.%I for %I', o.opcnamespace::regnamespace, o.opcname, m.amname)
		FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod WHERE o.opcnamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_collation'::regclass::oid, oid, 0, NULL, 'collation ' || oid::regcollation FROM pg_collation WHERE collnamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_conversion'::regclass::oid, oid, 0, NULL, format('conversion %s.%I', connamespace::regnamespace, conname)
		FROM pg_conversion WHERE connamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_ts_config'::regclass::oid, oid, 0, NULL, 'text search configuration ' || oid::regconfig FROM pg_ts_config WHERE cfgnamespace = ANY ($1::oid[])
		UNION ALL
		SELECT 'pg_ts_dict'::regclass::oid, oid, 0, NULL, 'text search dictionary ' || oid::regdictionary FROM pg_ts_dict WHERE dictnamespace = ANY ($1::oid[])
		UNION ALL
		SELECT 'pg_ts_parser'::regclass::oid, oid, 0, NULL, format('text search parser %s.%I', prsnamespace::regnamespace, prsname)
		FROM pg_ts_parser WHERE prsnamespace = ANY ($1::oid[])
		UNION ALL
		SELECT 'pg_ts_template'::regclass::oid, oid, 0, NULL, format('text search template %s.%I', tmplnamespace::regnamespace, tmplname)
		FROM pg_ts_template WHERE tmplnamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_statistic_ext'::regclass::oid, oid, 0, NULL, format('statistics %s.%I', stxnamespace::regnamespace, stxname)
		FROM pg_statistic_ext WHERE stxnamespace = ANY ($1::oid[])`},
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_default_acl'::regclass::oid, oid, 0, NULL, format('default privileges in %s by %I for %s', defaclnamespace::regnamespace, pg_get_userbyid(defaclrole),
			CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE defaclobjtype::text END)
		FROM pg_default_acl WHERE defaclnamespace = ANY ($1::oid[])`},
	{sql: `SELECT 'pg_extension'::regclass::oid, oid, 0, NULL, format('extension %I', extname) FROM pg_extension`},
	{sql: `SELECT 'pg_publication'::regclass::oid, oid, 0, NULL, format('publication %I', pubname) FROM pg_publication WHERE puballtables`},
}

// anyQueries ask what may stand at every object, $1 being the ids of all that are known.
var anyQueries = []catalogQuery{
	{of: []string{""}, sql: `SELECT classoid, objoid, objsubid, 'comment', description FROM pg_description WHERE objoid = ANY ($1::oid[])`},
	{of: []string{""}, sql: `
		SELECT classoid, objoid, objsubid, format('security label of %I', provider), label FROM pg_seclabel WHERE objoid = ANY ($1::oid[])`},
	{of: []string{""}, sql: `
		SELECT d.classid, d.objid, d.objsubid, CASE d.deptype WHEN 'e' THEN 'belongs to extension' ELSE 'depends on extension' END, quote_ident(x.extname)
		FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype IN ('e', 'x') AND d.objid = ANY ($1::oid[])`},
}

// privileges is SQL for an access list, sorted, null where it is what an owner gives without saying so. The kind is acldefault's.
func privileges(acl, kind, owner string) string {
	list := func(acl string) string {
		return `(SELECT coalesce(string_agg(i::text, ', ' ORDER BY i::text COLLATE "C"), 'none') FROM unnest(` + acl + `) AS u (i))`
	}
	return `CASE WHEN ` + acl + ` IS NOT NULL THEN nullif(` + list(acl) + `, ` + list(`acldefault(`+kind+`, `+owner+`)`) + `) END`
}

// sorted is SQL for the options of an object, whose order means nothing; null where there are none.
func sorted(options string) string {
	return `(SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(` + options + `) AS u (o))`
}
