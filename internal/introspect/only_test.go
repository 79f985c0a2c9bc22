package introspect_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// only reads tables and views of the schema alone.
func only(t testing.TB, conn *pgx.Conn, names ...schema.Relation) *schema.Database {
	t.Helper()
	d, err := introspect.Read(t.Context(), conn, introspect.Options{Relations: names})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// of returns the facts of one table or view and of what belongs to it.
func of(f schema.Facts, name schema.Relation) schema.Facts {
	var own []schema.Fact
	for _, fact := range f {
		if fact.Schema == name.Schema && (fact.Table == name.Name || fact.Kind == schema.KindView && fact.Name == name.Name) {
			own = append(own, fact)
		}
	}
	return schema.NewFacts(own)
}

// relations are the tables and views that were read.
func relations(d *schema.Database) []schema.Relation {
	var names []schema.Relation
	for _, t := range d.Tables {
		names = append(names, t.Relation)
	}
	for _, v := range d.Views {
		names = append(names, v.Relation)
	}
	return names
}

func TestARelationReadAloneHasTheFactsThatItHasAmongAll(t *testing.T) {
	files := corpus(t)
	for _, name := range []string{"adventureworks", "osm_website_2021", "gitlab_11_ce"} {
		files = append(files, filepath.Join(testenv.Schemas(t), "ddl", name+".sql"))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ddl, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			conn := load(t, testenv.Postgres(t), path, ddl)
			whole := read(t, conn)
			all := facts(t, whole, schema.Mapping{})
			names := relations(whole)
			for _, name := range names {
				d := only(t, conn, name)
				if got := relations(d); !slices.Equal(got, []schema.Relation{name}) {
					t.Fatalf("asked for %v, %v were read", name, got)
				}
				if n := len(d.Extensions) + len(d.Enums) + len(d.Domains) + len(d.Composites) + len(d.Ranges) + len(d.Functions); n > 0 {
					t.Errorf("%d objects were read with %v that do not belong to it", n, name)
				}
				f := facts(t, d, schema.Mapping{})
				sameFacts(t, fmt.Sprint(name), of(f, name), of(all, name))
				if more := f.Minus(all); len(more) > 0 {
					t.Errorf("%v alone has facts that the whole does not have: %v", name, more)
				}
			}
			sameFacts(t, "all by name", facts(t, only(t, conn, names...), schema.Mapping{}).Minus(all), nil)
			t.Logf("%d relations read alone", len(names))
		})
	}
}

