package provision_test

import (
	"testing"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/testenv"
)

// An empty database that is provisioned, and one that the template's own DDL was loaded into, have the same facts: all of them, not
// only those that are judged.
func TestAnEmptyDatabaseBecomesTheTemplate(t *testing.T) {
	names := []string{
		"adventureworks", "chinook", "fhirbase_4_0_0", "gisia_2026", "gitlab_11_ce", "killbill_0_24_21", "mediawiki_1_43", "mimic_iii", "mimic_iv_v3_1",
		"mojaloop_central_ledger", "northwind", "omop_cdm_v5_4", "omop_cdm_v6_0", "osm_website_2015", "osm_website_2026", "synthea_v330", "tpc_c_benchbase",
	}
	if testenv.Long() {
		names = append(names, "gitlab_18")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			text := ddl(t, name)
			loaded := newTenant(t)
			loaded.load(t, name, text)
			want := loaded.facts(t)
			d := newTenant(t)
			out, err := provision.Run(t.Context(), server(t), options(t, d, name, text))
			if err != nil {
				t.Fatal(err)
			}
			show(t, out)
			for i, q := range out.Decisions {
				if i < 10 {
					t.Log(q.ID, q.Why)
				}
			}
			if out.Result != provision.Completed || out.After.Verdict != template.Conforms {
				t.Fatal(out.Result)
			}
			got := d.facts(t)
			for i, f := range want.Minus(got) {
				if i < 20 {
					t.Errorf("only in the loaded one: %s", f)
				}
			}
			for i, f := range got.Minus(want) {
				if i < 20 {
					t.Errorf("only in the provisioned one: %s", f)
				}
			}
		})
	}
}

// What the template has in a schema that is new here is read by the check afterwards, although only another one was to be read.
func TestANewSchemaIsReadAfterwards(t *testing.T) {
	d := newTenant(t)
	d.exec(t, "CREATE SCHEMA app; CREATE TABLE app.t (a integer)")
	o := options(t, d, "two-schemas", []byte("CREATE SCHEMA app; CREATE TABLE app.t (a integer); CREATE SCHEMA more; CREATE TABLE more.x (a integer)"))
	o.Check.Tenant.Schemas = []string{"app"}
	out, err := provision.Run(t.Context(), server(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if out.Result != provision.Completed || out.After.Verdict != template.Conforms {
		t.Fatal(out.Result, out.Cause, out.Decisions)
	}
}
