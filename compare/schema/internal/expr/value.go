package expr

import (
	"fmt"
	"strings"
)

// Value returns the canonical spelling of a column's default or generation expression. The value is assigned to a
// column, which casts it once more; so a cast to the column's own type says nothing and is dropped. typ is the column's type in
// its canonical spelling. Null is "NULL", whatever it was cast to.
func Value(text, typ string, names Names) (string, error) {
	list, err := parse(text, names)
	if err != nil {
		return "", fmt.Errorf("expression is not understood: %w", err)
	}
	if len(list) != 1 {
		return "", fmt.Errorf("expression is not understood: it is %d expressions", len(list))
	}
	n := list[0].inner()
	bare := n
	for bare.shape == cast {
		bare = bare.kids[0].inner()
	}
	switch {
	case bare.isWord("NULL"):
		return "NULL", nil
	case bare.shape == leaf && bare.class == literal && castsKeep(n, stringValue(bare.text), typ):
		return spellNumber(bare.text, typ), nil
	case bare.shape == leaf && bare.class == number && castsKeep(n, bare.text, typ):
		return bare.text, nil
	}
	for n.shape == cast && n.text == typ && withoutModifier(typ) == typ {
		n = n.kids[0].inner()
	}
	return n.String(), nil
}

// castsKeep says whether every type in a chain of casts keeps the value of a literal that is assigned to a column in the end.
func castsKeep(n *node, value, column string) bool {
	for ; n.shape == cast; n = n.kids[0].inner() {
		if !keeps(n.text, value, column) {
			return false
		}
	}
	return true
}

// keeps says whether a literal may be cast to a type on its way into a column without changing what arrives.
func keeps(to, value, column string) bool {
	column = withoutModifier(column)
	to, column = strings.TrimSuffix(to, "[]"), strings.TrimSuffix(column, "[]")
	switch {
	case to == column:
		return true
	case column == "character":
		return anyText[to] || to == "bpchar"
	case anyText[column]:
		return anyText[to]
	default:
		return numeric[column] && (exact[to] && whole(value) || to == "numeric" && !integers[column])
	}
}

// exact are the types that take an integer without changing its value, if they take it at all; numeric are all types of numbers.
var (
	exact    = wordSet("smallint integer bigint numeric")
	integers = wordSet("smallint integer bigint")
	numeric  = map[string]bool{"smallint": true, "integer": true, "bigint": true, "numeric": true, "real": true, "double precision": true}
)

func whole(value string) bool {
	value = strings.TrimPrefix(value, "-")
	return value != "" && span(value, digit) == len(value)
}

// spellNumber spells a string literal: '-1'::integer is -1 in a column of numbers.
func spellNumber(lit, column string) string {
	value := stringValue(lit)
	unsigned := strings.TrimPrefix(value, "-")
	if !numeric[withoutModifier(column)] || unsigned == "" || numberSize(unsigned) != len(unsigned) {
		return lit
	}
	return value
}