func TestWhatPointsOutOfARelationIsNamedAsAmongAll(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
		CREATE TABLE p (id serial PRIMARY KEY, other int UNIQUE); CREATE SEQUENCE free;
		CREATE TABLE parent (a int, b mood) PARTITION BY LIST (a);
		CREATE TABLE t PARTITION OF parent FOR VALUES IN (1, 2);
		ALTER TABLE t ALTER a SET DEFAULT nextval('p_id_seq'), ADD CHECK (f(a) > 0), ADD FOREIGN KEY (a) REFERENCES p (other);
		CREATE INDEX ON t (f(a)) WHERE b = 'ok'; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
		CREATE POLICY rows ON t USING (a IN (SELECT p.id FROM p) AND nextval('free') > 0)`)
	all, name := facts(t, read(t, conn), schema.Mapping{}), schema.Relation{Schema: "public", Name: "t"}
	got := facts(t, only(t, conn, name), schema.Mapping{})
	sameFacts(t, "alone", of(got, name), of(all, name))
	want := []schema.Fact{
		{Kind: schema.KindSequence, Schema: "public", Table: "p", Name: "id", Detail: "owned as integer"},
	}
	if beside := got.Minus(of(got, name)); !slices.Equal(beside, want) {
		t.Errorf("beside the table's own facts there are %v, want %v", beside, want)
	}
	if detail := "nextval(public.p.id)"; !slices.ContainsFunc(got, func(f schema.Fact) bool {
		return f.Kind == schema.KindDefault && strings.Contains(f.Detail, "public.p.id")
	}) {
		t.Errorf("no default uses the sequence of another table's column, as %s would:\n%s", detail, text(got))
	}
}

func TestRelationsThatAreNotThereAreLeftOut(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	long := strings.Repeat("x", 63)
	execute(t, conn, `CREATE SCHEMA s; CREATE TABLE s.t (id serial); CREATE TABLE public.u (a int); CREATE SEQUENCE s.q; CREATE TYPE s.c AS (a int);
		CREATE TABLE s.`+long+` (a int)`)
	d, err := introspect.Read(t.Context(), conn, introspect.Options{Schemas: []string{"s"}, Relations: []schema.Relation{
		{Schema: "s", Name: "t"},
		{Schema: "s", Name: "t"},
		{Schema: "s", Name: "none"},
		{Schema: "none", Name: "t"},
		{Schema: "public", Name: "u"},
		{Schema: "s", Name: "q"},
		{Schema: "s", Name: "c"},
		{Schema: "s", Name: "t_id_seq"},
		{Schema: "s", Name: long + "y"},
		{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := relations(d); !slices.Equal(got, []schema.Relation{{Schema: "s", Name: "t"}}) {
		t.Errorf("%v were read, want s.t alone", got)
	}
	if len(d.Sequences) != 1 || d.Sequences[0].OwnerName != "id" {
		t.Errorf("the sequences are %v, want the one that s.t.id owns", d.Sequences)
	}
	none := only(t, conn, schema.Relation{Schema: "s", Name: "none"})
	if f := facts(t, none, schema.Mapping{}); len(f) != 0 {
		t.Errorf("of a table that is not there, these facts were read: %v", f)
	}
}

// A view of an extension is judged with the extension, asked for by name or not.
func TestMembersOfExtensionsAreLeftOutByNameToo(t *testing.T) {
	d := testenv.Scratch(t, testenv.Postgres(t))
	if _, err := d.Load(t.Context(), "extension", []byte(`CREATE EXTENSION pg_stat_statements;`), postgres.LoadOptions{}); err != nil {
		t.Skipf("no pg_stat_statements on this machine: %v", err)
	}
	if views := only(t, session(t, d), schema.Relation{Schema: "public", Name: "pg_stat_statements"}).Views; len(views) != 0 {
		t.Errorf("the extension's views %v were read", views)
	}
}

// What a plan asserts, it asserts inside the transaction that makes it so.
func TestReadingInsideATransactionSeesItsChangesAndLeavesItAsItWas(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, tenantDDL)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	execute(t, conn, `SET LOCAL search_path = public, pg_catalog; SET LOCAL TimeZone = 'Asia/Tokyo'; ALTER TABLE visit ADD special text`)
	before := settings(t, conn)
	name := schema.Relation{Schema: "public", Name: "visit"}
	for _, opts := range []introspect.Options{{}, {Relations: []schema.Relation{name}}} {
		d, err := introspect.ReadTx(t.Context(), tx, opts)
		if err != nil {
			t.Fatal(err)
		}
		if f := facts(t, d, schema.Mapping{}); !f.Has(schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: "visit", Name: "special"}) {
			t.Errorf("the column that the transaction added is not among\n%s", text(f))
		}
	}
	if after := settings(t, conn); after != before {
		t.Errorf("after reading the settings are\n%s\nwant\n%s", after, before)
	}
	if _, err := introspect.ReadTx(t.Context(), tx, introspect.Options{Schemas: []string{"none"}}); err == nil {
		t.Error("a schema that is not there was read")
	}
	if after := settings(t, conn); after != before {
		t.Errorf("after a failed reading the settings are\n%s\nwant\n%s", after, before)
	}
	if _, err := tx.Exec(t.Context(), `ROLLBACK TO SAVEPOINT veil_introspect`); err == nil {
		t.Error("the savepoint of the reading is still there")
	}
}

// settings are all of a session's, one a line.
func settings(t *testing.T, conn *pgx.Conn) (all string) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `SELECT string_agg(name || '=' || setting, E'\n' ORDER BY name) FROM pg_settings`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The cost of a relation should not grow with its schema.
func BenchmarkOneRelationAmong(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("%d tables", n), func(b *testing.B) {
			conn := connect(b, testenv.Postgres(b))
			for i := range n {
				execute(b, conn, fmt.Sprintf(`CREATE TABLE t%d (id serial PRIMARY KEY, a text NOT NULL DEFAULT 'x', CHECK (a <> ''), UNIQUE (a))`, i))
			}
			for b.Loop() {
				only(b, conn, schema.Relation{Schema: "public", Name: "t0"})
			}
		})
	}
}
