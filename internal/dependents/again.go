package dependents

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Thing is a kind of objects that [Again] knows.
type Thing int

// The things that can be made again.
const (
	Constraint Thing = iota + 1 // of a table; of an index's constraint with the index
	Index                       // that backs no constraint
	Trigger                     // of a table or view
	Policy                      // of a table
	View                        // or materialized view, which is filled again if it held rows; the relation is its name
)

// thingSQL finds things by schema, relation and name. The kind decides which statements spell it.
var thingSQL = map[Thing]string{
	Constraint: `SELECT k.oid, k.contype::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3`,
	Index: `SELECT i.oid, 'i' FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND i.relname = $3`,
	Trigger: `SELECT t.oid, 't' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND t.tgname = $3 AND NOT t.tgisinternal`,
	Policy: `SELECT p.oid, 'y' FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND p.polname = $3`,
	View: `SELECT c.oid, 'v' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND $3::text = '' AND c.relkind IN ('v', 'm')`,
}

// spelling are the statements by the kind that thingSQL tells.
var spelling = map[string]string{
	"p": everyIndexSQL, "u": everyIndexSQL, "x": everyIndexSQL, "i": everyIndexSQL, "f": foreignKeysSQL, "c": checksSQL, "t": triggersSQL,
	"y": policiesSQL, "v": viewsSQL,
}

// Again returns the statements that make something again as it is now, with everything that a dump shows of it. It is empty if there is
// nothing of the name. What the session could not make again is an error.
func Again(ctx context.Context, q Querier, what Thing, schema, relation, name string) ([]string, error) {
	var out []string
	err := aside(ctx, q, func() error {
		var (
			find  round
			oid   uint32
			kind  string
			parts []part
		)
		find.each(thingSQL[what], []any{schema, relation, name}, []any{&oid, &kind}, func() {})
		if err := find.send(ctx, q); err != nil || oid == 0 {
			return err
		}
		var spell round
		queryParts(&spell, spelling[kind], []uint32{oid}, func(p part) { parts = append(parts, p) })
		if err := spell.send(ctx, q); err != nil {
			return err
		}
		var late []string
		for _, p := range backwards(parts) {
			if p.why != "" {
				return fmt.Errorf("the %s could not be made again: %s", p.what, p.why)
			}
			out, late = append(out, slices.Clone(p.restore)...), append(late, p.late...)
		}
		out = append(out, late...)
		return nil
	})
	return out, err
}

// everyIndexSQL is indexesSQL for all that are asked for, those too that need not step aside.
var everyIndexSQL = strings.Replace(indexesSQL, asideSQL, "true", 1)
