package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"

	"github.com/veilschema/veil/internal/jobs"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store"
)

// Maintenance is a service's database for those who look after it, while the service runs or not.
type Maintenance struct {
	DB      *store.DB
	Service *service.Service
	// AdminDSN connects as a role that sees every row, to dump. It holds a password.
	AdminDSN string
	// Private says that the database is the private PostgreSQL, and Running that the service has it.
	Private, Running bool
}

// Maintain opens the database of a configuration, of which the root key, the database and the instance count, and gives it to f. A private
// PostgreSQL that does not run is started for that long. With migrate its schema is brought up to date, for which the owner's connection is needed.
func Maintain(ctx context.Context, c Config, migrate bool, f func(context.Context, *Maintenance) error) (err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if migrate && c.AppDSN != "" && c.OwnerDSN == "" {
		return misconfigured("only the owner of the schema may change it; name it with serve.owner (VEIL_SERVE_OWNER)")
	}
	m := &Maintenance{AdminDSN: c.OwnerDSN}
	if c.AppDSN == "" {
		end, err := m.private(ctx, &c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	open := store.Config{AppDSN: c.AppDSN}
	if migrate {
		open.OwnerDSN = c.OwnerDSN
	}
	if m.DB, err = store.Open(ctx, open); err != nil {
		return err
	}
	defer m.DB.Close()
	if migrate {
		if err := jobs.Migrate(ctx, c.OwnerDSN, m.DB.Pool().Config().ConnConfig.User); err != nil {
			return err
		}
	}
	queue, err := jobs.New(m.DB.Pool())
	if err != nil {
		return err
	}
	m.Service, err = service.New(service.Config{DB: m.DB, Root: c.Root, Jobs: queue, Random: rand.Reader, Log: c.Log, Generator: "veil " + c.Version})
	if err != nil {
		return err
	}
	return f(ctx, m)
}

// private finds the private PostgreSQL where it runs, and starts it where it does not.
func (m *Maintenance) private(ctx context.Context, c *Config) (end func() error, err error) {
	m.Private = true
	instance, err := postgres.OpenInstance(ctx, c.Instance)
	if errors.Is(err, postgres.ErrInUse) {
		running, err := postgres.FindRunning(c.Instance.Dir)
		m.Running, m.AdminDSN, c.AppDSN, c.OwnerDSN = true, running.AdminDSN, running.AppDSN, running.OwnerDSN
		return func() error { return nil }, err
	}
	if err != nil {
		return nil, err
	}
	m.AdminDSN, c.AppDSN, c.OwnerDSN = instance.AdminDSN(), instance.AppDSN(), instance.OwnerDSN()
	return instance.Close, nil
}
