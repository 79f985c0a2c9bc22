package provision_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// values are texts of some type, among them the least, the largest and the odd ones.
type values func(r *rand.Rand) []string

// convertible are the types whose changes into each other are tried, as facts spell them, with values of theirs.
var convertible = []struct {
	typ    string
	values values
}{
	{"smallint", numbers("-32768", "32767", "0", "-1")},
	{"integer", numbers("-2147483648", "2147483647", "0", "16777217", "-1")},
	{"bigint", numbers("-9223372036854775808", "9223372036854775807", "0", "9007199254740993")},
	{"numeric", numbers("NaN", "Infinity", "-Infinity", "0", "0.10", "1e400", "1e-400", "12345678901234567890.123456789")},
	{"numeric(5,2)", numbers("NaN", "999.99", "-999.99", "0", "0.10")},
	{"numeric(7,2)", numbers("NaN", "99999.99", "-99999.99", "0.01")},
	{"numeric(7,4)", numbers("NaN", "999.9999", "-999.9999", "0.0001")},
	{"numeric(10,0)", numbers("NaN", "9999999999", "-9999999999")},
	{"numeric(12,2)", numbers("9999999999.99", "-9999999999.99")},
	{"numeric(19,0)", numbers("9999999999999999999", "-9999999999999999999")},
	{"numeric(2,4)", numbers("0.0099", "-0.0099")},
	{"numeric(3,4)", numbers("0.0999", "-0.0001")},
	{"numeric(3,-2)", numbers("99900", "-99900", "100")},
	{"numeric(5,-2)", numbers("9999900", "-9999900", "100")},
	{"real", numbers("NaN", "Infinity", "-Infinity", "-0", "0.1", "3.4028235e38", "1e-45", "16777216")},
	{"double precision", numbers("NaN", "Infinity", "-Infinity", "-0", "0.1", "1.7976931348623157e308", "5e-324", "9007199254740993")},
	{"money", fixed("0", "1.10", "-92233720368547758.08", "92233720368547758.07")},
	{"text", texts(40)},
	{"character varying", texts(40)},
	{"character varying(8)", texts(8)},
	{"character varying(20)", texts(20)},
	{"character(8)", texts(8)},
	{"character(20)", texts(20)},
	{`"char"`, fixed("a", "", " ")},
	{"name", texts(15)},
	{"boolean", fixed("true", "false")},
	{"date", fixed("-infinity", "infinity", "4713-11-24 BC", "294276-12-31", "2000-02-29", "1969-12-31")},
	{"timestamp without time zone", fixed("-infinity", "infinity", "4713-11-24 00:00 BC", "294276-12-31 23:59:59.999999", "2024-10-27 01:30:00.123456")},
	{"timestamp(0) without time zone", fixed("-infinity", "infinity", "2024-10-27 01:30:59")},
	{"timestamp(3) without time zone", fixed("-infinity", "infinity", "2024-10-27 01:30:00.123")},
	{"timestamp with time zone", fixed("-infinity", "infinity", "4713-11-25 00:00 BC", "2024-10-27 01:30:00.123456")},
	{"timestamp(3) with time zone", fixed("-infinity", "infinity", "2024-10-27 01:30:00.123")},
	{"time without time zone", fixed("00:00", "24:00", "23:59:59.999999")},
	{"time(3) without time zone", fixed("00:00", "24:00", "23:59:59.999")},
	{"time with time zone", fixed("00:00+14", "24:00-14", "23:59:59.999999+00")},
	{"time(3) with time zone", fixed("00:00+14", "24:00-14", "23:59:59.999+00")},
	{"interval", fixed("0", "1 mon -1 day 25:00:00.123456", "178000000 years", "-1 year 2 mons")},
	{"interval(3)", fixed("0", "1 mon -1 day 25:00:00.123", "178000000 years")},
	{"interval day to second(3)", fixed("0", "1 day 25:00:00.123")},
	{"bit(8)", fixed("00000000", "10101010")},
	{"bit varying", fixed("", "0", "1010101011110000111")},
	{"bit varying(8)", fixed("", "0", "10101010")},
	{"bit varying(12)", fixed("", "0", "101010101111")},
	{"bytea", fixed("", `\x00ff`, `\x5c78`)},
	{"uuid", fixed("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff")},
	{"cidr", fixed("10.0.0.0/8", "10.1.2.3/32", "::/0", "2001:db8::/32", "0.0.0.0/0")},
	{"inet", fixed("10.1.2.3", "10.1.2.3/8", "::1", "2001:db8::1/32")},
	{"json", fixed(`{"a": 1,  "a": 2}`, "null", `"\u0041"`)},
	{"jsonb", fixed(`{"b": 1.10, "a": []}`, "null")},
	{"xml", fixed("<a>1</a>")},
	{"oid", fixed("0", "4294967295")},
}

func fixed(list ...string) values { return func(*rand.Rand) []string { return list } }

// numbers adds, to fixed texts, small random numbers that all of the types hold that have room for them.
func numbers(list ...string) values {
	return func(r *rand.Rand) []string {
		for _, s := range list {
			if strings.ContainsAny(s, ".e") || len(s) > 4 {
				return list // drawn by hand
			}
		}
		out := append([]string(nil), list...)
		for range 20 {
			out = append(out, fmt.Sprint(r.IntN(65536)-32768))
		}
		return out
	}
}

