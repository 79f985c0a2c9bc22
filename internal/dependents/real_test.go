package dependents_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// Of the integers and bigints of real schemas some become the other and change back; checks, indexes, views, triggers and keys come back to
// the letter.
func TestColumnsOfRealSchemasChangeAndChangeBack(t *testing.T) {
	server := testPostgres(t)
	for name, every := range map[string]int{
		"adventureworks": 1, "chinook": 1, "gitlab_11_ce": 25, "gitlab_18": 97, "osm_website_2026": 3, "mediawiki_1_43": 7,
		"mimic_iv_v3_1": 5, "mojaloop_central_ledger": 5, "omop_cdm_v5_4": 11, "gisia_2026": 5,
	} {
		t.Run(name, func(t *testing.T) {
			ddl, err := os.ReadFile(filepath.Join(testenv.Schemas(t), "ddl", name+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			scratch := testenv.Scratch(t, server)
			if _, err := scratch.Load(t.Context(), name, ddl, postgres.LoadOptions{}); err != nil {
				t.Fatal(err)
			}
			conn, err := scratch.Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			d := &database{t, server, conn}
			before := d.state()
			targets, to, back := d.integers(every)
			first := d.with(of(targets...), to...)
			d.undo(first, of(targets...), back...)
			d.same(name, d.state(), before)
			t.Logf("%d columns, %d objects stepped aside", len(targets), len(first.Drop))
		})
	}
}

// integers returns every so many columns that are integers and may change, and the statements that change them and back.
func (d *database) integers(every int) (targets []dependents.Target, to, back []string) {
	d.Helper()
	d.run("BEGIN")
	rows, err := d.conn.Query(d.Context(), `SELECT n.nspname, c.relname, a.attname
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE a.atttypid IN ('integer'::regtype, 'bigint'::regtype) AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND NOT a.atthasdef AND a.attinhcount = 0
			AND c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3`)
	if err != nil {
		d.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[dependents.Target])
	if err != nil {
		d.Fatal(err)
	}
	var some []dependents.Target
	for i := 0; i < len(all); i += every {
		some = append(some, all[i])
	}
	blocked := make(map[dependents.Target]bool)
	set := d.ask(of(some...))
	for _, b := range set.Blocked {
		blocked[b.Target] = true
	}
	types := make(map[dependents.Target]string)
	for _, c := range set.Columns {
		types[c.Target] = c.Type
	}
	for _, t := range some {
		if blocked[t] {
			continue
		}
		targets = append(targets, t)
		alter := "ALTER TABLE " + pgx.Identifier{t.Schema, t.Table}.Sanitize() + " ALTER " + pgx.Identifier{t.Column}.Sanitize() + " TYPE "
		to, back = append(to, alter+map[string]string{"integer": "bigint", "bigint": "integer"}[types[t]]), append(back, alter+types[t])
	}
	d.run("ROLLBACK")
	if len(targets) == 0 || strings.Contains(d.TB.Name(), "adventureworks") && len(set.Drop) < 20 {
		d.Fatalf("only %d of %d columns can change", len(targets), len(some))
	}
	return targets, to, back
}
