package dependents

// foreignKeysSQL asks for foreign keys. Those of partitions, and those that stand for the partitions of the table pointed to, come and
// go with the one they belong to.
var foreignKeysSQL = `
WITH RECURSIVE up AS (
	SELECT k.oid, k.conparentid FROM pg_constraint k WHERE k.oid = ANY ($1::oid[])
UNION
	SELECT k.oid, k.conparentid FROM up JOIN pg_constraint k ON k.oid = up.conparentid
)
SELECT k.oid, format('foreign key %I on %s', k.conname, c.oid::regclass),
	format('ALTER TABLE %s DROP CONSTRAINT %I', c.oid::regclass, k.conname),
	ARRAY[format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid))]
		|| ` + commentSQL("pg_constraint", "k.oid", "format('CONSTRAINT %I ON %s', k.conname, c.oid::regclass)") + `,
	'{}'::text[],
	` + obstaclesSQL("pg_constraint", "k.oid", "c", "c.relowner",
	`CASE WHEN EXISTS (SELECT FROM unnest(k.confkey) t (number) WHERE NOT has_column_privilege(k.confrelid, t.number, 'REFERENCES'))
		THEN format('the session may not make references to %s', k.confrelid::regclass) END`,
	`CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O')
		THEN 'its enforcement was switched off or made to hold for replication, which only a superuser could do again' END`) + `
FROM up
JOIN pg_constraint k ON k.oid = up.oid
JOIN pg_class c ON c.oid = k.conrelid
WHERE up.conparentid = 0
ORDER BY 2`

// checksSQL asks for checks. A table may have one both by itself and from its parents: the parents' goes first and comes back last, when it
// finds those of the children. One that a table has only from its parents comes and goes with theirs.
var checksSQL = `
SELECT k.oid, format('check %I on %s', k.conname, c.oid::regclass),
	CASE WHEN k.conislocal THEN format('ALTER TABLE %s DROP CONSTRAINT %I', c.oid::regclass, k.conname) ELSE '' END,
	array_remove(ARRAY[CASE WHEN k.conislocal
		THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid)) END], NULL),
	` + commentSQL("pg_constraint", "k.oid", "format('CONSTRAINT %I ON %s', k.conname, c.oid::regclass)") + `,
	` + obstaclesSQL("pg_constraint", "k.oid", "c", "c.relowner") + `
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE k.oid = ANY ($1::oid[])
ORDER BY (
	WITH RECURSIVE up (oid) AS (SELECT c.oid UNION SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.oid)
	SELECT count(*) FROM up), 2`

var defaultsSQL = `
SELECT e.oid, format('default of %s.%I', c.oid::regclass, a.attname),
	format('ALTER TABLE ONLY %s ALTER COLUMN %I DROP DEFAULT', c.oid::regclass, a.attname),
	ARRAY[format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT %s', c.oid::regclass, a.attname, pg_get_expr(e.adbin, e.adrelid))],
	'{}'::text[],
	` + obstaclesSQL("pg_attrdef", "e.oid", "c", "c.relowner") + `
FROM pg_attrdef e
JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
JOIN pg_class c ON c.oid = e.adrelid
WHERE e.oid = ANY ($1::oid[])
ORDER BY 2`

var statisticsSQL = `
SELECT s.oid, 'statistics object ' || n.name,
	'DROP STATISTICS ' || n.name,
	array_remove(ARRAY[
		pg_get_statisticsobjdef(s.oid),
		CASE WHEN pg_get_userbyid(s.stxowner) <> current_user THEN format('ALTER STATISTICS %s OWNER TO %I', n.name, pg_get_userbyid(s.stxowner)) END,
		CASE WHEN s.stxstattarget >= 0 THEN format('ALTER STATISTICS %s SET STATISTICS %s', n.name, s.stxstattarget) END
	] || ` + commentSQL("pg_statistic_ext", "s.oid", "'STATISTICS ' || n.name") + `, NULL),
	'{}'::text[],
	` + obstaclesSQL("pg_statistic_ext", "s.oid", "c", "s.stxowner",
	"CASE WHEN c.relkind <> 'm' THEN "+notOwnedSQL("c.relowner")+" END",
	notGivenBackSQL("s.stxowner", "s.stxnamespace"), notMadeSQL("s.stxnamespace")) + `
FROM pg_statistic_ext s
JOIN pg_class c ON c.oid = s.stxrelid
CROSS JOIN LATERAL (SELECT format('%I.%I', p.nspname, s.stxname) FROM pg_namespace p WHERE p.oid = s.stxnamespace) n (name)
WHERE s.oid = ANY ($1::oid[])
ORDER BY 2`
