package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/provisioner/plan"
)

// demoTenant is the example tenant's database while the demo runs.
type demoTenant struct {
	scratch *postgres.Scratch
	conn    *pgx.Conn
	dsn     string
	state   string // folder of journals, which goes with the demo
}

// newDemoTenant makes the database, with rows.
func newDemoTenant(ctx context.Context, server *check.Server) (*demoTenant, error) {
	d := &demoTenant{}
	var err error
	if d.scratch, err = server.Scratch(ctx); err != nil {
		return nil, err
	}
	if _, err = d.scratch.Load(ctx, demo.TenantFile, demo.TenantSQL(), postgres.LoadOptions{}); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	if d.conn, err = d.scratch.Connect(ctx); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	if _, err = d.conn.PgConn().Exec(ctx, demo.TenantRowsSQL()).ReadAll(); err != nil {
		return nil, errors.Join(fmt.Errorf("the example's rows: %w", err), d.close(ctx))
	}
	c := d.conn.Config()
	d.dsn = fmt.Sprintf("host='%s' port=%d user=%s password=%s dbname=%s", c.Host, c.Port, c.User, c.Password, c.Database)
	if d.state, err = os.MkdirTemp("", "veil-demo-"); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	return d, nil
}

func (d *demoTenant) close(ctx context.Context) error {
	if d.conn != nil {
		d.conn.Close(context.WithoutCancel(ctx))
	}
	err := d.scratch.Close(context.WithoutCancel(ctx))
	if d.state != "" {
		err = errors.Join(err, os.RemoveAll(d.state))
	}
	return err
}

// demoRun is what the demo did, before it is shown.
type demoRun struct {
	asked         *provision.Outcome // of a dry run: the first check, the plan and the decisions needed
	answers       executor.Decisions
	done          *provision.Outcome
	before, after *holdings
	back          error // why there is no way back
	kept          *search
	audited       *demoAudit
	looked, whole time.Duration
}

// runDemo checks the example tenant's database, brings it to the template and asks for the way back.
func (a *app) runDemo(ctx context.Context, server *check.Server, policy *template.Policy, dir string, progress func(string)) (r *demoRun, err error) {
	start := time.Now()
	progress("starting the service")
	service, err := a.newDemoService(ctx, server.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, service.close()) }()
	progress("making the tenant's database")
	d, err := newDemoTenant(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close(ctx)) }()
	o := provision.Options{
		Check: check.Options{
			Template: check.Source{Texts: []check.Text{{Name: demo.TemplateFile, Text: demo.TemplateSQL()}}}, Tenant: check.Source{DSN: d.dsn},
			Meta:   template.Meta{Slug: demo.TemplateSlug, Version: demo.TemplateVersion, Title: demo.TemplateTitle},
			Policy: policy, Workers: a.config.Workers, Generator: "veil " + version(), Progress: progress,
			Compare: service.comparing(d.state, a.config.Workers, progress),
		},
		Strategy: plan.Validated, State: d.state, DryRun: true,
	}
	r = &demoRun{}
	if r.asked, err = provision.Run(ctx, server, o); err != nil {
		return nil, err
	}
	r.looked = time.Since(start)
	if r.before, err = holdingsOf(ctx, d.conn, r.asked.Decisions); err != nil {
		return nil, err
	}
	if r.answers, err = executor.ParseDecisions(bytes.NewReader(demo.DecisionsYAML())); err != nil {
		return nil, err
	}
	o.DryRun, o.Decisions = false, r.answers
	if r.done, err = provision.Run(ctx, server, o); err != nil {
		return nil, err
	}
	if r.after, err = r.before.again(ctx, d.conn); err != nil {
		return nil, err
	}
	r.back = executor.Rollback(ctx, d.conn, r.done.Run, executor.Options{State: d.state})
	progress("searching what the service keeps")
	if err := r.search(ctx, a, service, dir); err != nil {
		return nil, err
	}
	progress("auditing the first check")
	if r.audited, err = service.audit(ctx, service.sessions[0]); err != nil {
		return nil, err
	}
	r.whole = time.Since(start)
	return r, nil
}

// search dumps the service's database, looks for what only the tenant has, and leaves the dump in the folder for the results, if there is one.
func (r *demoRun) search(ctx context.Context, a *app, s *demoService, dir string) error {
	path, err := s.dump(ctx, a.config.Postgres.Bin)
	if err != nil {
		return err
	}
	if r.kept, err = s.searchDump(path, r.asked.First.Facts); err != nil || dir == "" {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "service.sql"), text)
}

// provisionedDemo shows how the database was brought to the template. It says whether all of it came out as it should.
func (p *paper) provisionedDemo(r *demoRun) bool {
	good := p.demoPlan(r)
	good = p.demoResult(r) && good
	good = p.demoOwn(r) && good
	good = p.demoBack(r) && good
	return p.demoSearch(r.kept) && good
}

