package random_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/fill"
	"github.com/veilschema/veil/internal/testenv/random"
)

func damage(t testing.TB, conn *pgx.Conn, seed uint64) []random.Change {
	t.Helper()
	changes, err := random.Damage(t.Context(), conn, seed)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return changes
}

func TestDamageTakesFactsAwayAndWhatIsOwnTakesNone(t *testing.T) {
	for version, server := range testenv.PostgresVersionsIfLong(t) {
		t.Run(server.Version(), func(t *testing.T) {
			conn, replay := connect(t, server), connect(t, server)
			kinds, texts := make(map[string]int), make(map[string]bool)
			total := 0
			for seed := range seeds(version) {
				load(t, conn, seed)
				changes := damage(t, conn, seed)
				load(t, replay, seed)
				before := facts(t, replay)
				var text strings.Builder
				for _, c := range changes {
					kinds[c.What]++
					total++
					text.WriteString(c.String() + "\n")
					for _, sql := range c.SQL {
						execute(t, replay, sql)
					}
					after := facts(t, replay)
					if lost := before.Minus(after); c.Own && len(lost) > 0 || !c.Own && len(lost) == 0 {
						t.Errorf("seed %d: %s: %d facts are lost: %v", seed, c, len(lost), lost)
					}
					before = after
				}
				if after := facts(t, conn); !slices.Equal(after, before) {
					t.Errorf("seed %d: executed again, the changes give another database", seed)
				}
				if len(changes) == 0 || changes[0].Own {
					t.Errorf("seed %d: no damage is done", seed)
				}
				texts[text.String()] = true
			}
			t.Logf("%d changes of %d kinds", total, len(kinds))
			for _, what := range random.Kinds() {
				if kinds[what] == 0 && version == 0 && testenv.Long() {
					t.Errorf("no database came to %q", what)
				}
			}
			if uint64(len(texts)) < seeds(version) {
				t.Errorf("%d different lists of changes, want %d", len(texts), seeds(version))
			}
		})
	}
}

func TestTheSameSeedGivesTheSameChangesOnEveryVersion(t *testing.T) {
	var want [][]random.Change
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		conn := connect(t, server)
		var got [][]random.Change
		for seed := range uint64(25) {
			load(t, conn, seed)
			got = append(got, damage(t, conn, seed))
		}
		if want == nil {
			want = got
		}
		for seed, list := range got {
			for i, c := range list {
				if i >= len(want[seed]) || c.String() != want[seed][i].String() {
					t.Errorf("seed %d on %s: change %d is %s, want as before", seed, server.Version(), i+1, c)
					break
				}
			}
		}
	}
}

func TestADamagedDatabaseCanBeFilled(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	tables, empty := 0, 0
	for seed := range seeds(0) {
		load(t, conn, seed)
		changes := damage(t, conn, seed)
		report, err := fill.Rows(t.Context(), conn, fill.Options{RowsPerTable: 6, Seed: seed})
		if err != nil {
			t.Fatalf("seed %d: %v after %v", seed, err, changes)
		}
		for _, gap := range report.Gaps {
			t.Logf("seed %d: %s: %s", seed, gap.Table, gap.Reason)
			empty++
		}
		tables += len(report.Rows)
	}
	t.Logf("%d tables, %d of them empty", tables, empty)
	if empty*50 > tables {
		t.Errorf("%d of %d tables could not be filled, want one in fifty at most", empty, tables)
	}
}

func TestAFilledDatabaseCanBeDamaged(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	total := 0
	for seed := range seeds(0) / 4 {
		load(t, conn, seed)
		if _, err := fill.Rows(t.Context(), conn, fill.Options{RowsPerTable: 3, Seed: seed}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		changes := damage(t, conn, seed)
		if len(changes) == 0 {
			t.Errorf("seed %d: no damage is done", seed)
		}
		total += len(changes)
	}
	t.Logf("%d changes", total)
}
