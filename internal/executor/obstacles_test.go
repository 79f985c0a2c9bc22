package executor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// obstacle is a tenant with something in the way of a template.
type obstacle struct {
	says             string
	tenant, template string
	mapping          schema.Mapping
	schemas          []string // that are read, none for all
	forbidden        []schema.Fact
	answers          string   // "id choice value" in lines, what a person decides
	asks             []string // what is asked when nothing was decided: "id: choice choice"
	does             []string // what is done about steps that are neither kept nor run as planned: "adapt goal"
	guarded          []string // the same, where it differs for a tenant that withholds its facts
	still            []string // what is asked when that was decided: then nothing is done
	check            string   // a query for one text on the tenant's rows afterwards
	want             string   // what it answers
	missing          []string // facts that do not hold afterwards, because a person said so
	forward          bool     // it has no rollback
}

// try runs an obstacle under a strategy: asked, decided, applied, conforming, rolled back.
func (o *obstacle) try(t *testing.T, server *postgres.Server, strategy string, withholds bool) {
	d := open(t, server, o.tenant)
	p := readTemplate(t, server, o.template)
	made, err := plan.New(&p.blueprint, p.goals(d.facts(o.mapping, o.schemas...), o.forbidden, withholds), plan.Config{Strategy: strategy})
	if err != nil {
		t.Fatal(plan.AsRefused(err))
	}
	opts := executor.Options{Plan: made, Template: p.facts, Mapping: o.mapping, Schemas: o.schemas, State: t.TempDir(), Patience: time.Second}
	before := d.picture()
	if len(o.asks) > 0 {
		result, err := executor.Apply(t.Context(), d.conn, opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := asked(result.Decisions); !slices.Equal(got, o.asks) {
			t.Errorf("asked\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(o.asks, "\n\t"))
			for _, q := range result.Decisions {
				t.Log(q.Why)
			}
		}
		d.same("undecided,", before, d.picture())
	}
	opts.Decisions = answers(t, o.answers)
	result, err := executor.Apply(t.Context(), d.conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := asked(result.Decisions); !slices.Equal(got, o.still) {
		t.Fatalf("still asked\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(o.still, "\n\t"))
	}
	if len(o.still) > 0 {
		d.same("not all decided,", before, d.picture())
		return
	}
	want := o.does
	if withholds && o.guarded != nil {
		want = o.guarded
	}
	done(t, made, result, want)
	o.conforms(t, d, p)
	o.back(t, d, result.Run, opts, before)
}

// done holds the actions against what was expected.
func done(t *testing.T, made *plan.Plan, result *executor.Result, want []string) {
	t.Helper()
	var does []string
	for _, a := range result.Actions {
		goal := "around the changes of types"
		if s := made.Step(a.Step); s != nil {
			goal = s.Goal
		}
		switch a.Do {
		case executor.Adapt, executor.Skip:
			does = append(does, string(a.Do)+" "+goal)
		}
	}
	if !slices.Equal(does, want) {
		t.Errorf("done\n\t%s\nwant\n\t%s", strings.Join(does, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// conforms says whether all facts of the template hold but those that were given up.
func (o *obstacle) conforms(t *testing.T, d *database, p *template) {
	t.Helper()
	facts := d.facts(schema.Mapping{Schemas: o.mapping.Schemas})
	var missing []string
	for _, f := range p.facts.Minus(facts) {
		missing = append(missing, f.String())
	}
	for _, f := range o.forbidden {
		if slices.Contains(facts, f) {
			t.Errorf("what is forbidden is there: %s", f)
		}
	}
	if !slices.Equal(missing, o.missing) {
		t.Errorf("missing\n\t%s\nwant\n\t%s", strings.Join(missing, "\n\t"), strings.Join(o.missing, "\n\t"))
	}
	if o.check != "" {
		if got := d.text(o.check); got != o.want {
			t.Errorf("%s is %q, want %q", o.check, got, o.want)
		}
	}
}

// back rolls back and holds the database against what it was.
func (o *obstacle) back(t *testing.T, d *database, run string, opts executor.Options, before string) {
	t.Helper()
	if run == "" {
		d.same("after nothing was to be done,", before, d.picture())
		return
	}
	err := executor.Rollback(t.Context(), d.conn, run, opts)
	if o.forward {
		if err == nil {
			t.Error("it was rolled back, and nothing should undo it")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	d.same("rolled back,", before, d.picture())
}

// answers reads lines of "id choice value".
func answers(t *testing.T, text string) executor.Decisions {
	t.Helper()
	out := make(executor.Decisions)
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(parts) < 2 {
			continue
		}
		a := executor.Answer{ID: parts[0], Choice: parts[1]}
		if len(parts) == 3 {
			a.Value = parts[2]
		}
		out[a.ID] = a
	}
	return out
}

// Every obstacle is met twice: by a tenant that answers all, under the strategy Safe, and by one that withholds everything, under Validated.
func TestObstacles(t *testing.T) {
	server := testenv.Postgres(t)
	for _, o := range slices.Concat(keyObstacles, columnObstacles, typeObstacles, objectObstacles, nameObstacles) {
		t.Run(o.says, func(t *testing.T) {
			t.Parallel()
			t.Run("known", func(t *testing.T) { o.try(t, server, plan.Safe, false) })
			if testing.Short() {
				return
			}
			t.Run("withheld", func(t *testing.T) { o.try(t, server, plan.Validated, true) })
		})
	}
}
