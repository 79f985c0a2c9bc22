// Package storetest makes databases of the service's schema for tests.
//
// A scratch server gives each database a role of its own and no other. So a [Database] is made of two: the first one's role owns the schema, and
// the second one's role works as the application role in the first one's database.
package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/testenv"
)

// MaxConns is how many connections a scratch server gives one role.
const MaxConns = 8

// Database is an empty database with an owner and an application role. It goes when the test ends.
type Database struct {
	// OwnerDSN and AppDSN are connection strings of the two roles.
	OwnerDSN, AppDSN string
	// Owner and App are their names.
	Owner, App string
}

// New makes a database without a schema on the tests' server.
func New(t testing.TB) Database {
	t.Helper()
	return NewOn(t, testenv.Postgres(t))
}

// NewOn makes a database without a schema on a server.
func NewOn(t testing.TB, server *postgres.Server) Database {
	t.Helper()
	// The second is made first, and so dropped last: its role cannot go while it has privileges in the first.
	app := config(t, testenv.Scratch(t, server))
	owner := config(t, testenv.Scratch(t, server))
	d := Database{OwnerDSN: dsn(owner, owner.Database), AppDSN: dsn(app, owner.Database), Owner: owner.User, App: app.User}
	d.Exec(t, "GRANT CONNECT ON DATABASE "+pgx.Identifier{owner.Database}.Sanitize()+" TO "+pgx.Identifier{app.User}.Sanitize())
	return d
}

// Open makes a database and opens it, migrated. Its pool has five connections.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return New(t).Open(t)
}

// Open migrates the database and opens it.
func (d Database) Open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{OwnerDSN: d.OwnerDSN, AppDSN: d.AppDSN, MaxConns: MaxConns - 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// Connect opens a connection with one of the connection strings, closed when the test ends.
func (d Database) Connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// Exec runs statements as the owner, in the service's scope.
func (d Database) Exec(t testing.TB, statements ...string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), d.OwnerDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	for _, sql := range append([]string{"SET app.scope = 'service'"}, statements...) {
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func config(t testing.TB, s *postgres.Scratch) *pgx.ConnConfig {
	t.Helper()
	c, err := s.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	return c.Config()
}

func dsn(c *pgx.ConnConfig, database string) string {
	return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s sslmode=disable", c.Host, c.Port, c.User, c.Password, database)
}
