package provision_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/fill"
	"github.com/veilschema/veil/internal/testenv/random"
	"github.com/veilschema/veil/provisioner/plan"
)

// propertyCases is how many cases a run of all tests tries, and a long run.
const (
	propertyCases     = 2000
	propertyCasesLong = 6000
	casesPerDatabase  = 40
)

// A random schema is damaged at random, provisioned, and conforms; what it could not be given is only what a decision left out, and
// a rollback brings back structure and rows. $VEIL_CASE runs one case, $VEIL_CASES another number of them.
func TestDamagedSchemasConformAfterProvisioning(t *testing.T) {
	cases := propertyCases
	switch {
	case testenv.Long():
		cases = propertyCasesLong
	case testing.Short():
		cases = 100
	}
	if n, err := strconv.Atoi(os.Getenv("VEIL_CASES")); err == nil {
		cases = n
	}
	first := 0
	if n, err := strconv.Atoi(os.Getenv("VEIL_CASE")); err == nil {
		first, cases = n, n+1
	}
	var next, conform, skipped, steps, undone, failures atomic.Int64
	next.Store(int64(first))
	var group sync.WaitGroup
	try := func(t *testing.T) { // a catalog in which thousands of tables came and went is slow
		w := newWorkbench(t)
		for n := 0; n < casesPerDatabase && failures.Load() < 10; n++ {
			seed := next.Add(1) - 1
			if seed >= int64(cases) {
				return
			}
			result, err := w.run(uint64(seed), cases == first+1)
			if err != nil {
				failures.Add(1)
				t.Errorf("case %d: %v", seed, err)
				continue
			}
			steps.Add(int64(result.steps))
			skipped.Add(int64(result.skipped))
			if result.skipped == 0 {
				conform.Add(1)
			}
			if result.undone {
				undone.Add(1)
			}
		}
	}
	for range 2 {
		group.Go(func() {
			for next.Load() < int64(cases) && failures.Load() < 10 {
				t.Run("", try)
			}
		})
	}
	group.Wait()
	t.Logf("%d cases, %d steps: %d conform in all, in the others %d steps were left out by decision; %d were rolled back exactly",
		cases-first, steps.Load(), conform.Load(), skipped.Load(), undone.Load())
}

// workbench is a pair of databases that cases are tried in, one after the other.
type workbench struct {
	t                *testing.T
	template, tenant *tenant
	state            string
}

func newWorkbench(t *testing.T) *workbench {
	return &workbench{t: t, template: newTenant(t), tenant: newTenant(t), state: memory(t)}
}

// memory is a folder where fsync costs nothing, if the machine has one.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "veil-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

type propertyResult struct {
	steps, skipped int
	undone         bool
}

// run is one case.
func (w *workbench) run(seed uint64, loud bool) (*propertyResult, error) {
	ctx := context.Background()
	ddl := random.Schema(seed)
	for _, d := range []*tenant{w.template, w.tenant} {
		if err := reset(ctx, d.conn, ddl); err != nil {
			return nil, err
		}
	}
	changes, err := random.Damage(ctx, w.tenant.conn, seed)
	if err != nil {
		return nil, err
	}
	if seed%2 == 0 { // with rows; where they cannot be made, there are none
		if _, err := fill.Rows(ctx, w.tenant.conn, fill.Options{RowsPerTable: 4, Seed: seed}); err != nil {
			return nil, fmt.Errorf("filling: %w", err)
		}
	}
	if loud {
		w.t.Log(strings.Join(ddl, ";\n"))
		for _, c := range changes {
			w.t.Log(c)
		}
	}
	result, err := w.provision(ctx, seed, loud)
	if err != nil {
		return nil, fmt.Errorf("%w\nafter %v", err, changes)
	}
	return result, nil
}

func reset(ctx context.Context, conn *pgx.Conn, ddl []string) error {
	statements := append([]string{"DROP SCHEMA public CASCADE", "CREATE SCHEMA public"}, ddl...)
	if _, err := conn.PgConn().Exec(ctx, strings.Join(statements, ";\n")).ReadAll(); err != nil {
		return fmt.Errorf("loading: %w", err)
	}
	return nil
}

func (w *workbench) provision(ctx context.Context, seed uint64, loud bool) (*propertyResult, error) {
	o, t, err := w.plan(ctx, seed)
	if err != nil {
		return nil, err
	}
	before, err := memento.Structure(ctx, w.tenant.conn, []string{"public"})
	if err != nil {
		return nil, err
	}
	result := &propertyResult{steps: len(o.Plan.Steps)}
	left := make(map[string]bool)
	done, err := w.decided(ctx, o, left, loud)
	if err != nil {
		return nil, err
	}
	for _, a := range done.Actions {
		if a.Do == executor.Skip {
			result.skipped++
			left[a.Step] = true
		}
	}
	if err := w.conforms(ctx, t, o.Plan, left); err != nil {
		return nil, err
	}
	if !loud && seed%4 > 1 { // half of them, in pairs with and without rows
		return result, nil
	}
	if done.Run == "" || slices.ContainsFunc(done.Actions, func(a executor.Action) bool { return a.Forward }) {
		return result, nil
	}
	if err := executor.Rollback(ctx, w.tenant.conn, done.Run, o); err != nil {
		return nil, fmt.Errorf("rolling back: %w", err)
	}
	after, err := memento.Structure(ctx, w.tenant.conn, []string{"public"})
	if err != nil {
		return nil, err
	}
	if diff := memento.Diff(before, after); len(diff) > 0 {
		return nil, fmt.Errorf("after the rollback: %v", diff)
	}
	result.undone = true
	return result, nil
}

