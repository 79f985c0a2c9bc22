package memento_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
)

// table names a table of the schema public and its columns.
func table(name string, columns ...string) memento.Table {
	t := memento.Table{Schema: "public", Name: name}
	for _, c := range columns {
		t.Columns = append(t.Columns, memento.Column{Name: c})
	}
	return t
}

func checksum(t testing.TB, q memento.Querier, of memento.Table) memento.Sum {
	t.Helper()
	sum, err := memento.Checksum(t.Context(), q, of)
	must(t, err)
	return sum
}

// slowChecksum is the reference: it fetches every value as text and does all but the hash here.
func slowChecksum(t testing.TB, conn *pgx.Conn, of memento.Table) memento.Sum {
	t.Helper()
	var columns []string
	for _, c := range of.Columns {
		columns = append(columns, pgx.Identifier{c.Name}.Sanitize())
	}
	sql := "SELECT " + strings.Join(columns, ", ") + " FROM ONLY " + of.ID().String()
	sums := [2]*big.Int{new(big.Int), new(big.Int)}
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll() // the simple protocol: texts
	must(t, err)
	rows := results[0].Rows
	for _, row := range rows {
		for i := range sums {
			var h int64
			must(t, conn.QueryRow(t.Context(), `SELECT hashtextextended($1 COLLATE "C", $2)`, recordText(row), int64(i+1)).Scan(&h))
			sums[i].Add(sums[i], big.NewInt(h))
		}
	}
	return memento.Sum{Rows: int64(len(rows)), Hash: sums[0].String() + ":" + sums[1].String()}
}

// recordText is how PostgreSQL writes a record: nothing for null, quotes around what would be taken apart.
func recordText(row [][]byte) string {
	fields := make([]string, len(row))
	for i, value := range row {
		text := string(value)
		if value != nil && (text == "" || strings.ContainsAny(text, "\"\\(), \t\n\r\v\f")) {
			text = `"` + strings.NewReplacer(`"`, `""`, `\`, `\\`).Replace(text) + `"`
		}
		fields[i] = text
	}
	return "(" + strings.Join(fields, ",") + ")"
}

// everyType is a table with columns of every kind of type, and some rows.
const everyType = `
	CREATE EXTENSION IF NOT EXISTS citext;
	CREATE TYPE mood AS ENUM ('sad', 'ok "quoted"');
	CREATE TYPE pair AS (a text, b integer);
	CREATE DOMAIN short AS varchar(9) CHECK (VALUE <> 'bad');
	CREATE TABLE every (
		a_bool boolean, b_int integer, c_big bigint, d_num numeric, e_real real, f_double double precision, g_money money,
		h_text text, i_varchar varchar(30), j_char char(6), k_bytes bytea, l_date date, m_time time, n_timetz timetz, o_ts timestamp, p_tstz timestamptz,
		q_interval interval, r_uuid uuid, s_json json, t_jsonb jsonb, u_xml xml, v_point point, w_polygon polygon, x_circle circle,
		y_inet inet, z_cidr cidr, aa_mac macaddr, ab_bits bit varying, ac_tsv tsvector, ad_tsq tsquery, ae_range int4range, af_multi nummultirange,
		ag_ints int[], ah_texts text[][], ai_mood mood, aj_pair pair, ak_pairs pair[], al_short short, am_ci citext, an_oid oid, ao_class regclass, ap_type regtype,
		aq_lsn pg_lsn, ar_name name, as_path jsonpath, at_line line);
	INSERT INTO every VALUES
		(true, 1, 9223372036854775807, 1.10, 0.1, 1e-300, 12.34, E'a,b"c\\d(e)\n\t', 'ü', 'x', '\x00ff', '2020-02-29', '12:34:56.789', '01:02:03+02', '2020-01-02 03:04:05.678', '2020-01-02 03:04:05.678+09',
		'1 year 2 mons -3 days 04:05:06.7', '00000000-0000-0000-0000-000000000001', '{"b": 1,  "a": [null]}', '{"b": 1,  "a": [null]}', '<a b="c">&amp;</a>', '(1.5,2)', '((0,0),(1,1),(1,0))', '<(0,0),3>',
		'10.1.2.3/8', '10.0.0.0/8', '08:00:2b:01:02:03', B'10110', 'a fat cat', 'fat & !rat', '[1,5)', '{[1.0,2.5)}',
		'{1,null,3}', '{{"a,b",""},{null,"\"\\"}}', 'ok "quoted"', '("a,b",2)', '{"(,)"}', 'x', 'CiText', 12, 'pg_class', 'integer',
		'16/B374D848', 'n', '$.a[*]', '{1,2,3}');
	INSERT INTO every DEFAULT VALUES;
	INSERT INTO every (h_text, i_varchar, j_char, k_bytes, ag_ints) VALUES ('', '', '', '', '{}'), ('NULL', 'null', '\N', '\x', '{null}');
	INSERT INTO every (e_real, f_double, d_num, l_date, o_ts) VALUES ('NaN', '-Infinity', 'NaN', 'infinity', '-infinity'), ('-0', '-0', 0.00, '0044-03-15 BC', 'infinity')`

func columnsOf(t testing.TB, conn *pgx.Conn, name string) []string {
	t.Helper()
	var list []string
	must(t, conn.QueryRow(t.Context(), `SELECT coalesce(array_agg(attname::text ORDER BY attnum), '{}') FROM pg_attribute
		WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped`, name).Scan(&list))
	return list
}

// odd settings are such that the same values print otherwise.
const oddSettings = `SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'Asia/Tokyo'; SET extra_float_digits = -15; SET bytea_output = 'escape';
	SET search_path = pg_temp; SET xmlbinary = 'hex'; SET quote_all_identifiers = on`

func TestAChecksumIsThatOfTheSlowReference(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		conn := connect(t, server)
		execute(t, conn, everyType)
		of := table("every", columnsOf(t, conn, "every")...)
		sum := checksum(t, conn, of)
		must(t, setFixed(t, conn))
		if want := slowChecksum(t, conn, of); sum != want {
			t.Errorf("PostgreSQL %d: got %+v, want %+v", server.Major(), sum, want)
		}
		execute(t, conn, oddSettings)
		if odd := checksum(t, conn, of); odd != sum {
			t.Errorf("PostgreSQL %d: a session's settings changed the sum from %+v to %+v", server.Major(), sum, odd)
		}
	}
}

