package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// migrations are numbered SQL files in goose's format. One that was released is never changed: a new file follows it.
//
//go:embed migrations/*.sql
var migrations embed.FS

const (
	versionTable = "veil.goose_db_version"

	// migrationLock is the advisory lock that migrations of one database wait for each other at: "veil" in ASCII.
	migrationLock = 0x7665696c
)

// VersionError says that a database's schema is not the one that this program works with.
type VersionError struct {
	// Database is the schema's version, 0 where there is none yet.
	Database int64
	// Program is the version that this program needs.
	Program int64
}

// Error says what to do.
func (e *VersionError) Error() string {
	switch {
	case e.Database == 0:
		return fmt.Sprintf("the database has no schema of Veil that its application role can read; start once with the owner's connection string, which makes version %d", e.Program)
	case e.Database < e.Program:
		return fmt.Sprintf("the database has version %d of the schema and this program needs %d; stop older programs and start once with the owner's connection string, which brings it up to date", e.Database, e.Program)
	default:
		return fmt.Sprintf("the database has version %d of the schema and this program knows %d at most; install the release that upgraded the database, or a newer one", e.Database, e.Program)
	}
}

// Version is the version of the schema that this program works with: the number of the last migration.
func Version() int64 {
	var last int64
	names, _ := fs.Glob(migrations, "migrations/*.sql") // the pattern is well-formed
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			last = max(last, n)
		}
	}
	return last
}

// Migrate brings the schema "veil" up to date as its owner, and grants the application role exactly what the table veil.privileges says. It makes no
// role: appRole must exist. Programs that migrate at once wait for each other; a migration that fails leaves the version before it. A schema
// that is newer than this program is a [VersionError].
func Migrate(ctx context.Context, ownerDSN, appRole string) error {
	config, err := pgx.ParseConfig(ownerDSN)
	if err != nil {
		return fmt.Errorf("the owner's connection string cannot be understood: %w", err)
	}
	config.RuntimeParams["search_path"] = "veil, pg_temp"
	// Migrations take the time that they take, and an owner's row-level security is forced as anybody's.
	config.RuntimeParams["statement_timeout"] = "0"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("the database cannot be reached as its owner: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = conn.Close(ctx) // the session ends either way, and the lock with it
	}()
	if err := prepare(ctx, conn, appRole); err != nil {
		return err
	}
	if err := migrate(ctx, config); err != nil {
		return err
	}
	return grant(ctx, conn, appRole)
}

// prepare takes the lock, which lasts as long as the connection, and makes the schema.
func prepare(ctx context.Context, conn *pgx.Conn, appRole string) error {
	var owner string
	var exists bool
	err := conn.QueryRow(ctx, `SELECT current_user, EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)`, appRole).Scan(&owner, &exists)
	switch {
	case err != nil:
		return fmt.Errorf("the database's roles cannot be read: %w", err)
	case !exists:
		return fmt.Errorf("the application role %q does not exist; make it with CREATE ROLE ... LOGIN NOSUPERUSER NOBYPASSRLS", appRole)
	case owner == appRole:
		return fmt.Errorf("the role %q is to be the schema's owner and the application role, and row-level security would not hold it; connect the service as another role", appRole)
	}
	if _, err := conn.Exec(ctx, `SELECT pg_catalog.pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("another program migrates this database and did not end in time: %w", err)
	}
	// Whoever may make schemas may not be the owner of one that is there, so it is asked for first.
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'veil')`).Scan(&there); err != nil {
		return fmt.Errorf("the database's schemas cannot be read: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, `CREATE SCHEMA veil`); err != nil {
		return fmt.Errorf("the role %q cannot make the schema veil; grant it CREATE on the database: %w", owner, err)
	}
	return nil
}

// migrate runs the migrations that the database has not had.
func migrate(ctx context.Context, config *pgx.ConnConfig) error {
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SET app.scope = 'service'`) // what a migration does to rows, it does as the service
		return err
	}))
	defer func() { _ = db.Close() }() // nothing is under way any more
	provider, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("the migrations of this program cannot be read: %w", err)
	}
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("the version of the schema veil cannot be read as its owner; check that the schema belongs to the role that migrates it: %w", err)
	}
	if version > Version() {
		return &VersionError{Database: version, Program: Version()}
	}
	if _, err := provider.Up(ctx); err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) && partial.Failed != nil {
			return fmt.Errorf("the migration %s failed, and the schema is as it was before it: %w", path.Base(partial.Failed.Source.Path), partial.Err)
		}
		return fmt.Errorf("the schema could not be brought to version %d: %w", Version(), err)
	}
	return nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	table, err := database.NewStore(database.DialectPostgres, versionTable)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", db, files, goose.WithStore(table), goose.WithDisableGlobalRegistry(true))
}

// grant gives the application role what the tables say, and takes back whatever else it had.
func grant(ctx context.Context, conn *pgx.Conn, appRole string) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL app.scope = 'service'`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT relation, granted FROM veil.privileges ORDER BY relation`)
		if err != nil {
			return err
		}
		role := pgx.Identifier{appRole}.Sanitize()
		statements := []string{
			`REVOKE ALL ON ALL TABLES IN SCHEMA veil FROM ` + role,
			`REVOKE ALL ON ALL SEQUENCES IN SCHEMA veil FROM ` + role,
			`REVOKE ALL ON SCHEMA veil FROM ` + role,
			`GRANT USAGE ON SCHEMA veil TO ` + role,
		}
		var relation, granted string
		_, err = pgx.ForEachRow(rows, []any{&relation, &granted}, func() error {
			statements = append(statements, `GRANT `+granted+` ON veil.`+pgx.Identifier{relation}.Sanitize()+` TO `+role)
			return nil
		})
		if err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == codeNoTable {
		return fmt.Errorf("a migration grants something on a table that is not there: %w", err)
	}
	if err != nil {
		return fmt.Errorf("the application role %q was not granted what it needs: %w", appRole, err)
	}
	return nil
}