// plan plans from the verdicts of a plain comparison; that encrypted ones are the same is shown elsewhere.
func (w *workbench) plan(ctx context.Context, seed uint64) (executor.Options, *template.Template, error) {
	o := executor.Options{State: filepath.Join(w.state, strconv.FormatUint(seed, 10)), Decisions: executor.Decisions{}} // a run looks at all before it
	db, design, err := introspect.ReadDesign(ctx, w.template.conn, introspect.Options{})
	if err != nil {
		return o, nil, err
	}
	b, err := provision.Blueprint(db, design)
	if err != nil {
		return o, nil, err
	}
	facts, _, err := db.Facts(schema.Mapping{})
	if err != nil {
		return o, nil, err
	}
	t, err := template.Build(template.Meta{Slug: "random", Version: "1"}, facts, nil)
	if err != nil {
		return o, nil, err
	}
	mine, err := w.facts(ctx)
	if err != nil {
		return o, nil, err
	}
	strategy := plan.Safe
	if seed%8 < 2 { // with rows and without
		strategy = plan.Validated
	}
	o.Template = t.Facts()
	o.Plan, err = plan.New(b, provision.Goals(t, verdicts(t, mine), b, nil, "2026-01-01"), plan.Config{
		Strategy: strategy, Template: t.Digest(), Unsafe: provision.Unsafe,
	})
	return o, t, err
}

func (w *workbench) facts(ctx context.Context) (schema.Facts, error) {
	db, err := introspect.Read(ctx, w.tenant.conn, introspect.Options{})
	if err != nil {
		return nil, err
	}
	facts, _, err := db.Facts(schema.Mapping{})
	return facts, err
}

func verdicts(t *template.Template, mine schema.Facts) []schema.Verdict {
	list := make([]schema.Verdict, len(t.Judged))
	for i, j := range t.Judged {
		list[i] = schema.Absent
		if mine.Has(j.Fact) {
			list[i] = schema.Present
		}
	}
	return list
}

// decided applies the plan, deciding for the template what is asked and leaving out what comes up again.
func (w *workbench) decided(ctx context.Context, o executor.Options, left map[string]bool, loud bool) (*executor.Result, error) {
	for round := 0; ; round++ {
		done, err := executor.Apply(ctx, w.tenant.conn, o)
		if err != nil {
			return nil, err
		}
		if len(done.Decisions) == 0 {
			return done, nil
		}
		if round == 12 {
			return nil, fmt.Errorf("still asked: %s: %s", done.Decisions[0].ID, done.Decisions[0].Why)
		}
		for _, q := range done.Decisions {
			before := o.Decisions[q.ID]
			if before.Choice == executor.ChooseSkip {
				return nil, fmt.Errorf("%s is asked again though it is to be left out: %s", q.ID, q.Why)
			}
			o.Decisions[q.ID] = propertyAnswer(q, before)
			if loud {
				w.t.Logf("%s: %s -> %+v", q.ID, q.Why, o.Decisions[q.ID])
			}
		}
	}
}

// propertyAnswer tries what leads to the template first.
func propertyAnswer(q executor.Decision, before executor.Answer) executor.Answer {
	a := executor.Answer{ID: q.ID, Choice: executor.ChooseSkip}
	if before.Choice != "" {
		return a
	}
	for _, c := range q.Choices {
		switch c.Choice {
		case executor.ChooseConvert, executor.ChooseNumber, executor.ChooseClear:
			a.Choice = c.Choice
			return a
		case executor.ChooseRename:
			a.Choice, a.Value = c.Choice, "moved_away"
			return a
		}
	}
	return a
}

// conforms says which facts are absent although no decision left them out.
func (w *workbench) conforms(ctx context.Context, t *template.Template, p *plan.Plan, left map[string]bool) error {
	mine, err := w.facts(ctx)
	if err != nil {
		return err
	}
	excused := make(map[schema.Fact]bool)
	for i := range p.Steps {
		if left[p.Steps[i].ID] {
			for _, f := range p.Steps[i].Facts {
				excused[f] = true
			}
		}
	}
	for i, v := range verdicts(t, mine) {
		if f := t.Judged[i].Fact; v != schema.Present && !excused[f] {
			return fmt.Errorf("the fact [%s] is absent, and no decision left it out", f)
		}
	}
	return nil
}
