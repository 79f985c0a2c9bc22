package template

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// pointsAt returns the other table that a fact names in its detail: the target
// of a foreign key, the parent of a partition or of an inheriting table.
// Details are spelt as docs/facts.md says; one that is spelt otherwise points
// nowhere.
func pointsAt(f schema.Fact) (schemaName, table string, ok bool) {
	rest := f.Detail
	switch f.Kind {
	case schema.KindForeignKey:
		rest, ok = cutColumns(rest)
		if ok {
			rest, ok = strings.CutPrefix(rest, " references ")
		}
	case schema.KindPartition:
		rest, ok = strings.CutPrefix(rest, "of ")
	case schema.KindInheritance:
		rest, ok = strings.CutPrefix(rest, "from ")
	}
	if !ok {
		return "", "", false
	}
	if schemaName, rest, ok = cutName(rest); !ok {
		return "", "", false
	}
	if rest, ok = strings.CutPrefix(rest, "."); !ok {
		return "", "", false
	}
	table, _, ok = cutName(rest)
	return schemaName, table, ok
}

// cutColumns cuts a list of columns in parentheses off the front. Columns may
// be quoted and hold parentheses themselves.
func cutColumns(s string) (rest string, ok bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted // a doubled quote switches twice
		case s[i] == ')' && !quoted:
			return s[i+1:], true
		}
	}
	return "", false
}

// cutName cuts a name, bare or in double quotes, off the front.
func cutName(s string) (name, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ". (")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		default:
			return b.String(), s[i+1:], b.Len() > 0
		}
	}
	return "", "", false
}
