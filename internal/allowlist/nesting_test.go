package allowlist_test

import (
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/allowlist"
)

// around nests n times: left and right around the middle.
func around(left, middle, right string) func(int) string {
	return func(n int) string { return strings.Repeat(left, n) + middle + strings.Repeat(right, n) }
}

// query puts an expression into a view, where all kinds of them may stand.
func query(expression func(int) string) func(int) string {
	return func(n int) string { return "CREATE VIEW v AS SELECT " + expression(n) }
}

// deep are the ways to make a tree of any depth that the grammar has.
var deep = map[string]func(int) string{
	"parentheses":                 query(around("(", "1", ")")),
	"subqueries":                  query(around("(SELECT ", "1", ")")),
	"subqueries of IN":            query(around("a IN (SELECT ", "1", ")")),
	"subqueries in FROM":          query(around("* FROM (SELECT ", "1", ") x")),
	"operators in a row":          query(around("", "1", "+1")),
	"signs":                       query(around("- ", "1", "")),
	"own operators":               query(around("@#@ ", "1", "")),
	"NOT":                         query(around("NOT ", "true", "")),
	"casts":                       query(around("", "1", "::int")),
	"collations":                  query(around("", "a", ` COLLATE "C"`)),
	"IS NULL":                     query(around("", "a", " IS NULL")),
	"IS NULL and BETWEEN":         query(around("", "a", " IS NULL BETWEEN b AND c")),
	"UNION":                       query(around("", "a, b", " UNION SELECT a, b")),
	"UNION to the right":          query(around("a UNION (SELECT ", "b", ")")),
	"joins":                       query(around("1 FROM a", "", " JOIN b ON c")),
	"joins in parentheses":        func(n int) string { return "CREATE VIEW v AS SELECT 1 FROM " + around("(a JOIN ", "b", " ON c)")(n) },
	"AND and OR in turns":         query(around("a OR (b AND (", "c", "))")),
	"arrays":                      query(around("ARRAY[", "1", "]")),
	"subscripts in subscripts":    query(around("a[", "1", "]")),
	"fields of fields":            query(around("(", "a", ").b")),
	"CASE in THEN":                query(around("CASE WHEN a THEN ", "1", " END")),
	"CASE in WHEN":                query(around("CASE WHEN ", "a", " THEN b END")),
	"CASE with AND":               query(around("CASE WHEN a AND ", "a", " THEN b END")),
	"CASE with BETWEEN":           query(around("CASE WHEN a BETWEEN b AND ", "a", " THEN b END")),
	"calls":                       query(around("abs(", "1", ")")),
	"rows":                        query(around("ROW(", "1", ")")),
	"COALESCE":                    query(around("COALESCE(", "1", ")")),
	"GREATEST of calls and signs": query(around("GREATEST(1, - abs(NOT ", "1", "))")),
	"IN":                          query(around("a IN (", "1", ")")),
	"LIKE":                        query(around("", "a", " LIKE b ESCAPE c")),
	"AT TIME ZONE":                query(around("", "a", " AT TIME ZONE b")),
	"AT LOCAL":                    query(around("", "a", " AT LOCAL")),
	"named operators":             query(around("", "1", " OPERATOR(pg_catalog.+) 1")),
	"windows":                     query(around("rank() OVER (ORDER BY ", "1", ")")),
	"filters":                     query(around("count(*) FILTER (WHERE ", "a", ")")),
	"XML":                         query(around("xmlelement(name a, ", "1", ")")),
	"JSON":                        query(around("JSON_OBJECT('a': ", "1", ")")),
	"groups":                      query(around("1 GROUP BY GROUPING SETS (", "a", ")")),
	"WITH":                        func(n int) string { return "CREATE VIEW v AS " + around("WITH a AS (", "SELECT 1", ") SELECT 1")(n) },
	"checks":                      func(n int) string { return "CREATE TABLE t (a int CHECK (" + around("(a > ", "1", ")")(n) + "))" },
	"atomic bodies":               around("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; ", "SELECT 1;", " END;"),
	"a function's SQL": func(n int) string {
		return "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT " + around("(", "1", ")")(n) + "$$"
	},
	"a function's expression": func(n int) string {
		return "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN " + around("(", "1", ")")(n) + "; END$$"
	},
	"a function's blocks": func(n int) string {
		return "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$" + around("BEGIN ", "NULL;", "END;")(n) + "$$"
	},
	"a function's branches": func(n int) string {
		return "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN " + around("IF a THEN ", "NULL;", "END IF;")(n) + "END$$"
	},
	"a function's loops": func(n int) string {
		return "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN " + around("LOOP ", "NULL;", "END LOOP;")(n) + "END$$"
	},
	"a function's handlers": func(n int) string {
		return "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$" + around("BEGIN NULL; EXCEPTION WHEN OTHERS THEN ", "NULL;", "END;")(n) + "$$"
	},
}

