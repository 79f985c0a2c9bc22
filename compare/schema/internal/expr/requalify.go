package expr

import (
	"fmt"
	"strings"
)

// Requalify returns the text with every qualified name replaced by what in returns for it. See the function of
// this name of package schema.
func Requalify(text string, in func(schema, name string) (string, string)) (string, error) {
	pieces, err := cut(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := 0; i < len(pieces); i++ {
		p := pieces[i]
		b.WriteString(p.before)
		switch {
		case p.body:
			eachQualifier(p.text, func(q string) { in(q, "") })
			b.WriteString(p.text)
		case qualifies(pieces, i):
			dot, object := pieces[i+1], pieces[i+2]
			schema, name := in(p.token.text, object.token.text)
			b.WriteString(respelt(p, schema) + dot.before + dot.text + object.before + respelt(object, name))
			i += 2
		case p.token.class == literal && i+2 < len(pieces) && pieces[i+1].token.is("::") && registered[pieces[i+2].token.text]:
			b.WriteString(requalifyLiteral(p.text, in))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String(), nil
}

// piece is a token as it stands in a text, with the space before it.
type piece struct {
	before, text string
	token        token
	body         bool // a text in dollar quotes
}

func cut(text string) ([]piece, error) {
	var pieces []piece
	for {
		rest := skipSpace(text)
		p := piece{before: text[:len(text)-len(rest)]}
		if rest == "" {
			return append(pieces, p), nil
		}
		if size := dollarQuoted(rest); size > 0 {
			p.text, p.body, text = rest[:size], true, rest[size:]
		} else {
			tok, size, err := next(rest)
			if err != nil {
				return nil, fmt.Errorf("the statement is not understood: %w", err)
			}
			p.text, p.token, text = rest[:size], tok, rest[size:]
		}
		pieces = append(pieces, p)
	}
}

// dollarQuoted returns the size in bytes of the dollar-quoted text at the start of s, zero if there is none.
func dollarQuoted(s string) int {
	if s[0] != '$' {
		return 0
	}
	tag := 1 + span(s[1:], func(c byte) bool { return continuesName(c) && c != '$' })
	if tag >= len(s) || s[tag] != '$' || tag > 1 && digit(s[1]) {
		return 0
	}
	tag++
	if end := strings.Index(s[tag:], s[:tag]); end >= 0 {
		return tag + end + tag
	}
	return 0
}

// qualifies says whether the piece at i is the first of two names with a dot between them.
func qualifies(pieces []piece, i int) bool {
	return i+2 < len(pieces) && isName(pieces[i]) && pieces[i+1].token.is(".") && isName(pieces[i+2]) &&
		(i == 0 || !pieces[i-1].token.is("."))
}

func isName(p piece) bool { return p.token.class == name || p.token.quoted }

// respelt returns a name as it stands in the text, or the one that takes its place.
func respelt(p piece, to string) string {
	if to == p.token.text {
		return p.text
	}
	return Quote(to)
}

func requalifyLiteral(lit string, in func(schema, name string) (string, string)) string {
	tokens, err := tokenize(stringValue(lit))
	if err != nil || len(tokens) < 3 || tokens[0].class != name || !tokens[1].is(".") || tokens[2].class != name {
		return lit
	}
	schema, object := in(tokens[0].text, tokens[2].text)
	var b strings.Builder
	b.WriteString(Quote(schema) + "." + Quote(object))
	for _, t := range tokens[3:] { // the arguments of a regprocedure
		b.WriteString(t.spell())
	}
	return "'" + strings.ReplaceAll(b.String(), "'", "''") + "'"
}

// eachQualifier calls f for each word of a function's body that a dot follows.
func eachQualifier(body string, f func(string)) {
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			if tok, size, err := quotedName(body[i:]); err == nil {
				if i+size < len(body) && body[i+size] == '.' {
					f(tok.text)
				}
				i += size - 1
			}
		case startsName(c):
			size := span(body[i:], continuesName)
			if i+size < len(body) && body[i+size] == '.' {
				f(strings.ToLower(body[i : i+size]))
			}
			i += size - 1
		}
	}
}
