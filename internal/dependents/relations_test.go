package dependents_test

import (
	"context"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/dependents"
)

func ofRelation(name string) func(context.Context, dependents.Querier) (*dependents.Set, error) {
	return func(ctx context.Context, q dependents.Querier) (*dependents.Set, error) {
		return dependents.OfRelation(ctx, q, "public", name)
	}
}

func ofKey(table, constraint string) func(context.Context, dependents.Querier) (*dependents.Set, error) {
	return func(ctx context.Context, q dependents.Querier) (*dependents.Set, error) {
		return dependents.OfKey(ctx, q, "public", table, constraint)
	}
}

func TestAViewIsMadeAnewAndAllElseIsAsItWas(t *testing.T) {
	const more = `
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
		CREATE TRIGGER i INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f(); COMMENT ON TRIGGER i ON v IS 'instead';
		CREATE RULE r AS ON DELETE TO v DO INSTEAD NOTHING; COMMENT ON VIEW v IS 'it'; COMMENT ON COLUMN v.id IS 'its column'; GRANT SELECT ON v TO PUBLIC; GRANT SELECT (a) ON v TO pg_monitor;
		ALTER VIEW v ALTER a SET DEFAULT 3; CREATE VIEW w AS SELECT a FROM v; CREATE MATERIALIZED VIEW m AS SELECT * FROM w; CREATE INDEX ON m (a);
		CREATE TABLE o (x integer); ALTER TABLE o ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON o USING (x IN (SELECT a FROM v)); CREATE VIEW rows AS SELECT v FROM v`
	everyVersion(t, tableT+`CREATE VIEW v WITH (security_barrier) AS SELECT id, a FROM t WHERE a > 7;`+more, func(d *database) {
		before := d.state()
		d.with(ofRelation("v"), "DROP VIEW public.v", "CREATE VIEW public.v WITH (security_barrier=true) AS SELECT id, a FROM public.t WHERE a > 8")
		d.same("afterwards", strings.ReplaceAll(d.state(), "> 8", "> 7"), before)
	})
	everyVersion(t, tableT+`
		CREATE MATERIALIZED VIEW v AS SELECT id, a FROM t WHERE a > 7; CREATE UNIQUE INDEX odd ON v (id); COMMENT ON INDEX odd IS 'index'; ALTER MATERIALIZED VIEW v CLUSTER ON odd;
		CREATE STATISTICS st ON id, a FROM v; CREATE VIEW w AS SELECT id FROM v; GRANT SELECT ON v TO pg_monitor; ALTER MATERIALIZED VIEW v ALTER a SET STATISTICS 4`, func(d *database) {
		before := d.state()
		d.with(ofRelation("v"), "DROP MATERIALIZED VIEW public.v", "CREATE MATERIALIZED VIEW public.v AS SELECT id, a FROM public.t WHERE a > 8")
		d.same("afterwards", strings.ReplaceAll(d.state(), "> 8", "> 7"), before)
	})
}

func TestAKeyIsReplacedAndWhatPointsToItIsAsItWas(t *testing.T) {
	const ddl = tableT + `
		ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, id); COMMENT ON CONSTRAINT u ON t IS 'unique'; COMMENT ON CONSTRAINT t_pkey ON t IS 'key'; COMMENT ON INDEX t_pkey IS 'index';
		ALTER TABLE t CLUSTER ON t_pkey; ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey; ALTER INDEX t_pkey DEPENDS ON EXTENSION plpgsql;
		CREATE TABLE o (x integer REFERENCES t, y integer, CONSTRAINT f FOREIGN KEY (x, y) REFERENCES t (id, a) ON DELETE CASCADE NOT VALID); COMMENT ON CONSTRAINT f ON o IS 'f';
		ALTER TABLE t ADD up integer CONSTRAINT self REFERENCES t DEFERRABLE; CREATE TABLE p (x integer REFERENCES t) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p DEFAULT;
		CREATE VIEW grouped AS SELECT id, a, s FROM t GROUP BY id; CREATE VIEW w AS SELECT s FROM grouped; CREATE VIEW beside AS SELECT id FROM t;
		CREATE RULE r AS ON INSERT TO o DO ALSO INSERT INTO t (id) VALUES (new.x) ON CONFLICT ON CONSTRAINT t_pkey DO NOTHING`
	everyVersion(t, ddl, func(d *database) {
		before := d.state()
		set := d.with(ofKey("t", "t_pkey"), "ALTER TABLE public.t DROP CONSTRAINT t_pkey", "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id)")
		d.same("the primary key", d.state(), before)
		if got := strings.Join(set.Aside, ", "); strings.Contains(got, "beside") || strings.Contains(got, "foreign key f ") {
			t.Errorf("more stepped aside than had to: %s", got)
		}
		d.with(ofKey("t", "u"), "ALTER TABLE public.t DROP CONSTRAINT u", "ALTER TABLE public.t ADD CONSTRAINT u UNIQUE (a, id)")
		d.same("the unique constraint", d.state(), before)
	})
}

func TestTheKeyOfPartitionsIsReplaced(t *testing.T) {
	const ddl = `
		CREATE TABLE k (id integer, CONSTRAINT kk PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE k1 PARTITION OF k DEFAULT;
		CREATE TABLE o (x integer CONSTRAINT f REFERENCES k); CREATE VIEW v AS SELECT id, count(*) FROM k GROUP BY id`
	everyVersion(t, ddl, func(d *database) {
		before := d.state()
		d.with(ofKey("k", "kk"), "ALTER TABLE public.k DROP CONSTRAINT kk", "ALTER TABLE public.k ADD CONSTRAINT kk PRIMARY KEY (id)")
		d.same("afterwards", d.state(), before)
	})
}

func TestARelationOrKeyOfAnotherKindIsAnError(t *testing.T) {
	d := open(t, testPostgres(t), tableT+`ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)`)
	d.run("BEGIN")
	for _, name := range []string{"t", "q", "none"} {
		if _, err := ofRelation(name)(t.Context(), d.conn); err == nil || !strings.Contains(err.Error(), "no view") {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
	for _, name := range []string{"c", "none"} {
		if _, err := ofKey("t", name)(t.Context(), d.conn); err == nil || !strings.Contains(err.Error(), "no primary key or unique constraint") {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}
