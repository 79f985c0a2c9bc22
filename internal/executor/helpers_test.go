package executor_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// database is a scratch database with a session of its owner's.
type database struct {
	testing.TB
	conn *pgx.Conn
}

// open makes a database of the statements.
func open(t testing.TB, server *postgres.Server, sql string) *database {
	t.Helper()
	conn, err := testenv.Scratch(t, server).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	d := &database{t, conn}
	d.run(sql)
	return d
}

func (d *database) run(sql string) {
	d.Helper()
	if _, err := d.conn.PgConn().Exec(d.Context(), sql).ReadAll(); err != nil {
		d.Fatalf("%v in %s", err, sql)
	}
}

// text asks for one value, in a transaction that is taken back.
func (d *database) text(sql string) string {
	d.Helper()
	d.run("BEGIN")
	defer d.run("ROLLBACK")
	var out *string
	if err := d.conn.QueryRow(d.Context(), sql, pgx.QueryExecModeSimpleProtocol).Scan(&out); err != nil {
		d.Fatalf("%v in %s", err, sql)
	}
	if out == nil {
		return "NULL"
	}
	return *out
}

// names asks for a column of texts.
func (d *database) names(sql string) []string {
	d.Helper()
	rows, err := d.conn.Query(d.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		d.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.Fatalf("%v in %s", err, sql)
	}
	return out
}

// facts are those of the schemas, or of all, under a mapping's names.
func (d *database) facts(m schema.Mapping, schemas ...string) schema.Facts {
	d.Helper()
	db, err := introspect.Read(d.Context(), d.conn, introspect.Options{Schemas: schemas})
	if err != nil {
		d.Fatal(err)
	}
	facts, _, err := db.Facts(m)
	if err != nil {
		d.Fatal(err)
	}
	return facts
}

// picture is all that a person can see in the database: what pg_dump prints, where the machine has one, the structure, the rows and
// where sequences are. Row order is left out.
func (d *database) picture() string {
	d.Helper()
	var b strings.Builder
	b.WriteString(d.dump())
	structure, err := memento.Structure(d.Context(), d.conn, d.names(ownSchemas))
	if err != nil {
		d.Fatal(err)
	}
	b.Write(structure)
	for _, name := range d.names(`SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^(pg_|information_schema$)' ORDER BY 1`) {
		var rows bytes.Buffer
		if _, err := d.conn.PgConn().CopyTo(d.Context(), &rows, "COPY (SELECT * FROM ONLY "+name+") TO STDOUT (HEADER)"); err != nil {
			d.Fatal(err)
		}
		lines := strings.SplitAfter(rows.String(), "\n")
		slices.Sort(lines[1:])
		b.WriteString("rows of " + name + ": " + strings.Join(lines, "\t"))
	}
	for _, name := range d.names(`SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' ORDER BY 1`) {
		b.WriteString(d.text("SELECT 'sequence "+name+" ' || last_value || ' ' || is_called FROM "+name) + "\n")
	}
	return b.String()
}

const ownSchemas = `SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`

// dump is what pg_dump prints of the structure, without what it draws by chance.
func (d *database) dump() string {
	d.Helper()
	bins, err := postgres.Find("")
	if err != nil {
		d.Fatal(err)
	}
	program := filepath.Join(bins.Dir, "pg_dump")
	if _, err := os.Stat(program); err != nil {
		return ""
	}
	c := d.conn.Config()
	cmd := exec.CommandContext(d.Context(), program, "--schema-only", fmt.Sprintf("host=%s port=%d user=%s dbname=%s", c.Host, c.Port, c.User, c.Database))
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	out, err := cmd.Output()
	if err != nil {
		d.Fatal(err)
	}
	return strings.Join(slices.DeleteFunc(strings.SplitAfter(string(out), "\n"), func(line string) bool {
		return strings.HasPrefix(line, `\`) || line == "\n" || strings.HasPrefix(line, "--")
	}), "")
}

// same fails where two pictures differ, and says where.
func (d *database) same(when, want, got string) {
	d.Helper()
	if want != got {
		d.Errorf("%s the database is not what it was (-was +is):\n%s", when, cmp.Diff(strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")))
	}
}

// template is what a template's DDL says.
type template struct {
	blueprint plan.Blueprint
	facts     schema.Facts
}

// readTemplate loads a template's DDL into a database of its own.
func readTemplate(t testing.TB, server *postgres.Server, ddl string) *template {
	t.Helper()
	d := open(t, server, ddl)
	db, design, err := introspect.ReadDesign(t.Context(), d.conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := &template{blueprint: plan.Blueprint{Extensions: make(map[string]string)}}
	if out.blueprint.Facts, err = db.Spellings(schema.Mapping{}); err != nil {
		t.Fatal(err)
	}
	if out.facts, _, err = db.Facts(schema.Mapping{}); err != nil {
		t.Fatal(err)
	}
	for _, e := range db.Extensions {
		out.blueprint.Extensions[e.Name] = e.Schema
	}
	for _, b := range design.Bodies {
		out.blueprint.Bodies = append(out.blueprint.Bodies, plan.Body{Object: plan.Object(b.Object), SQL: b.SQL})
	}
	for _, n := range design.Needs {
		out.blueprint.Needs = append(out.blueprint.Needs, plan.Need{Object: plan.Object(n.Object), Needs: plan.Object(n.Needs)})
	}
	return out
}

// goals are what a comparison without encryption says. A tenant that withholds answers nothing.
func (p *template) goals(tenant schema.Facts, forbidden []schema.Fact, withholds bool) []plan.Goal {
	var out []plan.Goal
	verdict := func(f schema.Fact) schema.Verdict {
		switch {
		case withholds:
			return schema.Undisclosed
		case slices.Contains(tenant, f):
			return schema.Present
		}
		return schema.Absent
	}
	for _, f := range p.facts {
		out = append(out, plan.Goal{Fact: f, Verdict: verdict(f), Want: plan.WantPresent})
	}
	for _, f := range forbidden {
		out = append(out, plan.Goal{Fact: f, Verdict: verdict(f), Want: plan.WantAbsent})
	}
	return out
}

// asked is the decisions as "id: choice choice".
func asked(list []executor.Decision) []string {
	var out []string
	for _, q := range list {
		line := q.ID + ":"
		for _, c := range q.Choices {
			line += " " + c.Choice
		}
		out = append(out, line)
	}
	return out
}
