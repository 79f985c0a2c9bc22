package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// pattern is a name in which * stands for any run of characters, ? for one
// character, and \ takes the next one literally. The zero pattern matches
// everything; every other one matches no empty value.
type pattern struct {
	source string
	tokens []token
}

// token is one element of a pattern: a literal character, or one of the two
// wildcards.
type token struct {
	r    rune
	wild wildcard
}

type wildcard uint8

const (
	literal wildcard = iota
	anyRun
	anyOne
)

var errTrailingBackslash = errors.New(`ends in a backslash; write \\ for one`)

func parsePattern(s string) (pattern, error) {
	if len(s) > MaxPattern {
		return pattern{}, fmt.Errorf("has %d bytes, more than the %d that are read", len(s), MaxPattern)
	}
	p := pattern{source: s}
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			p.tokens, escaped = append(p.tokens, token{r: r}), false
		case r == '\\':
			escaped = true
		case r == '*':
			if n := len(p.tokens); n == 0 || p.tokens[n-1].wild != anyRun {
				p.tokens = append(p.tokens, token{wild: anyRun})
			}
		case r == '?':
			p.tokens = append(p.tokens, token{wild: anyOne})
		default:
			p.tokens = append(p.tokens, token{r: r})
		}
	}
	if escaped {
		return pattern{}, errTrailingBackslash
	}
	return p, nil
}

func (p pattern) isZero() bool { return p.source == "" }

// match takes time proportional to the product of both lengths at worst: on a
// mismatch only the last * is tried again, one character further.
func (p pattern) match(s string) bool {
	if p.isZero() {
		return true
	}
	if s == "" {
		return false
	}
	at, star, mark := 0, -1, ""
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case at < len(p.tokens) && p.tokens[at].wild == anyRun:
			star, mark = at, s
			at++
		case at < len(p.tokens) && (p.tokens[at].wild == anyOne || p.tokens[at].r == r):
			at++
			s = s[size:]
		case star >= 0:
			_, skip := utf8.DecodeRuneInString(mark)
			mark = mark[skip:]
			at, s = star+1, mark
		default:
			return false
		}
	}
	for at < len(p.tokens) && p.tokens[at].wild == anyRun {
		at++
	}
	return at == len(p.tokens)
}

// literalName reads a name of a literal fact: no wildcards, \ takes the next
// character literally.
func literalName(s string) (string, error) {
	var b strings.Builder
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '*' || r == '?':
			return "", fmt.Errorf("has the wildcard %c", r)
		default:
			b.WriteRune(r)
		}
	}
	if escaped {
		return "", errTrailingBackslash
	}
	return b.String(), nil
}
