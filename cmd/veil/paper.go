package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/veilschema/veil/compare/report"
)

// style is a set of SGR parameters, "" for none.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// span is text in one style. It may come from outside: hidden characters are shown.
type span struct {
	style style
	text  string
}

// Columns of a paper.
const (
	paperWidth     = 100 // where the output is no terminal
	narrowestPaper = 40
	widestPaper    = 160
)

// paper is what a person reads: lines that fit a width, in which no name can move the cursor or forge a line.
type paper struct {
	w     io.Writer
	width int
	color bool
	out   strings.Builder
}

// newPaper returns a paper as wide as the terminal.
func (a *app) newPaper() *paper {
	width, ok := terminal(a.out)
	if !ok {
		width = paperWidth
	}
	return &paper{w: a.out, width: min(max(width, narrowestPaper), widestPaper), color: colored(a.out)}
}

// flush hands the paper over.
func (p *paper) flush() error {
	_, err := io.WriteString(p.w, p.out.String())
	p.out.Reset()
	return err
}

// line writes one line, cut to the width.
func (p *paper) line(spans ...span) {
	left := p.width
	var b strings.Builder
	for _, s := range spans {
		text := fit(report.Visible(s.text), left)
		left -= displaywidth.String(text)
		if text != "" && p.color && s.style != plain {
			text = "\x1b[" + string(s.style) + "m" + text + "\x1b[0m"
		}
		b.WriteString(text)
	}
	p.out.WriteString(strings.TrimRight(b.String(), " ") + "\n")
}

func (p *paper) printf(s style, format string, args ...any) {
	p.line(span{s, fmt.Sprintf(format, args...)})
}

func (p *paper) blank() { p.out.WriteByte('\n') }

// title begins a section.
func (p *paper) title(text string) {
	p.blank()
	p.wrapped("", text, bold)
	p.blank()
}

// wrapped writes a paragraph behind a label, its further lines indented by the label's width.
func (p *paper) wrapped(label, text string, s style) {
	indent := displaywidth.String(label)
	for _, part := range wrap(text, p.width-indent) {
		p.line(span{plain, label}, span{s, part})
		label = strings.Repeat(" ", indent)
	}
}

// wrap breaks text into lines of at most so many columns, at spaces; a longer word stays whole.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(report.Visible(text)) {
		switch {
		case line == "":
			line = word
		case displaywidth.String(line)+1+displaywidth.String(word) > columns:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fit cuts text to a number of columns.
func fit(s string, columns int) string {
	switch {
	case columns <= 0:
		return ""
	case displaywidth.String(s) <= columns:
		return s
	}
	return displaywidth.TruncateString(s, columns, "…")
}

// padded fills text with spaces to a number of columns.
func padded(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-displaywidth.String(s), 0))
}

// count writes a number with its noun or verb.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
