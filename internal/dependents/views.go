package dependents

// viewsSQL asks for views and materialized views, as all statements of this package do, in columns: object id, name, what drops it, what
// restores it (here CREATE first, then what else it has), what comes at the very end (here REFRESH), and why it cannot step aside.
var viewsSQL = `
SELECT c.oid, lower(k.word) || ' ' || c.oid::regclass,
	format('DROP %s %s', k.word, c.oid::regclass),
	array_remove(ARRAY[
		format('CREATE %s %s', k.word, c.oid::regclass)
			|| CASE WHEN m.amname <> current_setting('default_table_access_method') THEN format(' USING %I', m.amname) ELSE '' END
			|| coalesce(' WITH (' || nullif(concat_ws(', ', ` + optionsSQL("c.reloptions", "") + `, ` + optionsSQL("o.reloptions", "toast.") + `), '') || ')', '')
			|| coalesce(' TABLESPACE ' || quote_ident(s.spcname), '')
			|| E' AS\n' || rtrim(pg_get_viewdef(c.oid), ';')
			|| CASE c.relkind WHEN 'm' THEN E'\n  WITH NO DATA' ELSE '' END,
		CASE WHEN pg_get_userbyid(c.relowner) <> current_user
			THEN format('ALTER %s %s OWNER TO %I', k.word, c.oid::regclass, pg_get_userbyid(c.relowner)) END
	] || columns.list || ` + relationRights.grants() + `
		|| ARRAY(SELECT format('COMMENT ON %s IS %L', CASE d.objsubid WHEN 0 THEN format('%s %s', k.word, c.oid::regclass)
				ELSE format('COLUMN %s.%I', c.oid::regclass, a.attname) END, d.description)
			FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
			WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid ORDER BY d.objsubid)
		|| ` + extensionsSQL("pg_class", "c.oid", "format('%s %s', k.word, c.oid::regclass)") + `, NULL),
	CASE WHEN c.relkind = 'm' AND c.relispopulated THEN ARRAY[format('REFRESH MATERIALIZED VIEW %s', c.oid::regclass)] ELSE '{}' END,
	` + obstaclesSQL("pg_class", "c.oid", "c", "c.relowner",
	notGivenBackSQL("c.relowner", "c.relnamespace"), notMadeSQL("c.relnamespace"), relationRights.grantors()) + `
FROM pg_class c
CROSS JOIN LATERAL (SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END) k (word)
LEFT JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_class o ON o.oid = c.reltoastrelid
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
CROSS JOIN LATERAL (
	SELECT array_agg(l.statement ORDER BY a.attnum, l.nth)
	FROM pg_attribute a
	JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
	CROSS JOIN LATERAL (SELECT format('ALTER %s %s ALTER COLUMN %I', k.word, c.oid::regclass, a.attname)) r (alter)
	CROSS JOIN LATERAL unnest(ARRAY[
		r.alter || ' SET DEFAULT ' || pg_get_expr(e.adbin, e.adrelid),
		CASE WHEN c.relkind = 'm' AND a.attstattarget >= 0 THEN r.alter || ' SET STATISTICS ' || a.attstattarget END,
		r.alter || ' SET (' || ` + optionsSQL("a.attoptions", "") + ` || ')'
	] || CASE c.relkind WHEN 'm' THEN ARRAY[` + storageSQL("r.alter") + `] END) WITH ORDINALITY l (statement, nth)
	WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND l.statement IS NOT NULL
) columns (list)
WHERE c.oid = ANY ($1::oid[])
ORDER BY 2`
