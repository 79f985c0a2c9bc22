package dependents_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/dependents"
)

func TestThingsAreMadeAgainAsTheyWere(t *testing.T) {
	const ddl = tableT + `
		ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) INCLUDE (s) WITH (fillfactor = 60) DEFERRABLE; COMMENT ON CONSTRAINT u ON t IS 'u'; COMMENT ON INDEX u IS 'index';
		ALTER TABLE t ADD CONSTRAINT "odd ""check" CHECK (a > 0) NOT VALID; COMMENT ON CONSTRAINT "odd ""check" ON t IS 'check';
		CREATE TABLE o (x integer, y integer); ALTER TABLE t ADD CONSTRAINT wide UNIQUE (id, a);
		ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (y, x) REFERENCES t (a, id) MATCH FULL ON DELETE SET NULL (y); COMMENT ON CONSTRAINT f ON o IS 'f';
		CREATE UNIQUE INDEX plain ON t (a DESC) WITH (fillfactor = 50); COMMENT ON INDEX plain IS 'plain'; ALTER TABLE t CLUSTER ON plain;
		CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (new.a > 1) EXECUTE FUNCTION g('x');
		ALTER TABLE t ENABLE ALWAYS TRIGGER g; COMMENT ON TRIGGER g ON t IS 'g'; CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE USING (a > 1) WITH CHECK (a > 2); COMMENT ON POLICY p ON t IS 'p';
		CREATE VIEW v WITH (security_barrier) AS SELECT id, a FROM t; COMMENT ON COLUMN v.a IS 'a'; GRANT SELECT (a) ON v TO pg_monitor;
		CREATE TABLE w (k integer, CONSTRAINT w_key PRIMARY KEY (k)) PARTITION BY LIST (k); CREATE TABLE w1 PARTITION OF w DEFAULT; COMMENT ON INDEX w1_pkey IS 'part'`
	for _, c := range []struct {
		what                 dependents.Thing
		relation, name, drop string
	}{
		{dependents.Constraint, "t", "u", "ALTER TABLE public.t DROP CONSTRAINT u"},
		{dependents.Constraint, "t", `odd "check`, `ALTER TABLE public.t DROP CONSTRAINT "odd ""check"`},
		{dependents.Constraint, "o", "f", "ALTER TABLE public.o DROP CONSTRAINT f"},
		{dependents.Constraint, "w", "w_key", "ALTER TABLE public.w DROP CONSTRAINT w_key"},
		{dependents.Index, "t", "plain", "DROP INDEX public.plain"},
		{dependents.Trigger, "t", "g", "DROP TRIGGER g ON public.t"},
		{dependents.Policy, "t", "p", "DROP POLICY p ON public.t"},
		{dependents.View, "v", "", "DROP VIEW public.v"},
	} {
		t.Run(c.relation+" "+c.name, func(t *testing.T) {
			everyVersion(t, ddl, func(d *database) {
				before := d.state()
				d.run("BEGIN", "SET LOCAL search_path = ''")
				again, err := dependents.Again(d.Context(), d.conn, c.what, "public", c.relation, c.name)
				if err != nil {
					t.Fatal(err)
				}
				d.run(c.drop)
				d.run(again...)
				d.run("COMMIT")
				d.same(strings.Join(again, "; "), d.state(), before)
			})
		})
	}
	d := open(t, testPostgres(t), ddl)
	d.run("BEGIN")
	if again, err := dependents.Again(t.Context(), d.conn, dependents.Index, "public", "t", "none"); err != nil || len(again) > 0 {
		t.Errorf("what is not there is made by %q, %v", again, err)
	}
}
