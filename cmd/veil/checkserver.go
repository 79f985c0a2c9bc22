package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/exchange"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

// remoteFlags say which service compares, and with what. Its key and the template's digest come from the user, so that neither is taken on trust.
type remoteFlags struct{ server, tokenFile, key, template, digest string }

func (r *remoteFlags) bind(f *pflag.FlagSet) {
	f.StringVar(&r.server, "server", "", "address of a service that evaluates, https://HOST[:PORT]")
	f.StringVar(&r.tokenFile, "token-file", "", "file of the token for the service (default: the token of the environment)")
	f.StringVar(&r.key, "service-key", "", "the service's key, as its operator tells it")
	f.StringVar(&r.template, "template", "", "SLUG@VERSION of the service's template")
	f.StringVar(&r.digest, "template-digest", "", "digest of the template, 64 hexadecimal digits")
}

// dial makes a client of the service.
func (r *remoteFlags) dial() (*client.Client, error) {
	token := os.Getenv("VEIL_TOKEN")
	if r.tokenFile != "" {
		text, err := readInput("token file", r.tokenFile)
		if err != nil {
			return nil, err
		}
		token = strings.TrimSpace(string(text))
	}
	c, err := client.New(client.Config{Server: r.server, Token: client.Secret(token), UserAgent: "veil " + version()})
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// fetch reads the template and holds it against its digest.
func (r *remoteFlags) fetch(ctx context.Context, c *client.Client) (*template.Template, error) {
	slug, ver, ok := strings.Cut(r.template, "@")
	if !ok {
		return nil, usagef("--template %q is not of the form SLUG@VERSION", r.template)
	}
	encoded, err := c.EncodedTemplate(ctx, slug, ver)
	if err != nil {
		return nil, err
	}
	t, err := template.Parse(encoded)
	if err == nil {
		if digest := t.Digest(); hex.EncodeToString(digest[:]) != strings.ToLower(r.digest) {
			err = fmt.Errorf("its digest is %x and not %s; do not go on before you know why", digest, r.digest)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the template %s of the service: %w", r.template, &exchange.Untrusted{Message: compare.TypeOffer, Cause: err})
	}
	return t, nil
}

// checkServer compares with a service's template, and goes on with a comparison that was interrupted.
func (a *app) checkServer(ctx context.Context, f checkFlags, o check.Options) error {
	pin, err := keys.ParsePublicIdentity(f.remote.key)
	if err != nil {
		return usagef("--service-key is needed, as the service's operator tells it: %w", err)
	}
	c, err := f.remote.dial()
	if err != nil {
		return err
	}
	if o.Ready, err = f.remote.fetch(ctx, c); err != nil {
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
	state := &exchange.State{Dir: filepath.Clean(a.config.Tenant.State), Ledger: log, Vault: vault, Journal: journal}
	var place exchange.Place
	bar := newProgress(a.err, 7)
	o.Progress = bar.begin
	o.Compare = func(ctx context.Context, prepared *compare.Prepared, facts schema.Facts) (*check.Exchange, error) {
		out, err := exchange.Compare(ctx, exchange.Config{
			Service: c, State: state, Root: o.Root, Pin: pin, Reference: f.remote.template, Template: prepared, Facts: facts, Withholds: o.Withholding.Withholds,
			Minimum: o.Minimum, Workers: o.Workers, Progress: bar.begin, Note: func(s string) { fmt.Fprintf(a.err, "veil: %s\n", oneParagraph(errors.New(s))) },
		})
		if err != nil {
			return nil, err
		}
		place = out.Place
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
		return a.withEvidence(err)
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
