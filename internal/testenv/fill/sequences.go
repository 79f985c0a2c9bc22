package fill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// advance sets the sequences behind defaults and identities beyond what their columns hold.
func (f *filler) advance(ctx context.Context) error {
	columns := make(map[uint32][]string)
	for _, t := range f.catalog.tables {
		for _, c := range t.columns {
			if c.sequence != 0 && c.kind.root().category == "N" {
				columns[c.sequence] = append(columns[c.sequence],
					fmt.Sprintf("SELECT max(%[1]s)::numeric AS high, min(%[1]s)::numeric AS low FROM %[2]s", pgx.Identifier{c.name}.Sanitize(), t.sql()))
			}
		}
	}
	var batch pgx.Batch
	for _, oid := range sortedKeys(columns) {
		batch.Queue(fmt.Sprintf(`
			SELECT setval(q.seqrelid::regclass, v.reached::bigint)
			FROM pg_sequence q, LATERAL (SELECT CASE WHEN q.seqincrement > 0 THEN max(high) ELSE min(low) END AS reached FROM (%s) u) v
			WHERE q.seqrelid = $1 AND v.reached BETWEEN q.seqmin AND q.seqmax
				AND (q.seqincrement > 0) = (v.reached > q.seqstart - sign(q.seqincrement))`, strings.Join(columns[oid], " UNION ALL ")), oid)
	}
	return f.tx.SendBatch(ctx, &batch).Close()
}

func sortedKeys(m map[uint32][]string) []uint32 {
	keys := make([]uint32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
