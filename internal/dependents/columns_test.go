package dependents_test

import (
	"strings"
	"testing"
)

// retyped are structures in which something stands in the way when t.a, an integer, becomes a bigint. After the change all
// is as it was but for that word.
var retyped = []struct{ name, ddl string }{
	{"a view", `CREATE VIEW v AS SELECT id, a AS b FROM t`},
	{"views on views, a diamond and one beside", `
		CREATE VIEW z AS SELECT a FROM t; CREATE VIEW m AS SELECT a + 1 AS a FROM z; CREATE VIEW n AS SELECT a FROM z WHERE a > 3;
		CREATE VIEW b AS SELECT m.a, n.a AS other FROM m JOIN n USING (a); CREATE VIEW aa AS SELECT count(*) FROM b;
		CREATE VIEW beside AS SELECT id FROM t`},
	{"a view of one column of a view", `CREATE VIEW v AS SELECT id, a FROM t; CREATE VIEW w AS SELECT id FROM v`},
	{"a view with options", `
		CREATE VIEW v WITH (security_barrier, security_invoker=true) AS SELECT id, a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION;
		CREATE VIEW w WITH (security_barrier=false) AS SELECT id, a FROM v WITH CASCADED CHECK OPTION`},
	{"a view with renamed columns, and one of values", `
		CREATE VIEW v (x, "Y y", "select") AS SELECT id, a, a FROM t; ALTER VIEW v RENAME x TO z;
		CREATE VIEW w (i, j) AS SELECT t.a, o.x FROM t, (VALUES (1), (2)) o (x)`},
	{"a recursive view", `CREATE RECURSIVE VIEW v (a) AS SELECT a FROM t UNION ALL SELECT v.a FROM v WHERE v.a < 0`},
	{"a view with comments and defaults", `
		CREATE VIEW v AS SELECT id, a, s FROM t; COMMENT ON VIEW v IS 'it''s \ one'; COMMENT ON COLUMN v.a IS E'two\nlines';
		ALTER VIEW v ALTER s SET DEFAULT 'x', ALTER id SET DEFAULT nextval('q')`},
	{"a view with rights", `
		CREATE VIEW v AS SELECT id, a, s FROM t;
		GRANT SELECT ON v TO PUBLIC; GRANT SELECT, INSERT ON v TO pg_monitor WITH GRANT OPTION; GRANT UPDATE ON v TO pg_monitor;
		GRANT SELECT (a), UPDATE (a, s) ON v TO pg_read_all_stats; GRANT REFERENCES (id) ON v TO pg_monitor WITH GRANT OPTION`},
	{"a view whose owner gave up a right", `CREATE VIEW v AS SELECT a FROM t; GRANT SELECT ON v TO pg_monitor; REVOKE UPDATE, DELETE ON v FROM CURRENT_USER`},
	{"a view without any right", `CREATE VIEW v AS SELECT a FROM t; REVOKE ALL ON v FROM CURRENT_USER`},
	{"views from before and after default privileges", `
		CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM t; GRANT SELECT ON w TO pg_read_all_stats;
		ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO PUBLIC;
		CREATE VIEW x AS SELECT a FROM t; CREATE VIEW y AS SELECT a FROM t; REVOKE SELECT ON y FROM pg_monitor`},
	{"a view with triggers and rules", `
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE VIEW v AS SELECT id, a FROM t; CREATE TABLE log (id integer, a integer);
		CREATE TRIGGER i INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f('x', 'it''s'); COMMENT ON TRIGGER i ON v IS 'instead';
		CREATE TRIGGER s AFTER UPDATE ON v EXECUTE FUNCTION f();
		CREATE RULE r AS ON DELETE TO v DO INSTEAD (DELETE FROM t WHERE t.id = old.id; INSERT INTO log SELECT old.id, 1); COMMENT ON RULE r ON v IS 'rule'`},
	{"a view whose rule writes to a view on it", `
		CREATE VIEW v AS SELECT id, a FROM t; CREATE VIEW w AS SELECT id, a FROM v;
		CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO w VALUES (new.id, new.a)`},
	{"a materialized view with rows", `
		CREATE MATERIALIZED VIEW v AS SELECT id, a, s FROM t; COMMENT ON MATERIALIZED VIEW v IS 'kept'; COMMENT ON COLUMN v.s IS 'column';
		CREATE UNIQUE INDEX v_id ON v (id) WITH (fillfactor=70); CREATE INDEX "V a" ON v ((a + 1), s DESC) WHERE a > 0;
		COMMENT ON INDEX v_id IS 'index'; ALTER INDEX "V a" ALTER COLUMN 1 SET STATISTICS 17; ALTER MATERIALIZED VIEW v CLUSTER ON v_id;
		GRANT SELECT (s) ON v TO pg_monitor; CREATE STATISTICS v_stat ON id, a FROM v; COMMENT ON STATISTICS v_stat IS 'stat'`},
	{"a materialized view with settings", `
		CREATE MATERIALIZED VIEW v WITH (fillfactor=50, autovacuum_enabled=false, toast.autovacuum_enabled=false) AS SELECT id, a, s FROM t WITH NO DATA;
		ALTER MATERIALIZED VIEW v ALTER s SET STORAGE EXTERNAL, ALTER s SET COMPRESSION pglz, ALTER s SET STATISTICS 0,
			ALTER a SET STATISTICS 5, ALTER a SET (n_distinct=-0.5, n_distinct_inherited=7);
		ALTER MATERIALIZED VIEW v DEPENDS ON EXTENSION plpgsql`},
	{"materialized views on materialized views", `
		CREATE MATERIALIZED VIEW z AS SELECT id, a FROM t; CREATE MATERIALIZED VIEW m AS SELECT a FROM z; CREATE VIEW b AS SELECT a FROM m;
		CREATE MATERIALIZED VIEW a AS SELECT max(a) FROM b WITH NO DATA`},
	{"views of whole rows", `
		CREATE VIEW v AS SELECT t AS r FROM t; CREATE VIEW w AS SELECT row_to_json(v) AS j FROM v; CREATE VIEW x AS SELECT (r).a FROM v;
		CREATE MATERIALIZED VIEW m AS SELECT t AS r FROM t; CREATE VIEW y AS SELECT v AS r, ARRAY[v] AS s FROM (SELECT a FROM t) o JOIN v ON true`},
	{"a view that groups by the key", `CREATE VIEW v AS SELECT id, a, s FROM t GROUP BY id`},
	{"a rule on the table", `
		CREATE TABLE log (x integer);
		CREATE RULE "R 1" AS ON UPDATE TO t WHERE new.a <> old.a DO ALSO INSERT INTO log VALUES (new.a); COMMENT ON RULE "R 1" ON t IS 'rule';
		CREATE RULE r2 AS ON INSERT TO log DO ALSO UPDATE t SET a = 1 WHERE a = new.x; ALTER TABLE log DISABLE RULE r2;
		CREATE RULE r3 AS ON INSERT TO log DO ALSO UPDATE t SET a = 2; ALTER TABLE log ENABLE REPLICA RULE r3;
		CREATE RULE r4 AS ON INSERT TO log DO ALSO UPDATE t SET a = 3; ALTER TABLE log ENABLE ALWAYS RULE r4;
		CREATE RULE r5 AS ON INSERT TO log DO ALSO NOTIFY news`},
	{"a rule that names a key and not the column", `
		ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, id); CREATE TABLE log (x integer);
		CREATE RULE r AS ON INSERT TO log DO ALSO INSERT INTO t (id) VALUES (new.x) ON CONFLICT ON CONSTRAINT u DO NOTHING`},
	{"triggers", `
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE TRIGGER u BEFORE UPDATE OF a, s ON t FOR EACH ROW EXECUTE FUNCTION f(1, 'b'); COMMENT ON TRIGGER u ON t IS 'of a';
		CREATE TRIGGER "W w" AFTER INSERT OR UPDATE ON t FOR EACH ROW WHEN (new.a > 3 AND new.s LIKE 'x%') EXECUTE FUNCTION f();
		CREATE CONSTRAINT TRIGGER k AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.a <> new.a) EXECUTE FUNCTION f();
		CREATE TRIGGER d BEFORE UPDATE OF a ON t EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER d;
		CREATE TRIGGER p BEFORE UPDATE OF a ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE REPLICA TRIGGER p;
		CREATE TRIGGER y BEFORE UPDATE OF a ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER y; ALTER TRIGGER y ON t DEPENDS ON EXTENSION plpgsql;
		CREATE TRIGGER n BEFORE UPDATE OF s ON t EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER n`},
	{"policies", `
		ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE TABLE o (x integer); ALTER TABLE o ENABLE ROW LEVEL SECURITY;
		CREATE POLICY p ON t USING (a > 3); COMMENT ON POLICY p ON t IS 'policy';
		CREATE POLICY "P 2" ON t AS RESTRICTIVE FOR UPDATE TO pg_monitor, CURRENT_USER USING (a > 3 AND s = 'x') WITH CHECK (a < 100);
		CREATE POLICY p3 ON t FOR INSERT TO pg_read_all_stats WITH CHECK (a IS NOT NULL); CREATE POLICY p4 ON t FOR DELETE USING (a = 1); CREATE POLICY p5 ON t FOR SELECT USING (s = '');
		CREATE VIEW v AS SELECT a FROM t; CREATE POLICY o1 ON o USING (x IN (SELECT a FROM t)); CREATE POLICY o2 ON o USING (EXISTS (SELECT FROM v WHERE v.a = x))`},
	{"foreign keys on either side", `
		ALTER TABLE t ADD UNIQUE (a), ADD UNIQUE (id, a); CREATE TABLE o (x integer PRIMARY KEY, y integer, z integer);
		ALTER TABLE t ADD CONSTRAINT out FOREIGN KEY (a) REFERENCES o ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED;
		ALTER TABLE o ADD CONSTRAINT "in" FOREIGN KEY (y) REFERENCES t (a) NOT VALID; COMMENT ON CONSTRAINT "in" ON o IS 'back';
		ALTER TABLE o ADD FOREIGN KEY (z, y) REFERENCES t (id, a) MATCH FULL; ALTER TABLE o ADD CONSTRAINT other FOREIGN KEY (z) REFERENCES t;
		ALTER TABLE t ADD CONSTRAINT self FOREIGN KEY (a) REFERENCES t (a)`},
	{"keys and plain indexes, which PostgreSQL carries along", `
		ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, s) WITH (fillfactor=60) DEFERRABLE; COMMENT ON CONSTRAINT u ON t IS 'unique'; COMMENT ON INDEX u IS 'its index';
		CREATE INDEX i ON t (a DESC NULLS LAST) INCLUDE (s) WITH (deduplicate_items=off); COMMENT ON INDEX i IS 'index'; ALTER TABLE t CLUSTER ON i;
		UPDATE t SET a = id; ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ri ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX ri; ALTER TABLE t ALTER a SET STATISTICS 9, ALTER a SET (n_distinct=3); COMMENT ON COLUMN t.a IS 'col'; GRANT SELECT (a) ON t TO pg_monitor`},
	{"indexes with expressions and conditions, and one that goes with an extension", `
		CREATE INDEX e ON t ((a * 2), lower(s)); ALTER INDEX e ALTER COLUMN 1 SET STATISTICS 33; COMMENT ON INDEX e IS 'e'; ALTER TABLE t CLUSTER ON e;
		CREATE UNIQUE INDEX p ON t (s) WHERE a > 0; CREATE INDEX x ON t (a); ALTER INDEX x DEPENDS ON EXTENSION plpgsql;
		ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING btree (s WITH =) WITH (fillfactor=80) WHERE (a > 10) DEFERRABLE; COMMENT ON CONSTRAINT ex ON t IS 'ex'`},
	{"checks", `
		ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ADD CHECK (a < id OR s IS NULL) NO INHERIT, ADD CONSTRAINT nv CHECK (a <> 7) NOT VALID, ADD CONSTRAINT other CHECK (id > 0);
		COMMENT ON CONSTRAINT c ON t IS 'check'`},
	{"statistics objects", `
		CREATE STATISTICS st (dependencies, mcv) ON a, id FROM t; ALTER STATISTICS st SET STATISTICS 77; COMMENT ON STATISTICS st IS 'stat';
		CREATE STATISTICS "S e" ON (a + 1) FROM t; CREATE STATISTICS other ON id, s FROM t; CREATE SCHEMA far; CREATE STATISTICS far.fst ON (a + 3), s FROM t; ALTER STATISTICS far.fst SET STATISTICS 0`},
	{"functions that only mention the table", `
		CREATE FUNCTION f(t) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'; CREATE FUNCTION g() RETURNS TABLE (x integer) LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT a FROM t; END'`},
	{"children that inherit, with dependents of their own", `
		ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ADD CONSTRAINT d CHECK (a < 1000); CREATE TABLE child (own integer) INHERITS (t); CREATE TABLE grandchild (CONSTRAINT g CHECK (a <> 5)) INHERITS (child);
		CREATE TABLE merged (id integer NOT NULL, a integer, s text, CONSTRAINT d CHECK (a < 1000)) INHERITS (t); COMMENT ON CONSTRAINT d ON merged IS 'both'; COMMENT ON CONSTRAINT c ON child IS 'inherited';
		CREATE VIEW v AS SELECT a FROM grandchild; CREATE INDEX gi ON grandchild ((a + 1)); CREATE STATISTICS gs ON a, own FROM grandchild`},
	{"names that need quotes in a schema of their own", `
		CREATE SCHEMA "My ""Schema"""; CREATE VIEW "My ""Schema"""."a view; --" AS SELECT a AS "A ""b""", 'x;' AS c FROM t; COMMENT ON COLUMN "My ""Schema"""."a view; --"."A ""b""" IS 'c';
		GRANT SELECT ("A ""b""") ON "My ""Schema"""."a view; --" TO pg_monitor; CREATE STATISTICS "My ""Schema"""."st;" ON a, s FROM t`},
	{"a view that calls what another schema has under a system's name", `
		CREATE SCHEMA evil; CREATE FUNCTION evil.abs(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT abs(a), evil.abs(id) AS e FROM t`},
}

