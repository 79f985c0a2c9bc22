package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// schemaName is where River's tables are.
const schemaName = "river"

// Migrate brings the queue's tables up to date as the owner of the database and lets the application role use them. Programs that
// migrate at once wait for each other.
func Migrate(ctx context.Context, ownerDSN, appRole string) error {
	pool, err := pgxpool.New(ctx, ownerDSN)
	if err != nil {
		return fmt.Errorf("the owner's connection string cannot be understood: %w", err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("the database cannot be reached as its owner: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_catalog.pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("another program migrates this database and did not end in time: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), `SELECT pg_catalog.pg_advisory_unlock($1)`, int64(migrationLock)) //nolint:errcheck // the session ends, and the lock with it
	if err := makeSchema(ctx, conn); err != nil {
		return err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schemaName, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("the queue's tables could not be made: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("the queue's tables could not be brought up to date: %w", err)
	}
	return grant(ctx, conn, appRole)
}

// makeSchema makes the schema. Whoever may make schemas may not be the owner of one that is there, so it is asked for first.
func makeSchema(ctx context.Context, conn *pgxpool.Conn) error {
	var there bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)`, schemaName).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, `CREATE SCHEMA `+schemaName)
	}
	if err != nil {
		return fmt.Errorf("the queue's schema could not be made: %w", err)
	}
	return nil
}

func grant(ctx context.Context, conn *pgxpool.Conn, appRole string) error {
	role := pgx.Identifier{appRole}.Sanitize()
	var errs []error
	for _, sql := range []string{
		`GRANT USAGE ON SCHEMA river TO ` + role,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA river TO ` + role,
		`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA river TO ` + role,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			errs = append(errs, fmt.Errorf("the application role could not be let in: %w", err))
		}
	}
	return errors.Join(errs...)
}
