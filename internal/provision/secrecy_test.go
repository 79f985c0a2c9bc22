package provision_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/provision"
)

// oddities give a tenant names of its own everywhere: %[1]s begins all of them. Verdicts are the same whatever it is.
const oddities = `
	DO $$ DECLARE r record; n integer := 0; BEGIN
		FOR r IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE connamespace = 'cdm'::regnamespace ORDER BY 1, 2 LOOP
			n := n + 1; EXECUTE format('ALTER TABLE %%s RENAME CONSTRAINT %%I TO %%I', r.t, r.conname, '%[1]s key ' || n);
		END LOOP;
		FOR r IN SELECT indexrelid::regclass AS x FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'cdm'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY indexrelid::regclass::text LOOP
			n := n + 1; EXECUTE format('ALTER INDEX %%s RENAME TO %%I', r.x, '%[1]s index ' || n);
		END LOOP;
		FOR r IN SELECT oid::regclass AS t FROM pg_class WHERE relnamespace = 'cdm'::regnamespace AND relkind = 'r' ORDER BY 1 LOOP
			EXECUTE format('ALTER TABLE %%s ADD COLUMN %%I text DEFAULT %%L CHECK (%%2$I <> %%L)', r.t, '%[1]s_note', '%[1]s default', '%[1]s check');
			EXECUTE format('COMMENT ON TABLE %%s IS %%L', r.t, '%[1]s comment');
		END LOOP;
	END $$;
	CREATE SCHEMA "%[1]s schema"; CREATE TABLE "%[1]s schema"."%[1]s table" ("%[1]s column" integer REFERENCES cdm.person);
	CREATE TYPE cdm."%[1]s mood" AS ENUM ('%[1]s sad', '%[1]s glad'); CREATE DOMAIN cdm."%[1]s code" AS text CHECK (VALUE <> '%[1]s value');
	ALTER TABLE cdm.person ALTER gender_source_value TYPE cdm."%[1]s mood" USING NULL, ALTER race_source_value TYPE cdm."%[1]s code", ALTER year_of_birth TYPE bigint;
	ALTER TABLE cdm.note ALTER note_title SET DEFAULT '%[1]s title';
	CREATE VIEW cdm."%[1]s view" AS SELECT person_id AS "%[1]s id" FROM cdm.person;
	CREATE FUNCTION cdm."%[1]s function"("%[1]s argument" integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
	CREATE FUNCTION cdm."%[1]s guard"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER "%[1]s trigger" BEFORE UPDATE ON cdm.person FOR EACH ROW EXECUTE FUNCTION cdm."%[1]s guard"();
	ALTER TABLE cdm.person ENABLE ROW LEVEL SECURITY; CREATE POLICY "%[1]s policy" ON cdm.person USING (true);
	CREATE SEQUENCE cdm."%[1]s sequence"; CREATE INDEX "%[1]s more" ON cdm.person ((race_source_value || '%[1]s expression'));
	INSERT INTO "%[1]s schema"."%[1]s table" VALUES (NULL)`

// names are what the catalog calls things outside of the system's schemas.
const names = `WITH ns AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
	SELECT nspname FROM ns
	UNION SELECT relname FROM pg_class WHERE relnamespace IN (SELECT oid FROM ns)
	UNION SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace IN (SELECT oid FROM ns) AND attnum > 0
	UNION SELECT conname FROM pg_constraint WHERE connamespace IN (SELECT oid FROM ns)
	UNION SELECT typname FROM pg_type WHERE typnamespace IN (SELECT oid FROM ns)
	UNION SELECT enumlabel FROM pg_enum
	UNION SELECT proname FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ns)
	UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
	UNION SELECT polname FROM pg_policy`

// Two tenants with the same verdicts and other names get the same plan, byte for byte, and none of their names is in it.
func TestAPlanHoldsNoNameThatOnlyTheTenantHas(t *testing.T) {
	const old, next = "omop_cdm_v5_3", "omop_cdm_v5_4"
	loaded := newTenant(t)
	loaded.load(t, next, ddl(t, next))
	known := catalog(t, loaded.conn)
	s, r := server(t), rand.New(rand.NewPCG(3, 4))
	var first []byte
	for range 2 {
		odd := fmt.Sprintf("Ödd-%08x", r.Uint32())
		d := newTenant(t)
		d.load(t, old, ddl(t, old))
		d.exec(t, fmt.Sprintf(oddities, odd))
		o := options(t, d, next, ddl(t, next))
		o.DryRun = true
		o.Check.Withholding = consent(t)
		out, err := provision.Run(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		text := planText(t, out)
		if len(out.Plan.Steps) < 30 || !strings.Contains(string(text), `"was":"bigint"`) {
			t.Errorf("the plan has %d steps and does not say what a type was", len(out.Plan.Steps))
		}
		secret := 0
		for name := range catalog(t, d.conn) {
			if known[name] {
				continue
			}
			secret++
			if holds(text, name) {
				t.Errorf("the plan holds %q", name)
			}
		}
		if secret < 100 || holds(text, odd) {
			t.Errorf("%d names are the tenant's own", secret)
		}
		if first != nil && !bytes.Equal(text, first) {
			t.Error("another tenant with the same verdicts has another plan")
		}
		first = text
	}
}

// consent is the policy of a tenant that answers follow-up comparisons.
func consent(t *testing.T) *template.Withholding {
	t.Helper()
	w, err := template.ParseWithholding([]byte("follow_up: [type, default]\n"))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// planText is the plan as everybody sees it.
func planText(t *testing.T, out *provision.Outcome) []byte {
	t.Helper()
	text, err := json.Marshal(out.Plan)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// catalog returns the names in a database.
func catalog(t *testing.T, conn *pgx.Conn) map[string]bool {
	t.Helper()
	rows, err := conn.Query(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	set := make(map[string]bool, len(list))
	for _, name := range list {
		set[name] = true
	}
	return set
}

// holds says whether a text has a name in it that is not just a part of a longer one.
func holds(text []byte, name string) bool {
	return bytes.Contains(text, []byte(name)) && regexp.MustCompile(`(^|[^\pL\pN_$])`+regexp.QuoteMeta(name)+`($|[^\pL\pN_$])`).Match(text)
}

func TestThePlanOfTheDemoHoldsNothingOfTheTenants(t *testing.T) {
	d := newTenant(t)
	d.load(t, "tenant", demo.TenantSQL())
	policy, err := template.ParsePolicy(demo.PolicyYAML())
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, d, "demo", demo.TemplateSQL())
	o.DryRun, o.Check.Policy = true, policy
	o.Check.Mapping = schema.Mapping{Schemas: map[string]string{demo.TenantSchema: demo.TemplateSchema}}
	out, err := provision.Run(t.Context(), server(t), o)
	if err != nil {
		t.Fatal(err)
	}
	text := planText(t, out)
	for _, name := range demo.TenantOnly() {
		if bytes.Contains(text, []byte(name)) {
			t.Errorf("the plan holds %q", name)
		}
	}
	if len(out.Plan.Steps) < 5 {
		t.Errorf("the plan has %d steps", len(out.Plan.Steps))
	}
}
