package random

import "fmt"

// Schema returns the statements of a random schema, in order, none of them ending in a semicolon.
func Schema(seed uint64) []string {
	g := newGenerator(seed)
	g.ownKinds()
	g.helpers()
	for range g.between(1, maxTables) {
		g.table()
	}
	for _, t := range g.tables {
		g.foreignKeys(t)
	}
	for _, t := range g.tables {
		g.checks(t)
		g.indexes(t)
		g.extras(t)
	}
	g.views()
	g.comments()
	return append(g.out, g.last...)
}

// helpers makes what defaults and triggers use.
func (g *generator) helpers() {
	if g.chance(0.35) {
		g.sequence = g.fresh(g.relations)
		g.say("CREATE SEQUENCE " + in(g.sequence) + pick(g, []string{
			"", " INCREMENT BY 5", " AS integer START WITH 100", " MINVALUE 10 MAXVALUE 100000 START WITH 10 CYCLE", " CACHE 20",
		}))
	}
	if g.chance(0.3) {
		g.constant = g.fresh(g.routines)
		g.say(fmt.Sprintf("CREATE FUNCTION %s() RETURNS integer LANGUAGE sql %s AS $$ SELECT %d $$",
			in(g.constant), pick(g, []string{"IMMUTABLE", "STABLE", "VOLATILE"}), g.between(1, 9)))
	}
	if g.chance(0.2) {
		g.say(fmt.Sprintf("CREATE FUNCTION %s(a integer, b text DEFAULT 'x') RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT b || a $$",
			in(g.fresh(g.routines))))
	}
	if g.chance(0.3) {
		g.touch = g.fresh(g.routines)
		g.say(fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$", in(g.touch)))
	}
}

// views makes a view or two over columns that exist.
func (g *generator) views() {
	for range g.rng.IntN(3) {
		if g.chance(0.5) {
			continue
		}
		t := pick(g, g.tables)
		what, columns := "VIEW", some(g, t.columns, g.between(1, 3))
		if g.chance(0.2) {
			what = "MATERIALIZED VIEW"
		}
		list := ""
		for i, c := range columns {
			if i > 0 {
				list += ", "
			}
			list += "a." + quote(c.name)
			if g.chance(0.2) {
				list += fmt.Sprintf(" AS renamed_%d", i)
			}
		}
		sql := fmt.Sprintf("CREATE %s %s AS SELECT %s FROM %s AS a", what, in(g.fresh(g.relations)), list, in(t.name))
		switch g.rng.IntN(4) {
		case 0:
			sql += fmt.Sprintf(" WHERE (a.%s IS NOT NULL)", quote(pick(g, t.columns).name))
		case 1:
			sql += fmt.Sprintf(" CROSS JOIN %s AS b", in(pick(g, g.tables).name))
		}
		g.say(sql)
	}
}

// comments comments on tables and columns.
func (g *generator) comments() {
	for _, t := range g.tables {
		if g.chance(0.2) {
			g.say(fmt.Sprintf("COMMENT ON TABLE %s IS %s", in(t.name), literal(pick(g, []string{"a table", "it's größe", ""}))))
		}
		if g.chance(0.2) {
			g.say(fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", in(t.name), quote(pick(g, t.columns).name), literal(`a column \ of many`)))
		}
	}
}
