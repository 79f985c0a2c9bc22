package dependents_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/dependents"
)

// counter counts the round trips of a session.
type counter struct {
	*pgx.Conn
	rounds int
}

func (c *counter) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	c.rounds++
	return c.Conn.SendBatch(ctx, b)
}

func TestAskingCostsAFewRoundTripsHoweverManyTargetsThereAre(t *testing.T) {
	var ddl strings.Builder
	var targets []dependents.Target
	for i := range 60 {
		fmt.Fprintf(&ddl, `CREATE TABLE t%d (a integer, b integer); CREATE VIEW v%[1]d AS SELECT a, b FROM t%[1]d; CREATE VIEW w%[1]d AS SELECT a FROM v%[1]d; CREATE INDEX ON t%[1]d ((a + b));`, i)
		targets = append(targets, column(fmt.Sprintf("t%d.a", i)), column(fmt.Sprintf("t%d.b", i)))
	}
	d := open(t, testPostgres(t), ddl.String())
	d.run("BEGIN")
	for _, n := range []int{0, 1, len(targets)} {
		c := &counter{Conn: d.conn}
		set, err := dependents.Of(t.Context(), c, targets[:n])
		if err != nil {
			t.Fatal(err)
		}
		if c.rounds > 6 || n == 0 && c.rounds > 0 {
			t.Errorf("%d targets took %d round trips", n, c.rounds)
		}
		if n == 0 && !reflect.DeepEqual(set, &dependents.Set{}) || n == 1 && len(set.Drop) != 3 || n == len(targets) && len(set.Drop) != 180 {
			t.Errorf("%d targets: %d statements", n, len(set.Drop))
		}
	}
}

func TestAskingLeavesTheTransactionAsItWas(t *testing.T) {
	d := open(t, testPostgres(t), tableT+`CREATE VIEW v AS SELECT a FROM t`)
	settings := `SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) FROM pg_settings`
	d.run("SET search_path = public, pg_catalog", "SET DateStyle = 'German'", "BEGIN", "SET LOCAL extra_float_digits = 0")
	before, picture := d.value(settings), d.value("SELECT count(*)::text FROM pg_class")
	d.ask(of(column("t.a")))
	if _, err := dependents.Of(t.Context(), d.conn, []dependents.Target{column("t.none")}); err == nil {
		t.Error("a column that is not there was found")
	}
	if got := d.value(settings); got != before {
		t.Errorf("settings are %s, were %s", got, before)
	}
	if got := d.value("SELECT count(*)::text FROM pg_class"); got != picture {
		t.Errorf("there are %s relations, were %s", got, picture)
	}
	if got := d.value("SELECT coalesce(pg_current_xact_id_if_assigned()::text, 'none')"); got != "none" {
		t.Errorf("asking wrote something: transaction %s", got)
	}
}

func TestAskingOutsideATransactionIsAnError(t *testing.T) {
	d := open(t, testPostgres(t), tableT)
	if _, err := dependents.Of(t.Context(), d.conn, []dependents.Target{column("t.a")}); err == nil || !strings.Contains(err.Error(), "transaction") {
		t.Errorf("got the error %v", err)
	}
}

func TestAskingTwiceSaysTheSame(t *testing.T) {
	ddl := tableT
	for _, i := range []string{"e", "b", "d", "a", "c"} {
		ddl += fmt.Sprintf(`CREATE VIEW %s AS SELECT a FROM t; CREATE INDEX %[1]si ON t ((a + 1)); CREATE VIEW z%[1]s AS SELECT a FROM %[1]s;`, i)
	}
	d := open(t, testPostgres(t), ddl)
	d.run("BEGIN")
	first := d.ask(of(column("t.a"), column("t.id")))
	for range 5 {
		if again := d.ask(of(column("t.a"), column("t.id"))); !reflect.DeepEqual(again, first) {
			t.Errorf("got %+v, first %+v", again, first)
		}
	}
	if !slices.IsSorted(first.Drop[5:10]) {
		t.Logf("dropped: %q", first.Drop)
	}
}

