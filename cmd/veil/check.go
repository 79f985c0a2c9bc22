package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/sessionlog"
)

// checkFlags are the flags of veil check.
type checkFlags struct {
	source      sourceFlags
	templateDDL []string
	policies    []string
	json        bool
	html        string
	keep        bool
	minimum     string
	sarif       string
	template    string
	digest      string
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check (--template-ddl FILE | --template SLUG@VERSION) (--dsn DSN | --ddl FILE)",
		Short: "Compare a schema with a template under encryption and report",
		Long: `Check reads two schemas, encrypts the tenant's facts, evaluates them against the
template's, decrypts, verifies that the evaluation was honest, discloses the
verdicts and reports. With --template-ddl both roles run in this process and
exchange nothing but the bytes that they would send over a network.

With --template a service (--server) evaluates, which is shown nothing but the
verdicts. Its key and the template's digest are trusted at first use, or given
with --service-key and --template-digest; where they change, the check ends. The
same call again after a crash or a lost connection goes on where it was.

Without --schema every schema that is not the system's is read. Where each side
has exactly one, they are mapped onto each other whatever their names; otherwise
schemas of equal names are compared. DDL files run on a private PostgreSQL, as an
owner without rights outside its scratch database.

A policy file is the template's (visibility, required, optional, forbidden,
any_of, waivers) or the tenant's (withhold), or holds both.`,
		Example: `  veil check --template-ddl standard.sql --ddl ours.sql
  veil check --template-ddl standard.sql --dsn postgres://app@db/prod --schema sales --html report.html
  veil check --server https://veil.example.org --template omop@5.4 --token-file tenant.token --ddl ours.sql`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.templateDDL, "template-ddl", nil, "DDL file of the template; several are loaded in order")
	f.source.bind(flags)
	flags.StringSliceVar(&f.policies, "policy", nil, "policy file of the template, of the tenant, or of both")
	flags.BoolVar(&f.json, "json", false, "print the report as JSON")
	flags.StringVar(&f.html, "html", "", "write the report as one HTML file")
	flags.BoolVar(&f.keep, "keep", false, "use the tenant's key and keep what is needed to open the comparison later (default: a key for this check only)")
	flags.StringVar(&f.minimum, "minimum-set", "small-4096", "weakest parameter set to accept, small-4096 or public-8192; see docs/parameters.md")
	flags.StringVar(&f.sarif, "sarif", "", "write the report's findings as SARIF 2.1.0, for tools that follow findings")
	flags.StringVar(&f.template, "template", "", "SLUG@VERSION of a template of the service")
	flags.StringVar(&f.digest, "template-digest", "", "the template's digest, 64 hexadecimal digits (default: what was seen at first use)")
	bindRemote(cmd)
	return cmd
}

func (a *app) check(ctx context.Context, f checkFlags) error {
	switch {
	case f.template != "" && len(f.templateDDL) > 0:
		return usagef("--template and --template-ddl are both given; a template comes from a service or from files")
	case f.template == "" && len(f.templateDDL) == 0:
		return usagef("there is no template; give its DDL with --template-ddl, or name one of a service with --server and --template")
	case f.json && f.html != "":
		return usagef("--json and --html are both given; a report is written in one form")
	}
	o := check.Options{
		Template: check.Source{DDL: f.templateDDL},
		Workers:  a.config.Workers, Generator: "veil " + version(),
	}
	var err error
	if o.Tenant, err = f.source.source(); err != nil {
		return err
	}
	if o.Mapping, err = f.source.mappings(); err != nil {
		return err
	}
	policies, err := readPolicies(f.policies)
	if err != nil {
		return err
	}
	o.Policy, o.Withholding = policies.template, policies.tenant
	if o.Minimum, err = minimumSet(f.minimum); err != nil {
		return err
	}
	if f.template != "" {
		return a.checkServer(ctx, f, o)
	}
	if f.keep {
		release, err := a.useKey(ctx, &o)
		if err != nil {
			return err
		}
		defer release()
	}
	out, err := a.runCheck(ctx, o)
	var unusable *template.PolicyError
	if errors.As(err, &unusable) {
		return fmt.Errorf("%s: %w", policies.path, unusable)
	}
	if err != nil {
		return err
	}
	for _, s := range out.Idle {
		fmt.Fprintf(a.err, "veil: the policy withholds %s, and the template has no such fact; check the spelling\n", s)
	}
	if err := a.printReport(out.Report, f); err != nil {
		return err
	}
	return verdictOf(out.Report)
}

