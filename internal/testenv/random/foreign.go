package random

import (
	"fmt"
	"strings"
)

// foreignKeys adds columns that point to keys of this table and others. Two tables may point to each other.
func (g *generator) foreignKeys(t *table) {
	for range g.rng.IntN(3) {
		target := pick(g, g.tables)
		if g.chance(0.2) {
			target = t
		}
		if len(target.keys) == 0 {
			continue
		}
		g.foreignKey(t, target, pick(g, target.keys))
	}
}

func (g *generator) foreignKey(t, target *table, key []*column) {
	// A column that must not be NULL and points to its own table or a later one makes a cycle, which is possible, but rare in practice.
	notNull := g.chance(0.3) && t != target
	var columns []*column
	for _, to := range key {
		c := &column{name: g.fresh(t.room), kind: to.kind.plain(), tied: true, notNull: notNull}
		if notNull {
			c.rest = " NOT NULL"
		}
		t.columns, columns = append(t.columns, c), append(columns, c)
		g.say(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s%s", in(t.name), quote(c.name), c.kind.sql, c.rest))
	}
	sql := fmt.Sprintf("ALTER TABLE %s ADD %sFOREIGN KEY (%s) REFERENCES %s (%s)", in(t.name), g.named(t), columnList(columns), in(target.name), columnList(key))
	if g.chance(0.15) {
		sql += " MATCH FULL"
	}
	actions := []string{"", "", "CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "NO ACTION"}
	if action := pick(g, actions); action != "" {
		sql += " ON UPDATE " + action
	}
	if action := pick(g, actions); action != "" {
		sql += " ON DELETE " + action
		if len(columns) > 1 && strings.HasPrefix(action, "SET") && g.chance(0.5) {
			sql += " (" + quote(columns[0].name) + ")"
		}
	}
	g.say(sql + g.deferral(0.2))
	if g.chance(0.4) {
		g.say(fmt.Sprintf("CREATE INDEX ON %s (%s)", in(t.name), columnList(columns)))
	}
}
