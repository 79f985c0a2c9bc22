package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which database to open and how.
type Config struct {
	// OwnerDSN is the connection string of the schema's owner. Where it is given, [Open] brings the schema up to date first. It may be empty where
	// the schema is up to date, and should be in all processes but the one that an operator upgrades with.
	OwnerDSN string
	// AppDSN is the connection string of the application role, which owns nothing.
	AppDSN string
	// MaxConns is how many connections the pool has at most; 0 means 16. Hints take one more, and health another.
	MaxConns int32
	// StatementTimeout ends a statement that takes longer; 0 means 60 s.
	StatementTimeout time.Duration
	// Tracer sees every query; nil means none. Values of parameters are the tenants' business and no matter for traces.
	Tracer pgx.QueryTracer
}

// DB is the service's database, seen as the application role. Its methods may be called from several goroutines.
type DB struct {
	pool   *pgxpool.Pool
	health *pgxpool.Pool // one connection, so that nobody who works delays the answer
	hints  *hints
}

// Open opens a pool of connections as the application role, after it brought the schema up to date where the configuration has the owner's connection. It
// refuses a role that row-level security does not hold, and fails with [VersionError] where the schema is not the one that this program knows.
func Open(ctx context.Context, c Config) (*DB, error) {
	config, err := c.pool()
	if err != nil {
		return nil, err
	}
	if c.OwnerDSN != "" {
		if err := Migrate(ctx, c.OwnerDSN, config.ConnConfig.User); err != nil {
			return nil, err
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("the database cannot be opened: %w", err)
	}
	alone := config.Copy()
	alone.MaxConns, alone.ConnConfig.Tracer = 1, nil
	health, err := pgxpool.NewWithConfig(ctx, alone)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("the database cannot be opened: %w", err)
	}
	db := &DB{pool: pool, health: health, hints: newHints(config.ConnConfig)}
	if err := db.check(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// pool is the pool's configuration. The DSN's own settings are kept where they do not decide about safety.
func (c Config) pool() (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(c.AppDSN)
	if err != nil {
		// pgx leaves passwords out of its message.
		return nil, fmt.Errorf("the application role's connection string cannot be understood: %w", err)
	}
	if config.MaxConns = c.MaxConns; c.MaxConns <= 0 {
		config.MaxConns = defaultConns
	}
	timeout := c.StatementTimeout
	if timeout <= 0 {
		timeout = statementTimeout
	}
	config.ConnConfig.Tracer = c.Tracer
	params := config.ConnConfig.RuntimeParams
	params["statement_timeout"] = strconv.FormatInt(timeout.Milliseconds(), 10)
	params["idle_in_transaction_session_timeout"] = strconv.FormatInt(idleTimeout.Milliseconds(), 10)
	params["search_path"] = "veil, pg_temp"
	params["timezone"] = "UTC"
	if params["application_name"] == "" {
		params["application_name"] = "veil"
	}
	return config, nil
}

// check refuses a role or a schema that this program must not work with.
func (db *DB) check(ctx context.Context) error {
	if err := checkRole(ctx, db.pool); err != nil {
		return err
	}
	var version int64
	err := db.Read(ctx, Service(), func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM veil.goose_db_version WHERE is_applied`).Scan(&version)
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == codeNoTable || pg.Code == codeNoSchema || pg.Code == codeNoPrivilege) {
		return fmt.Errorf("%w (%w)", &VersionError{Program: Version()}, err)
	}
	if err != nil {
		return err
	}
	if version != Version() {
		return &VersionError{Database: version, Program: Version()}
	}
	return nil
}

// Pool is the pool itself, for libraries with tables of their own, such as the job queue. Its connections are in no scope: they see no row of ours.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Health says whether the database answers and takes changes, on a connection of its own: it answers while all others are in use. The caller's context
// bounds the time.
func (db *DB) Health(ctx context.Context) error {
	var readOnly bool
	if err := db.health.QueryRow(ctx, `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean`).Scan(&readOnly); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if readOnly {
		return errors.New("the database takes no changes: it is a standby, or was set to read only; connect to the primary")
	}
	return nil
}

// Close ends all connections and waits for those in use.
func (db *DB) Close() {
	db.hints.close()
	db.health.Close()
	db.pool.Close()
}