// minimumSet reads the name of a parameter set for public templates.
func minimumSet(name string) (he.SetID, error) {
	set, err := he.ParseSet(name)
	if err == nil && set.ID() > he.Public8192 {
		err = fmt.Errorf("parameter set %s is for confidential templates, which are not compared yet; use public-8192", set)
	}
	if err != nil {
		return he.SetUnknown, usageError{err}
	}
	return set.ID(), nil
}

// runCheck runs a check with progress on a terminal, and keeps evidence of
// misconduct.
func (a *app) runCheck(ctx context.Context, o check.Options) (*check.Outcome, error) {
	options, err := a.postgresOptions()
	if err != nil {
		return nil, err
	}
	server := &check.Server{Options: options}
	bar := newProgress(a.err, 7)
	o.Progress = bar.begin
	out, err := check.Check(ctx, server, o)
	bar.end()
	if closed := server.Close(); err == nil {
		err = closed
	}
	return out, a.withEvidence(err)
}

// withEvidence keeps the evidence where an error is misconduct, and returns the error.
func (a *app) withEvidence(err error) error {
	var m *compare.Misconduct
	if errors.As(err, &m) {
		return a.keepEvidence(m)
	}
	return err
}

// keepEvidence writes evidence beside the user and says where.
func (a *app) keepEvidence(m *compare.Misconduct) error {
	digest := sha256.Sum256(m.Evidence)
	path := fmt.Sprintf("veil-evidence-%x.bin", digest[:6])
	if err := writeFile(path, m.Evidence); err != nil {
		return errors.Join(m, err)
	}
	fmt.Fprintf(a.err, "veil: the evidence is in %s; anybody can check it with: veil audit evidence %s\n", path, path)
	return m
}

// useKey opens the tenant's key and durable records for a check.
func (a *app) useKey(ctx context.Context, o *check.Options) (release func(), err error) {
	root, err := keyfile.OpenRoot(ctx, a.config.Tenant.Key, &keyfile.Sources{})
	if err != nil {
		return nil, keyProblem(err)
	}
	if err := os.MkdirAll(a.config.Tenant.State, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the session log cannot be made: %w", err)
	}
	log, err := sessionlog.Open(filepath.Join(a.config.Tenant.State, sessionlog.LogName))
	if err != nil {
		return nil, err
	}
	o.Root, o.Ledger = root, log
	o.Vault = sessionlog.NewVault(a.config.Tenant.State, root.SealingLock())
	return func() {
		root.Wipe()
		_ = log.Close() // every record is on the disk already
	}, nil
}

// printReport writes the report in the form asked for.
func (a *app) printReport(r *report.Report, f checkFlags) error {
	for _, form := range []struct {
		path  string
		write func(io.Writer) error
	}{{f.sarif, r.WriteSARIF}, {f.html, r.WriteHTML}} {
		if form.path == "" {
			continue
		}
		if err := writeForm(form.path, form.write); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "veil: the report is in %s\n", form.path)
	}
	if f.json {
		data, err := r.JSON()
		if err != nil {
			return err
		}
		_, err = a.out.Write(data)
		return err
	}
	width, _ := terminal(a.out)
	return r.WriteText(a.out, report.TextOptions{Width: width, Color: colored(a.out)})
}

// writeForm writes a report in another form into a file.
func writeForm(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("the report was not written: %w", err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return fmt.Errorf("the report was not written whole: %w", err)
	}
	return nil
}

// verdictOf turns a report's verdict into the exit code.
func verdictOf(r *report.Report) error {
	switch r.Verdict {
	case template.Conforms:
		return nil
	case template.DoesNotConform:
		return verdictError{exitDeviates}
	}
	return verdictError{exitIncomplete}
}
