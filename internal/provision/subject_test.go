package provision_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/provision"
)

// subject is a tenant with rows, a template that it does not conform to, and all that a run takes: what crash tests run again and again.
type subject struct {
	*tenant
	whole provision.Options // of a run with both comparisons
	apply executor.Options  // of its middle part alone
	facts []schema.Fact     // that the template requires
	goals map[string]bool   // of the plan's steps
}

// clinic is the pair of testdata/clinic, which has every kind of step.
func clinic(t testing.TB, d *tenant) *subject {
	t.Helper()
	dir := filepath.Join("testdata", "clinic")
	d.exec(t, string(file(t, dir, "tenant.sql")))
	o := options(t, d, "clinic", file(t, dir, "template.sql"))
	var err error
	if o.Check.Mapping, err = schema.ParseMapping(file(t, dir, "mapping.yaml")); err != nil {
		t.Fatal(err)
	}
	o.Decisions = decisions(t, filepath.Join(dir, "decisions.yaml"))
	return newSubject(t, d, "clinic", o)
}

// omop is a real pair: OMOP 5.3 and 5.4.
func omop(t testing.TB, d *tenant) *subject {
	t.Helper()
	return newPair(t, d, "omop_cdm_v5_3", "omop_cdm_v5_4", ddl(t, "omop_cdm_v5_4"))
}

// newPair is a real schema with rows and what it is to become, decided as in the golden file.
func newPair(t testing.TB, d *tenant, from, to string, text []byte) *subject {
	t.Helper()
	d.load(t, from, ddl(t, from))
	d.fill(t, 10)
	d.exec(t, tidy[from])
	o := options(t, d, to, text)
	o.Decisions = decisions(t, filepath.Join("testdata", "decisions", from+"-"+to+".yaml"))
	return newSubject(t, d, from, o)
}

func file(t testing.TB, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decisions(t testing.TB, path string) executor.Decisions {
	t.Helper()
	d, err := executor.ParseDecisions(strings.NewReader(string(file(t, path))))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// plans are those of this process by the template's slug and what it was made for.
var plans struct {
	sync.Mutex
	made map[string]*subject // guarded by the mutex; without tenants
}

// newSubject plans once: the plan of a database that is as it was is the same every time.
func newSubject(t testing.TB, d *tenant, from string, o provision.Options) *subject {
	t.Helper()
	plans.Lock()
	defer plans.Unlock()
	key := from + " " + o.Check.Meta.Slug
	known := plans.made[key]
	if known == nil {
		known = planned(t, o)
		if plans.made == nil {
			plans.made = make(map[string]*subject)
		}
		plans.made[key] = known
	}
	s := *known
	s.tenant, s.whole, s.apply.State = d, o, o.State
	return &s
}

func planned(t testing.TB, o provision.Options) *subject {
	t.Helper()
	private := server(t)
	reading, _, err := check.ReadDesign(t.Context(), private, o.Check.Template)
	if err != nil {
		t.Fatal(err)
	}
	judged, err := check.TemplateOf(reading, o.Check)
	if err != nil {
		t.Fatal(err)
	}
	o.DryRun = true
	planned, err := provision.Run(t.Context(), private, o)
	if err != nil {
		t.Fatal(err)
	}
	if planned.Result != provision.Planned {
		for _, q := range planned.Decisions {
			t.Errorf("not decided: %s: %s", q.ID, q.Why)
		}
		t.Fatal(planned.Result)
	}
	s := &subject{goals: make(map[string]bool), apply: executor.Options{
		Plan: planned.Plan, Template: judged.Facts(), Mapping: planned.First.Mapping, Decisions: o.Decisions, Patience: time.Minute,
	}}
	for i := range planned.Plan.Steps {
		s.goals[planned.Plan.Steps[i].Goal] = true
	}
	for _, j := range judged.Judged {
		if j.Rule == template.RuleRequired {
			s.facts = append(s.facts, j.Fact)
		}
	}
	return s
}

// strategy changes the plan's strategy.
func (s *subject) strategy(name string) {
	changed := *s.apply.Plan
	changed.Strategy, changed.Steps = name, slices.Clone(changed.Steps)
	for i := range changed.Steps {
		changed.Steps[i].Strategy = name
	}
	s.apply.Plan, s.whole.Strategy = &changed, name
}

// reconnect opens a session, the tenant's new one.
func (s *subject) reconnect(t testing.TB) {
	t.Helper()
	s.conn.Close(context.Background())
	conn, err := pgx.Connect(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	s.conn = conn
	t.Cleanup(func() { conn.Close(context.Background()) })
}

// complete carries the plan out and returns the run.
func (s *subject) complete(t testing.TB) string {
	t.Helper()
	o := s.apply
	o.Mapping = s.mapping(t)
	result, err := executor.Apply(t.Context(), s.conn, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range result.Decisions {
		t.Errorf("not decided: %s: %s", q.ID, q.Why)
	}
	s.conforms(t)
	return result.Run
}

// mapping is the mapping without what is renamed already.
func (s *subject) mapping(t testing.TB) schema.Mapping {
	t.Helper()
	m, err := executor.Unrenamed(t.Context(), s.conn, s.apply.Mapping)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// conforms fails unless every fact that the template requires holds.
func (s *subject) conforms(t testing.TB) {
	t.Helper()
	have := factsOf(t, s.conn, s.apply.Mapping)
	for _, f := range s.facts {
		if !have[f] {
			t.Errorf("it does not hold: %s", f)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// factsOf are the facts of a database whose schemas have other names.
func factsOf(t testing.TB, conn *pgx.Conn, m schema.Mapping) map[schema.Fact]bool {
	t.Helper()
	db, err := introspect.Read(t.Context(), conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts, _, err := db.Facts(schema.Mapping{Schemas: m.Schemas})
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[schema.Fact]bool, len(facts))
	for _, f := range facts {
		out[f] = true
	}
	return out
}

// back rolls a run back.
func (s *subject) back(t testing.TB, run string) {
	t.Helper()
	if err := executor.Rollback(t.Context(), s.conn, run, s.apply); err != nil {
		t.Fatal(err)
	}
}

// latest settles what is not settled and returns the last recorded run, its zero value if none is.
func (s *subject) latest(t testing.TB) memento.Run {
	t.Helper()
	if _, err := executor.Latest(t.Context(), s.conn, s.apply.State); err != nil {
		t.Fatal(err)
	}
	runs, err := memento.List(s.apply.State)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(runs, func(r memento.Run) bool { return r.Status.Unfinished() }); i >= 0 {
		t.Fatalf("the run %s is still %s", runs[i].ID, runs[i].Status)
	}
	if len(runs) == 0 {
		return memento.Run{}
	}
	return runs[len(runs)-1]
}
