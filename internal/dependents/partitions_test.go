package dependents_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/dependents"
)

// partitioned has names and comments on the partitions that PostgreSQL would not give again by itself.
const partitioned = `
	CREATE TABLE o (x integer PRIMARY KEY);
	CREATE TABLE p (id integer NOT NULL, a integer NOT NULL, s text) PARTITION BY RANGE (id);
	CREATE TABLE "P 1" (id integer NOT NULL, a integer NOT NULL, s text, CONSTRAINT odd_pk PRIMARY KEY (id, a), CONSTRAINT odd_u UNIQUE (a, id));
	COMMENT ON CONSTRAINT odd_pk ON "P 1" IS 'its key'; COMMENT ON INDEX odd_u IS 'its index';
	CREATE INDEX odd_i ON "P 1" (a) WITH (fillfactor=55); CREATE INDEX odd_e ON "P 1" ((a + 1)); COMMENT ON INDEX odd_i IS 'odd'; ALTER INDEX odd_e ALTER COLUMN 1 SET STATISTICS 44;
	CREATE INDEX own ON "P 1" (a, s); CREATE INDEX own_e ON "P 1" ((a + 2)); COMMENT ON INDEX own IS 'own';
	CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (s);
	CREATE TABLE p21 PARTITION OF p2 FOR VALUES IN ('x'); CREATE TABLE p22 PARTITION OF p2 DEFAULT;
	ALTER TABLE p ATTACH PARTITION "P 1" FOR VALUES FROM (0) TO (10);`

var partitionedDependents = []struct{ name, ddl string }{
	{"indexes with names of their own on the partitions", `
		CREATE INDEX i ON p (a) WITH (fillfactor=66); CREATE INDEX e ON p ((a + 1)); COMMENT ON INDEX i IS 'all'; CREATE INDEX c ON p (s) WHERE a > 0; CREATE INDEX alone ON ONLY p (a, s)`},
	{"keys of a table in partitions by one column", `
		CREATE TABLE k (id integer, a integer, CONSTRAINT kk PRIMARY KEY (id), CONSTRAINT ku UNIQUE (id, a) WITH (fillfactor=60)) PARTITION BY RANGE (id);
		CREATE TABLE k1 (id integer NOT NULL, a integer, CONSTRAINT k1_key PRIMARY KEY (id), CONSTRAINT k1_unique UNIQUE (id, a) WITH (fillfactor=61)); COMMENT ON CONSTRAINT k1_unique ON k1 IS 'odd';
		ALTER TABLE k ATTACH PARTITION k1 FOR VALUES FROM (0) TO (10); ALTER TABLE k1 CLUSTER ON k1_unique; ALTER TABLE k ALTER a SET NOT NULL; ALTER TABLE k1 REPLICA IDENTITY USING INDEX k1_unique;
		 ALTER TABLE k REPLICA IDENTITY USING INDEX ku;
		CREATE TABLE far (x integer, y integer, CONSTRAINT f FOREIGN KEY (x, y) REFERENCES k (id, a)); COMMENT ON CONSTRAINT f ON far IS 'to partitions'`},
	{"a rule that names a key of the partitions", `
		ALTER TABLE p ADD CONSTRAINT u UNIQUE (id, s, a); CREATE RULE r AS ON INSERT TO o DO ALSO INSERT INTO p (id) VALUES (new.x) ON CONFLICT ON CONSTRAINT u DO NOTHING`},
	{"foreign keys of a table in partitions", `
		ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o DEFERRABLE; COMMENT ON CONSTRAINT f ON p IS 'from partitions';
		ALTER TABLE "P 1" ADD CONSTRAINT own_f FOREIGN KEY (a) REFERENCES o NOT VALID`},
	{"triggers whose copies differ", `
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE TRIGGER g AFTER UPDATE OF a ON p FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER h AFTER UPDATE ON p FOR EACH ROW WHEN (new.a > 1) EXECUTE FUNCTION f();
		ALTER TABLE p21 DISABLE TRIGGER g; COMMENT ON TRIGGER g ON p21 IS 'copy'; ALTER TABLE p DISABLE TRIGGER h; ALTER TABLE "P 1" ENABLE REPLICA TRIGGER h;
		CREATE TRIGGER own BEFORE UPDATE OF a ON p22 FOR EACH ROW EXECUTE FUNCTION f()`},
	{"checks, statistics, views and policies on partitions", `
		ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0); ALTER TABLE p21 ADD CONSTRAINT own_c CHECK (a < 100); COMMENT ON CONSTRAINT c ON p IS 'check';
		CREATE STATISTICS st ON a, s FROM p; CREATE STATISTICS st1 ON a, s FROM p21; CREATE VIEW v AS SELECT a FROM p; CREATE VIEW w AS SELECT a FROM p22;
		ALTER TABLE p2 ENABLE ROW LEVEL SECURITY; CREATE POLICY y ON p2 USING (a > 0); ALTER TABLE p21 ALTER s SET STORAGE EXTERNAL`},
}

func TestWhatStandsInTheWayOnPartitionsComesBackAsItWas(t *testing.T) {
	for _, test := range partitionedDependents {
		t.Run(test.name, func(t *testing.T) {
			everyVersion(t, partitioned+test.ddl, func(d *database) {
				targets, to, back := []dependents.Target{column("p.a")}, "ALTER TABLE public.p ALTER a TYPE bigint", "ALTER TABLE public.p ALTER a TYPE integer"
				if strings.Contains(test.ddl, "TABLE k ") {
					targets, to, back = []dependents.Target{column("k.a")}, strings.ReplaceAll(to, ".p", ".k"), strings.ReplaceAll(back, ".p", ".k")
				}
				plain := strings.NewReplacer("bigint", "integer").Replace
				before := d.state()
				first := d.with(of(targets...), to)
				d.same("after the change", plain(d.state()), plain(before))
				d.undo(first, of(targets...), back)
				d.same("after the change back", d.state(), before)
			})
		})
	}
}
