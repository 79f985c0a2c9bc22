package dependents_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/dependents"
)

// swap makes the statements that swap a type for another of the same name: the columns that the set names are given the new type.
func (d *database) swap(set *dependents.Set, name, create string) []string {
	list := []string{"ALTER TYPE public." + name + " RENAME TO old_type", create}
	for _, c := range set.Columns {
		if c.Inherited {
			continue
		}
		array := ""
		if c.Array {
			array = "[]"
		}
		list = append(list, `ALTER TABLE "`+c.Schema+`"."`+c.Table+`" ALTER "`+c.Column+`" TYPE public.`+name+array+` USING "`+c.Column+`"::text`+array+`::public.`+name+array)
	}
	return append(list, "DROP TYPE public.old_type")
}

// swapped changes the type and back, and wants all to be as it was but for the type itself.
func (d *database) swapped(name, create, back string, plain func(string) string) {
	d.Helper()
	before := d.state()
	sets := make([]*dependents.Set, 2)
	for i, create := range []string{create, back} {
		d.run("BEGIN", "SET LOCAL search_path = ''")
		sets[i] = d.ask(ofType("public", name))
		d.unblocked(sets[i])
		d.run(sets[i].Drop...)
		d.run(d.swap(sets[i], name, create)...)
		d.run(sets[0].Own...)
		d.run(sets[0].Restore...)
		d.run(sets[0].Refresh...)
		d.run("COMMIT")
		if i == 0 {
			d.same("after the change", plain(d.state()), plain(before))
		}
	}
	d.same("after the change back", d.state(), before)
}

const moods = `
	CREATE TYPE mood AS ENUM ('sad', 'ok');
	CREATE DOMAIN score AS integer CONSTRAINT positive CHECK (VALUE > 0);
	CREATE TABLE t (id integer PRIMARY KEY, m mood DEFAULT 'ok', ms mood[] DEFAULT '{sad,ok}', s score DEFAULT 7, ss score[], x text DEFAULT 'sad'::mood::text);
	INSERT INTO t (id) VALUES (1), (2);`

var typed = []struct{ name, ddl string }{
	{"columns with defaults", ``},
	{"rights and comments on the type", `
		GRANT USAGE ON TYPE mood TO pg_monitor WITH GRANT OPTION; REVOKE USAGE ON TYPE mood FROM PUBLIC; COMMENT ON TYPE mood IS 'it''s'; COMMENT ON TYPE score IS 'points';
		ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC; ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO pg_read_all_stats`},
	{"views, checks, indexes and statistics with values of the type", `
		ALTER TABLE t ADD CONSTRAINT c CHECK (m <> 'sad' OR ms[1] = m), ADD CONSTRAINT n CHECK (s > 3 AND s <> 5::score); CREATE INDEX e ON t ((m = 'ok'), (s + 1)); CREATE UNIQUE INDEX p ON t (id) WHERE m = 'ok' AND s > 1;
		CREATE VIEW v AS SELECT m, s, 'sad'::mood AS c, ARRAY['ok'::mood] AS cs, 3::score AS d FROM t WHERE m = 'ok'; CREATE VIEW only_constant AS SELECT 'sad'::mood AS c, 2::score AS d;
		CREATE MATERIALIZED VIEW mv AS SELECT c, d FROM only_constant; CREATE INDEX mi ON mv (c, d) WHERE c = 'sad' AND d > 1; CREATE STATISTICS st ON m, (s + 1), (ms[1] = 'ok'::mood) FROM t`},
	{"keys and foreign keys of the type", `
		CREATE TABLE k (m mood, s score, PRIMARY KEY (m, s), CONSTRAINT u UNIQUE (s)); CREATE INDEX i ON k USING hash (m); CREATE INDEX i2 ON t (m, s DESC);
		ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (m, s) REFERENCES k NOT VALID; ALTER TABLE t ADD CONSTRAINT f2 FOREIGN KEY (s) REFERENCES k (s) NOT VALID`},
	{"triggers, rules and policies with values of the type", `
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TABLE o (x text); ALTER TABLE o ENABLE ROW LEVEL SECURITY;
		CREATE TRIGGER g BEFORE UPDATE OF m, s ON t FOR EACH ROW WHEN (new.m = 'sad' OR new.s > 2) EXECUTE FUNCTION f(); CREATE TRIGGER h BEFORE UPDATE ON o FOR EACH ROW WHEN (new.x::mood = 'sad' OR new.x::score > 2) EXECUTE FUNCTION f();
		CREATE RULE r AS ON UPDATE TO o WHERE new.x::mood = 'ok' DO ALSO UPDATE t SET m = 'sad', s = 4; CREATE POLICY p ON o USING (x::mood = 'ok' OR x::score = 1)`},
	{"children and partitions with defaults of their own", `
		CREATE TABLE child () INHERITS (t); ALTER TABLE child ALTER m SET DEFAULT 'sad', ALTER s SET DEFAULT 8; CREATE TABLE p (id integer, m mood, s score, ms mood[]) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p DEFAULT; ALTER TABLE p1 ALTER m SET DEFAULT 'ok', ALTER s SET DEFAULT 1; CREATE INDEX pi ON p (m, s); ALTER INDEX p1_m_s_idx RENAME TO odd`},
	{"functions whose bodies are text", `CREATE FUNCTION f(text) RETURNS integer LANGUAGE sql AS $$ SELECT id FROM t WHERE m = $1::mood AND s = 2::score $$`},
}

