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
	] || columns.list || ` + grantsSQL + `
		|| ARRAY(SELECT format('COMMENT ON %s IS %L', CASE d.objsubid WHEN 0 THEN format('%s %s', k.word, c.oid::regclass)
				ELSE format('COLUMN %s.%I', c.oid::regclass, a.attname) END, d.description)
			FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
			WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid ORDER BY d.objsubid)
		|| ` + extensionsSQL("pg_class", "c.oid", "format('%s %s', k.word, c.oid::regclass)") + `, NULL),
	CASE WHEN c.relkind = 'm' AND c.relispopulated THEN ARRAY[format('REFRESH MATERIALIZED VIEW %s', c.oid::regclass)] ELSE '{}' END,
	` + obstaclesSQL("pg_class", "c.oid", "c", "c.relowner",
	notGivenBackSQL("c.relowner", "c.relnamespace"), notMadeSQL("c.relnamespace"), grantorsSQL) + `
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

// itemsSQL lists the entries of the lists of rights of the relation c and of its columns: where the entry stands, and its grants.
const itemsSQL = `(
	SELECT 0 AS part, NULL::name AS name, i.nth, g.*
	FROM unnest(c.relacl) WITH ORDINALITY i (entry, nth) CROSS JOIN LATERAL aclexplode(ARRAY[i.entry]) g
	UNION ALL
	SELECT a.attnum, a.attname, i.nth, g.*
	FROM pg_attribute a CROSS JOIN LATERAL unnest(a.attacl) WITH ORDINALITY i (entry, nth) CROSS JOIN LATERAL aclexplode(ARRAY[i.entry]) g
	WHERE a.attrelid = c.oid AND NOT a.attisdropped)`

// grantsSQL gives the relation c its rights back entry by entry, so that the lists have the same order, which a dump shows. It starts
// from nothing at all: the owner's rights and those by ALTER DEFAULT PRIVILEGES go first. Where somebody else than the owner gave
// a right, the session acts as that role for the moment.
const grantsSQL = `ARRAY(
	SELECT format('REVOKE ALL ON %s FROM %s', c.oid::regclass, string_agg(DISTINCT f.grantee, ', '))
	FROM (SELECT quote_ident(pg_get_userbyid(c.relowner)) AS grantee
		UNION ALL SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
		FROM pg_default_acl p CROSS JOIN LATERAL aclexplode(p.defaclacl) g
		WHERE pg_get_userbyid(p.defaclrole) = current_user AND p.defaclobjtype = 'r' AND p.defaclnamespace IN (0, c.relnamespace)) f
	HAVING c.relacl IS NOT NULL OR count(*) > 1
) || ARRAY(
	SELECT format('GRANT ALL ON %s TO %I', c.oid::regclass, pg_get_userbyid(c.relowner))
	FROM pg_default_acl p
	WHERE c.relacl IS NULL AND pg_get_userbyid(p.defaclrole) = current_user AND p.defaclobjtype = 'r' AND p.defaclnamespace IN (0, c.relnamespace)
	LIMIT 1
) || ARRAY(
	SELECT s.statement
	FROM (
		SELECT g.part, g.nth, g.is_grantable, g.grantor, format('GRANT %s ON %s TO %s',
			string_agg(concat_ws(' ', g.privilege_type, '(' || quote_ident(g.name) || ')'), ', ' ORDER BY g.privilege_type),
			c.oid::regclass, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END)
			|| CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS statement
		FROM ` + itemsSQL + ` g
		GROUP BY g.part, g.nth, g.grantor, g.grantee, g.is_grantable
	) e
	CROSS JOIN LATERAL (VALUES
		(1, CASE WHEN e.grantor <> c.relowner THEN format('SET LOCAL ROLE %I', pg_get_userbyid(e.grantor)) END),
		(2, e.statement),
		(3, CASE WHEN e.grantor <> c.relowner THEN 'SET LOCAL ROLE ' ||
			CASE current_setting('role') WHEN 'none' THEN 'NONE' ELSE quote_ident(current_setting('role')) END END)
	) s (step, statement)
	WHERE s.statement IS NOT NULL
	ORDER BY e.part, e.nth, e.is_grantable, s.step
)`

// grantorsSQL says whose rights cannot be given again because the session may not act as the role that gave them, or is NULL.
var grantorsSQL = `(
	SELECT format('the role %s gave rights on it, and the session may not act as that role',
		string_agg(DISTINCT quote_ident(pg_get_userbyid(g.grantor)), ', '))
	FROM ` + itemsSQL + ` g
	WHERE g.grantor <> c.relowner
		AND NOT (` + maySetRoleSQL("g.grantor") + ` AND has_schema_privilege(g.grantor, c.relnamespace, 'USAGE'))
	HAVING count(*) > 0)`
