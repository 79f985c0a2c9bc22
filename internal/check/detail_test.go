package check_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
)

// plainOf turns a fact of one of the six kinds that the dumps know into a
// statement, by reading its detail as docs/facts.md specifies it:
//
//	type          integer | character varying(15) | public."Name"[]
//	primary_key   (a, "B")
//	foreign_key   (a, b) references s.t (c, d) [match full] [on update ACTION] [on delete ACTION] [deferrable ...]
//
// Names are bare or in double quotes, those inside doubled.
func plainOf(t testing.TB, f schema.Fact) (p plain, known bool) {
	t.Helper()
	p = plain{f.Kind.String(), f.Schema, f.Table, f.Name, f.Detail}
	switch f.Kind {
	case schema.KindTable, schema.KindColumn, schema.KindNotNull:
		return p, true
	case schema.KindColumnType:
		p.detail = plainType(f.Detail, func(s string) string { return s })
		return p, true
	case schema.KindPrimaryKey:
		columns, rest := cutNames(t, f.Detail)
		p.detail = list(columns)
		if rest != "" {
			p.detail += rest
		}
		return p, true
	case schema.KindForeignKey:
		p.detail = plainForeignKey(t, f.Detail)
		return p, true
	}
	return p, false
}

func plainForeignKey(t testing.TB, detail string) string {
	t.Helper()
	var k foreignKey
	var rest string
	k.from, rest = cutNames(t, detail)
	rest, ok := strings.CutPrefix(rest, " references ")
	m := targetForm.FindStringSubmatch(rest)
	if !ok || m == nil {
		t.Fatalf("the detail of a foreign key is not understood: %s", detail)
	}
	k.schema, k.table = unquoted(m[1]), unquoted(m[2])
	k.to, rest = cutNames(t, m[3])
	if d := deleteForm.FindStringSubmatch(rest); d != nil {
		k.onDelete = d[1]
		rest = strings.Replace(rest, d[0], "", 1)
	}
	k.rest = strings.TrimSpace(rest)
	return k.String()
}

var (
	targetForm = regexp.MustCompile(`^` + sqlName + `\.` + sqlName + ` (\(.*)$`)
	deleteForm = regexp.MustCompile(` ?on delete (cascade|restrict|set null|set default)`)
	nameForm   = regexp.MustCompile(`^` + sqlNameInList + `(, )?`)
)

const sqlNameInList = `("(?:[^"]|"")+"|[^\s".(),]+)`

// cutNames reads a list of names in parentheses and returns what follows it.
func cutNames(t testing.TB, text string) (names []string, rest string) {
	t.Helper()
	rest, ok := strings.CutPrefix(text, "(")
	for ok && !strings.HasPrefix(rest, ")") {
		m := nameForm.FindStringSubmatch(rest)
		if ok = m != nil; ok {
			names, rest = append(names, unquoted(m[1])), rest[len(m[0]):]
		}
	}
	if !ok {
		t.Fatalf("no list of names starts the detail %s", text)
	}
	return names, rest[1:]
}

func TestDetailsAreReadAsTheyAreSpecified(t *testing.T) {
	for _, c := range []struct {
		kind         schema.Kind
		detail, want string
	}{
		{schema.KindPrimaryKey, `(a, "B, ""c")`, `["a" "B, \"c"]`},
		{schema.KindPrimaryKey, `(a) deferrable`, `["a"] deferrable`},
		{schema.KindColumnType, `character varying(15)[]`, `"" "character varying" (15)[]`},
		{schema.KindColumnType, `timestamp(6) without time zone`, `"" "timestamp without time zone" (6)`},
		{schema.KindColumnType, `person."Name"`, `"person" "Name" `},
		{
			schema.KindForeignKey, `(a, b) references s."T" (d, c) match full on update cascade on delete set null deferrable`,
			foreignKey{schema: "s", table: "T", from: []string{"b", "a"}, to: []string{"c", "d"}, onDelete: "set null", rest: "match full on update cascade deferrable"}.String(),
		},
	} {
		t.Run(fmt.Sprint(c.kind, " ", c.detail), func(t *testing.T) {
			got, known := plainOf(t, schema.Fact{Kind: c.kind, Schema: "s", Table: "t", Detail: c.detail})
			if !known || got.detail != c.want {
				t.Errorf("got %s, want %s", got.detail, c.want)
			}
		})
	}
}