// texts are random ones of at most n characters, with blanks at both ends, letters of several bytes and numbers among them.
func texts(n int) values {
	return func(r *rand.Rand) []string {
		letters := []rune(" aZ09'\\\"é漢🙂\t\n")
		list := []string{"", " ", "x ", " x", "7", "-0", "1e3", "true", strings.Repeat("漢", n), strings.Repeat(" ", n)}
		for range 20 {
			word := make([]rune, r.IntN(n+1))
			for i := range word {
				word[i] = letters[r.IntN(len(letters))]
			}
			list = append(list, string(word))
		}
		return list
	}
}

// What Convert promises is what PostgreSQL does: values of a kept column are the same after a change and a change back, and a table
// that is not rewritten keeps its file.
func TestConversionsDoWhatIsSaidOfThem(t *testing.T) {
	for _, s := range testenv.PostgresVersions(t) {
		t.Run(s.Version(), func(t *testing.T) {
			conn, r := open(t, s), rand.New(rand.NewPCG(1, 2))
			kept, noted := 0, 0
			for _, from := range convertible {
				for _, array := range []string{"", "[]"} {
					hold(t, conn, from.typ+array, from.values(r))
					for _, to := range convertible {
						said := plan.Convert(from.typ+array, to.typ+array)
						if said.Keeps {
							keeps(t, conn, from.typ+array, to.typ+array)
							kept++
						}
						if !said.Rewrites {
							rewritesNothing(t, conn, from.typ+array, to.typ+array)
							noted++
						}
					}
				}
			}
			t.Logf("%d changes keep all values, %d of these only change the catalog", kept, noted)
			if kept < 2*len(convertible) {
				t.Errorf("only %d changes are said to keep values", kept)
			}
		})
	}
}

// open returns a session of a fresh database.
func open(t *testing.T, s *postgres.Server) *pgx.Conn {
	t.Helper()
	conn, err := testenv.Scratch(t, s).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// hold makes the table v, whose column c has the values, and NULL.
func hold(t *testing.T, conn *pgx.Conn, typ string, list []string) {
	t.Helper()
	run(t, conn, "DROP TABLE IF EXISTS v")
	run(t, conn, "CREATE TABLE v (n integer GENERATED ALWAYS AS IDENTITY, c "+typ+")")
	value := "x::" + typ
	if base, isArray := strings.CutSuffix(typ, "[]"); isArray {
		value = "ARRAY[NULL, x]::" + base + "[]"
	}
	if _, err := conn.Exec(t.Context(), "INSERT INTO v (c) SELECT "+value+" FROM unnest($1::text[]) x", pgx.QueryExecModeExec, list); err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	run(t, conn, "INSERT INTO v (c) VALUES (NULL)")
}

func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeExec); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

// alterTo is the statement that plans change a type with.
func alterTo(typ string) string {
	return "ALTER TABLE v ALTER COLUMN c TYPE " + typ + " USING c::" + typ
}

// keeps changes the type and back again, and compares the texts of the values.
func keeps(t *testing.T, conn *pgx.Conn, from, to string) {
	t.Helper()
	const differing = `SELECT count(*)::text || coalesce(', as ' || min(b.c || ' is ' || coalesce(v.c::text, 'NULL')), '')
		FROM b JOIN v USING (n) WHERE b.c IS DISTINCT FROM v.c::text`
	var found string
	undone(t, conn, func() error {
		for _, sql := range []string{"CREATE TEMP TABLE b AS SELECT n, c::text FROM v", alterTo(to), alterTo(from)} {
			if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeExec); err != nil {
				return err
			}
		}
		return conn.QueryRow(t.Context(), differing, pgx.QueryExecModeExec).Scan(&found)
	}, from, to)
	if found != "0" && found != "" {
		t.Errorf("%s becomes %s and back: differing values are %s", from, to, found)
	}
}

// rewritesNothing changes the type and looks whether the table still has the same file.
func rewritesNothing(t *testing.T, conn *pgx.Conn, from, to string) {
	t.Helper()
	const file = "SELECT pg_relation_filenode('v')"
	var before, after uint32
	undone(t, conn, func() error {
		if err := conn.QueryRow(t.Context(), file, pgx.QueryExecModeExec).Scan(&before); err != nil {
			return err
		}
		if _, err := conn.Exec(t.Context(), alterTo(to)); err != nil {
			return err
		}
		return conn.QueryRow(t.Context(), file, pgx.QueryExecModeExec).Scan(&after)
	}, from, to)
	if before != after {
		t.Errorf("%s becomes %s: the table is written anew, which was not said", from, to)
	}
}

// undone does something in a transaction that is taken back.
func undone(t *testing.T, conn *pgx.Conn, do func() error, from, to string) {
	t.Helper()
	run(t, conn, "BEGIN")
	if err := do(); err != nil {
		t.Errorf("%s becomes %s: %v", from, to, err)
	}
	run(t, conn, "ROLLBACK")
}
