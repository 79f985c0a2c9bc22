package dependents

// triggersSQL asks for triggers. One of a partitioned table has copies on the partitions, which may be switched on or off on their own.
var triggersSQL = `
WITH RECURSIVE up AS (
	SELECT t.oid, t.tgparentid FROM pg_trigger t WHERE t.oid = ANY ($1::oid[])
UNION
	SELECT t.oid, t.tgparentid FROM up JOIN pg_trigger t ON t.oid = up.tgparentid
), family (root, oid) AS (
	SELECT up.oid, up.oid FROM up WHERE up.tgparentid = 0
UNION
	SELECT f.root, t.oid FROM family f JOIN pg_trigger t ON t.tgparentid = f.oid
)
SELECT t.oid, format('trigger %I on %s', t.tgname, c.oid::regclass),
	format('DROP TRIGGER %I ON %s', t.tgname, c.oid::regclass),
	ARRAY[pg_get_triggerdef(t.oid)]
		|| ARRAY(SELECT s.statement
			FROM family f
			JOIN pg_trigger m ON m.oid = f.oid
			CROSS JOIN LATERAL unnest(ARRAY[
				format('ALTER TABLE ONLY %s %s %I', m.tgrelid::regclass, ` + enabledSQL("m.tgenabled", "TRIGGER") + `, m.tgname)
			] || ` + commentSQL("pg_trigger", "m.oid", "format('TRIGGER %I ON %s', m.tgname, m.tgrelid::regclass)") + `
			  || ` + extensionsSQL("pg_trigger", "m.oid", "format('TRIGGER %I ON %s', m.tgname, m.tgrelid::regclass)") + `) WITH ORDINALITY s (statement, nth)
			WHERE f.root = t.oid AND (s.nth > 1 OR m.tgenabled <> 'O')
			ORDER BY m.tgrelid, s.nth),
	'{}'::text[],
	` + obstaclesSQL("pg_trigger", "t.oid", "c", "c.relowner") + `
FROM family r
JOIN pg_trigger t ON t.oid = r.oid AND NOT t.tgisinternal
JOIN pg_class c ON c.oid = t.tgrelid
WHERE r.root = r.oid
ORDER BY 2`

var rulesSQL = `
SELECT w.oid, format('rule %I on %s', w.rulename, c.oid::regclass),
	format('DROP RULE %I ON %s', w.rulename, c.oid::regclass),
	array_remove(ARRAY[
		rtrim(pg_get_ruledef(w.oid), ';'),
		CASE WHEN w.ev_enabled <> 'O' THEN format('ALTER TABLE %s %s %I', c.oid::regclass, ` + enabledSQL("w.ev_enabled", "RULE") + `, w.rulename) END
	] || ` + commentSQL("pg_rewrite", "w.oid", "format('RULE %I ON %s', w.rulename, c.oid::regclass)") + `, NULL),
	'{}'::text[],
	` + obstaclesSQL("pg_rewrite", "w.oid", "c", "c.relowner") + `
FROM pg_rewrite w
JOIN pg_class c ON c.oid = w.ev_class
WHERE w.oid = ANY ($1::oid[])
ORDER BY 2`

var policiesSQL = `
SELECT p.oid, format('policy %I on %s', p.polname, c.oid::regclass),
	format('DROP POLICY %I ON %s', p.polname, c.oid::regclass),
	ARRAY[concat_ws(' ', format('CREATE POLICY %I ON %s', p.polname, c.oid::regclass),
		CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
		'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
		'TO ' || (SELECT string_agg(CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END, ', ' ORDER BY r.nth)
			FROM unnest(p.polroles) WITH ORDINALITY r (oid, nth)),
		'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
		'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
	] || ` + commentSQL("pg_policy", "p.oid", "format('POLICY %I ON %s', p.polname, c.oid::regclass)") + `,
	'{}'::text[],
	` + obstaclesSQL("pg_policy", "p.oid", "c", "c.relowner") + `
FROM pg_policy p
JOIN pg_class c ON c.oid = p.polrelid
WHERE p.oid = ANY ($1::oid[])
ORDER BY 2`
