package expr

import (
	"errors"
	"fmt"
	"strings"
)

// class says what a token is.
type class uint8

const (
	end     class = iota
	name          // a name; its text is without quotes
	word          // a bare word that is no name but may look like one: true, false, keywords in upper case
	literal       // a string in quotes, with its prefix and quotes
	number        // an unsigned number
	mark          // operators and punctuation
)

// token is the smallest piece of a text.
type token struct {
	class  class
	text   string
	quoted bool // a name that came in double quotes
}

func (t token) is(text string) bool { return t.class == mark && t.text == text }

func (t token) operator() bool {
	return t.class == mark && strings.IndexByte(operatorBytes, t.text[0]) >= 0
}

// operatorBytes are what operators are made of.
const operatorBytes = "+-*/<>=~!@#%^&|`?"

// tokenize cuts text into tokens.
func tokenize(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the text has %d bytes, at most %d are allowed", len(text), maxText)
	}
	tokens := make([]token, 0, len(text)/4+1)
	for text = skipSpace(text); text != ""; text = skipSpace(text) {
		tok, size, err := next(text)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, tok)
		text = text[size:]
	}
	return tokens, nil
}

func skipSpace(s string) string { return strings.TrimLeft(s, " \t\r\n\f\v") }

// next returns the token at the start of s, which is not empty, and its size in bytes.
func next(s string) (token, int, error) {
	switch c := s[0]; {
	case c == '\'':
		return quoted(s, 0)
	case strings.IndexByte("EBXebx", c) >= 0 && len(s) > 1 && s[1] == '\'':
		return quoted(s, 1)
	case c == '"':
		return quotedName(s)
	case startsName(c):
		size := span(s, continuesName)
		return token{class: wordClass(s[:size]), text: s[:size]}, size, nil
	case digit(c):
		size := numberSize(s)
		return token{class: number, text: s[:size]}, size, nil
	case c == '$':
		size := 1 + span(s[1:], digit)
		return token{class: word, text: s[:size]}, size, nil
	case strings.HasPrefix(s, "::"), strings.HasPrefix(s, ":="):
		return token{class: mark, text: s[:2]}, 2, nil
	case strings.IndexByte("()[],.;:", c) >= 0:
		return token{class: mark, text: s[:1]}, 1, nil
	case strings.IndexByte(operatorBytes, c) >= 0:
		size := span(s, func(c byte) bool { return strings.IndexByte(operatorBytes, c) >= 0 })
		return token{class: mark, text: s[:size]}, size, nil
	default:
		return token{}, 0, fmt.Errorf("no token starts with %q", c)
	}
}

// spell returns the token as a canonical text has it. A bare name stays bare whatever it is: the server knew that it may.
func (t token) spell() string {
	if t.quoted {
		return Quote(t.text)
	}
	return t.text
}

// wordClass tells names from keywords: the server prints bare names in lower case and keywords in upper case, but for true and
// false.
func wordClass(s string) class {
	if s == "true" || s == "false" {
		return word
	}
	for i := range len(s) {
		if 'a' <= s[i] && s[i] <= 'z' || s[i] >= 0x80 {
			return name
		}
	}
	if s[0] == '_' {
		return name
	}
	return word
}

// quoted reads a string literal whose first quote stands at start.
func quoted(s string, start int) (token, int, error) {
	escapes := start == 1 && (s[0] == 'E' || s[0] == 'e')
	for i := start + 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] != '\'':
		case i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return token{class: literal, text: s[:i+1]}, i + 1, nil
		}
	}
	return token{}, 0, errors.New("a string literal does not end")
}

func quotedName(s string) (token, int, error) {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
		case i+1 < len(s) && s[i+1] == '"':
			i++
		case i == 1:
			return token{}, 0, errors.New("a quoted name is empty")
		default:
			return token{class: name, text: strings.ReplaceAll(s[1:i], `""`, `"`), quoted: true}, i + 1, nil
		}
	}
	return token{}, 0, errors.New("a quoted name does not end")
}

// numberSize returns the size of the number at the start of s: digits, a fraction, an exponent.
func numberSize(s string) int {
	size := span(s, digit)
	if size+1 < len(s) && s[size] == '.' && digit(s[size+1]) {
		size += 1 + span(s[size+1:], digit)
	}
	if size < len(s) && (s[size] == 'e' || s[size] == 'E') {
		exp := size + 1
		if exp < len(s) && (s[exp] == '+' || s[exp] == '-') {
			exp++
		}
		if n := span(s[exp:], digit); n > 0 {
			size = exp + n
		}
	}
	return size
}

func span(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func startsName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func continuesName(c byte) bool { return startsName(c) || digit(c) || c == '$' }
