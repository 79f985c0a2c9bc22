package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/provisioner/plan"
)

// provisionFlags are the flags of veil provision.
type provisionFlags struct {
	database     sourceFlags // without DDL
	templateDDL  []string
	policies     []string
	strategy     string
	dryRun       bool
	decisions    string
	decisionsOut string
	json         bool
	keep         bool
	minimum      string
}

func (a *app) provisionCommand() *cobra.Command {
	var f provisionFlags
	cmd := &cobra.Command{
		Use:   "provision --template-ddl FILE --dsn DSN",
		Short: "Bring a database to a template, all of it or nothing",
		Long: `Provision checks the database as veil check does, plans from the verdicts what
makes it conform, carries the plan out in one transaction and checks again. What
the planner is given are the template and the verdicts; names that only the
database has are in no plan. Tables and columns that the mapping file names are
renamed to the template's names; schemas keep theirs.

Rows must be there afterwards with the same values, or nothing is committed.
Whatever cannot be done without a person's word, such as a conversion that may
lose digits, is a decision: nothing changes before all of them are made in the
decisions file. Each run leaves a journal in the state folder (provision/RUN),
from which veil provision rollback takes it back exactly or refuses to.

Strategies: safe keeps checksums, backups of values that change, and a journal;
validated also asserts the facts before and after each step.

Exit codes: 0 it conforms, or a dry run was planned; 1 it was carried out and
does not conform, because something was left out by decision; 2 usage; 3 not
allowed; 4 unavailable; 6 a decision is needed, or there is no plan; 7 it failed
and the database is as it was.`,
		Example: `  veil provision --template-ddl standard.sql --dsn postgres://app@db/prod --dry-run
  veil provision --template-ddl standard.sql --dsn postgres://app@db/prod --decisions-out decisions.yaml
  veil provision --template-ddl standard.sql --dsn postgres://app@db/prod --decisions decisions.yaml
  veil provision rollback --dsn postgres://app@db/prod`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.provision(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.templateDDL, "template-ddl", nil, "DDL file of the template; several are loaded in order")
	f.database.bindDatabase(flags)
	flags.StringSliceVar(&f.policies, "policy", nil, "policy file of the template, of the tenant, or of both")
	flags.StringVar(&f.strategy, "strategy", plan.Safe, "safe or validated")
	flags.BoolVar(&f.dryRun, "dry-run", false, "plan and look at the catalog; change nothing")
	flags.StringVar(&f.decisions, "decisions", "", "file with the decisions that were made")
	flags.StringVar(&f.decisionsOut, "decisions-out", "", "where decisions are needed, write them to this new file, to be filled in")
	flags.BoolVar(&f.json, "json", false, "print JSON: both reports, the plan, decisions and what was done")
	flags.BoolVar(&f.keep, "keep", false, "use the tenant's key and keep what is needed to open the comparisons later (default: a key for this run only)")
	flags.StringVar(&f.minimum, "minimum-set", "small-4096", "weakest parameter set to accept, small-4096 or public-8192; see docs/parameters.md")
	cmd.AddCommand(a.rollbackCommand(), a.runsCommand())
	return cmd
}

func (a *app) provision(ctx context.Context, f provisionFlags) error {
	o, path, err := a.provisionOptions(f)
	if err != nil {
		return err
	}
	if f.decisionsOut != "" {
		if _, err := os.Lstat(f.decisionsOut); err == nil {
			return usagef("%s is there already; decisions are written to a new file only", f.decisionsOut)
		}
	}
	if f.keep {
		release, err := a.useKey(ctx, &o.Check)
		if err != nil {
			return err
		}
		defer release()
	}
	out, err := a.runProvision(ctx, o)
	var unusable *template.PolicyError
	if errors.As(err, &unusable) {
		return fmt.Errorf("%s: %w", path, unusable)
	}
	if err != nil {
		return err
	}
	return a.finishProvision(f, o, out)
}

// provisionOptions reads what the flags name. It also returns the path of the template's policy, for errors.
func (a *app) provisionOptions(f provisionFlags) (o provision.Options, policyPath string, err error) {
	switch {
	case len(f.templateDDL) == 0:
		return o, "", usagef("there is no template; give its DDL with --template-ddl")
	case f.database.dsn == "":
		return o, "", usagef("there is no database to provision; give its connection string with --dsn")
	case f.strategy != plan.Safe && f.strategy != plan.Validated:
		return o, "", usagef("there is no strategy %q; give --strategy safe or validated", f.strategy)
	}
	o = provision.Options{
		Check: check.Options{
			Template: check.Source{DDL: f.templateDDL},
			Tenant:   check.Source{DSN: f.database.dsn, Schemas: f.database.schemas},
			Workers:  a.config.Workers, Generator: "veil " + version(),
		},
		Strategy: f.strategy, DryRun: f.dryRun, State: a.config.Tenant.State,
	}
	if o.Check.Mapping, err = f.database.mappings(); err != nil {
		return o, "", err
	}
	policies, err := readPolicies(f.policies)
	if err != nil {
		return o, "", err
	}
	o.Check.Policy, o.Check.Withholding = policies.template, policies.tenant
	if o.Check.Minimum, err = minimumSet(f.minimum); err != nil {
		return o, "", err
	}
	o.Decisions, err = readDecisions(f.decisions)
	return o, policies.path, err
}

func readDecisions(path string) (executor.Decisions, error) {
	if path == "" {
		return executor.Decisions{}, nil
	}
	text, err := readInput("decisions file", path)
	if err != nil {
		return nil, err
	}
	d, err := executor.ParseDecisions(bytes.NewReader(text))
	if err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return d, nil
}

// provisionSteps is how many steps the progress of a run shows: those of two checks, and some of the plan's.
const provisionSteps = 24

// runProvision runs with progress on a terminal, and keeps evidence of misconduct.
func (a *app) runProvision(ctx context.Context, o provision.Options) (*provision.Outcome, error) {
	options, err := a.postgresOptions()
	if err != nil {
		return nil, err
	}
	server := &check.Server{Options: options}
	bar := newProgress(a.err, provisionSteps)
	o.Check.Progress = bar.begin
	out, err := provision.Run(ctx, server, o)
	bar.end()
	if closed := server.Close(); err == nil && closed != nil {
		fmt.Fprintf(a.err, "veil: the private server was not removed: %s\n", oneParagraph(closed)) // the outcome is worth more
	}
	return out, a.withEvidence(err)
}

// finishProvision prints the outcome, writes the decisions file that was asked for, and returns the exit code.
func (a *app) finishProvision(f provisionFlags, o provision.Options, out *provision.Outcome) error {
	if f.json {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(out); err != nil {
			return err
		}
	} else {
		p := a.newPaper()
		p.provisioned(out, o)
		if f.decisionsOut == "" {
			p.skeleton(out, o.Decisions)
		}
		if err := p.flush(); err != nil {
			return err
		}
	}
	if len(out.Decisions) > 0 && f.decisionsOut != "" {
		if err := writeNew(f.decisionsOut, decisionsSkeleton(out.Decisions, o.Decisions)); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "veil: the decisions are in %s; fill in each choice, then run again with --decisions\n", f.decisionsOut)
	}
	if out.Result == provision.Compensated {
		fmt.Fprintf(a.err, "veil: nothing was changed: %s\n", oneParagraph(errors.New(out.Cause)))
	}
	return outcomeCode(out)
}

// outcomeCode turns the result of a run into the exit code.
func outcomeCode(out *provision.Outcome) error {
	switch out.Result {
	case provision.Planned:
		return nil
	case provision.NeedsDecision:
		return verdictError{exitIncomplete}
	case provision.Compensated:
		return verdictError{exitCompensated}
	}
	return verdictOf(out.After)
}

// writeNew writes a file for the user that must not be there yet.
func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return usagef("%s is there already; decisions are written to a new file only", path)
	}
	if err != nil {
		return fmt.Errorf("the decisions were not written: %w", err)
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("the decisions were not written whole: %w", err)
	}
	return nil
}
