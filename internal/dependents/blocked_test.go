package dependents_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/dependents"
)

// forbidden are structures in which the type of t.a cannot change, and what says so. The server refuses each of them too.
var forbidden = []struct {
	name, ddl string
	target    string // t.a if empty
	what, why string
}{
	{name: "a generated column", ddl: `ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1) STORED`, what: "generated column public.t.g", why: "calculated"},
	{name: "a partition key", ddl: `CREATE TABLE p (a integer) PARTITION BY LIST (a)`, target: "p.a", what: "column public.p.a", why: "partition key of public.p"},
	{
		name:   "the expression of a partition key of a partition",
		ddl:    `CREATE TABLE p (a integer, b integer) PARTITION BY LIST (b); CREATE TABLE p1 PARTITION OF p DEFAULT PARTITION BY RANGE ((a + 1))`,
		target: "p.a", what: "column public.p1.a", why: "partition key of public.p1",
	},
	{
		name: "a function's body in standard SQL", ddl: `CREATE FUNCTION f(x integer) RETURNS integer RETURN (SELECT max(a) FROM t WHERE id > x)`,
		what: "function public.f(integer)", why: "body",
	},
	{
		name: "a function's body that names a key and not the column",
		ddl:  `ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, id); CREATE FUNCTION f() RETURNS void BEGIN ATOMIC INSERT INTO t (id) VALUES (1) ON CONFLICT ON CONSTRAINT u DO NOTHING; END`,
		what: "function public.f()", why: "body",
	},
	{
		name: "a procedure that uses a view on the column",
		ddl:  `CREATE VIEW v AS SELECT a FROM t; CREATE PROCEDURE f() BEGIN ATOMIC DELETE FROM t WHERE EXISTS (SELECT FROM v); END`,
		what: "procedure public.f()", why: "drop it",
	},
	{
		name: "a function that returns rows of a view on the column", ddl: `CREATE VIEW v AS SELECT a FROM t; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'TABLE v'`,
		what: "function public.f()", why: "signature",
	},
	{
		name: "a function that takes arrays of rows of a view on a view", ddl: `CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT * FROM v; CREATE FUNCTION f(w[]) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
		what: "function public.f(public.w[])", why: "signature",
	},
	{
		name: "a table that stores rows of a view on the column", ddl: `CREATE VIEW v AS SELECT a FROM t; CREATE TABLE o (r v)`,
		what: "table column public.o.r", why: "has to step aside",
	},
	{name: "a table that stores rows of the table", ddl: `CREATE TABLE o (r t)`, what: "table column public.o.r", why: "whole rows"},
	{
		name: "a table that stores a domain over arrays of composites of rows", ddl: `CREATE TYPE c AS (x integer, r t[]); CREATE DOMAIN dc AS c[]; CREATE TABLE o (r dc)`,
		what: "table column public.o.r", why: "whole rows",
	},
	{
		name: "a column that is inherited", ddl: `CREATE TABLE child () INHERITS (t)`, target: "child.a",
		what: "column public.child.a", why: "same column of public.t",
	},
	{
		name: "a column that a child has from another parent as well", ddl: `CREATE TABLE other (a integer); CREATE TABLE child () INHERITS (t, other)`,
		what: "column public.child.a", why: "same column of public.t and public.other",
	},
	{
		name: "a table made of a type", ddl: `CREATE TYPE c AS (a integer); CREATE TABLE o OF c`, target: "o.a",
		what: "column public.o.a", why: "made of the type public.c",
	},
	{name: "a column of a view", ddl: `CREATE VIEW v AS SELECT a FROM t`, target: "v.a", what: "column public.v.a", why: "no column of a table"},
	{
		name: "a publication of some rows", ddl: `CREATE PUBLICATION pub FOR TABLE t WHERE (id > 1 AND a > 3)`,
		what: "publication relation public.t in publication pub", why: "row filter",
	},
	{
		name: "a publication of some columns", ddl: `CREATE PUBLICATION pub FOR TABLE t (id, a)`,
		what: "publication relation public.t in publication pub", why: "list of columns",
	},
	{name: "a temporary view", ddl: `CREATE TEMPORARY VIEW v AS SELECT a FROM t`, what: "view ", why: "temporary"},
	{
		name: "views that use each other in a circle",
		ddl:  `CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE OR REPLACE VIEW v AS SELECT t.a FROM t JOIN w USING (a)`,
		what: "view public.v", why: "circle",
	},
}

func TestWhatCannotStepAsideIsNamedWithTheReason(t *testing.T) {
	for _, test := range forbidden {
		t.Run(test.name, func(t *testing.T) {
			everyVersion(t, tableT+test.ddl, func(d *database) {
				target := column("t.a")
				if test.target != "" {
					target = column(test.target)
				}
				d.run("BEGIN", "SAVEPOINT s")
				set := d.ask(of(target))
				if !slices.ContainsFunc(set.Blocked, func(b dependents.Blocked) bool {
					return strings.HasPrefix(b.What, test.what) && strings.Contains(b.Why, test.why) && b.Target == target
				}) {
					t.Errorf("blocked is %+v, want %q because %q", set.Blocked, test.what, test.why)
				}
				if _, err := d.conn.Exec(t.Context(), "ALTER TABLE "+target.Table+" ALTER a TYPE bigint"); err == nil {
					t.Error("the server does not refuse the change")
				}
			})
		})
	}
}

func TestAColumnThatIsNotThereIsAnError(t *testing.T) {
	d := open(t, testPostgres(t), tableT)
	d.run("BEGIN")
	for _, name := range []string{"t.b", "u.a", "t.ctid"} {
		if set, err := dependents.Of(t.Context(), d.conn, []dependents.Target{column("t.a"), column(name)}); err == nil {
			t.Errorf("%s: got %+v, want an error", name, set)
		} else if !strings.Contains(err.Error(), strings.Split(name, ".")[1]) {
			t.Errorf("%s: the error does not name it: %v", name, err)
		}
	}
	d.run("SELECT 1")
}

// The rights of a superuser are not needed for an extension that is marked as trusted.
func TestAMemberOfAnExtensionForbidsTheChange(t *testing.T) {
	d := open(t, testPostgres(t), tableT+`CREATE VIEW v AS SELECT a FROM t`)
	if _, err := d.conn.Exec(t.Context(), "CREATE EXTENSION citext"); err != nil {
		t.Skip(err)
	}
	d.run("ALTER EXTENSION citext ADD VIEW v", "BEGIN")
	if set := d.ask(of(column("t.a"))); len(set.Blocked) != 1 || set.Blocked[0].What != "view public.v" || !strings.Contains(set.Blocked[0].Why, "extension") {
		t.Errorf("got %+v", set)
	}
}

func TestAnInvalidIndexForbidsTheChange(t *testing.T) {
	d := open(t, testPostgres(t), tableT+`INSERT INTO t VALUES (7, 1), (8, 1)`)
	if _, err := d.conn.Exec(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY i ON t ((a + 1))"); err == nil {
		t.Fatal("the index is valid")
	}
	d.run("BEGIN")
	set := d.ask(of(column("t.a")))
	want := dependents.Blocked{What: "index public.i", Why: "it is invalid; drop it or build it again first", Target: column("t.a")}
	if len(set.Blocked) != 1 || set.Blocked[0] != want {
		t.Errorf("got %+v, want %+v", set.Blocked, want)
	}
}

// Version 18 keeps what forbids nulls as a constraint with a name, and cannot make it anew where a child has another name for it.
func TestANotNullConstraintOfAnotherNameThanTheParentsForbidsTheChange(t *testing.T) {
	everyVersion(t, `
		CREATE TABLE k (id integer, a integer) PARTITION BY RANGE (id); CREATE TABLE k1 PARTITION OF k DEFAULT;
		ALTER TABLE k1 ALTER a SET NOT NULL; ALTER TABLE k ALTER a SET NOT NULL`, func(d *database) {
		d.run("BEGIN")
		set := d.ask(of(column("k.a")))
		_, err := d.conn.Exec(t.Context(), "ALTER TABLE k ALTER a TYPE bigint")
		if (err != nil) != (len(set.Blocked) > 0) {
			t.Errorf("blocked is %+v, and the server says %v", set.Blocked, err)
		}
		if d.server.Major() == 18 && (len(set.Blocked) != 1 || set.Blocked[0].What != "column public.k1.a") {
			t.Errorf("blocked is %+v", set.Blocked)
		}
	})
}