// setFixed are the settings under which the reference reads.
func setFixed(t testing.TB, conn *pgx.Conn) error {
	_, err := conn.Exec(t.Context(), `SELECT set_config(n, v, false) FROM (VALUES ('search_path', 'pg_catalog, pg_temp'), ('DateStyle', 'ISO, MDY'), ('TimeZone', 'UTC'),
		('lc_monetary', 'C'), ('extra_float_digits', '1')) AS s (n, v)`)
	return err
}

func TestSettingsAreAfterwardsWhatTheyWere(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, everyType)
	all := func() (s string) {
		must(t, conn.QueryRow(t.Context(), `SELECT string_agg(name || '=' || setting, E'\n' ORDER BY name) FROM pg_catalog.pg_settings`).Scan(&s))
		return s
	}
	execute(t, conn, oddSettings)
	tx, err := conn.Begin(t.Context())
	must(t, err)
	execute(t, conn, `SET LOCAL TimeZone = 'Europe/Berlin'`)
	before := all()
	checksum(t, tx, table("every", "o_ts"))
	_, err = memento.Checksum(t.Context(), tx, table("every", "no such column"))
	if err == nil {
		t.Error("a column that is not there was summed up")
	}
	if _, err := memento.Structure(t.Context(), tx, []string{"public"}); err != nil {
		t.Error(err)
	}
	if after := all(); after != before {
		t.Errorf("the settings are now %s, want %s", after, before)
	}
	must(t, tx.Rollback(t.Context()))
}

func TestEveryDifferenceOfRowsShows(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (a text, b text)`)
	seen := make(map[memento.Sum]string)
	for _, rows := range []string{
		``, `(NULL, NULL)`, `('', NULL)`, `(NULL, '')`, `('', '')`, `('a', 'b')`, `('b', 'a')`, `('a,b', NULL)`, `(NULL, 'a,b')`, `('a,b', '')`, `('', 'a,b')`,
		`('ab', '')`, `('', 'ab')`, `('"', '')`, `('""', '')`, `('\', '')`, `('(', ')')`, `('()', '')`, `('NULL', NULL)`, `(' ', '')`, `('', ' ')`, `(E'\n', '')`,
		`('a', 'b'), ('a', 'b')`, `('a', 'b'), ('a', 'b'), ('a', 'b')`, `('a', 'a'), ('b', 'b')`, `('a', 'b'), ('b', 'a')`, `('a', NULL), (NULL, 'b')`, `('a', 'b'), (NULL, NULL)`,
		`('1', '4'), ('2', '3')`, `('1', '3'), ('2', '4')`,
	} {
		execute(t, conn, `TRUNCATE t`)
		if rows != "" {
			execute(t, conn, `INSERT INTO t VALUES `+rows)
		}
		sum := checksum(t, conn, table("t", "a", "b"))
		if other, ok := seen[sum]; ok {
			t.Errorf("%s and %s have the same checksum %+v", rows, other, sum)
		}
		seen[sum] = rows
	}
}

