package memento_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/testenv"
)

// museum is DDL with one of each kind of thing.
func museum(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/museum.sql")
	must(t, err)
	return string(b)
}

// neutral takes a scratch database's own role, which is another in each, out of a text.
func neutral(conn *pgx.Conn, text string) string {
	return strings.ReplaceAll(text, conn.Config().User, "owner_of_it")
}

// reload makes a fresh database of what pg_dump wrote of another, with all owners and privileges.
func reload(t testing.TB, from, to *pgx.Conn) {
	t.Helper()
	var sql strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(dump(t, from, "--schema-only"), from.Config().User, to.Config().User)) {
		if !strings.HasPrefix(line, `\`) { // psql's own
			sql.WriteString(line)
		}
	}
	execute(t, to, sql.String())
}

func TestAStructureIsTheSameAfterDumpAndReload(t *testing.T) {
	server := testenv.Postgres(t)
	t.Run("one of each kind", func(t *testing.T) {
		from, to := connect(t, server), connect(t, server)
		execute(t, from, museum(t))
		reload(t, from, to)
		same(t, "after dump and reload", []byte(neutral(from, string(structure(t, from)))), []byte(neutral(to, string(structure(t, to)))))
	})
	files, err := filepath.Glob(filepath.Join(testenv.Schemas(t), "ddl", "*.sql"))
	must(t, err)
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		if strings.HasPrefix(name, "gitlab") && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			from, to := load(t, server, name), connect(t, server)
			reload(t, from, to)
			start := time.Now()
			before := structure(t, from)
			t.Logf("%d lines in %s", strings.Count(string(before), "\n"), time.Since(start))
			if took := time.Since(start); took > 10*time.Second { // a slow query, not a slow machine
				t.Errorf("it took %s", took)
			}
			same(t, "after dump and reload", []byte(neutral(from, string(before))), []byte(neutral(to, string(structure(t, to)))))
		})
	}
}
