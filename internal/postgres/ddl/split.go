package ddl

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// PieceKind says what a piece of a file is.
type PieceKind uint8

// The kinds of pieces.
const (
	PieceUnknown   PieceKind = iota
	PieceStatement           // one SQL statement, its semicolon included where it has one
	PieceMeta                // one psql meta-command: a backslash and the rest of the line
	PieceCopyData            // rows of the COPY ... FROM stdin before it, with the \. line
	PieceBlank               // white space and comments at the end of the file, or a lone semicolon
)

// Piece is a part of a file. Pieces follow each other without gaps: their texts put together
// are the file.
type Piece struct {
	Kind PieceKind
	// Text of the piece with the white space and comments before it.
	Text []byte
	// Lead is the length in bytes of those, so that Text[Lead:] begins with the first token.
	Lead int
	// Offset in bytes of Text in the file.
	Offset int
}

// Splitter cuts a file into pieces, one call at a time.
type Splitter struct {
	lex  lexer
	data bool // the piece before was COPY ... FROM stdin
}

// NewSplitter returns a splitter of src, which it reads and never changes.
func NewSplitter(src []byte) *Splitter { return &Splitter{lex: lexer{src: src}} }

// Next returns the next piece, and false at the end of the file. It cannot fail: what is not
// SQL is still cut somewhere, and PostgreSQL says what is wrong with it.
func (s *Splitter) Next() (Piece, bool) {
	start := s.lex.pos
	if start >= len(s.lex.src) {
		return Piece{}, false
	}
	if s.data {
		s.data = false
		s.copyData()
		return Piece{Kind: PieceCopyData, Text: s.lex.src[start:s.lex.pos], Offset: start}, true
	}
	s.lex.skipBlank()
	p := Piece{Offset: start, Lead: s.lex.pos - start}
	p.Kind = s.statement()
	p.Text = s.lex.src[start:s.lex.pos]
	if p.Kind == PieceStatement {
		s.after(p)
	}
	return p, true
}

// statement moves over one statement or meta-command, following psql's rules for where a
// semicolon ends one: outside parentheses and outside the body of a function that begins with
// BEGIN ATOMIC.
func (s *Splitter) statement() PieceKind {
	var head heading
	parens, begins, tokens := 0, 0, 0
	for ; ; tokens++ {
		before := s.lex.pos
		t := s.lex.next()
		switch {
		case t.kind == tokenEnd && tokens == 0:
			return PieceBlank
		case t.kind == tokenEnd:
			// What follows the last token belongs to a piece of its own.
			s.lex.pos = before
			return PieceStatement
		case t.kind == tokenMeta && tokens == 0:
			return PieceMeta
		case t.kind == tokenMeta:
			s.lex.pos = before // the command cuts the statement, which it would have sent
			return PieceStatement
		case t.kind == tokenWord:
			word := strings.ToLower(string(s.lex.src[t.start:t.end]))
			head.add(word)
			if parens == 0 && head.isRoutine() {
				begins = max(0, begins+bodyDepth(word, begins))
			}
		case t.kind != tokenOther:
		case s.lex.src[t.start] == '(':
			parens++
		case s.lex.src[t.start] == ')':
			parens = max(0, parens-1)
		case s.lex.src[t.start] == ';' && parens == 0 && begins == 0:
			if tokens == 0 {
				return PieceBlank
			}
			return PieceStatement
		}
	}
}

// bodyDepth is what a word does to the depth of BEGIN ... END inside a routine's heading. CASE
// ends with END too, and matters only within a body.
func bodyDepth(word string, depth int) int {
	switch {
	case word == "begin", word == "case" && depth > 0:
		return 1
	case word == "end":
		return -1
	}
	return 0
}

// heading remembers the first words of a statement.
type heading struct {
	words [4]string
	n     int
}

func (h *heading) add(word string) {
	if h.n < len(h.words) {
		h.words[h.n] = word
		h.n++
	}
}

// isRoutine says whether the statement is CREATE [OR REPLACE] FUNCTION or PROCEDURE.
func (h *heading) isRoutine() bool {
	if h.words[0] != "create" {
		return false
	}
	what := h.words[1]
	if what == "or" && h.words[2] == "replace" {
		what = h.words[3]
	}
	return what == "function" || what == "procedure"
}

// after looks for what a statement changes about the reading of the next piece.
func (s *Splitter) after(p Piece) {
	st := Parse(p)
	switch {
	case st.Action == ActionCopyIn:
		s.data = true
	case st.isWords("set", "standard_conforming_strings"):
		s.lex.escapes = bytes.Contains(bytes.ToLower(p.Text[p.Lead:]), []byte("off"))
	}
}

// copyData moves over the rest of the line, the rows and the line `\.` that ends them.
func (s *Splitter) copyData() {
	l := &s.lex
	for l.pos < len(l.src) {
		n := bytes.IndexByte(l.src[l.pos:], '\n')
		line := l.src[l.pos:]
		if n >= 0 {
			line = l.src[l.pos : l.pos+n]
			l.pos += n + 1
		} else {
			l.pos = len(l.src)
		}
		if bytes.Equal(bytes.TrimSuffix(line, []byte("\r")), []byte(`\.`)) {
			return
		}
	}
}

// Position is the line and column, both counted from 1 and the column in characters, of a byte
// offset in src.
func Position(src []byte, offset int) (line, column int) {
	offset = min(max(offset, 0), len(src))
	before := src[:offset]
	line = 1 + bytes.Count(before, []byte("\n"))
	column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return line, column
}

// ByteOffset is the byte offset of the character with the given number, counted from 0.
func ByteOffset(text string, characters int) int {
	for i := range text {
		if characters == 0 {
			return i
		}
		characters--
	}
	return len(text)
}

// MetaCommand is the name of a PieceMeta's command with its backslash, for example \connect.
func MetaCommand(p Piece) string {
	line := p.Text[p.Lead:]
	n := 1
	for n < len(line) && isIdentPart(line[n]) {
		n++
	}
	if n == 1 && len(line) > 1 { // \! and the like
		_, size := utf8.DecodeRune(line[1:])
		n += size
	}
	return string(line[:n])
}
