package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const codeBadPassword = "28P01"

// create makes the cluster where there is none. initdb works in data.new, which becomes data
// when all of it is on the disk: what still has the first name never was complete and may go.
func (i *Instance) create(ctx context.Context) error {
	h := i.home
	if _, err := os.Lstat(h.data()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh := h.in(newDataName)
	lock, err := h.vacate(ctx, fresh) // initdb of a process that was killed
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	err = errors.Join(os.RemoveAll(fresh), h.clearRun())
	if err == nil {
		err = os.Mkdir(fresh, 0o700)
	}
	if err == nil {
		err = h.acct.own(fresh)
	}
	if err != nil {
		return fmt.Errorf("the folder for PostgreSQL's data cannot be made: %w", err)
	}
	n := newCluster{
		acct: h.acct, folder: h.run, data: fresh, passwordFile: filepath.Join(h.run, "pw"), secret: i.secrets.Admin,
		flags: []string{"--data-checksums"}, hold: []*os.File{lock},
	}
	if i.noSync {
		n.flags = append(n.flags, "--no-sync")
	}
	if err := i.bins.initCluster(ctx, n); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := errors.Join(os.Rename(fresh, h.data()), syncFolder(h.path)); err != nil {
		return fmt.Errorf("the new data of PostgreSQL cannot be put in place: %w", err)
	}
	i.log.Info("made the data of a private PostgreSQL", "folder", h.path, "version", i.bins.Version)
	return nil
}

// furnish makes the roles and the database that are missing, and gives the roles the rights
// and the passwords they should have.
func (i *Instance) furnish(ctx context.Context) error {
	c, err := i.connect(ctx)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == codeBadPassword {
		return fmt.Errorf("the passwords in %s are not those of the data next to it; restore both from the same backup: %w", i.home.in(secretsName), err)
	}
	if err != nil {
		return fmt.Errorf("the private PostgreSQL cannot be reached: %w", err)
	}
	defer closeConn(c.PgConn())
	if err := i.makeObjects(ctx, c); err != nil {
		return fmt.Errorf("the roles and the database of the private PostgreSQL cannot be made: %w", err)
	}
	return nil
}

func (i *Instance) makeObjects(ctx context.Context, c *pgx.Conn) error {
	const rights = " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD "
	for _, o := range []struct{ exists, name, create string }{
		{"SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)", ownerRole, "CREATE ROLE " + ownerRole},
		{"SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)", appRole, "CREATE ROLE " + appRole},
		{"SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)", instanceDatabase, "CREATE DATABASE " + instanceDatabase + " OWNER " + ownerRole},
	} {
		var there bool
		if err := c.QueryRow(ctx, o.exists, o.name).Scan(&there); err != nil {
			return err
		}
		if there {
			continue
		}
		if _, err := c.Exec(ctx, o.create); err != nil {
			return err
		}
	}
	for _, sql := range []string{
		"ALTER ROLE " + ownerRole + rights + "'" + i.secrets.Owner + "'",
		"ALTER ROLE " + appRole + rights + "'" + i.secrets.App + "'",
		"REVOKE ALL ON DATABASE postgres, template1, " + instanceDatabase + " FROM PUBLIC",
		"GRANT CONNECT ON DATABASE " + instanceDatabase + " TO " + appRole,
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// connect opens a session of the superuser's.
func (i *Instance) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg := i.config.Copy()
	cfg.Host, cfg.Database, cfg.User, cfg.Password = i.home.run, "postgres", adminRole, i.secrets.Admin
	return pgx.ConnectConfig(ctx, cfg)
}
