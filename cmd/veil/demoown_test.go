package main

import (
	"slices"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// What the demo says of the tenant's own would be worth nothing if it said so of anything.
func TestWhatIsTheTenantsOwnIsMissedWhenItChanges(t *testing.T) {
	scratch := testenv.Scratch(t, testenv.Postgres(t))
	if _, err := scratch.Load(t.Context(), demo.TenantFile, demo.TenantSQL(), postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	conn, err := scratch.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	run := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run(demo.TenantRowsSQL())
	ssn := executor.Decision{Fact: schema.Fact{Kind: schema.KindColumn, Schema: demo.TemplateSchema, Table: "members", Name: "ssn"}}
	for _, c := range []struct {
		name, sql string
		gone      bool     // facts are
		tables    []string // whose rows differ
	}{
		{"nothing changes", "SELECT 1", false, nil},
		{"a table is written anew", "CLUSTER riverside.claims USING claims_pkey", false, nil},
		{"a value changes", "UPDATE riverside.claims SET adjuster_second_opinion = 'none' WHERE id = 6", false, []string{"claims"}},
		{"a row goes", "DELETE FROM riverside.mainframe_import_1998 WHERE raw_record = '\\xdeadbeef'", false, []string{"mainframe_import_1998"}},
		{"a view goes", "DROP VIEW riverside.claims_in_litigation", true, nil},
		{"the decided column goes", "ALTER TABLE riverside.members DROP COLUMN ssn", false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := holdingsOf(t.Context(), conn, []executor.Decision{ssn})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(before.decided, []string{"members.ssn"}) || len(before.facts) < 40 {
				t.Errorf("got %d facts, and %q decided", len(before.facts), before.decided)
			}
			run(c.sql)
			after, err := before.again(t.Context(), conn)
			if err != nil {
				t.Fatal(err)
			}
			if gone := before.kept(after) < len(before.facts); gone != c.gone || !slices.Equal(before.differing(after), c.tables) {
				t.Errorf("facts are gone: %t, and rows differ in %q", gone, before.differing(after))
			}
		})
	}
}