// What is left to the caller: both sides of a foreign key, and what a type resets of its column.
func TestATypeOfAnotherKindOnBothSidesOfAForeignKey(t *testing.T) {
	const ddl = tableT + `
		CREATE TABLE o (x integer CONSTRAINT f REFERENCES t ON DELETE CASCADE, y integer, CONSTRAINT c CHECK (x <> y)); INSERT INTO o VALUES (1, 2);
		CREATE VIEW v AS SELECT t.id, o.x FROM t JOIN o ON o.x = t.id WHERE x <> y`
	everyVersion(t, ddl, func(d *database) {
		before := d.state()
		var to, back []string
		for _, c := range []string{"t ALTER id", "o ALTER x", "o ALTER y"} {
			to = append(to, "ALTER TABLE public."+c+" TYPE text")
			back = append(back, fmt.Sprintf("ALTER TABLE public.%s TYPE integer USING %s::integer", c, c[strings.LastIndex(c, " ")+1:]))
		}
		ask := of(column("t.id"), column("o.x"), column("o.y"))
		first := d.with(ask, to...)
		d.undo(first, ask, back...)
		d.same("after the change back", d.state(), before)
	})
}

func TestWhatATypeResetsOfItsColumnIsTold(t *testing.T) {
	const ddl = `
		CREATE TABLE t (a text COLLATE "C", b text DEFAULT 'x', c varchar(7)); CREATE TABLE child () INHERITS (t);
		ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER a SET COMPRESSION pglz; ALTER TABLE child ALTER c SET STORAGE MAIN`
	everyVersion(t, ddl, func(d *database) {
		before := d.state()
		d.run("BEGIN", "SET LOCAL search_path = ''")
		set := d.ask(of(column("t.a"), column("t.b"), column("t.c")))
		var got []string
		for _, c := range set.Columns {
			got = append(got, strings.TrimSpace(fmt.Sprintln(c.Table, c.Column, c.Type, c.Default, c.Collation, c.Inherited)))
		}
		want := []string{
			`child a text  "C" true`, `child b text 'x'::text  true`, `child c character varying(7)   true`,
			`t a text  "C" false`, `t b text 'x'::text  false`, `t c character varying(7)   false`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, types := range []string{`a TYPE varchar, ALTER b TYPE varchar, ALTER c TYPE text`, `a TYPE text COLLATE "C", ALTER b TYPE text, ALTER c TYPE varchar(7)`} {
			d.run("ALTER TABLE public.t ALTER " + types)
		}
		for _, c := range set.Columns {
			d.run(c.Again...)
		}
		d.run("COMMIT")
		d.same("afterwards", strings.ReplaceAll(d.state(), "('x'::character varying)", "'x'"), strings.ReplaceAll(before, "('x'::character varying)", "'x'"))
	})
}

func TestWhatStepsAsideAndWhatIsCarriedAlongIsNamed(t *testing.T) {
	d := open(t, testPostgres(t), tableT+`
		CREATE INDEX plain ON t (a); ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, id); CREATE INDEX e ON t ((a + 1)); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t;
		CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE RULE r AS ON DELETE TO w DO INSTEAD NOTHING; CREATE INDEX beside ON t (s)`)
	d.run("BEGIN")
	set := d.ask(of(column("t.a")))
	aside := []string{"rule r on public.w", "foreign key f on public.t", "check c on public.t", "index public.e", "view public.w", "view public.v"}
	if !slices.Equal(set.Aside, aside) || len(set.Drop) != len(aside) {
		t.Errorf("aside are %q, want %q", set.Aside, aside)
	}
	if carried := []string{"constraint u on public.t", "index public.plain"}; !slices.Equal(set.Carried, carried) {
		t.Errorf("carried along are %q, want %q", set.Carried, carried)
	}
}

// The statements mean the same to a session with other settings than the one that asked.
func TestTheStatementsDoNotDependOnTheSettingsOfTheSession(t *testing.T) {
	d := open(t, testPostgres(t), `
		CREATE TABLE t (a integer, d date, i interval, f float8);
		CREATE VIEW v AS SELECT a FROM t WHERE d = '2024-03-02' AND i > '-1 day 2 hours' AND f < 0.30000000000000004::float8`)
	before := d.state()
	d.run("BEGIN", "SET DateStyle = 'SQL, DMY'", "SET IntervalStyle = sql_standard", "SET extra_float_digits = -15")
	set := d.ask(of(column("t.a")))
	d.run("RESET ALL")
	d.run(set.Drop...)
	d.run(set.Restore...)
	d.run("COMMIT")
	d.same("afterwards", d.state(), before)
}
