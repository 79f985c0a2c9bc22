package executor_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// Whoever holds a table that a foreign key will point at, or that points at a key that changes, is waited for before the run begins, so that no
// lock is held while it waits for another.
func TestTablesThatForeignKeysJoinAreLockedFirst(t *testing.T) {
	server := testenv.Postgres(t)
	for _, c := range []struct{ says, tenant, template, held string }{
		{
			"the target of a new key", `CREATE TABLE a (x int); CREATE TABLE z (x int PRIMARY KEY)`,
			`CREATE TABLE z (x int PRIMARY KEY); CREATE TABLE a (x int REFERENCES z)`, "z",
		},
		{
			"a table of the tenant's own that points at a column that changes", `CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE own (x int REFERENCES a)`,
			`CREATE TABLE a (x bigint PRIMARY KEY)`, "own",
		},
		{
			"a table of the tenant's own that points at a key that makes room", `CREATE TABLE a (x int PRIMARY KEY, y int NOT NULL); CREATE TABLE own (x int REFERENCES a)`,
			`CREATE TABLE a (x int NOT NULL, y int PRIMARY KEY)`, "own",
		},
	} {
		t.Run(c.says, func(t *testing.T) {
			d := open(t, server, c.tenant)
			p := readTemplate(t, server, c.template)
			made, err := plan.New(&p.blueprint, p.goals(d.facts(schema.Mapping{}), nil, false), plan.Config{Strategy: plan.Safe})
			if err != nil {
				t.Fatal(plan.AsRefused(err))
			}
			other, err := pgx.ConnectConfig(t.Context(), d.conn.Config())
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close(t.Context())
			for _, sql := range []string{"BEGIN", "LOCK TABLE " + c.held + " IN ROW EXCLUSIVE MODE"} {
				if _, err := other.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			state := t.TempDir()
			if _, err := executor.Apply(t.Context(), d.conn, executor.Options{Plan: made, Template: p.facts, State: state, Patience: 300 * time.Millisecond}); err == nil {
				t.Fatal("it did not wait")
			}
			if runs, err := memento.List(state); err != nil || len(runs) > 0 {
				t.Errorf("%d runs began without their locks, %v", len(runs), err)
			}
		})
	}
}