// A checksum is the same exactly for the same rows, in whatever order.
func TestChecksumsAreEqualExactlyForEqualRows(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (a text, b text); CREATE TABLE u (b text, x int DEFAULT 1, a text)`)
	value := rapid.OneOf(rapid.Just("NULL"), rapid.Map(rapid.StringMatching(`[ab,"\\() ]{0,3}`), func(s string) string {
		return "'" + s + "'"
	}))
	row := rapid.Custom(func(r *rapid.T) string { return "(" + value.Draw(r, "a") + ", " + value.Draw(r, "b") + ")" })
	rapid.Check(t, func(r *rapid.T) {
		left := rapid.SliceOfN(row, 0, 6).Draw(r, "left")
		right := slices.Clone(left)
		rand.Shuffle(len(right), func(i, j int) { right[i], right[j] = right[j], right[i] })
		if len(right) > 0 && rapid.Bool().Draw(r, "change") {
			right[rapid.IntRange(0, len(right)-1).Draw(r, "at")] = row.Draw(r, "new")
		}
		fill(t, conn, `t (a, b)`, left)
		fill(t, conn, `u (a, b)`, right)
		got := checksum(t, conn, table("t", "a", "b")) == checksum(t, conn, table("u", "a", "b"))
		slices.Sort(left)
		slices.Sort(right)
		if want := slices.Equal(left, right); got != want {
			r.Fatalf("got equal %v for %q and %q, want %v", got, left, right, want)
		}
	})
}

func fill(t testing.TB, conn *pgx.Conn, into string, rows []string) {
	t.Helper()
	name, _, _ := strings.Cut(into, " ")
	execute(t, conn, `TRUNCATE `+name)
	if len(rows) > 0 {
		execute(t, conn, `INSERT INTO `+into+` VALUES `+strings.Join(rows, ", "))
	}
}

func TestAColumnIsReadAsTheTypeThatItWillHave(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (n integer, c char(5)); INSERT INTO t VALUES (1, 'x'), (NULL, NULL)`)
	of := memento.Table{Schema: "public", Name: "t", Columns: []memento.Column{{Name: "n", As: "numeric(10,2)"}, {Name: "c", As: "text"}}}
	before := checksum(t, conn, of)
	plain := checksum(t, conn, table("t", "n", "c"))
	execute(t, conn, `ALTER TABLE t ALTER n TYPE numeric(10,2), ALTER c TYPE text`)
	if after := checksum(t, conn, table("t", "n", "c")); after != before || after == plain {
		t.Errorf("got %+v, want %+v, and not %+v", after, before, plain)
	}
	for _, as := range []string{"no_such_type", "int) FROM t; DROP TABLE t; --", "bool and pg_sleep(1) is null", "int,"} {
		of.Columns = []memento.Column{{Name: "n", As: as}}
		if _, err := memento.Checksum(t.Context(), conn, of); err == nil || !strings.Contains(err.Error(), "no type here") {
			t.Errorf("as %q: got %v", as, err)
		}
	}
}

func TestWhichRowsATableHas(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `
		CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent); CREATE TABLE none ();
		INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2), (3); INSERT INTO none DEFAULT VALUES;
		CREATE TABLE whole (a int) PARTITION BY LIST (a); CREATE TABLE "p Art" PARTITION OF whole FOR VALUES IN (1); CREATE TABLE rest PARTITION OF whole DEFAULT;
		INSERT INTO whole VALUES (1), (2), (3);
		CREATE VIEW looks AS SELECT * FROM parent; CREATE MATERIALIZED VIEW kept AS SELECT * FROM parent; CREATE SEQUENCE counts`)
	for name, want := range map[string]int64{"parent": 1, "child": 2, "whole": 3, "p Art": 1, "rest": 2} {
		if sum := checksum(t, conn, table(name, "a")); sum.Rows != want {
			t.Errorf("%s: got %d rows, want %d", name, sum.Rows, want)
		}
	}
	if sum := checksum(t, conn, table("none")); sum.Rows != 1 {
		t.Errorf("a table without columns: got %+v, want 1 row", sum)
	}
	for name, want := range map[string]string{"looks": "no table that keeps rows", "kept": "no table that keeps rows", "counts": "no table that keeps rows", "nothing": "not there"} {
		if _, err := memento.Checksum(t.Context(), conn, table(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	sums, err := memento.Checksums(t.Context(), conn, []memento.Table{table("parent", "a"), table("whole", "a")})
	if err != nil || len(sums) != 2 || sums[memento.TableName{Schema: "public", Name: "whole"}].Rows != 3 {
		t.Errorf("got %v, %v", sums, err)
	}
	if _, err := memento.Checksums(t.Context(), conn, []memento.Table{table("parent"), table("parent", "a")}); err == nil {
		t.Error("a table was summed up twice")
	}
}

func TestRowsThatAPolicyHidesAreAnError(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON t USING (a = 1)`)
	if sum := checksum(t, conn, table("t", "a")); sum.Rows != 2 { // its owner sees all
		t.Errorf("got %d rows, want 2", sum.Rows)
	}
	execute(t, conn, `ALTER TABLE t FORCE ROW LEVEL SECURITY`)
	if _, err := memento.Checksum(t.Context(), conn, table("t", "a")); err == nil || !strings.Contains(err.Error(), "hides rows") {
		t.Errorf("got %v", err)
	}
	var out strings.Builder
	if _, err := memento.Backup(t.Context(), conn, table("t", "a"), &out); err == nil || !strings.Contains(err.Error(), "hides rows") {
		t.Errorf("got %v", err)
	}
}