func TestAnEnumIsSwappedAndAllThatUsesItIsAsItWas(t *testing.T) {
	plain := strings.NewReplacer("sad,ok,glad", "sad,ok", "    'ok',\n    'glad'\n", "    'ok'\n").Replace
	for _, test := range typed {
		t.Run(test.name, func(t *testing.T) {
			everyVersion(t, moods+test.ddl, func(d *database) {
				d.swapped("mood", "CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'glad')", "CREATE TYPE public.mood AS ENUM ('sad', 'ok')", plain)
			})
		})
	}
}

func TestADomainIsSwappedAndAllThatUsesItIsAsItWas(t *testing.T) {
	plain := strings.NewReplacer("VALUE > 1", "VALUE > 0", "bigint", "integer", "(7)::integer", "7").Replace
	for _, test := range typed {
		t.Run(test.name, func(t *testing.T) {
			everyVersion(t, moods+test.ddl, func(d *database) {
				d.swapped("score", "CREATE DOMAIN public.score AS integer CONSTRAINT positive CHECK (VALUE > 1)", "CREATE DOMAIN public.score AS integer CONSTRAINT positive CHECK (VALUE > 0)", plain)
			})
		})
	}
}

func TestWhatIsMadeOfATypeForbidsToSwapIt(t *testing.T) {
	for _, test := range []struct{ name, ddl, enum, domain, why string }{
		{
			"a function's argument", `CREATE FUNCTION f(mood, score) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
			"function public.f(public.mood,public.score)", "function public.f(public.mood,public.score)", "signature",
		},
		{
			"a function's result", `CREATE FUNCTION f() RETURNS SETOF mood LANGUAGE sql AS 'SELECT NULL::mood'; CREATE FUNCTION g(OUT score[]) LANGUAGE sql AS 'SELECT NULL::score[]'`,
			"function public.f()", "function public.g()", "signature",
		},
		{
			"the default of an argument", `CREATE FUNCTION f(text DEFAULT 'ok'::mood::text, integer DEFAULT 1::score) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
			"function public.f(pg_catalog.text,integer)", "function public.f(pg_catalog.text,integer)", "signature",
		},
		{"a composite type", `CREATE TYPE c AS (m mood, s score)`, "composite type column public.c.m", "composite type column public.c.s", "attribute"},
		{"a domain", `CREATE DOMAIN dm AS mood; CREATE DOMAIN ds AS score`, "type public.dm", "type public.ds", "made of the type"},
		{
			"the check of a domain", `CREATE DOMAIN dt AS text CHECK (VALUE::mood = 'ok' AND VALUE::score > 2)`,
			"domain constraint dt_check on public.dt", "domain constraint dt_check on public.dt", "check",
		},
		{"a range", `CREATE TYPE rm AS RANGE (subtype = mood); CREATE TYPE rs AS RANGE (subtype = score)`, "type public.rm", "type public.rs", "made of the type"},
		{"a partition key", `CREATE TABLE p (m mood, s score) PARTITION BY RANGE (m, s)`, "column public.p.m", "column public.p.s", "partition key"},
		{
			"a generated column", `ALTER TABLE t ADD gm mood GENERATED ALWAYS AS (CASE id WHEN 1 THEN 'ok'::mood END) STORED, ADD gs score GENERATED ALWAYS AS (id) STORED`,
			"column public.t.gm", "column public.t.gs", "calculated",
		},
		{"a generated column that names it", `ALTER TABLE t ADD g boolean GENERATED ALWAYS AS (m = 'ok' AND s = 4::score) STORED`, "generated column public.t.g", "generated column public.t.g", "calculated"},
		{"a cast", `CREATE CAST (mood AS score) WITH INOUT; CREATE CAST (mood AS integer) WITH INOUT`, "cast (public.mood AS integer)", "", "nothing is known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			everyVersion(t, moods+test.ddl, func(d *database) {
				for name, what := range map[string]string{"mood": test.enum, "score": test.domain} {
					d.run("BEGIN")
					set := d.ask(ofType("public", name))
					if what != "" && !slices.ContainsFunc(set.Blocked, func(b dependents.Blocked) bool { return b.What == what && strings.Contains(b.Why, test.why) }) {
						t.Errorf("%s: blocked is %+v, want %q because %q", name, set.Blocked, what, test.why)
					}
					d.run("ROLLBACK")
				}
			})
		})
	}
}

func TestTheColumnsOfATypeAreListed(t *testing.T) {
	d := open(t, testPostgres(t), moods+`CREATE SCHEMA far; CREATE TABLE far.child (n mood NOT NULL) INHERITS (t)`)
	d.run("BEGIN")
	var got []string
	for _, c := range d.ask(ofType("public", "mood")).Columns {
		line := c.Schema + "." + c.Table + "." + c.Column + " " + c.Type + " " + c.Default
		if c.Inherited {
			line += " inherited"
		}
		if c.Array {
			line += " array"
		}
		got = append(got, strings.TrimSpace(line))
	}
	want := []string{
		"far.child.m public.mood 'ok'::public.mood inherited", "far.child.ms public.mood[] '{sad,ok}'::public.mood[] inherited array", "far.child.n public.mood",
		"public.t.m public.mood 'ok'::public.mood", "public.t.ms public.mood[] '{sad,ok}'::public.mood[] array",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestATypeOfAnotherKindIsAnError(t *testing.T) {
	d := open(t, testPostgres(t), moods+`CREATE TYPE c AS (x integer)`)
	d.run("BEGIN")
	for _, name := range []string{"c", "t", "none", "_mood"} {
		if _, err := dependents.OfType(t.Context(), d.conn, "public", name); err == nil || !strings.Contains(err.Error(), "no enum or domain") {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}
