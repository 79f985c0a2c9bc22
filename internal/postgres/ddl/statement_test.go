package ddl_test

import (
	"slices"
	"testing"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

// parse reads the first piece of a text.
func parse(t *testing.T, sql string) ddl.Statement {
	t.Helper()
	p, ok := ddl.NewSplitter([]byte(sql)).Next()
	if !ok || p.Kind != ddl.PieceStatement {
		t.Fatalf("%q is no statement", sql)
	}
	return ddl.Parse(p)
}

func TestStatementsAreReadByTheirFirstWords(t *testing.T) {
	for sql, want := range map[string]ddl.Action{
		"CREATE TABLE t (i int)":                                  ddl.ActionRun,
		"create /* x */ table t (i int)":                          ddl.ActionRun,
		`CREATE TABLE "grant" (i int)`:                            ddl.ActionRun,
		"ALTER TABLE t ADD COLUMN owner text":                     ddl.ActionRun,
		"ALTER TABLE t RENAME owner TO x":                         ddl.ActionRun,
		"ALTER TABLE t RENAME COLUMN owner TO x":                  ddl.ActionRun,
		"ALTER TABLE t RENAME CONSTRAINT owner TO x":              ddl.ActionRun,
		"COMMENT ON TABLE t IS 'x'":                               ddl.ActionRun,
		"CREATE USER MAPPING FOR x SERVER y":                      ddl.ActionRun,
		"INSERT INTO t VALUES (1)":                                ddl.ActionRun,
		"BEGIN":                                                   ddl.ActionRunAlone,
		"COMMIT;":                                                 ddl.ActionRunAlone,
		"CREATE INDEX CONCURRENTLY i ON t (a)":                    ddl.ActionRunAlone,
		"CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)":             ddl.ActionRunAlone,
		"ALTER TABLE t DETACH PARTITION p CONCURRENTLY":           ddl.ActionRunAlone,
		"ALTER TYPE e ADD VALUE 'x'":                              ddl.ActionRunAlone,
		"VACUUM t":                                                ddl.ActionRunAlone,
		"COPY t FROM PROGRAM 'x'":                                 ddl.ActionRunAlone,
		"SET CONSTRAINTS ALL DEFERRED":                            ddl.ActionRunAlone,
		"SET search_path = x":                                     ddl.ActionSet,
		"SET LOCAL work_mem = '1MB'":                              ddl.ActionSet,
		"RESET ALL":                                               ddl.ActionSet,
		"SET statement_timeout = 0":                               ddl.ActionSkip,
		"SET SESSION lock_timeout = 0":                            ddl.ActionSkip,
		"SET transaction_timeout = 0":                             ddl.ActionSkip,
		"SET ROLE x":                                              ddl.ActionSkip,
		"SET SESSION AUTHORIZATION 'x'":                           ddl.ActionSkip,
		"ALTER TABLE t OWNER TO x;":                               ddl.ActionSkip,
		`ALTER FUNCTION f(a int, b "x y") OWNER TO "X";`:          ddl.ActionSkip,
		"ALTER TYPE e OWNER TO x;":                                ddl.ActionSkip,
		"ALTER TABLE owner OWNER TO x":                            ddl.ActionSkip,
		"GRANT SELECT ON t TO x":                                  ddl.ActionSkip,
		"REVOKE ALL ON SCHEMA public FROM PUBLIC":                 ddl.ActionSkip,
		"ALTER DEFAULT PRIVILEGES GRANT SELECT ON x TO y":         ddl.ActionSkip,
		"CREATE ROLE x":                                           ddl.ActionSkip,
		"CREATE USER x PASSWORD 'y'":                              ddl.ActionSkip,
		"ALTER ROLE x SET search_path = y":                        ddl.ActionSkip,
		"CREATE PUBLICATION p FOR ALL TABLES":                     ddl.ActionSkip,
		"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p":       ddl.ActionSkip,
		"SECURITY LABEL ON TABLE t IS 'x'":                        ddl.ActionSkip,
		"COMMENT ON EXTENSION x IS 'y'":                           ddl.ActionSkip,
		"CREATE PROCEDURAL LANGUAGE plpgsql":                      ddl.ActionSkip,
		"COPY public.t (a, b) FROM /* x */ stdin;":                ddl.ActionCopyIn,
		"COPY (SELECT a FROM b) TO STDOUT":                        ddl.ActionRefuse,
		"CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()": ddl.ActionEventTrigger,
		"ALTER EVENT TRIGGER e ENABLE ALWAYS":                     ddl.ActionEventTrigger,
		"CREATE EXTENSION x":                                      ddl.ActionExtension,
	} {
		st := parse(t, sql)
		if st.Action != want {
			t.Errorf("%s: got action %d, want %d", sql, st.Action, want)
		}
		if skipped := want == ddl.ActionSkip || want == ddl.ActionCopyIn || want == ddl.ActionEventTrigger || want == ddl.ActionRefuse; skipped != (st.Reason.String() != "") {
			t.Errorf("%s: reason %q", sql, st.Reason)
		}
	}
}

func TestExtensionsAreReadWithTheirSchema(t *testing.T) {
	for sql, want := range map[string]ddl.Extension{
		"CREATE EXTENSION Hstore": {Name: "hstore"},
		`CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;`:         {Name: "uuid-ossp", Schema: "public"},
		`CREATE EXTENSION x SCHEMA "My Schema" VERSION '1.0' CASCADE`:            {Name: "x", Schema: "My Schema"},
		"CREATE EXTENSION IF NOT EXISTS btree_gist WITH VERSION '1' SCHEMA ext;": {Name: "btree_gist", Schema: "ext"},
	} {
		if st := parse(t, sql); st.Extension == nil || *st.Extension != want {
			t.Errorf("%s: got %+v, want %+v", sql, st.Extension, want)
		}
	}
}

func TestSchemasAreMadeWithoutTheirOwner(t *testing.T) {
	for sql, want := range map[string]string{
		"CREATE SCHEMA a;":                                  "CREATE SCHEMA a;",
		"CREATE SCHEMA public;":                             "CREATE SCHEMA IF NOT EXISTS public",
		"CREATE SCHEMA a AUTHORIZATION b;":                  `CREATE SCHEMA "a"`,
		"CREATE SCHEMA AUTHORIZATION b":                     `CREATE SCHEMA "b"`,
		`CREATE SCHEMA IF NOT EXISTS "A""" AUTHORIZATION b`: `CREATE SCHEMA IF NOT EXISTS "A"""`,
		"CREATE SCHEMA AUTHORIZATION CURRENT_USER":          "CREATE SCHEMA AUTHORIZATION CURRENT_USER",
		"CREATE SCHEMA a CREATE TABLE t (i int)":            "CREATE SCHEMA a CREATE TABLE t (i int)",
	} {
		if st := parse(t, sql); st.SQL != want {
			t.Errorf("%s: sent as %s, want %s", sql, st.SQL, want)
		}
	}
}

func TestPoliciesNameTheirRoles(t *testing.T) {
	for sql, want := range map[string][]string{
		"CREATE POLICY p ON t USING (true)":                                   nil,
		"CREATE POLICY p ON t TO PUBLIC USING (true)":                         nil,
		`CREATE POLICY p ON t FOR SELECT TO a, "B c", CURRENT_USER USING (x)`: {"a", "B c"},
		"CREATE POLICY p ON t TO a WITH CHECK (true)":                         {"a"},
		"ALTER POLICY p ON t RENAME TO q":                                     nil,
		"ALTER POLICY p ON t TO a, a":                                         {"a"},
	} {
		if st := parse(t, sql); !slices.Equal(st.Roles, want) {
			t.Errorf("%s: got %q, want %q", sql, st.Roles, want)
		}
	}
}
