package ddl

import "bytes"

// tokenKind says what a token is, as far as splitting needs to know.
type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // unquoted identifier or keyword
	tokenQuoted           // "quoted identifier"
	tokenString           // '...', E'...', $tag$...$tag$; unterminated ones reach to the end of the text
	tokenMeta             // psql meta-command: from a backslash to the end of the line
	tokenOther            // one byte of anything else: ; ( ) , = digits ...
)

// token is src[start:end] of the text that the lexer reads.
type token struct {
	kind       tokenKind
	start, end int
}

// lexer follows psql's scanner (psqlscan.l): it knows comments, quotes and dollar quotes, and
// nothing of the grammar.
type lexer struct {
	src []byte
	pos int
	// escapes is set while standard_conforming_strings is off, as old dumps have it: a backslash
	// then escapes in plain strings too.
	escapes bool
}

// next skips white space and comments and returns the token after them.
func (l *lexer) next() token {
	l.skipBlank()
	start := l.pos
	if start >= len(l.src) {
		return token{tokenEnd, start, start}
	}
	kind := tokenOther
	switch c := l.src[start]; {
	case c == '\'':
		kind = tokenString
		l.quoted(l.escapes)
	case c == '"':
		kind = tokenQuoted
		l.doubled('"')
	case c == '$':
		kind = l.dollar()
	case c == '\\':
		kind = tokenMeta
		l.toLineEnd()
	case isIdentStart(c):
		kind = l.word()
	case isDigit(c):
		l.number()
	default:
		l.pos++
	}
	return token{kind, start, l.pos}
}

// skipBlank moves over white space, line comments and nested block comments. The byte order
// mark that some editors put at the front counts as white space there.
func (l *lexer) skipBlank() {
	if l.pos == 0 && bytes.HasPrefix(l.src, []byte("\ufeff")) {
		l.pos = len("\ufeff")
	}
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '-' && l.at(1) == '-':
			l.toLineEnd()
		case c == '/' && l.at(1) == '*':
			l.blockComment()
		default:
			return
		}
	}
}

func (l *lexer) at(ahead int) byte {
	if i := l.pos + ahead; i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// toLineEnd moves to the line's end, before its newline.
func (l *lexer) toLineEnd() {
	if n := bytes.IndexAny(l.src[l.pos:], "\r\n"); n >= 0 {
		l.pos += n
	} else {
		l.pos = len(l.src)
	}
}

// blockComment moves over a comment; PostgreSQL nests them.
func (l *lexer) blockComment() {
	depth := 0
	for l.pos < len(l.src) {
		switch {
		case l.src[l.pos] == '/' && l.at(1) == '*':
			depth++
			l.pos += 2
		case l.src[l.pos] == '*' && l.at(1) == '/':
			depth--
			l.pos += 2
			if depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
}

// doubled moves over a quoted run in which the doubled quote stands for itself.
func (l *lexer) doubled(quote byte) {
	for l.pos++; l.pos < len(l.src); l.pos++ {
		if l.src[l.pos] != quote {
			continue
		}
		if l.at(1) != quote {
			l.pos++
			return
		}
		l.pos++
	}
}

// quoted moves over a string whose opening quote is at pos. A string that goes on after white
// space with a newline in it keeps its kind, so one with escapes is followed there.
func (l *lexer) quoted(escapes bool) {
	if !escapes {
		l.doubled('\'')
		return
	}
	for {
		l.escaped()
		end := l.pos
		l.skipBlank()
		if l.pos >= len(l.src) || l.src[l.pos] != '\'' || !bytes.ContainsAny(l.src[end:l.pos], "\r\n") {
			l.pos = end
			return
		}
	}
}

// escaped moves over one quoted run in which a backslash takes the next byte along.
func (l *lexer) escaped() {
	for l.pos++; l.pos < len(l.src); l.pos++ {
		switch l.src[l.pos] {
		case '\\':
			l.pos++
		case '\'':
			if l.at(1) != '\'' {
				l.pos++
				return
			}
			l.pos++
		}
	}
	l.pos = len(l.src) // a backslash at the very end stepped over it
}

// dollar moves over a dollar-quoted string, or over the dollar sign alone where none begins.
func (l *lexer) dollar() tokenKind {
	i := l.pos + 1
	if i < len(l.src) && isIdentStart(l.src[i]) {
		for i < len(l.src) && (isIdentStart(l.src[i]) || isDigit(l.src[i])) {
			i++
		}
	}
	if i >= len(l.src) || l.src[i] != '$' {
		l.pos++
		return tokenOther
	}
	tag := l.src[l.pos : i+1]
	body := l.src[i+1:]
	if n := bytes.Index(body, tag); n >= 0 {
		l.pos = i + 1 + n + len(tag)
	} else {
		l.pos = len(l.src)
	}
	return tokenString
}

// word moves over an identifier, or over a string that an identifier of one letter introduces.
func (l *lexer) word() tokenKind {
	start := l.pos
	for l.pos < len(l.src) && isIdentPart(l.src[l.pos]) {
		l.pos++
	}
	if l.pos-start == 1 && l.at(0) == '\'' {
		switch l.src[start] {
		case 'e', 'E':
			l.quoted(true)
			return tokenString
		case 'b', 'B', 'x', 'X':
			l.doubled('\'')
			return tokenString
		case 'n', 'N': // a national string is a plain one
			l.quoted(l.escapes)
			return tokenString
		}
	}
	if l.pos-start == 1 && l.at(0) == '&' && (l.src[start] == 'u' || l.src[start] == 'U') {
		switch l.at(1) {
		case '\'', '"': // U&'...' and U&"..." end like plain ones
			quote := l.at(1)
			l.pos++
			l.doubled(quote)
			if quote == '"' {
				return tokenQuoted
			}
			return tokenString
		}
	}
	return tokenWord
}

// number moves over a numeral. Letters that follow belong to what comes next.
func (l *lexer) number() {
	for l.pos < len(l.src) && (isDigit(l.src[l.pos]) || l.src[l.pos] == '.') {
		l.pos++
	}
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isIdentStart takes every byte of a multi-byte character for a letter, as PostgreSQL does.
func isIdentStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func isIdentPart(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }
