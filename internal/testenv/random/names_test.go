package random_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/testenv/random"
)

func TestOddNamesAndRareFormsComeNowAndThen(t *testing.T) {
	var all strings.Builder
	for seed := range uint64(300) {
		all.WriteString(strings.Join(random.Schema(seed), ";\n"))
	}
	for what, part := range map[string]string{
		"a reserved word": `"select"`, "capitals": `"Mixed Case"`, "letters beyond ASCII": `"größe"`, "characters beyond 16 bits": `"😀"`, "a quote": `"say ""hi"""`,
		"63 bytes": `"` + strings.Repeat("x", 63) + `"`, "a match of all or nothing": "MATCH FULL", "a deferred key": "INITIALLY DEFERRED",
		"columns of an action": "ON DELETE SET NULL (", "equal NULLs": "NULLS NOT DISTINCT", "a covering index": "INCLUDE (", "a hash": "USING hash", "a gin": "jsonb_path_ops",
		"an exclusion": "EXCLUDE USING gist", "a stored expression": "STORED", "an identity": "GENERATED ALWAYS AS IDENTITY", "a serial": "bigserial", "an array of enums or others": "[]",
		"a materialized view": "MATERIALIZED", "a restrictive policy": "AS RESTRICTIVE", "forced row security": "FORCE ROW", "a collation": `COLLATE "C"`, "a trigger": "CREATE TRIGGER",
		"a function as a default": `() `, "a partial index": ") WHERE (", "a descending index": " DESC", "a cycle sequence": "CYCLE", "a comment": "COMMENT ON COLUMN",
	} {
		if !strings.Contains(all.String(), part) {
			t.Errorf("no schema has %s: %q", what, part)
		}
	}
}

func TestTheSameSeedGivesTheSameSchema(t *testing.T) {
	for seed := range uint64(50) {
		if a, b := strings.Join(random.Schema(seed), ";"), strings.Join(random.Schema(seed), ";"); a != b {
			t.Fatalf("seed %d gives two schemas", seed)
		}
	}
}
