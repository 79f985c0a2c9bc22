package provision_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/fill"
)

// tenant is a database with a schema and rows.
type tenant struct {
	*postgres.Scratch
	conn *pgx.Conn
	dsn  string
}

// newTenant makes an empty database.
func newTenant(t testing.TB) *tenant {
	t.Helper()
	d := testenv.Scratch(t, testenv.Postgres(t))
	conn, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	c := conn.Config()
	dsn := fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", c.Host, c.Port, c.User, c.Password, c.Database)
	return &tenant{d, conn, dsn}
}

func (d *tenant) load(t testing.TB, name string, ddl []byte) {
	t.Helper()
	if _, err := d.Load(t.Context(), name, ddl, postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (d *tenant) fill(t testing.TB, rows int) {
	t.Helper()
	report, err := fill.Rows(t.Context(), d.conn, fill.Options{RowsPerTable: rows, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Gaps) > 0 {
		t.Fatalf("%d tables got no rows: %v", len(report.Gaps), report.Gaps[0])
	}
}

func (d *tenant) exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := d.conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

func (d *tenant) facts(t testing.TB) schema.Facts {
	t.Helper()
	db, err := introspect.Read(t.Context(), d.conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts, _, err := db.Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// ddl reads a real schema's file.
func ddl(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Schemas(t), "ddl", name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// server is the private server that templates are loaded into.
func server(t testing.TB) *check.Server {
	t.Helper()
	s := &check.Server{}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// options are those of a run that brings a tenant to a template.
func options(t testing.TB, d *tenant, name string, text []byte) provision.Options {
	t.Helper()
	return provision.Options{
		Check: check.Options{
			Meta: template.Meta{Slug: name, Version: "1"}, Template: check.Source{Texts: []check.Text{{Name: name, Text: text}}}, Tenant: check.Source{DSN: d.dsn}, Workers: 2, Generator: "test",
		},
		State: t.TempDir(),
	}
}
