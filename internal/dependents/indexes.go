package dependents

// keySQL is the definition of a constraint that an index backs, with the index's options. The server leaves those out of the definition of
// a key, where their place is before what is said of deferring, and a partitioned index takes them only when it is made.
var keySQL = `CASE WHEN k.contype = 'x' THEN pg_get_constraintdef(k.oid)
	ELSE left(pg_get_constraintdef(k.oid), length(pg_get_constraintdef(k.oid)) - length(e.tail))
		|| coalesce(' WITH (' || ` + optionsSQL("i.reloptions", "") + ` || ')', '') || e.tail END`

// asideSQL is true of an index that the server does not make anew with all that it is.
const asideSQL = `x.indexprs IS NOT NULL OR x.indpred IS NOT NULL OR i.relkind = 'I' OR i.relispartition OR c.relkind = 'm'
		OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = g.oid AND d.deptype = 'x')`

// indexesSQL asks for indexes and the constraints that they back. Of those found, given by the ids of either, some need not step aside:
// plain ones of plain tables, which the server makes anew with all that they are. One of a partitioned table has a part on each
// partition, with a name of its own; they are made one by one and then attached, as a dump does it.
var indexesSQL = `
WITH RECURSIVE given (oid) AS (
	SELECT x.indexrelid FROM pg_index x WHERE x.indexrelid = ANY ($1::oid[])
UNION
	SELECT k.conindid FROM pg_constraint k WHERE k.oid = ANY ($1::oid[])
), up (oid) AS (
	SELECT g.oid FROM given g
	JOIN pg_index x ON x.indexrelid = g.oid
	JOIN pg_class i ON i.oid = g.oid
	JOIN pg_class c ON c.oid = x.indrelid
	WHERE ` + asideSQL + `
UNION
	SELECT h.inhparent FROM up JOIN pg_inherits h ON h.inhrelid = up.oid
), family (oid, parent, depth) AS (
	SELECT up.oid, 0::oid, 0 FROM up WHERE NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = up.oid)
UNION ALL
	SELECT h.inhrelid, h.inhparent, f.depth + 1 FROM family f JOIN pg_inherits h ON h.inhparent = f.oid
)
SELECT i.oid, CASE WHEN k.oid IS NULL THEN 'index ' || i.oid::regclass ELSE format('constraint %I on %s', k.conname, c.oid::regclass) END,
	CASE WHEN f.parent <> 0 THEN ''
		WHEN k.oid IS NULL THEN format('DROP INDEX %s', i.oid::regclass)
		ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', c.oid::regclass, k.conname) END,
	array_remove(ARRAY[
		CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.oid)
			ELSE format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', c.oid::regclass, k.conname, ` + keySQL + `) END,
		'ALTER INDEX ' || i.oid::regclass || ' SET TABLESPACE ' || quote_ident(s.spcname),
		CASE WHEN f.parent <> 0 THEN format('ALTER INDEX %s ATTACH PARTITION %s', f.parent::regclass, i.oid::regclass) END
	] || ARRAY(SELECT format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.oid::regclass, a.attnum, a.attstattarget)
			FROM pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0 ORDER BY a.attnum)
		|| ` + commentSQL("pg_class", "i.oid", "'INDEX ' || i.oid::regclass") + `
		|| ` + commentSQL("pg_constraint", "k.oid", "format('CONSTRAINT %I ON %s', k.conname, c.oid::regclass)") + `
		|| ` + extensionsSQL("pg_class", "i.oid", "'INDEX ' || i.oid::regclass") + `, NULL),
	array_remove(ARRAY[
		CASE WHEN x.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', c.oid::regclass, i.relname) END,
		CASE WHEN x.indisreplident THEN format('ALTER TABLE ONLY %s REPLICA IDENTITY USING INDEX %I', c.oid::regclass, i.relname) END
	], NULL),
	` + obstaclesSQL("pg_class", "i.oid", "c", "c.relowner",
	`CASE WHEN i.relkind = 'i' AND NOT x.indisvalid THEN 'it is invalid; drop it or build it again first' END`) + `
FROM family f
JOIN pg_index x ON x.indexrelid = f.oid
JOIN pg_class i ON i.oid = f.oid
JOIN pg_class c ON c.oid = x.indrelid
LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
CROSS JOIN LATERAL (SELECT CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END) e (tail)
ORDER BY f.depth DESC, 2`

// carriedSQL names the indexes and keys found, given as for indexesSQL.
const carriedSQL = `
SELECT DISTINCT CASE WHEN k.oid IS NULL THEN 'index ' || x.indexrelid::regclass ELSE format('constraint %I on %s', k.conname, x.indrelid::regclass) END
FROM pg_index x
LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
WHERE x.indexrelid = ANY ($1::oid[]) OR k.oid = ANY ($1::oid[])
ORDER BY 1`

// queryCarried asks for the names of the indexes and keys found. Those that step aside are among them.
func (r *reader) queryCarried(q *round) {
	if oids := r.graph.list(indexes); len(oids) > 0 {
		var name string
		q.each(carriedSQL, []any{oids}, []any{&name}, func() { r.set.Carried = append(r.set.Carried, name) })
	}
}
