package dependents_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/internal/testenv"
)

// neighbour is a session of another role in the database, which may make things in the schema public, and that role's name.
func (d *database) neighbour() (*database, string) {
	d.Helper()
	own, err := testenv.Scratch(d, d.server).Connect(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	config := own.Config()
	own.Close(d.Context())
	d.run("GRANT CONNECT ON DATABASE "+d.conn.Config().Database+" TO "+config.User, "GRANT ALL ON SCHEMA public TO "+config.User)
	config.Database = d.conn.Config().Database
	conn, err := pgx.ConnectConfig(d.Context(), config)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { // so that the role can be dropped
		for _, step := range []struct {
			by  *pgx.Conn
			sql string
		}{
			{conn, "DROP OWNED BY CURRENT_USER CASCADE"},
			{d.conn, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + config.User + " CASCADE"},
			{d.conn, "REVOKE ALL ON SCHEMA public FROM " + config.User},
			{d.conn, "REVOKE ALL ON DATABASE " + config.Database + " FROM " + config.User},
		} {
			if _, err := step.by.Exec(context.Background(), step.sql); err != nil {
				d.Error(err)
			}
		}
		conn.Close(context.Background())
	})
	return &database{d.TB, d.server, conn}, config.User
}

func TestWhatBelongsToARoleThatTheSessionMayActAsIsGivenBack(t *testing.T) {
	everyVersion(t, tableT, func(d *database) {
		const role = "pg_database_owner" // whoever owns the database may act as it
		me := d.conn.Config().User
		d.run(`GRANT SELECT, INSERT ON t TO `+role+`;
			CREATE VIEW v AS SELECT id, a FROM t; ALTER VIEW v OWNER TO `+role+`; CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE UNIQUE INDEX ON m (a);
			ALTER MATERIALIZED VIEW m OWNER TO `+role+`; CREATE STATISTICS st ON a, id FROM t; ALTER STATISTICS st OWNER TO `+role+`;
			CREATE VIEW w AS SELECT id, a FROM t; GRANT SELECT, UPDATE ON w TO `+role+` WITH GRANT OPTION; GRANT INSERT (a) ON w TO `+role+` WITH GRANT OPTION`,
			"SET ROLE "+role, "GRANT SELECT, UPDATE ON w TO pg_monitor; GRANT INSERT (a) ON w TO pg_read_all_stats; GRANT SELECT ON v TO "+me, "RESET ROLE",
			"GRANT SELECT ON w TO pg_read_all_stats")
		before := d.state()
		for range 2 { // as oneself, and as a role that the session took
			first := d.with(of(column("t.a")), "ALTER TABLE public.t ALTER a TYPE bigint")
			plain := strings.NewReplacer("bigint", "integer").Replace
			d.same("after the change", plain(d.state()), plain(before))
			if got := d.value("SELECT current_user::text"); got != me {
				t.Errorf("the session acts as %s", got)
			}
			d.undo(first, of(column("t.a")), "ALTER TABLE public.t ALTER a TYPE integer")
			d.same("after the change back", d.state(), before)
			d.run("SET ROLE " + me)
		}
	})
}

func TestWhatBelongsToAnotherRoleOrWasGivenByOneForbidsTheChange(t *testing.T) {
	everyVersion(t, tableT, func(d *database) {
		other, role := d.neighbour()
		d.run(`CREATE VIEW granted AS SELECT a FROM t; GRANT SELECT ON granted TO ` + role + ` WITH GRANT OPTION;
			GRANT REFERENCES, SELECT ON t TO ` + role + `; ALTER TABLE t ADD UNIQUE (a); GRANT SELECT (a) ON t TO ` + role)
		other.run(`GRANT SELECT ON granted TO pg_monitor; CREATE VIEW theirs AS SELECT a FROM t; CREATE TABLE their_table (x integer CONSTRAINT f REFERENCES t (a))`)
		d.run("BEGIN")
		defer d.run("ROLLBACK")
		set := d.ask(of(column("t.a")))
		want := []string{"foreign key f on public.their_table", "view public.granted", "view public.theirs"}
		if got := names(set.Blocked); !slices.Equal(got, want) {
			t.Errorf("blocked is %q, want %q", got, want)
		}
		for _, b := range set.Blocked {
			if b.Target != column("t.a") || !strings.Contains(b.Why, role) {
				t.Errorf("%+v does not name the column and the role", b)
			}
		}
		if set := d.ask(of(column("their_table.x"))); !slices.Contains(names(set.Blocked), "column public.their_table.x") {
			t.Errorf("another role's table is not blocked: %+v", set.Blocked)
		}
	})
}

func TestAForeignKeyToAnotherRolesTableNeedsItsConsent(t *testing.T) {
	d := open(t, testPostgres(t), "")
	other, _ := d.neighbour()
	me := d.conn.Config().User
	other.run("CREATE TABLE far (x integer PRIMARY KEY); GRANT REFERENCES (x) ON far TO " + me)
	d.run("CREATE TABLE t (a integer CONSTRAINT f REFERENCES far)", "BEGIN")
	if set := d.ask(of(column("t.a"))); len(set.Blocked) != 0 || !slices.Equal(set.Aside, []string{"foreign key f on public.t"}) {
		t.Errorf("got %+v", set)
	}
	d.run("COMMIT")
	other.run("REVOKE REFERENCES (x) ON far FROM " + me)
	d.run("BEGIN")
	defer d.run("ROLLBACK")
	if set := d.ask(of(column("t.a"))); len(set.Blocked) != 1 || !strings.Contains(set.Blocked[0].Why, "references to public.far") {
		t.Errorf("got %+v", set)
	}
}

// value is the one text that a statement returns.
func (d *database) value(sql string) (text string) {
	d.Helper()
	if err := d.conn.QueryRow(d.Context(), sql).Scan(&text); err != nil {
		d.Fatal(err)
	}
	return text
}

var _ dependents.Querier = (*pgx.Conn)(nil)
