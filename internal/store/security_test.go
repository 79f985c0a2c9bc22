package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// table is a table of the schema, as the catalog has it.
type table struct {
	Name      string
	Secured   bool
	Forced    bool
	OwnedBy   string
	HasTenant bool
	Granted   *string
	CanRead   bool
}

// tables are all tables of the schema, those too that this test has never heard of.
func tables(t *testing.T, c *pgx.Conn, app string) []table {
	t.Helper()
	rows, err := c.Query(t.Context(), `SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, r.rolname,
			EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant'),
			(SELECT granted FROM veil.privileges p WHERE p.relation = c.relname), has_table_privilege($1, c.oid, 'SELECT')
		FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
		WHERE c.relnamespace = 'veil'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname`, app)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 7 {
		t.Fatalf("the schema has only the tables %v", list)
	}
	return list
}

func TestEveryTableIsSecured(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	d.Open(t)
	c := d.Connect(t, d.OwnerDSN)
	exec(t, c, `SET app.scope = 'service'`)
	for _, table := range tables(t, c, d.App) {
		if !table.Secured || !table.Forced {
			t.Errorf("the table %s has row-level security enabled: %v, forced: %v; its migration needs both", table.Name, table.Secured, table.Forced)
		}
		if table.OwnedBy != d.Owner {
			t.Errorf("the table %s belongs to %s", table.Name, table.OwnedBy)
		}
		if table.Granted == nil && table.Name != "privileges" {
			t.Errorf("the table %s has no row in veil.privileges, so that the service cannot use it", table.Name)
		}
	}
	var public, foreign int
	err := c.QueryRow(t.Context(), `SELECT
		count(*) FILTER (WHERE EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0)),
		count(*) FILTER (WHERE relowner <> current_user::regrole)
		FROM pg_class WHERE relnamespace = 'veil'::regnamespace`).Scan(&public, &foreign)
	if err != nil || public != 0 || foreign != 0 {
		t.Errorf("%d relations are granted to everybody and %d belong to somebody else (%v)", public, foreign, err)
	}
}

// TestEveryTableShowsItsRowsToItsScopeAlone puts two rows into every table, of two tenants where it knows tenants, and looks at them as the
// application role. Whatever the table asks of its rows besides is taken away first: all that is tried here is who sees them.
func TestEveryTableShowsItsRowsToItsScopeAlone(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	d.Open(t)
	owner, app := d.Connect(t, d.OwnerDSN), d.Connect(t, d.AppDSN)
	exec(t, owner, `SET app.scope = 'service'`)
	all := tables(t, owner, d.App)
	ours, theirs := uuid.NewString(), uuid.NewString()
	exec(t, owner, freeRows)
	for _, table := range all {
		name := pgx.Identifier{"veil", table.Name}.Sanitize()
		exec(t, owner, `ALTER TABLE `+name+` NO FORCE ROW LEVEL SECURITY`) // the owner fills it whatever its policies are
		if table.HasTenant {
			exec(t, owner, `INSERT INTO `+name+` (tenant) VALUES ('`+ours+`'), ('`+theirs+`')`)
		} else {
			exec(t, owner, `INSERT INTO `+name+` DEFAULT VALUES`)
		}
		exec(t, owner, `ALTER TABLE `+name+` FORCE ROW LEVEL SECURITY`)
	}
	for _, table := range all {
		if !table.CanRead {
			continue // the database refuses to show any row
		}
		name := pgx.Identifier{"veil", table.Name}.Sanitize()
		for scope, settings := range map[string][2]string{
			"no scope":                      {"", ""},
			"a tenant's scope without one":  {"tenant", ""},
			"a tenant without a scope":      {"", ours},
			"a scope that there is not":     {"Service", ours},
			"somebody else":                 {"tenant", uuid.NewString()},
			"nobody, after a transaction":   {"after", ""},
			"nobody, in the owner's place":  {"owner", ""},
			"nobody, on a fresh connection": {"fresh", ""},
		} {
			if scope == "somebody else" && !table.HasTenant {
				continue // the table says itself what tenants see
			}
			if n := seen(t, d, owner, app, settings, name); n != 0 {
				t.Errorf("%s sees %d rows of the table %s", scope, n, table.Name)
			}
		}
		if n := seen(t, d, owner, app, [2]string{"service", ""}, name); n == 0 {
			t.Errorf("the service sees no row of the table %s", table.Name)
		}
		// Some tables are about tenants and not for them.
		if n := seen(t, d, owner, app, [2]string{"tenant", ours}, name); table.HasTenant && n > 1 {
			t.Errorf("a tenant sees %d rows of the table %s and has one", n, table.Name)
		}
	}
}