const tableT = `
	CREATE SEQUENCE q;
	CREATE TABLE t (id integer PRIMARY KEY, a integer, s text);
	INSERT INTO t SELECT i, NULL, 's' || i FROM generate_series(1, 3) i;`

func TestWhatStandsInTheWayOfATypeComesBackAsItWas(t *testing.T) {
	for _, test := range retyped {
		t.Run(test.name, func(t *testing.T) {
			everyVersion(t, tableT+test.ddl, func(d *database) {
				before := d.state()
				first := d.with(of(column("t.a")), "ALTER TABLE public.t ALTER a TYPE bigint")
				plain := strings.NewReplacer("bigint", "integer").Replace
				d.same("after the change", plain(d.state()), plain(before))
				d.undo(first, of(column("t.a")), "ALTER TABLE public.t ALTER a TYPE integer")
				d.same("after the change back", d.state(), before)
			})
		})
	}
}

// Expressions take up the conversions of the types that a column has had, so only the first set brings back what there was.
func TestTheFirstSetUndoesAlsoWhatATypeWroteIntoExpressions(t *testing.T) {
	const ddl = tableT + `
		ALTER TABLE t ADD CHECK (a > 0), ADD CONSTRAINT e EXCLUDE USING btree (s WITH =) WHERE (a > 1); CREATE INDEX ON t ((a + 2)); CREATE STATISTICS st ON (a + 3) FROM t;
		CREATE VIEW v AS SELECT a + 4 AS b FROM t; ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a > 5);
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW WHEN (new.a > 6) EXECUTE FUNCTION f();
		CREATE RULE r AS ON INSERT TO t DO ALSO UPDATE t SET s = '' WHERE a > 7`
	everyVersion(t, ddl, func(d *database) {
		before := d.state()
		first := d.with(of(column("t.a")), "ALTER TABLE public.t ALTER a TYPE numeric(12,2)")
		if got := strings.Count(d.picture(), "::numeric"); got < 8 {
			t.Errorf("the server wrote %d conversions into expressions; the test wants them", got)
		}
		d.undo(first, of(column("t.a")), "ALTER TABLE public.t ALTER a TYPE integer")
		d.same("after the change back", d.state(), before)
	})
}
