package random

import (
	"fmt"
	"strings"
)

// indexes adds indexes that back no constraint.
func (g *generator) indexes(t *table) {
	for range g.rng.IntN(4) {
		g.index(t)
	}
}

func (g *generator) index(t *table) {
	c := pick(g, t.columns)
	id, method, keys := quote(c.name), "btree", ""
	switch c.kind.family {
	case famJSON:
		method, keys = "gin", id+pick(g, []string{"", " jsonb_path_ops"})
		if g.chance(0.4) {
			method, keys = "btree", "("+id+" ->> 'a')"
		}
	case famArray:
		method, keys = pick(g, []string{"gin", "btree"}), id
	case famRange:
		method, keys = pick(g, []string{"gist", "btree"}), id
	case famText:
		keys = pick(g, []string{id, "lower(" + id + "::text)", id + ` COLLATE "C"`, "md5(" + id + "::text)", "(" + id + "::text || 'x'::text) DESC"})
		if g.chance(0.15) {
			method, keys = "hash", id
		}
	case famInteger, famNumber, famMoment, famEnum, famUUID:
		method = pick(g, []string{"btree", "btree", "btree", "hash"})
		keys = id
		if c.kind.family == famInteger && g.chance(0.2) {
			method, keys = "btree", "("+id+" % 7)"
		}
		if c.kind.family != famEnum && c.kind.family != famNumber && g.chance(0.1) {
			method = "brin"
		}
	case famBool:
		keys = id
	default:
		return
	}
	if method == "btree" {
		keys += pick(g, []string{"", "", " DESC", " NULLS FIRST"}[:2+2*boolean(!strings.HasSuffix(keys, "DESC"))])
		for _, more := range some(g, t.keyColumns(), g.rng.IntN(3)) {
			if more != c {
				keys += ", " + quote(more.name) + pick(g, []string{"", " DESC NULLS LAST"})
			}
		}
	}
	g.say(g.indexStatement(t, method, keys))
}

func (g *generator) indexStatement(t *table, method, keys string) string {
	name, unique := "", ""
	if g.chance(0.6) {
		name = quote(g.fresh(g.relations)) + " "
	}
	if method == "btree" && g.chance(0.15) {
		unique = "UNIQUE "
	}
	sql := fmt.Sprintf("CREATE %sINDEX %sON %s USING %s (%s)", unique, name, in(t.name), method, keys)
	if method == "btree" && g.chance(0.15) {
		sql += " INCLUDE (" + quote(pick(g, t.columns).name) + ")"
	}
	if unique != "" && g.chance(0.2) {
		sql += " NULLS NOT DISTINCT"
	}
	if g.chance(0.25) {
		sql += " WHERE (" + g.about(pick(g, t.columns)) + ")"
	}
	return sql
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// extras adds a trigger or row security now and then.
func (g *generator) extras(t *table) {
	if g.touch != "" && g.chance(0.4) {
		when, of := pick(g, []string{"BEFORE", "AFTER"}), pick(g, []string{"INSERT", "INSERT OR UPDATE", "UPDATE OF " + quote(pick(g, t.columns).name), "DELETE"})
		condition := ""
		if !strings.Contains(of, "DELETE") && g.chance(0.3) {
			condition = " WHEN (NEW." + quote(pick(g, t.columns).name) + " IS NOT NULL)"
			if when == "BEFORE" {
				condition = " WHEN (pg_trigger_depth() = 0)"
			}
		}
		g.say(fmt.Sprintf("CREATE TRIGGER %s %s %s ON %s FOR EACH ROW%s EXECUTE FUNCTION %s()",
			quote(g.fresh(g.routines)), when, of, in(t.name), condition, in(g.touch)))
	}
	if g.chance(0.12) {
		g.say("ALTER TABLE " + in(t.name) + " ENABLE ROW LEVEL SECURITY")
		if g.chance(0.1) {
			g.say("ALTER TABLE " + in(t.name) + " FORCE ROW LEVEL SECURITY")
		}
		for range g.between(1, 2) {
			g.say(fmt.Sprintf("CREATE POLICY %s ON %s%s FOR %s TO PUBLIC USING (%s)", quote(g.fresh(g.routines)), in(t.name),
				pick(g, []string{"", " AS RESTRICTIVE"}), pick(g, []string{"ALL", "SELECT", "UPDATE", "DELETE"}), g.about(pick(g, t.columns))))
		}
	}
}
