package ddl_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

// split returns the pieces' texts from their first token on, blank ones left out. A piece that
// is no statement has its kind before it.
func split(src string) []string {
	var list []string
	for s := ddl.NewSplitter([]byte(src)); ; {
		p, ok := s.Next()
		if !ok {
			return list
		}
		text := string(p.Text[p.Lead:])
		switch p.Kind {
		case ddl.PieceStatement:
			list = append(list, text)
		case ddl.PieceMeta:
			list = append(list, "meta "+text)
		case ddl.PieceCopyData:
			list = append(list, "data "+text)
		}
	}
}

func TestStatementsEndWherePsqlEndsThem(t *testing.T) {
	const atomic = "CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN i > 0 THEN 1 ELSE 2 END; END;"
	cases := []struct {
		name, src string
		want      []string
	}{
		{"two statements", "SELECT 1; SELECT 2", []string{"SELECT 1;", "SELECT 2"}},
		{"nothing", " \n-- only a comment\n", nil},
		{"lone semicolons", ";;SELECT 1;;", []string{"SELECT 1;"}},
		{"a semicolon in a string", "SELECT ';'; SELECT 2", []string{"SELECT ';';", "SELECT 2"}},
		{"a doubled quote in a string", "SELECT 'it''s;'; SELECT 2", []string{"SELECT 'it''s;';", "SELECT 2"}},
		{"a backslash at the end of a plain string", `SELECT '\'; SELECT 2`, []string{`SELECT '\';`, "SELECT 2"}},
		{"a backslash in a string with escapes", `SELECT E'\';'; SELECT 2`, []string{`SELECT E'\';';`, "SELECT 2"}},
		{"a string with escapes that goes on in the next line", "SELECT E'a'\n'\\';'; SELECT 2", []string{"SELECT E'a'\n'\\';';", "SELECT 2"}},
		{"a plain string after one with escapes", "SELECT E'a', '\\'; SELECT 2", []string{"SELECT E'a', '\\';", "SELECT 2"}},
		{"a name that ends with e before a string", `SELECT date'\'; SELECT 2`, []string{`SELECT date'\';`, "SELECT 2"}},
		{"a string in the old reading", "SET standard_conforming_strings = off; SELECT '\\';'; SET standard_conforming_strings = on; SELECT '\\'; SELECT 2", []string{
			"SET standard_conforming_strings = off;", `SELECT '\';';`, "SET standard_conforming_strings = on;", `SELECT '\';`, "SELECT 2",
		}},
		{"a string with Unicode escapes", `SELECT U&'\'; SELECT 2`, []string{`SELECT U&'\';`, "SELECT 2"}},
		{"a bit string", `SELECT B'1;', x'f;'; SELECT 2`, []string{`SELECT B'1;', x'f;';`, "SELECT 2"}},
		{"a quoted name", `SELECT 1 AS "a;""b"; SELECT 2`, []string{`SELECT 1 AS "a;""b";`, "SELECT 2"}},
		{"a quoted name with Unicode escapes", `SELECT 1 AS U&"a;"; SELECT 2`, []string{`SELECT 1 AS U&"a;";`, "SELECT 2"}},
		{"a dollar quote", "DO $$ a; b; $$; SELECT 2", []string{"DO $$ a; b; $$;", "SELECT 2"}},
		{"a dollar quote with a tag in another", "DO $a$ $b$; $b$ $$;$$ $a$; SELECT 2", []string{"DO $a$ $b$; $b$ $$;$$ $a$;", "SELECT 2"}},
		{"a dollar sign in a name", "SELECT a$b$; SELECT $b$", []string{"SELECT a$b$;", "SELECT $b$"}},
		{"a parameter", "SELECT $1; SELECT $2", []string{"SELECT $1;", "SELECT $2"}},
		{"a tag in another alphabet", "DO $ä$ ; $ä$; SELECT 2", []string{"DO $ä$ ; $ä$;", "SELECT 2"}},
		{"comments in comments", "SELECT /* ; /* ; */ ; */ 1; SELECT 2", []string{"SELECT /* ; /* ; */ ; */ 1;", "SELECT 2"}},
		{"a quote in a comment", "SELECT 1 -- it's;\n; SELECT 2", []string{"SELECT 1 -- it's;\n;", "SELECT 2"}},
		{"a comment sign in a string", "SELECT '/*'; SELECT '*/', '--'; SELECT 3", []string{"SELECT '/*';", "SELECT '*/', '--';", "SELECT 3"}},
		{"a comment before a statement", "/* x; */ -- y;\nSELECT 1", []string{"SELECT 1"}},
		{"an operator with a minus", "SELECT 1 - -1; SELECT 2", []string{"SELECT 1 - -1;", "SELECT 2"}},
		{"a rule with several actions", "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 2", []string{"CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b);", "SELECT 2"}},
		{"a body with BEGIN ATOMIC", atomic + " SELECT 2", []string{atomic, "SELECT 2"}},
		{"a procedure with a body", "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END; SELECT 2", []string{"CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END;", "SELECT 2"}},
		{"a transaction", "BEGIN; SELECT 1; END;", []string{"BEGIN;", "SELECT 1;", "END;"}},
		{"a table with a column named begin", "CREATE TABLE t (begin int); SELECT 2", []string{"CREATE TABLE t (begin int);", "SELECT 2"}},
		{"a byte order mark", "\ufeffSELECT 1; SELECT 2", []string{"SELECT 1;", "SELECT 2"}},
		{"Windows line ends", "SELECT 1; -- x\r\nSELECT 2;\r\n", []string{"SELECT 1;", "SELECT 2;"}},
		{"a psql command", "\\restrict abc\nSELECT 1;", []string{`meta \restrict abc`, "SELECT 1;"}},
		{"a psql command in a statement", "SELECT 1 \\gexec\nSELECT 2;", []string{"SELECT 1", `meta \gexec`, "SELECT 2;"}},
		{"rows", "COPY t (a) FROM stdin;\n1\t;\n'\n\\.\nSELECT 2;", []string{"COPY t (a) FROM stdin;", "data \n1\t;\n'\n\\.\n", "SELECT 2;"}},
		{"rows with Windows line ends", "COPY t FROM STDIN WITH (FORMAT csv);\r\n1\r\n\\.\r\nSELECT 2;", []string{"COPY t FROM STDIN WITH (FORMAT csv);", "data \r\n1\r\n\\.\r\n", "SELECT 2;"}},
		{"rows without an end", "COPY t FROM stdin;\n1\n2", []string{"COPY t FROM stdin;", "data \n1\n2"}},
		{"a string without an end", "SELECT 'a; SELECT 2", []string{"SELECT 'a; SELECT 2"}},
		{"a string with escapes without an end", `SELECT E'a\`, []string{`SELECT E'a\`}},
		{"a dollar quote without an end", "DO $a$ ; $b$", []string{"DO $a$ ; $b$"}},
		{"a comment without an end", "SELECT 1; /* ; ", []string{"SELECT 1;"}},
		{"a parenthesis without an end", "SELECT (1; SELECT 2", []string{"SELECT (1; SELECT 2"}},
		{"a parenthesis too many", "SELECT 1); SELECT 2", []string{"SELECT 1);", "SELECT 2"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, split(c.src)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			checkPieces(t, []byte(c.src))
		})
	}
}

// checkPieces checks what holds for every text: the pieces are the text, each moves on, and
// the cuts do not depend on what follows a finished statement.
func checkPieces(t *testing.T, src []byte) {
	t.Helper()
	var all []byte
	for s := ddl.NewSplitter(src); ; {
		p, ok := s.Next()
		if !ok {
			break
		}
		if p.Offset != len(all) || len(p.Text) == 0 || p.Lead < 0 || p.Lead > len(p.Text) || p.Kind == ddl.PieceUnknown {
			t.Fatalf("piece %+v after %d bytes", p, len(all))
		}
		if p.Kind == ddl.PieceStatement {
			st := ddl.Parse(p)
			if st.Action == ddl.ActionUnknown || st.SQL == "" {
				t.Fatalf("statement %+v", st)
			}
		}
		if p.Kind == ddl.PieceMeta && !strings.HasPrefix(ddl.MetaCommand(p), `\`) {
			t.Fatalf("command %q", ddl.MetaCommand(p))
		}
		all = append(all, p.Text...)
	}
	if !bytes.Equal(all, src) {
		t.Fatalf("the pieces are %q, want %q", all, src)
	}
}

func FuzzSplit(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range seeds {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkPieces(t, src) })
}

func TestPositionsCountLinesAndCharacters(t *testing.T) {
	src := []byte("a\nbä\r\nc")
	for offset, want := range map[int][2]int{0: {1, 1}, 1: {1, 2}, 2: {2, 1}, 3: {2, 2}, 5: {2, 3}, 7: {3, 1}, 8: {3, 2}, 99: {3, 2}, -1: {1, 1}} {
		line, column := ddl.Position(src, offset)
		if line != want[0] || column != want[1] {
			t.Errorf("offset %d: got %d:%d, want %d:%d", offset, line, column, want[0], want[1])
		}
	}
	if got := ddl.ByteOffset("bäc", 2); got != 3 {
		t.Errorf("byte offset %d, want 3", got)
	}
}
