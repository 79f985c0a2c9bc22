package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/provisioner/plan"
)

// UncheckedError says that the database was changed and the check after that failed.
type UncheckedError struct {
	Run string // the run that changed it, "" where nothing was to be changed
	Err error
}

// Error says what was changed and why it was not checked.
func (e *UncheckedError) Error() string {
	if e.Run == "" {
		return fmt.Sprintf("nothing was to be changed, and the check after that failed: %v", e.Err)
	}
	return fmt.Sprintf("the database was changed by the run %s, and the check after that failed; veil check makes it again: %v", e.Run, e.Err)
}

// Unwrap returns the cause.
func (e *UncheckedError) Unwrap() error { return e.Err }

// Options describe a run.
type Options struct {
	// Check describes the comparison: template, tenant (a database, not DDL), policies, mapping, keys.
	Check check.Options
	// Strategy is [plan.Safe] or [plan.Validated]; empty is safe.
	Strategy string
	// DryRun plans and looks at the catalog, and changes nothing.
	DryRun    bool
	Decisions executor.Decisions
	// State is the folder for journals and backups.
	State string
	// Patience is how long locks are asked for; zero is 30 s.
	Patience time.Duration
	// Failpoint is the executor's; tests use it.
	Failpoint func(executor.Point) error
	// Validators are asked about the plan beside the planner's own.
	Validators []plan.Validator
}

// The results of a run.
const (
	Completed     = "completed"      // the plan was carried out, or nothing was to be done
	Compensated   = "compensated"    // it failed, and everything is as it was
	NeedsDecision = "needs_decision" // nothing was changed; a person has to decide first
	Planned       = "planned"        // a dry run that needs no decision
)

// Outcome is how a run ended.
type Outcome struct {
	Before    *report.Report      `json:"before"`
	Plan      *plan.Plan          `json:"plan"`
	Result    string              `json:"result"`
	Decisions []executor.Decision `json:"decisions"`
	After     *report.Report      `json:"after"` // nil where nothing was changed
	Actions   []executor.Action   `json:"actions"`
	Run       string              `json:"run,omitempty"` // the journal's id, for a rollback
	// Cause is why the result is compensated, for a person.
	Cause string `json:"cause,omitempty"`
	// LeftOut are the template's event triggers, which would run code on every later change of the database.
	LeftOut []check.LeftOut `json:"left_out,omitempty"`
	// Timings are in milliseconds.
	Timings Timings `json:"timings_ms"`

	// Blueprint and Goals are all that the planner was given.
	Blueprint *plan.Blueprint `json:"-"`
	Goals     []plan.Goal     `json:"-"`
	// First is the first check, for callers on the tenant's side.
	First *check.Outcome `json:"-"`
	// Err is what Cause is the text of.
	Err error `json:"-"`
}

// Timings are how long the parts of a run took, in milliseconds.
type Timings struct {
	Template float64 `json:"template"` // checking, loading and reading the template's DDL
	Before   float64 `json:"before"`   // the first check
	FollowUp float64 `json:"follow_up"`
	Plan     float64 `json:"plan"`
	Apply    float64 `json:"apply"`
	After    float64 `json:"after"` // the second check
}

// Run checks, plans, applies and checks again. A plan that cannot be made is a *[plan.Refused].
func Run(ctx context.Context, server *check.Server, o Options) (*Outcome, error) {
	if o.Strategy == "" {
		o.Strategy = plan.Safe
	}
	if o.Check.Tenant.DSN == "" {
		return nil, errors.New("a database is provisioned, not a file; give its connection string")
	}
	r := &run{o: &o, server: server, out: &Outcome{Decisions: []executor.Decision{}, Actions: []executor.Action{}}}
	for _, part := range []struct {
		do   func(context.Context) error
		took *float64
	}{
		{r.template, &r.out.Timings.Template},
		{r.before, &r.out.Timings.Before},
		{r.followUp, &r.out.Timings.FollowUp},
		{r.plan, &r.out.Timings.Plan},
		{r.apply, &r.out.Timings.Apply},
		{r.after, &r.out.Timings.After},
	} {
		start := time.Now()
		err := part.do(ctx)
		*part.took = float64(time.Since(start).Microseconds()) / 1000
		if err != nil {
			return nil, err
		}
	}
	return r.out, nil
}

// run is one run under way.
type run struct {
	o       *Options
	server  *check.Server
	out     *Outcome
	ready   *template.Template
	answers *check.Answers
}

func (r *run) progress(step string) {
	if r.o.Check.Progress != nil {
		r.o.Check.Progress(step)
	}
}