// freeRows takes away what tables of the schema ask of their rows.
const freeRows = `DO $$ DECLARE r record; BEGIN
	FOR r IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
		WHERE connamespace = 'veil'::regnamespace AND conrelid <> 0 AND contype <> 'n' ORDER BY contype = 'f' DESC LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', r.name, r.conname);
	END LOOP;
	FOR r IN SELECT attrelid::regclass AS name, attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'veil'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT attisdropped AND attnotnull AND attidentity = '' LOOP
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', r.name, r.attname);
	END LOOP;
END $$`

// seen counts the rows of a table that are seen with settings of scope and tenant.
func seen(t *testing.T, d storetest.Database, owner, app *pgx.Conn, settings [2]string, name string) int {
	t.Helper()
	c := app
	set := fmt.Sprintf(`SET LOCAL app.scope = '%s'; SET LOCAL app.tenant = '%s';`, settings[0], settings[1])
	switch settings[0] {
	case "after":
		set = ""
		exec(t, app, `BEGIN; SET LOCAL app.scope = 'service'; COMMIT`)
	case "fresh":
		set, c = "", d.Connect(t, d.AppDSN)
		defer func() { _ = c.Close(t.Context()) }()
	case "owner":
		set, c = `SET LOCAL app.scope = '';`, owner
	}
	n := -1
	exec(t, c, `BEGIN; `+set)
	if err := c.QueryRow(t.Context(), `SELECT count(*) FROM `+name).Scan(&n); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	exec(t, c, `ROLLBACK`)
	return n
}

func exec(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestTheApplicationRoleMayNot(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	d.Open(t)
	c := d.Connect(t, d.AppDSN)
	exec(t, c, `SET app.scope = 'service'`)
	tenant := uuid.NewString()
	for name, sql := range map[string]string{
		"make a table":                        `CREATE TABLE veil.t ()`,
		"change an event":                     `UPDATE veil.events SET stream = 'x'`,
		"delete an event":                     `DELETE FROM veil.events`,
		"delete all events":                   `TRUNCATE veil.events`,
		"change a hash":                       `UPDATE veil.log_hashes SET hash = ''`,
		"delete a hash":                       `DELETE FROM veil.log_hashes`,
		"delete the head":                     `DELETE FROM veil.log_head`,
		"make a second head":                  `INSERT INTO veil.log_head VALUES (false, 0, '', '')`,
		"change the bytes of a blob":          `UPDATE veil.blob_parts SET data = '\x00'`,
		"change the schema's version":         `INSERT INTO veil.goose_db_version (version_id, is_applied) VALUES (9, true)`,
		"read or change what it may":          `UPDATE veil.privileges SET granted = 'DELETE'`,
		"switch a table's security off":       `ALTER TABLE veil.events DISABLE ROW LEVEL SECURITY`,
		"replace who asks":                    `CREATE OR REPLACE FUNCTION veil.in_service() RETURNS boolean LANGUAGE sql RETURN true`,
		"give a tenant's blob to another one": `BEGIN; SET LOCAL app.scope = 'tenant'; SET LOCAL app.tenant = '` + tenant + `'; INSERT INTO veil.blobs (digest, size, tenant) VALUES (sha256(''), 0, gen_random_uuid())`,
	} {
		_, err := c.Exec(t.Context(), sql)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("the application role may %s: %v", name, err)
		}
		exec(t, c, `ROLLBACK`)
	}
}

func TestPrivilegesAreWhatTheTableSays(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	d.Open(t)
	d.Exec(t, `GRANT ALL ON ALL TABLES IN SCHEMA veil TO `+d.App) // somebody helped
	if err := store.Migrate(t.Context(), d.OwnerDSN, d.App); err != nil {
		t.Fatal(err)
	}
	c := d.Connect(t, d.AppDSN)
	exec(t, c, `SET app.scope = 'service'`)
	if _, err := c.Exec(t.Context(), `DELETE FROM veil.events`); err == nil {
		t.Error("a privilege that is not in the table was kept")
	}
}
