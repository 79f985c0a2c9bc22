package schema

import "strings"

// Target returns the other table that a fact names in its detail: the target
// of a foreign key, the parent of a partition or of an inheriting table.
// Details are spelt as docs/facts.md says; one that is spelt otherwise points
// nowhere.
func (f Fact) Target() (to Relation, ok bool) {
	rest := f.Detail
	switch f.Kind {
	case KindForeignKey:
		rest, ok = cutColumns(rest)
		if ok {
			rest, ok = strings.CutPrefix(rest, " references ")
		}
	case KindPartition:
		rest, ok = strings.CutPrefix(rest, "of ")
	case KindInheritance:
		rest, ok = strings.CutPrefix(rest, "from ")
	}
	if !ok {
		return Relation{}, false
	}
	if to.Schema, rest, ok = cutName(rest); !ok {
		return Relation{}, false
	}
	if rest, ok = strings.CutPrefix(rest, "."); !ok {
		return Relation{}, false
	}
	to.Name, _, ok = cutName(rest)
	return to, ok
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