// healthy fails the test if the parser has been broken, or its memory been written over.
func healthy(t *testing.T) {
	t.Helper()
	for _, sql := range []string{
		"CREATE TABLE t (a int PRIMARY KEY, b text COLLATE \"C\" DEFAULT lower('A') CHECK (b <> '' AND a BETWEEN 1 AND 2 OR b IS NULL))",
		"CREATE VIEW v AS WITH w AS (SELECT 1 UNION ALL VALUES (2)) SELECT CASE WHEN a IN (1, 2) THEN 3 END FROM w JOIN t USING (a) GROUP BY 1 LIMIT 1",
		"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$DECLARE a int; BEGIN FOR a IN 1..2 LOOP IF a > 1 THEN RAISE NOTICE '%', a; END IF; END LOOP; EXCEPTION WHEN OTHERS THEN RETURN 1; END$$",
	} {
		if err := allowlist.Statement(sql); err != nil {
			t.Fatalf("the parser does not work any more: %v", err)
		}
	}
}

func TestNestingOf100000LevelsIsRefusedAtOnce(t *testing.T) {
	allowlist.Warm()
	for name, sql := range deep {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if err := allowlist.Statement(sql(100_000)); err == nil {
				t.Error("it passes")
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			healthy(t)
		})
	}
}

// The deepest text of each kind that the bound lets through is read by the parser, which it would not survive if the bound
// were five times as large.
func TestTheDeepestTextThatIsReadDoesNotBreakTheParser(t *testing.T) {
	for name, sql := range deep {
		t.Run(name, func(t *testing.T) {
			n := 1
			for ; n < 10*allowlist.MaxNesting; n += 1 + n/8 {
				err := allowlist.Statement(sql(n))
				if err != nil && strings.Contains(err.Error(), "nested") {
					break
				}
				if n > 1000 {
					t.Fatal("there is no bound")
				}
			}
			healthy(t)
			t.Logf("read down to %d repetitions", n)
		})
	}
}

func TestNestingIsNotCountedWhereThereIsNone(t *testing.T) {
	flat := map[string]func(int) string{
		"columns": func(n int) string { return "CREATE TABLE t (a int" + strings.Repeat(", a int DEFAULT 1 + 1", n) + ")" },
		"conditions": func(n int) string {
			return "CREATE VIEW v AS SELECT 1 WHERE a = 1" + strings.Repeat(" OR a = 1 AND NOT b", n)
		},
		"values":        func(n int) string { return "ALTER TABLE t ADD CHECK (a IN (1" + strings.Repeat(", - 1", n) + "))" },
		"calls in rows": func(n int) string { return "CREATE VIEW v AS SELECT f(1)" + strings.Repeat(", f(g(1 + 1))", n) },
		"statements": func(n int) string {
			return "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$" + strings.Repeat("SELECT 1 + 1;", n) + "$$"
		},
	}
	for name, sql := range flat {
		t.Run(name, func(t *testing.T) {
			if err := allowlist.Statement(sql(2000)); err != nil {
				t.Error(err)
			}
		})
	}
}
