package demo_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// today is the day on which the tests judge, within the waiver's term.
const today = template.Date("2026-06-01")

// load returns the database that a DDL makes on a server.
func load(t *testing.T, server *postgres.Server, name string, ddl []byte) *schema.Database {
	t.Helper()
	scratch := testenv.Scratch(t, server)
	report, err := scratch.Load(t.Context(), name, ddl, postgres.LoadOptions{RefuseEventTriggers: true})
	if err != nil {
		t.Fatalf("%s does not load: %v", name, err)
	}
	if len(report.Skipped) != 0 {
		t.Errorf("%s: %v was left out", name, report.Skipped)
	}
	conn, err := scratch.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	d, err := introspect.Read(t.Context(), conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// facts returns those of a DDL, with its schema mapped onto the template's.
func facts(t *testing.T, server *postgres.Server, name string, ddl []byte, from string) schema.Facts {
	t.Helper()
	d := load(t, server, name, ddl)
	f, _, err := d.Facts(schema.Mapping{Schemas: map[string]string{from: demo.TemplateSchema}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// judged is a demo that was checked in clear.
type judged struct {
	template *template.Template
	outcome  template.Outcome
	own      schema.Facts // the template's
	tenant   schema.Facts
}

// failing returns the judged facts that do not hold, waived or not, without the members of any_of groups.
func (j judged) failing() []schema.Fact {
	var f []schema.Fact
	for i, standing := range j.outcome.Facts {
		if standing == template.Failed || standing == template.Waived {
			f = append(f, j.template.Judged[i].Fact)
		}
	}
	return f
}

// check compares the demo by plain set membership.
func check(t *testing.T, server *postgres.Server) judged {
	t.Helper()
	j := judged{
		own:    facts(t, server, demo.TemplateFile, demo.TemplateSQL(), demo.TemplateSchema),
		tenant: facts(t, server, demo.TenantFile, demo.TenantSQL(), demo.TenantSchema),
	}
	meta := template.Meta{Slug: demo.TemplateSlug, Version: demo.TemplateVersion, Title: demo.TemplateTitle}
	var err error
	if j.template, err = template.Compile(meta, j.own, demo.PolicyYAML()); err != nil {
		t.Fatal(err)
	}
	verdicts := make([]schema.Verdict, len(j.template.Judged))
	for i, fact := range j.template.Judged {
		verdicts[i] = schema.Absent
		if j.tenant.Has(fact.Fact) {
			verdicts[i] = schema.Present
		}
	}
	if j.outcome, err = j.template.Judge(verdicts, today); err != nil {
		t.Fatal(err)
	}
	return j
}

// onEveryServer runs a test on every version of PostgreSQL that there is.
func onEveryServer(t *testing.T, test func(t *testing.T, server *postgres.Server)) {
	t.Helper()
	for i, server := range testenv.PostgresVersions(t) {
		t.Run(fmt.Sprintf("server %d", i), func(t *testing.T) { test(t, server) })
	}
}

func TestTheCheckFindsTheTenDeviationsAndNothingElse(t *testing.T) {
	deviations := demo.Deviations()
	if len(deviations) != 10 {
		t.Fatalf("got %d deviations, want 10", len(deviations))
	}
	onEveryServer(t, func(t *testing.T, server *postgres.Server) {
		j := check(t, server)
		shown := map[string]int{}
		for _, f := range j.failing() {
			var of []string
			for _, d := range deviations {
				if d.Shows(f) {
					of = append(of, d.Name)
					shown[d.Name]++
				}
			}
			if len(of) != 1 {
				t.Errorf("%s shows the deviations %v, want one", f, of)
			}
		}
		for _, d := range deviations {
			if shown[d.Name] == 0 {
				t.Errorf("%s shows in no fact", d.Name)
			}
		}
		if j.outcome.Verdict != template.DoesNotConform {
			t.Errorf("got %v, want that it does not conform", j.outcome.Verdict)
		}
		if len(j.outcome.Groups) != 1 || j.outcome.Groups[0].Standing != template.Met {
			t.Errorf("got %v, want one any_of group, met by the alternative", j.outcome.Groups)
		}
	})
}

func TestEveryDeviationShowsUnderItsRule(t *testing.T) {
	j := check(t, testenv.Postgres(t))
	for i, standing := range j.outcome.Facts {
		f, rule := j.template.Judged[i].Fact, j.template.Judged[i].Rule
		for _, d := range demo.Deviations() {
			if !d.Shows(f) || standing == template.Met {
				continue
			}
			if d.Forbidden != (rule == template.RuleForbidden) || d.Waived != (standing == template.Waived) {
				t.Errorf("%s: %s is %v and %v", d.Name, f, rule, standing)
			}
		}
	}
}

func TestWhereTheTenantDoesNotDeviateItMeansTheSame(t *testing.T) {
	onEveryServer(t, func(t *testing.T, server *postgres.Server) {
		j := check(t, server)
		for _, f := range j.own.Minus(j.tenant) {
			known := f.Kind == schema.KindColumnType && f.Name == "external_id" // the alternative that the policy allows
			for _, d := range demo.Deviations() {
				known = known || d.Shows(f)
			}
			if !known {
				t.Errorf("the tenant lacks %s, which is no deviation", f)
			}
		}
		if extra := j.tenant.Minus(j.own); len(extra) < 40 {
			t.Errorf("the tenant has %d facts of its own, want 40 and more", len(extra))
		}
	})
}

func TestTheTemplateIsARealisticOne(t *testing.T) {
	d := load(t, testenv.Postgres(t), demo.TemplateFile, demo.TemplateSQL())
	f, coverage, err := d.Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	count := f.Count()
	if count[schema.KindTable] < 24 || len(f) < 600 {
		t.Errorf("got %d tables and %d facts, want 24 and 600 at least", count[schema.KindTable], len(f))
	}
	for _, kind := range []schema.Kind{
		schema.KindColumn, schema.KindColumnType, schema.KindNotNull, schema.KindDefault, schema.KindIdentity, schema.KindGenerated,
		schema.KindPrimaryKey, schema.KindUnique, schema.KindForeignKey, schema.KindCheck, schema.KindExclusion, schema.KindIndex,
		schema.KindPartitionKey, schema.KindPartition, schema.KindEnum, schema.KindDomain, schema.KindSequence, schema.KindView,
		schema.KindTrigger, schema.KindFunction, schema.KindRowSecurity,
	} {
		if count[kind] == 0 {
			t.Errorf("it has no %s", kind)
		}
	}
	t.Logf("%d facts, %v; coverage %+v", len(f), count, coverage)
}

func TestNamesOfTheTenantsOwnAreNowhereInTheTemplate(t *testing.T) {
	clear := append(demo.TemplateSQL(), demo.PolicyYAML()...)
	for _, name := range demo.TenantOnly() {
		if bytes.Contains(clear, []byte(name)) {
			t.Errorf("%s is in the template too", name)
		}
		if !bytes.Contains(demo.TenantSQL(), []byte(name)) {
			t.Errorf("%s is not in the tenant's schema", name)
		}
	}
}

func TestDeviationsHaveNamesOfTheirOwnAndSentences(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range demo.Deviations() {
		if seen[d.Name] || d.Name == "" || !strings.HasSuffix(d.Sentence, ".") || len(d.Facts) == 0 {
			t.Errorf("%q is not described: %+v", d.Name, d)
		}
		seen[d.Name] = true
	}
}

// Rows in every table make provisioning the example do something, on every version of PostgreSQL.
func TestEveryTableOfTheTenantHasRows(t *testing.T) {
	onEveryServer(t, func(t *testing.T, server *postgres.Server) {
		scratch := testenv.Scratch(t, server)
		if _, err := scratch.Load(t.Context(), demo.TenantFile, demo.TenantSQL(), postgres.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		conn, err := scratch.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.PgConn().Exec(t.Context(), demo.TenantRowsSQL()).ReadAll(); err != nil {
			t.Fatal(err)
		}
		d, err := introspect.Read(t.Context(), conn, introspect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range d.Tables {
			var any bool
			name := schema.Quote(table.Schema) + "." + schema.Quote(table.Name)
			if err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM "+name+")").Scan(&any); err != nil || !any {
				t.Errorf("%s has no row (%v)", name, err)
			}
		}
	})
}

func TestTheTenantDecidesOnWhatItsDeviationsAsk(t *testing.T) {
	made, err := executor.ParseDecisions(bytes.NewReader(demo.DecisionsYAML()))
	if err != nil {
		t.Fatal(err)
	}
	want := executor.Decisions{
		"lossy:claims.members.ssn":               {ID: "lossy:claims.members.ssn", Choice: executor.ChooseRemove},
		"lossy:claims.observations.value_number": {ID: "lossy:claims.observations.value_number", Choice: executor.ChooseConvert},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Error(diff)
	}
}

func TestTheFilesAreCopies(t *testing.T) {
	for name, file := range map[string]func() []byte{
		"template": demo.TemplateSQL, "policy": demo.PolicyYAML, "tenant": demo.TenantSQL, "decisions": demo.DecisionsYAML,
	} {
		clear(file())
		if len(bytes.Trim(file(), "\x00")) == 0 {
			t.Errorf("whoever changes the %s changes it for all", name)
		}
	}
}
