package provision_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/provisioner/plan"
)

const benchmarkOld, benchmarkNew = "omop_cdm_v5_3", "omop_cdm_v5_4"

// Planning alone: from the template's facts, read and spelt, and verdicts, to a plan with its digest.
func BenchmarkPlan(b *testing.B) {
	to := newTenant(b)
	to.load(b, benchmarkNew, ddl(b, benchmarkNew))
	db, design, err := introspect.ReadDesign(b.Context(), to.conn, introspect.Options{})
	if err != nil {
		b.Fatal(err)
	}
	blueprint, err := provision.Blueprint(db, design)
	if err != nil {
		b.Fatal(err)
	}
	t, err := template.Build(template.Meta{Slug: benchmarkNew, Version: "1"}, to.facts(b), nil)
	if err != nil {
		b.Fatal(err)
	}
	from := newTenant(b)
	from.load(b, benchmarkOld, ddl(b, benchmarkOld))
	goals := provision.Goals(t, verdicts(t, from.facts(b)), blueprint, nil, template.DateOf(time.Now()))
	var p *plan.Plan
	for b.Loop() {
		if p, err = plan.New(blueprint, goals, plan.Config{Strategy: plan.Safe}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(p.Steps)), "steps")
}

// The whole loop with rows in every table: read and compile the template, check, plan, apply with a memento, check again. The median of
// each part is reported in milliseconds.
func BenchmarkProvision(b *testing.B) {
	file, err := os.Open(filepath.Join("testdata", "decisions", benchmarkOld+"-"+benchmarkNew+".yaml"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	decisions, err := executor.ParseDecisions(file)
	if err != nil {
		b.Fatal(err)
	}
	s, parts := server(b), make(map[string][]float64)
	for b.Loop() {
		b.StopTimer()
		d := newTenant(b)
		d.load(b, benchmarkOld, ddl(b, benchmarkOld))
		d.fill(b, 10)
		d.exec(b, tidy[benchmarkOld])
		o := options(b, d, benchmarkNew, ddl(b, benchmarkNew))
		o.Check.Workers, o.Decisions = 1, decisions
		b.StartTimer()
		out, err := provision.Run(b.Context(), s, o)
		if err != nil {
			b.Fatal(err)
		}
		if out.Result != provision.Completed || out.After.Verdict != template.Conforms {
			b.Fatalf("%s %s", out.Result, out.Cause)
		}
		t := out.Timings
		for name, took := range map[string]float64{
			"template-ms": t.Template, "before-ms": t.Before, "plan-ms": t.Plan, "apply-ms": t.Apply, "after-ms": t.After,
			"loop-ms": t.Template + t.Before + t.FollowUp + t.Plan + t.Apply + t.After,
		} {
			parts[name] = append(parts[name], took)
		}
	}
	for name, list := range parts {
		slices.Sort(list)
		b.ReportMetric(list[len(list)/2], name)
	}
}
