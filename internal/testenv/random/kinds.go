package random

import "fmt"

// builtin are the types that every schema can use.
var builtin = []kind{
	{"smallint", famInteger, "5", "17", "(2 + 3)"},
	{"integer", famInteger, "5", "17", "(1 + 4)"},
	{"integer", famInteger, "5", "17", "length('five!')"},
	{"bigint", famInteger, "5", "17", "(10 / 2)"},
	{"numeric", famNumber, "5", "17.5", "round(5.0)"},
	{"numeric(12,2)", famNumber, "5", "17.5", ""},
	{"numeric(5,0)", famNumber, "5", "17", ""},
	{"real", famNumber, "5", "17.5", ""},
	{"double precision", famNumber, "5", "17.5", "sqrt(25)"},
	{"text", famText, "'abc'", "'it''s'", "lower('ABC')"},
	{"text", famText, "'abc'", "'größe 😀'", "('ab' || 'c')"},
	{"character varying(40)", famText, "'abc'", `E'a\\b'`, ""},
	{"character varying(8)", famText, "'abc'", "'x'", ""},
	{"character varying", famText, "'abc'", "''", "CURRENT_USER"},
	{"character(3)", famText, "'abc'", "'xy '", ""},
	{"timestamp without time zone", famMoment, "'2020-02-29 12:00:00'", "'1999-12-31 23:59:59.5'", "LOCALTIMESTAMP"},
	{"timestamp with time zone", famMoment, "'2020-02-29 12:00:00+00'", "'1999-12-31 23:59:59+00'", "now()"},
	{"timestamp(3) with time zone", famMoment, "'2020-02-29 12:00:00+00'", "'1999-12-31 23:59:59+00'", "CURRENT_TIMESTAMP"},
	{"date", famMoment, "'2020-02-29'", "'1999-12-31'", "CURRENT_DATE"},
	{"time without time zone", famOther, "'12:34:56'", "'00:00:00'", ""},
	{"interval", famOther, "'1 day'", "'1 mon -2 days'", ""},
	{"boolean", famBool, "true", "false", "(1 = 1)"},
	{"uuid", famUUID, "'00000000-0000-4000-8000-000000000001'", "'00000000-0000-4000-8000-000000000002'", "gen_random_uuid()"},
	{"jsonb", famJSON, `'{"a": 1}'`, `'[]'`, "jsonb_build_object('a', 1)"},
	{"json", famOther, `'{"a": 1}'`, `'[]'`, ""},
	{"bytea", famOther, `'\x00ff'`, `'\x'`, ""},
	{"integer[]", famArray, "'{1,2}'", "'{}'", "ARRAY[1, 2]"},
	{"text[]", famArray, "'{a,b}'", "ARRAY['x'::text, NULL]", "ARRAY['a'::text]"},
	{"inet", famOther, "'192.0.2.1'", "'2001:db8::/32'", ""},
	{"bit(4)", famOther, "B'0101'", "B'1111'", ""},
	{"bit varying(16)", famOther, "B'01'", "B''", ""},
	{"daterange", famRange, "'[2020-01-01,2020-02-01)'", "'empty'", ""},
	{"point", famOther, "'(1,2)'", "'(0,0)'", ""},
}

// ownKinds makes the schema's own types.
func (g *generator) ownKinds() {
	g.kinds = append(g.kinds, builtin...)
	add := func(k kind) { g.kinds = append(g.kinds, k, k, k) } // a type that nobody uses is dull
	if g.chance(0.5) {
		name, labels := g.fresh(g.relations), some(g, []string{"sad", "ok", "Happy", "it's", "größe", "two words"}, g.between(2, 5))
		list := ""
		for i, l := range labels {
			if i > 0 {
				list += ", "
			}
			list += literal(l)
		}
		g.say(fmt.Sprintf("CREATE TYPE %s AS ENUM (%s)", in(name), list))
		add(kind{in(name), famEnum, literal(labels[0]), literal(labels[1]), ""})
		if g.chance(0.3) {
			add(kind{in(name) + "[]", famArray, "'{}'", "NULL", ""})
		}
	}
	if g.chance(0.5) {
		add(g.domain())
	}
	if g.chance(0.3) {
		name := g.fresh(g.relations)
		fields := make(names)
		g.say(fmt.Sprintf("CREATE TYPE %s AS (%s integer, %s text, %s numeric(8,3))",
			in(name), quote(g.fresh(fields)), quote(g.fresh(fields)), quote(g.fresh(fields))))
		add(kind{in(name), famOther, "ROW(1, 'a', 2.5)", "ROW(NULL, NULL, NULL)", ""})
	}
	if g.chance(0.15) {
		name := g.fresh(g.relations)
		g.say(fmt.Sprintf("CREATE TYPE %s AS RANGE (subtype = numeric)", in(name)))
		add(kind{in(name), famRange, "'[1,2]'", "'empty'", ""})
	}
}

func (g *generator) domain() kind {
	name := g.fresh(g.relations)
	k := pick(g, []kind{
		{"integer", famInteger, "5", "17", ""},
		{"bigint", famInteger, "5", "17", ""},
		{"text", famText, "'abc'", "'it''s'", ""},
		{"character varying(20)", famText, "'abc'", "'xyz'", ""},
		{"numeric(10,2)", famNumber, "5", "17.5", ""},
	})
	sql := fmt.Sprintf("CREATE DOMAIN %s AS %s", in(name), k.sql)
	if g.chance(0.3) {
		sql += " DEFAULT " + k.witness
	}
	checks := map[family][]string{
		famInteger: {"VALUE > 0", "VALUE BETWEEN 1 AND 1000", "VALUE <> 13"},
		famNumber:  {"VALUE >= 0", "VALUE < 100000.00", "VALUE <> 13"},
		famText:    {"VALUE <> ''", "length(VALUE) <= 20", "VALUE !~ '^[0-9]'"},
	}[k.family]
	for _, check := range some(g, checks, g.between(0, 2)) {
		if g.chance(0.4) {
			sql += " CONSTRAINT " + quote(pick(g, plainNames)+fmt.Sprint(g.rng.IntN(1000)))
		}
		sql += " CHECK (" + check + ")"
	}
	g.say(sql)
	k.sql = in(name)
	return k
}
