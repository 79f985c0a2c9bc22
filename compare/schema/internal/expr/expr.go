package expr

import (
	"fmt"
	"strings"
)

// Canonical returns the canonical spelling of an expression that a server printed. Parentheses around the whole are dropped.
func Canonical(text string, names Names) (string, error) {
	list, err := parse(text, names)
	if err != nil {
		return "", fmt.Errorf("expression is not understood: %w", err)
	}
	spelt := make([]string, len(list))
	for i, n := range list {
		spelt[i] = n.String()
	}
	if len(list) == 1 {
		return list[0].inner().String(), nil
	}
	return strings.Join(spelt, ", "), nil
}

// Type returns the canonical spelling of a type as format_type prints it with an empty search_path.
func Type(text string, names Names) (string, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return "", fmt.Errorf("type is not understood: %w", err)
	}
	p := &parser{tokens: tokens, names: names}
	typ, err := p.typeName()
	if err != nil {
		return "", fmt.Errorf("type is not understood: %w", err)
	}
	if t := p.peek(0); t.class != end {
		return "", fmt.Errorf("type is not understood: %q follows it", t.text)
	}
	return typ, nil
}

// Between returns the text in the parentheses that stand between two keywords outside of all brackets, the later of them the first
// after the earlier, and "" where there are none. It finds the condition in CREATE TRIGGER ... WHEN (condition) EXECUTE FUNCTION ....
func Between(text, after, before string) string {
	depth, start := 0, -1
	for rest := skipSpace(text); rest != ""; rest = skipSpace(rest) {
		t, size, err := next(rest)
		if err != nil {
			return ""
		}
		at := len(text) - len(rest)
		switch {
		case t.is("(") || t.is("["):
			depth++
		case t.is(")") || t.is("]"):
			depth--
		case depth == 0 && start < 0 && t.class == word && t.text == after:
			start = at + size
		case depth == 0 && start >= 0 && t.class == word && t.text == before:
			return text[start:at]
		}
		rest = rest[size:]
	}
	return ""
}

// Split returns the parts of a text between its top-level commas, as they stand. Text that is not understood is one part; an empty text
// has none.
func Split(text string) []string {
	if skipSpace(text) == "" {
		return nil
	}
	var parts []string
	depth, start := 0, 0
	for rest := skipSpace(text); rest != ""; rest = skipSpace(rest) {
		t, size, err := next(rest)
		if err != nil {
			return []string{text}
		}
		at := len(text) - len(rest)
		switch {
		case t.is("(") || t.is("["):
			depth++
		case t.is(")") || t.is("]"):
			depth--
		case t.is(",") && depth == 0:
			parts = append(parts, text[start:at])
			start = at + size
		}
		rest = rest[size:]
	}
	return append(parts, text[start:])
}
