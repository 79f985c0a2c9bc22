package schema

import (
	"strconv"
	"strings"

	"github.com/veilschema/veil/compare/schema/internal/expr"
)

// Quote returns a name as details spell it: bare where it is of the letters a to z, digits, _ and $, starts with a letter or _ and
// is no reserved word of SQL; else in double quotes, with those inside doubled.
func Quote(name string) string { return expr.Quote(name) }

// quoteAll returns the names in parentheses, as details list columns.
func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Quote(name)
	}
	return inParentheses(quoted)
}

func inParentheses(items []string) string { return "(" + strings.Join(items, ", ") + ")" }

// quoteRelation returns a qualified name as details spell it.
func quoteRelation(r Relation) string { return Quote(r.Schema) + "." + Quote(r.Name) }

// quoteText returns a text as a string literal.
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// phrase joins what is not empty with spaces.
func phrase(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return b.String()
}

// when returns text if the condition holds, else "".
func when(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

// SplitExpressions splits what a server prints of several expressions, as those of an index, at the commas between them. Text
// that is not understood is one expression.
func SplitExpressions(text string) []string { return expr.Split(text) }
