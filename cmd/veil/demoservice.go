package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/daemon"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/exchange"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

// demoService is a service that answers over HTTP on this machine while the demo runs, with a private PostgreSQL of its own.
type demoService struct {
	url   string
	root  *keys.Root // the service's
	dir   string
	stop  context.CancelFunc
	ended chan error

	tenant   *client.Client
	pin      keys.PublicIdentity
	sessions []demoSession
}

// demoSession is a comparison that the service has: its id, and what went over the network.
type demoSession struct {
	id       uuid.UUID
	prepared *compare.Prepared
	messages [][]byte
}

// newDemoService starts the service and brings it to where a tenant can compare: an operator, a tenant, a template.
func (a *app) newDemoService(ctx context.Context, scratch postgres.Options) (s *demoService, err error) {
	s = &demoService{ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "veil-demo-service-"); err != nil {
		return nil, fmt.Errorf("the folder for the example's service was not made: %w", err)
	}
	if err := os.Chmod(s.dir, 0o711); err != nil { //nolint:gosec // the private PostgreSQL's user passes through
		return nil, err
	}
	if s.root, err = keys.NewRoot(rand.Reader); err != nil {
		return nil, err
	}
	ready := make(chan daemon.Ready, 1)
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go func() {
		s.ended <- daemon.Run(life, daemon.Config{
			Role: daemon.RoleAll, Root: s.root, Listen: "127.0.0.1:0", Scratch: scratch, Workers: a.config.Workers, Version: version(),
			Instance: postgres.InstanceOptions{Dir: s.postgres(), User: scratch.User, NoSync: true}, Checkpoint: filepath.Join(s.dir, "checkpoint"), Ready: func(r daemon.Ready) { ready <- r },
		})
	}()
	select {
	case r := <-ready:
		s.url = r.URL
		return s, s.furnish(ctx, client.Secret(r.OneTime))
	case err := <-s.ended:
		s.ended <- nil
		return nil, fmt.Errorf("the example's service did not start: %w", err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *demoService) postgres() string { return filepath.Join(s.dir, "postgres") }

// furnish does what an operator does.
func (s *demoService) furnish(ctx context.Context, oneTime client.Secret) error {
	expires := time.Now().Add(time.Hour)
	first, err := s.dial(oneTime)
	if err != nil {
		return err
	}
	issued, err := first.Bootstrap(ctx, "demo", expires)
	if err != nil {
		return err
	}
	operator, err := s.dial(issued.Secret)
	if err != nil {
		return err
	}
	tenant, err := operator.CreateTenant(ctx, uuid.New(), "a tenant")
	if err != nil {
		return err
	}
	if issued, err = operator.IssueToken(ctx, uuid.New(), client.TokenRequest{Role: "tenant", Tenant: tenant.ID, Expires: expires}); err != nil {
		return err
	}
	if s.tenant, err = s.dial(issued.Secret); err != nil {
		return err
	}
	self, err := s.tenant.WhoAmI(ctx)
	if err != nil {
		return err
	}
	if s.pin, err = keys.ParsePublicIdentity(self.Service); err != nil {
		return err
	}
	_, err = operator.PublishTemplate(ctx, uuid.New(), client.Draft{
		Slug: demo.TemplateSlug, Version: demo.TemplateVersion, Title: demo.TemplateTitle, Policy: demo.PolicyYAML(),
		Files: []client.File{{Name: demo.TemplateFile, Text: demo.TemplateSQL()}},
	})
	return err
}

func (s *demoService) dial(token client.Secret) (*client.Client, error) {
	return client.New(client.Config{Server: s.url, Token: token, UserAgent: "veil " + version()})
}

// comparing returns how a tenant whose records are in a folder compares with the service.
func (s *demoService) comparing(dir string, workers int, progress func(string)) func(context.Context, *compare.Prepared, schema.Facts) (*check.Exchange, error) {
	return func(ctx context.Context, prepared *compare.Prepared, facts schema.Facts) (*check.Exchange, error) {
		root, err := keys.NewRoot(rand.Reader)
		if err != nil {
			return nil, err
		}
		defer root.Wipe()
		log, err := sessionlog.Open(filepath.Join(dir, sessionlog.LogName))
		if err != nil {
			return nil, err
		}
		defer func() { _ = log.Close() }() // every record is on the disk already
		journal := sessionlog.NewJournal(dir)
		defer func() { _ = journal.Close() }()
		state := &exchange.State{Dir: dir, Ledger: log, Vault: sessionlog.NewVault(dir, root.SealingLock()), Journal: journal}
		out, err := exchange.Compare(ctx, exchange.Config{
			Service: s.tenant, State: state, Root: root, Pin: s.pin, Reference: demo.TemplateSlug + "@" + demo.TemplateVersion,
			Template: prepared, Facts: facts, Workers: workers, Progress: progress,
		})
		if err != nil {
			return nil, err
		}
		s.sessions = append(s.sessions, demoSession{out.Place.ID, prepared, out.Messages})
		return &out.Exchange, state.Forget(out.Place, false)
	}
}

// dump writes the service's database as SQL into a file of its folder, and returns its path.
func (s *demoService) dump(ctx context.Context, bin string) (string, error) {
	programs, err := postgres.Find(bin)
	if err != nil {
		return "", err
	}
	running, err := postgres.FindRunning(s.postgres())
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir, "service.sql")
	file, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("the service's database was not dumped: %w", err)
	}
	return path, errors.Join(programs.Dump(ctx, running.AdminDSN, file), file.Close())
}

// close stops the service and removes its folder.
func (s *demoService) close() (err error) {
	if s.stop != nil {
		s.stop()
		err = <-s.ended
	}
	if s.root != nil {
		s.root.Wipe()
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
