package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/exchange"
	"github.com/veilschema/veil/internal/openings"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

// trusted fetches the template of a service whose key is the one known, and holds it against the digest that the user gives, or else the one of the
// first use.
func (a *app) trusted(ctx context.Context, c *client.Client, f checkFlags) (keys.PublicIdentity, *template.Template, error) {
	pin, err := a.pinned(ctx, c)
	if err != nil {
		return pin, nil, err
	}
	digest := f.digest
	if digest == "" {
		slug, ver, err := splitReference(f.template)
		if err != nil {
			return pin, nil, err
		}
		about, err := c.Template(ctx, slug, ver)
		if err != nil {
			return pin, nil, err
		}
		digest = about.Digest
	}
	_, t, err := fetchTemplate(ctx, c, f.template, digest)
	if err == nil && f.digest == "" {
		err = a.pinnedTemplate(c, f.template, digest)
	}
	return pin, t, err
}

// checkServer compares with a service's template, and goes on with a comparison that was interrupted.
func (a *app) checkServer(ctx context.Context, f checkFlags, o check.Options) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	var pin keys.PublicIdentity
	if pin, o.Ready, err = a.trusted(ctx, c, f); err != nil {
		return err
	}
	release, err := a.useKey(ctx, &o)
	if err != nil {
		return err
	}
	defer release()
	log, isLog := o.Ledger.(*sessionlog.Log)
	vault, isVault := o.Vault.(*sessionlog.Vault)
	if !isLog || !isVault {
		return errors.New("the tenant's records cannot be read")
	}
	journal := sessionlog.NewJournal(a.config.Tenant.State)
	defer func() { _ = journal.Close() }() // every record is on the disk already
	kept, err := openings.Open(a.config.Tenant.State, o.Root)
	if err != nil {
		return err
	}
	state := &exchange.State{Dir: filepath.Clean(a.config.Tenant.State), Ledger: log, Vault: vault, Journal: journal, Openings: kept}
	var place exchange.Place
	bar := newProgress(a.err, 7)
	o.Progress = bar.begin
	o.Compare = func(ctx context.Context, prepared *compare.Prepared, facts schema.Facts) (*check.Exchange, error) {
		out, err := exchange.Compare(ctx, exchange.Config{
			Service: c, State: state, Root: o.Root, Pin: pin, Reference: f.template, Template: prepared, Facts: facts, Withholds: o.Withholding.Withholds,
			Minimum: o.Minimum, Workers: o.Workers, Progress: bar.begin, Note: func(s string) { fmt.Fprintf(a.err, "veil: %s\n", oneParagraph(errors.New(s))) },
		})
		if out != nil {
			place = out.Place
		}
		if err != nil {
			return nil, err
		}
		return &out.Exchange, nil
	}
	return a.reportServer(ctx, f, o, state, &place, bar)
}

// reportServer runs the check, reports, and forgets what going on would have taken.
func (a *app) reportServer(ctx context.Context, f checkFlags, o check.Options, state *exchange.State, place *exchange.Place, bar *progress) error {
	server := &check.Server{}
	var err error
	if server.Options, err = a.serverOptions(o.Tenant); err != nil {
		return err
	}
	out, err := check.Check(ctx, server, o)
	bar.end()
	if err := errors.Join(err, server.Close()); err != nil {
		if isA[*compare.Misconduct](err) {
			return errors.Join(a.withEvidence(err), state.Forget(*place, true)) // another check begins anew
		}
		return err
	}
	if err := a.printReport(out.Report, f); err != nil {
		return err
	}
	if err := state.Forget(*place, f.keep); err != nil {
		return err
	}
	return verdictOf(out.Report)
}

// answered says whether the service refused with one of these statuses.
func answered(statuses ...int) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[*client.Error](err)
		return ok && slices.Contains(statuses, e.Status)
	}
}
