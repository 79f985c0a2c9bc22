package memento

import (
	"regexp"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// castArrays spells the cast of an array as casts of its elements:
//
//	(ARRAY[1, 2])::numeric[]    ARRAY[(1)::numeric, (2)::numeric]
//
// A server prints the first where it was written so, and the second when it has read its own print of the first, so that an index
// that a change of type made anew is printed otherwise than before although nothing of it is different.
func castArrays(text string) string {
	const start = "(ARRAY["
	var out strings.Builder
	for {
		i := strings.Index(text, start)
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		text = text[i:]
		elements, typ, rest := castArray(text[len(start):])
		if typ == "" {
			out.WriteString(start)
			text = text[len(start):]
			continue
		}
		out.WriteString("ARRAY[")
		for n, element := range schema.SplitExpressions(elements) {
			if n > 0 {
				out.WriteString(", ")
			}
			out.WriteString("(" + strings.TrimSpace(element) + ")::" + typ)
		}
		out.WriteString("]")
		text = rest
	}
}

// arrayCast is what stands behind the elements: the element type, without a schema or a modifier that has brackets of its own.
var arrayCast = regexp.MustCompile(`^\]\)::([a-z_][a-z0-9_ .]*(?:\([0-9, ]+\))?(?: with(?:out)? time zone)?)\[\]`)

// castArray cuts the elements, the type that they are cast to, and what follows. The type is "" if it is no such cast.
func castArray(text string) (elements, typ, rest string) {
	depth, quote := 0, rune(0)
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '[' || r == '(':
			depth++
		case (r == ']' || r == ')') && depth > 0:
			depth--
		case r == ']':
			found := arrayCast.FindStringSubmatch(text[i:])
			if found == nil || strings.Contains(text[:i], "ARRAY[") {
				return "", "", ""
			}
			return text[:i], found[1], text[i+len(found[0]):]
		}
	}
	return "", "", ""
}