// demoPlan writes the plan, what was found locally, and the decisions with their answers. It says whether every
// question has one, and no other was answered.
func (p *paper) demoPlan(r *demoRun) bool {
	p.title("FROM THE VERDICTS TO A PLAN")
	p.wrapped("  ", capital(planSummary(r.done.Plan))+".", plain)
	p.plan(r.done.Plan)
	p.locks(r.done)
	p.here(r.done)
	p.title("WHAT A PERSON AT THE TENANT DECIDES BEFORE ANYTHING IS CHANGED")
	all := len(r.asked.Decisions) > 0 && len(r.asked.Decisions) == len(r.answers)
	for _, q := range r.asked.Decisions {
		answer := r.answers[q.ID]
		p.wrapped("  ", capital(q.Why)+".", plain)
		at := slices.IndexFunc(q.Choices, func(c executor.Choice) bool { return c.Choice == answer.Choice })
		if at < 0 {
			all = false
			p.wrapped("    UNDECIDED  ", q.ID, red)
			continue
		}
		p.wrapped("    "+padded(answer.Choice, 8)+"  ", q.Choices[at].Means, green)
	}
	p.ran(r.done)
	return all
}

// statementsShown is how many statements of a step the demo shows.
const statementsShown = 4

// ran shows the SQL of the steps that a person has to think about: those that lose something, and those that are not as planned.
func (p *paper) ran(out *provision.Outcome) {
	p.title("WHAT RAN FOR THESE, AND WHERE SOMETHING WAS IN THE WAY")
	for _, act := range out.Actions {
		if len(act.SQL) == 0 || act.Do != executor.Adapt && !act.Forward && len(act.Changed) == 0 {
			continue
		}
		p.printf(dim, "  -- %s", act.Step)
		for i, text := range act.SQL {
			if i == statementsShown {
				p.printf(dim, "  -- and %s", count(len(act.SQL)-i, "statement", "statements"))
				break
			}
			p.wrapped("  ", text+";", plain)
		}
	}
}

// demoResult writes what the run came to, and says whether the database conforms now and did not before.
func (p *paper) demoResult(r *demoRun) bool {
	p.title("THE RESULT")
	done := r.done
	if done.Result != provision.Completed {
		p.wrapped("  ", "NOT DONE: "+done.Result+" "+done.Cause, red)
		return false
	}
	p.compared(done.Before, done.After)
	t := done.Timings
	p.blank()
	p.wrapped("  times   ", fmt.Sprintf("check %s, plan %s, carry out and verify %s, check again %s; the demo %s",
		ms(t.Before), ms(t.Plan), ms(t.Apply), ms(t.After), took(r.whole)), plain)
	return done.Before.Verdict == template.DoesNotConform && done.After.Verdict == template.Conforms
}

// demoOwn writes what became of what only the tenant has, and looks for its names in all that the planner was given.
func (p *paper) demoOwn(r *demoRun) bool {
	p.title("WHAT IS THE TENANT'S OWN")
	kept := r.before.kept(r.after)
	p.wrapped("  facts   ", fmt.Sprintf("%d about names that only the tenant has; still there: %d", len(r.before.facts), kept), plain)
	rows, columns := r.before.size()
	changed := r.before.differing(r.after)
	p.wrapped("  rows    ", fmt.Sprintf("%d in %d tables, %d columns: %s", rows, len(r.before.tables), columns, sameWords(changed)), plain)
	p.wrapped("          ", "(without what was decided about: "+strings.Join(r.before.decided, ", ")+")", plain)
	given, err := json.Marshal(struct{ Blueprint, Goals any }{r.done.Blueprint, r.done.Goals})
	if err != nil {
		p.wrapped("  ", "what the planner was given cannot be written: "+err.Error(), red)
		return false
	}
	leaked := found(given)
	for _, name := range leaked {
		p.wrapped("  ", "LEAKED: the name "+name, red)
	}
	p.wrapped("  names   ", fmt.Sprintf("%d that only the tenant has, searched for in all that the planner was given (%d bytes: the template, and verdicts); found: %d",
		len(demo.TenantOnly()), len(given), len(leaked)), plain)
	return len(r.before.facts) > 0 && kept == len(r.before.facts) && rows > 0 && len(changed) == 0 && len(leaked) == 0
}

func sameWords(changed []string) string {
	if len(changed) == 0 {
		return "all equal before and after"
	}
	return "NOT EQUAL: " + strings.Join(changed, ", ")
}

// ms writes milliseconds.
func ms(n float64) string { return fmt.Sprintf("%.0f ms", n) }

// found returns the names that only the tenant has and that occur in text.
func found(text []byte) []string {
	text = bytes.ToLower(text)
	return slices.DeleteFunc(demo.TenantOnly(), func(name string) bool { return !bytes.Contains(text, []byte(strings.ToLower(name))) })
}

// demoBack shows that the run cannot be taken back, since a column is gone for good. It says whether that was refused.
func (p *paper) demoBack(r *demoRun) bool {
	p.title("AND BACK")
	no, refused := errors.AsType[*executor.NoRollbackError](r.back)
	if !refused {
		p.wrapped("  ", fmt.Sprintf("NOT REFUSED, although a column was removed (%v)", r.back), red)
		return false
	}
	p.wrapped("  ", capital(no.Error())+".", plain)
	p.wrapped("  ", "Without such a step, veil provision rollback brings structure and rows back exactly.", plain)
	return true
}
