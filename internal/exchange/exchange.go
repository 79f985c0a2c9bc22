package exchange

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

// Service is the other side; *client.Client is one. Every method may be called again with the same arguments after an error.
type Service interface {
	Server() string
	OpenComparison(ctx context.Context, key uuid.UUID, reference, digest string, message []byte) (*client.Comparison, error)
	DeleteComparison(ctx context.Context, id uuid.UUID) (*client.Comparison, error)
	Send(ctx context.Context, id uuid.UUID, t compare.Type, message []byte) (*client.Comparison, error)
	Submit(ctx context.Context, id uuid.UUID, message []byte, progress func(sent, total int64)) (*client.Comparison, error)
	Message(ctx context.Context, id uuid.UUID, t compare.Type) ([]byte, error)
	Follow(ctx context.Context, id uuid.UUID, f func(client.Comparison) error) error
}

// Config is what a tenant brings to a comparison over a network.
type Config struct {
	Service Service
	State   *State
	// Root is the tenant's root key, Pin the service's key, which is known before anything is sent.
	Root *keys.Root
	Pin  keys.PublicIdentity
	// Reference is slug@version; Template is what was published under it, whose digest was verified.
	Reference string
	Template  *compare.Prepared
	Facts     schema.Facts
	Withholds func(schema.Fact) bool
	// Minimum is the weakest parameter set accepted; zero is small-4096.
	Minimum he.SetID
	Workers int
	// Only, where it is set, is the one comparison to resume (64 hexadecimal digits, or what the service calls it); no other is opened.
	Only string
	// Progress is told what begins and Note what a person should know; either may be nil.
	Progress func(step string)
	Note     func(sentence string)
}

// Outcome is a finished comparison. Its records are still there: call [State.Forget] with Place once the result is safe.
type Outcome struct {
	check.Exchange
	Place Place
}

// Compare resumes the unfinished comparison of the same service, template and tenant, or opens one, and brings it to its end. After an error that
// is no end, such as a lost connection or a full disk, the same call goes on where this one was. *compare.Misconduct proves that the service cheated; the
// outcome then has the place alone, to be forgotten once the evidence is safe. [*Accused] says that the service has evidence against this tenant.
func Compare(ctx context.Context, cfg Config) (*Outcome, error) {
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	if cfg.Note == nil {
		cfg.Note = func(string) {}
	}
	out, err := cfg.goOn(ctx)
	if out != nil || err != nil {
		return out, err
	}
	if cfg.Only != "" {
		return nil, fmt.Errorf("the comparison %s cannot go on here; check the schema again to open a new one", cfg.Only)
	}
	for attempt := 1; ; attempt++ {
		out, err := cfg.begin(ctx)
		if attempt == maxAttempts || !unlucky(err) || ctx.Err() != nil {
			return out, err
		}
	}
}

// unlucky says whether a comparison ended because of its salt, of which another one has another.
func unlucky(err error) bool {
	ended, ok := errors.AsType[*Ended](err)
	return errors.Is(err, compare.ErrNewSalt) || ok && ended.State == "failed"
}

// goOn resumes what is unfinished. It returns nothing where there is nothing that can go on.
func (c *Config) goOn(ctx context.Context) (*Outcome, error) {
	places, err := Places(c.State.Dir)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		if p.Done {
			if err := c.State.bury(p); err != nil {
				return nil, err
			}
			continue
		}
		if !c.mine(p) {
			continue
		}
		out, err := c.resume(ctx, p)
		if out != nil || !lost(err) {
			return out, err
		}
		c.Note(fmt.Sprintf("the unfinished comparison of %s cannot go on: %v", p.OpenedAt.Format(time.RFC3339), err))
		if err := c.abandon(ctx, p); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (c *Config) mine(p Place) bool {
	digest := c.Template.Digest()
	return p.Server == c.Service.Server() && p.Reference == c.Reference && p.Digest == hex.EncodeToString(digest[:]) && p.Tenant == c.identity() &&
		(c.Only == "" || c.Only == p.Comparison || c.Only == p.ID.String())
}

func (c *Config) identity() string {
	identity := c.Root.Identity()
	defer identity.Wipe()
	return identity.Public().String()
}

// stale says that what is kept does not serve any more.
type stale struct{ cause error }

func (s *stale) Error() string { return s.cause.Error() }
func (s *stale) Unwrap() error { return s.cause }

// lost says whether a comparison cannot go on, whatever is done.
func lost(err error) bool {
	if _, ok := errors.AsType[*stale](err); ok || unlucky(err) || errors.Is(err, compare.ErrPutBack) {
		return true
	}
	if _, ok := errors.AsType[*Ended](err); ok {
		return true // Accused is no Ended
	}
	problem, ok := errors.AsType[*client.Error](err)
	return ok && (problem.Code == client.CodeNotFound || problem.Code == client.CodeGone)
}

// abandon gives up a comparison here and, where that is possible, at the service.
func (c *Config) abandon(ctx context.Context, p Place) error {
	if p.ID != uuid.Nil {
		_, _ = c.Service.DeleteComparison(ctx, p.ID) // the service deletes it by its age otherwise
	}
	return c.State.Forget(p, false)
}

func (c *Config) tenant(w *watched) compare.TenantConfig {
	return compare.TenantConfig{
		Root: c.Root, Template: c.Template, Facts: c.Facts, Withholds: c.Withholds, Service: &c.Pin, Minimum: c.Minimum,
		Ledger: w, Vault: c.State.Vault, Journal: w, Openings: c.State.Openings, Random: rand.Reader, Workers: c.Workers,
	}
}

func (c *Config) resume(ctx context.Context, p Place) (*Outcome, error) {
	records, err := c.State.Journal.Records(p.id())
	if errors.Is(err, sessionlog.ErrNoJournal) && p.ID == uuid.Nil {
		return nil, c.State.Forget(p, false) // it ended before anything was sent
	}
	if err != nil {
		return nil, staleUnlessDisk(err)
	}
	w := &watched{journal: c.State.Journal, ledger: c.State.Ledger}
	tenant, err := compare.ResumeTenant(c.tenant(w), p.id(), records)
	if err != nil {
		if w.failed {
			return nil, err
		}
		if _, proven := errors.AsType[*compare.Misconduct](err); proven {
			return &Outcome{Place: p}, err
		}
		return nil, staleUnlessDisk(err)
	}
	defer tenant.Close()
	c.Progress("resuming the comparison")
	return c.run(ctx, tenant, p, w)
}

// staleUnlessDisk marks an error that another try would not mend.
func staleUnlessDisk(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*compare.Misconduct](err); ok {
		return err
	}
	return &stale{err}
}

// begin opens another comparison.
func (c *Config) begin(ctx context.Context) (*Outcome, error) {
	w := &watched{journal: c.State.Journal, ledger: c.State.Ledger}
	digest := c.Template.Digest()
	p := Place{
		Tenant: c.identity(), Server: c.Service.Server(), Reference: c.Reference, Digest: hex.EncodeToString(digest[:]), Key: uuid.New(), OpenedAt: time.Now().UTC(),
	}
	config := c.tenant(w)
	config.Vault = placing{c.State.Vault, func(comparison [32]byte) error {
		p.Comparison = hex.EncodeToString(comparison[:])
		return writePlace(c.State.Dir, p)
	}}
	tenant, err := compare.NewTenant(config)
	if err != nil {
		return nil, err
	}
	defer tenant.Close()
	out, err := c.run(ctx, tenant, p, w)
	if err != nil && lost(err) {
		return nil, errors.Join(err, c.abandon(ctx, p))
	}
	return out, err
}
