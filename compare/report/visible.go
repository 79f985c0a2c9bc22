package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable reports whether a character shows itself and nothing else: letters,
// marks, numbers, punctuation, symbols and the plain space. Everything that
// moves the cursor, turns the direction of writing, joins or separates without
// a trace, or is not assigned, is not printable; neither are the letters and
// marks that Unicode draws as nothing.
func printable(r rune) bool {
	if r == utf8.RuneError || !unicode.IsPrint(r) {
		return false
	}
	switch {
	case r == 0x034f, // combining grapheme joiner
		r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, // Hangul fillers
		r == 0x17b4, r == 0x17b5, // Khmer inherent vowels
		r >= 0x180b && r <= 0x180f,   // Mongolian variation selectors
		r >= 0xfe00 && r <= 0xfe0f,   // variation selectors
		r >= 0xe0100 && r <= 0xe01ef, // more variation selectors
		r == 0x2800:                  // Braille blank
		return false
	}
	return true
}

// segment is a run of text of one sort.
type segment struct {
	text   string // printable text, or the name of one hidden character: "U+202E"
	hidden bool
}

// segments splits text into printable runs and hidden characters.
func segments(s string) []segment {
	var list []segment
	start := 0
	for i, r := range s {
		if printable(r) {
			continue
		}
		if i > start {
			list = append(list, segment{text: s[start:i]})
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		list = append(list, segment{text: fmt.Sprintf("U+%04X", r), hidden: true})
		start = i + n
	}
	if start < len(s) {
		list = append(list, segment{text: s[start:]})
	}
	return list
}

// Visible returns text for a terminal: on one line, with every hidden character as ‹U+202E›, so that no name can move the
// cursor or forge a line.
func Visible(s string) string { return visible(s) }

// visible returns text in which every hidden character stands as ‹U+202E›.
func visible(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !printable(r) }) {
		return s
	}
	var b strings.Builder
	for _, g := range segments(s) {
		if g.hidden {
			b.WriteString("‹" + g.text + "›")
		} else {
			b.WriteString(g.text)
		}
	}
	return b.String()
}

// clip shortens text to a number of code points and says so.
func clip(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
