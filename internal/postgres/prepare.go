package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

// SQLSTATE codes that the loader tells apart.
const (
	codeNoPrivilege     = "42501"
	codeUndefinedObject = "42704"
	codeNotSupported    = "0A000"
	codeCancelled       = "57014"
)

// harmless are extensions that PostgreSQL keeps to superusers although nothing in them reads
// files, opens connections or runs programs. The superuser makes them for a file that asks, in
// the empty database: later, objects of the file's could stand in the way of the extension's
// script and be run by the superuser. Extensions that PostgreSQL itself marks as trusted
// (pg_trgm, btree_gist, hstore, citext, pgcrypto, uuid-ossp, ...) the owner makes.
var harmless = []string{
	"autoinc", "bloom", "dict_xsyn", "earthdistance", "insert_username", "intagg", "moddatetime",
	"pg_stat_statements", "pgrowlocks", "pgstattuple", "sslinfo",
}

// guardSQL keeps procedural languages out, trusted ones too: an endless loop in PL/Perl hears no
// cancel and no termination. The function's search_path is fixed, for a file may define
// operators of its own.
var guardSQL = []string{
	`CREATE FUNCTION pg_catalog.veil_guard() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
	BEGIN
		IF session_user <> '` + adminRole + `' THEN
			RAISE insufficient_privilege USING MESSAGE = 'a scratch database has no procedural language but plpgsql';
		END IF;
	END $$`,
	`CREATE EVENT TRIGGER veil_guard ON ddl_command_start WHEN TAG IN ('CREATE LANGUAGE') EXECUTE FUNCTION pg_catalog.veil_guard()`,
}

func schemaKey(name string) string    { return "schema " + name }
func extensionKey(name string) string { return "extension " + name }

// prepare does as the superuser, inside the scratch database, what the file's owner may not do.
// The function it returns takes back what must not outlive the load.
func (l *loader) prepare(ctx context.Context, items []item) (undo func() error, err error) {
	d := l.scratch
	c, err := d.server.connect(ctx, adminRole, d.server.secret, d.name)
	if err != nil {
		return nil, fmt.Errorf("the scratch database cannot be reached: %w", err)
	}
	defer closeConn(c.PgConn())
	undo = func() error { return d.restore(context.WithoutCancel(ctx)) }
	for _, sql := range guardSQL {
		if _, err := c.Exec(ctx, sql); err != nil {
			return nil, errors.Join(err, undo())
		}
	}
	l.made = make(map[string]bool)
	if err := errors.Join(l.makeExtensions(ctx, c, items), l.makeRoles(ctx, c, items)); err != nil {
		return nil, errors.Join(err, undo())
	}
	return undo, nil
}

// makeExtensions makes the harmless extensions that the file asks for, while the database is
// empty.
func (l *loader) makeExtensions(ctx context.Context, c *pgx.Conn, items []item) error {
	owner := pgx.Identifier{l.scratch.name}.Sanitize()
	for _, it := range items {
		if it.Action != ddl.ActionExtension || l.scratch.dirty || !slices.Contains(harmless, it.Extension.Name) {
			continue
		}
		schema := it.Extension.Schema
		if schema == "" {
			schema = "public"
		}
		if schema != "public" && schema != "pg_catalog" && !l.made[schemaKey(schema)] {
			if _, err := c.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{schema}.Sanitize()+" AUTHORIZATION "+owner); err != nil {
				return l.failAt(it, err)
			}
			l.made[schemaKey(schema)] = true
		}
		sql := "CREATE EXTENSION IF NOT EXISTS " + pgx.Identifier{it.Extension.Name}.Sanitize() +
			" SCHEMA " + pgx.Identifier{schema}.Sanitize() + " CASCADE"
		if _, err := c.Exec(ctx, sql); err != nil {
			return l.failAt(it, err)
		}
		l.made[extensionKey(it.Extension.Name)] = true
	}
	return nil
}

// makeRoles makes the roles that row security policies name, which are part of the structure.
// They can do nothing: no login, no member, no privilege.
func (l *loader) makeRoles(ctx context.Context, c *pgx.Conn, items []item) error {
	for _, it := range items {
		for _, role := range it.Roles {
			var there bool
			if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)", role).Scan(&there); err != nil {
				return l.failAt(it, err)
			}
			if there {
				continue
			}
			if len(l.scratch.roles) == maxPolicyRoles {
				return l.fail(it.offset, fmt.Errorf("the file's policies name more than %d roles", maxPolicyRoles))
			}
			if _, err := c.Exec(ctx, "CREATE ROLE "+pgx.Identifier{role}.Sanitize()+" NOLOGIN"); err != nil {
				return l.failAt(it, err)
			}
			l.scratch.roles = append(l.scratch.roles, role)
		}
	}
	return nil
}

// restore takes back the guard, which is no part of the file's schema, and the settings that
// the file gave to its database or role: they would meet whoever connects next.
func (d *Scratch) restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*stopTimeout)
	defer cancel()
	c, err := d.server.connect(ctx, adminRole, d.server.secret, d.name)
	if err != nil {
		return fmt.Errorf("the scratch database cannot be reached: %w", err)
	}
	defer closeConn(c.PgConn())
	id := pgx.Identifier{d.name}.Sanitize()
	for _, sql := range []string{
		"DROP EVENT TRIGGER IF EXISTS veil_guard", "DROP FUNCTION IF EXISTS pg_catalog.veil_guard()",
		"ALTER ROLE " + id + " RESET ALL", "ALTER ROLE " + id + " IN DATABASE " + id + " RESET ALL",
		"ALTER DATABASE " + id + " RESET ALL",
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("the scratch database could not be put in order after the load: %w", err)
		}
	}
	return nil
}

// explain turns PostgreSQL's error into ours where the person can do something about it that
// PostgreSQL does not know.
func (l *loader) explain(it item, pg *pgconn.PgError) error {
	switch {
	case pg.Code == codeCancelled:
		return errTooLong(l.limits.Statement.Round(time.Millisecond))
	case it.Extension == nil:
		return pg
	case pg.Code == codeNotSupported || pg.Code == "58P01":
		return fmt.Errorf("PostgreSQL %d has no extension %q here; install the package that brings it (the Debian package postgresql-contrib for PostgreSQL's own extensions): %w",
			l.scratch.server.Major(), it.Extension.Name, pg)
	case pg.Code == codeNoPrivilege && strings.HasPrefix(pg.Message, "permission denied to create extension"):
		return fmt.Errorf("the extension %q needs a superuser's rights, which the code of a schema file does not get; take the statement out, and what depends on it: %w",
			it.Extension.Name, pg)
	}
	return pg
}
