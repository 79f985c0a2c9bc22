package random

import (
	"fmt"
	"strings"
)

// checks adds check constraints that the witnesses of all columns satisfy.
func (g *generator) checks(t *table) {
	for range g.rng.IntN(3) {
		if g.chance(0.25) {
			continue
		}
		sql := fmt.Sprintf("ALTER TABLE %s ADD %sCHECK (%s)", in(t.name), g.named(t), g.truth(t, g.between(0, 2)))
		if g.chance(0.05) {
			sql += " NO INHERIT"
		}
		g.say(sql)
	}
}

// truth is an expression that is true, or NULL, for the witnesses. depth is how far AND and OR may be nested.
func (g *generator) truth(t *table, depth int) string {
	if depth == 0 || g.chance(0.2) {
		if g.chance(0.25) {
			if s := g.comparison(t); s != "" {
				return s
			}
		}
		return g.about(pick(g, t.columns))
	}
	a, b := g.truth(t, depth-1), g.truth(t, depth-1)
	switch g.rng.IntN(4) {
	case 0:
		return "(" + a + ") AND (" + b + ")"
	case 1:
		return "(" + a + ") OR (" + g.anything(t) + ")"
	case 2:
		return "(" + g.anything(t) + ") OR ((" + a + ") AND (" + b + "))"
	default:
		return "NOT (NOT (" + a + "))"
	}
}

// anything may be false.
func (g *generator) anything(t *table) string {
	return quote(pick(g, t.columns).name) + pick(g, []string{" IS NULL", " IS NOT NULL"})
}

// about is something true about the column's witness; of a foreign key nothing is known.
func (g *generator) about(c *column) string {
	id := quote(c.name)
	if c.tied || c.derived || g.chance(0.1) {
		return pick(g, []string{id + " IS NULL OR " + id + " IS NOT NULL", "num_nonnulls(" + id + ") <= 1"})
	}
	w, o := c.kind.witness, c.kind.other
	var list []string
	switch c.kind.family {
	case famInteger, famNumber:
		list = []string{
			id + " > 0", id + " >= 1", id + " < 1000", id + " <> 13", id + " BETWEEN 1 AND 100", id + " IN (5, 6, 7, 8, 9)", "(" + id + " * 2) > 0",
			id + " = ANY (ARRAY[1, 2, 3, 5, 8])",
		}
	case famText:
		list = []string{
			"length(" + id + "::text) <= 30", id + " <> ''", id + " IN ('abc', 'def', 'it''s', 'größe')", "lower(" + id + "::text) <> 'forbidden'",
			id + " <> 'x' OR " + id + " IS NULL", "char_length(" + id + ") > 0", id + "::text !~ '^[0-9]+$'",
		}
	case famMoment:
		list = []string{id + " >= '1900-01-01'", id + " < '2100-01-01'", id + " <> '2000-01-01'"}
	case famBool:
		list = []string{id, id + " IS TRUE", id + " IS NOT NULL", "NOT " + id + " OR " + id}
	case famEnum:
		list = []string{id + " = " + w + " OR " + id + " = " + o, id + " IN (" + w + ", " + o + ")", id + " >= " + w + " OR " + id + " < " + w}
	case famJSON:
		list = []string{"jsonb_typeof(" + id + ") = 'object'", "(" + id + " ->> 'zz') IS NULL", id + " <> '[]'::jsonb"}
	case famArray:
		list = []string{"cardinality(" + id + ") <= 10", id + " IS NOT NULL OR true"}
	case famUUID:
		list = []string{id + " <> '00000000-0000-0000-0000-000000000000'"}
	default:
		list = []string{id + " IS NOT NULL"}
	}
	return pick(g, list)
}

// comparison is about two columns of one type, whose witnesses are equal, "" if there are none.
func (g *generator) comparison(t *table) string {
	for _, a := range some(g, t.columns, len(t.columns)) {
		for _, b := range t.columns {
			if a != b && !a.tied && !b.tied && !a.derived && !b.derived && a.kind.family == b.kind.family && a.kind.keyable() &&
				strings.TrimPrefix(a.kind.sql, "big") == strings.TrimPrefix(b.kind.sql, "big") {
				return quote(a.name) + pick(g, []string{" <= ", " >= "}) + quote(b.name)
			}
		}
	}
	return ""
}
