package executor_test

import (
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// What a role or a database sets for its sessions changes nothing.
func TestSettingsOfTheRoleDoNotMatter(t *testing.T) {
	server := testenv.Postgres(t)
	d := open(t, server, `CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
	p := readTemplate(t, server, `CREATE TABLE t (a int CHECK (NOT (a = NULL)), b timestamptz DEFAULT '2000-02-01 00:00:00+00' NOT NULL)`)
	made, err := plan.New(&p.blueprint, p.goals(d.facts(schema.Mapping{}), nil, false), plan.Config{Strategy: plan.Validated})
	if err != nil {
		t.Fatal(plan.AsRefused(err))
	}
	d.run(`SET default_transaction_isolation = 'serializable'; SET default_transaction_read_only = on; SET transform_null_equals = on; SET DateStyle = 'German';
		SET TimeZone = 'Asia/Kathmandu'; SET search_path = public; SET statement_timeout = 100000; SET quote_all_identifiers = on; SET row_security = on`)
	result, err := executor.Apply(t.Context(), d.conn, executor.Options{Plan: made, Template: p.facts, State: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Decisions) > 0 {
		t.Fatal(result.Decisions[0].Why)
	}
	if got := d.text("SHOW transform_null_equals"); got != "on" {
		t.Errorf("afterwards the session's setting is %s", got)
	}
	d.run("RESET ALL")
	if missing := p.facts.Minus(d.facts(schema.Mapping{})); len(missing) > 0 {
		t.Errorf("missing: %s", missing[0])
	}
}