// template loads the template's DDL once, for the comparison and for the plan.
func (r *run) template(ctx context.Context) error {
	r.progress("reading the template")
	if err := allowed(r.o.Check.Template); err != nil {
		return fmt.Errorf("the template: %w", err)
	}
	reading, d, err := check.ReadDesign(ctx, r.server, r.o.Check.Template)
	if err != nil {
		return fmt.Errorf("the template: %w", err)
	}
	if r.ready, err = check.TemplateOf(reading, r.o.Check); err != nil {
		return err
	}
	if r.out.Blueprint, err = blueprint(reading.Database, d); err != nil {
		return fmt.Errorf("the template: %w", err)
	}
	r.out.LeftOut = reading.LeftOut
	return nil
}

func (r *run) before(ctx context.Context) error {
	o := r.o.Check
	o.Ready, o.AllowEmpty = r.ready, true
	var err error
	if o.Mapping, err = r.mapping(ctx); err != nil {
		return err
	}
	first, err := check.Check(ctx, r.server, o)
	if err != nil {
		return err
	}
	r.out.First, r.out.Before = first, first.Report
	return nil
}

// mapping is the mapping without what an earlier run has renamed already, so that a run that ended without a word can be repeated.
func (r *run) mapping(ctx context.Context) (schema.Mapping, error) {
	m := r.o.Check.Mapping
	if len(m.Tables)+len(m.Columns) == 0 {
		return m, nil
	}
	conn, err := check.Connect(ctx, r.o.Check.Tenant.DSN)
	if err != nil {
		return m, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if !r.o.DryRun {
		if _, err := executor.Settle(ctx, conn, r.o.State); err != nil {
			return m, err
		}
	}
	return executor.Unrenamed(ctx, conn, m)
}

func (r *run) followUp(ctx context.Context) error {
	var err error
	r.answers, err = check.FollowUp(ctx, r.out.First, r.o.Check)
	return err
}

func (r *run) plan(context.Context) error {
	r.progress("planning")
	now := time.Now().UTC()
	r.out.Goals = goals(r.ready, r.out.First.Exchange.Result.Verdicts, r.out.Blueprint, r.answers, template.DateOf(now))
	var err error
	r.out.Plan, err = plan.New(r.out.Blueprint, r.out.Goals, plan.Config{Strategy: r.o.Strategy, Template: r.ready.Digest(), Validators: r.o.Validators, Unsafe: unsafe})
	return err
}

// executor returns the executor's options.
func (r *run) executor() executor.Options {
	return executor.Options{
		Plan: r.out.Plan, Template: r.ready.Facts(), Mapping: r.out.First.Mapping, Schemas: r.o.Check.Tenant.Schemas, Decisions: r.o.Decisions,
		State: r.o.State, Patience: r.o.Patience, Failpoint: r.o.Failpoint, Progress: r.o.Check.Progress,
	}
}

func (r *run) apply(ctx context.Context) error {
	conn, err := check.Connect(ctx, r.o.Check.Tenant.DSN)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if r.o.DryRun {
		return r.inspect(ctx, conn)
	}
	result, err := executor.Apply(ctx, conn, r.executor())
	var unknown *executor.Indeterminate
	switch {
	case errors.As(err, &unknown), ctx.Err() != nil && err != nil:
		return err
	case err != nil:
		r.out.Result, r.out.Cause, r.out.Err = Compensated, err.Error(), err
		return nil
	}
	r.take(result.Actions, result.Decisions, Completed)
	r.out.Run = result.Run
	return nil
}

func (r *run) inspect(ctx context.Context, conn *pgx.Conn) error {
	res, err := executor.Inspect(ctx, conn, r.executor())
	if err != nil {
		return err
	}
	r.take(res.Actions, res.Decisions, Planned)
	return nil
}

func (r *run) take(actions []executor.Action, decisions []executor.Decision, otherwise string) {
	r.out.Actions, r.out.Result = append(r.out.Actions, actions...), otherwise
	if len(decisions) > 0 {
		r.out.Decisions, r.out.Result = decisions, NeedsDecision
	}
}

// after checks again, as a tenant does that has forgotten all of it.
func (r *run) after(ctx context.Context) error {
	if r.out.Result != Completed {
		return nil
	}
	o := r.o.Check
	o.Ready, o.AllowEmpty = r.ready, true
	if len(o.Tenant.Schemas) > 0 { // the new ones too
		o.Tenant.Schemas = slices.Clone(o.Tenant.Schemas)
		for _, act := range r.out.Actions {
			if act.Schema != "" {
				o.Tenant.Schemas = append(o.Tenant.Schemas, act.Schema)
			}
		}
	}
	o.Mapping = schema.Mapping{Schemas: r.out.First.Mapping.Schemas} // tables and columns have the template's names now
	last, err := check.Check(ctx, r.server, o)
	if err != nil {
		return &UncheckedError{Run: r.out.Run, Err: err}
	}
	r.out.After = last.Report
	return nil
}
