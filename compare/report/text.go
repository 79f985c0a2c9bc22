package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"

	policy "github.com/veilschema/veil/compare/template"
)

// TextOptions says how the text is laid out.
type TextOptions struct {
	Width    int  // columns of the terminal; 0 means 100; held between 40 and 160
	Color    bool // write SGR colours; the caller decides by terminal and NO_COLOR
	Findings int  // findings to show; 0 means 12, negative means all
}

// WriteText writes the report for a person at a terminal: verdict, counts, the
// worst findings by table, and what the verdict rests on and does not prove.
// Its length does not grow with the template. No line is wider than the
// width, whatever names hold, and names cannot write escape sequences.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	t := &textWriter{opts: o.withDefaults()}
	t.header(r)
	t.counts(r)
	t.findings(r)
	t.basis(r)
	if _, err := io.WriteString(w, t.out.String()); err != nil {
		return fmt.Errorf("write the report as text: %w", err)
	}
	return nil
}

func (o TextOptions) withDefaults() TextOptions {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	o.Width = min(max(o.Width, minWidth), maxWidth)
	if o.Findings == 0 {
		o.Findings = textFindings
	}
	return o
}

// style is a set of SGR parameters, "" for none.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	blue   style = "34"
)

// span is text in one style. Its text may come from outside.
type span struct {
	style style
	text  string
}

// textWriter collects lines. Only line writes to out, so there is one place
// where text from outside becomes bytes for a terminal.
type textWriter struct {
	opts TextOptions
	out  strings.Builder
}

// line writes spans as one line that fits the width: hidden characters are
// shown, and what does not fit is cut with an ellipsis.
func (t *textWriter) line(spans ...span) {
	left := t.opts.Width
	var b strings.Builder
	for _, s := range spans {
		text := fit(visible(s.text), left)
		left -= displaywidth.String(text)
		if text == "" {
			continue
		}
		if t.opts.Color && s.style != plain {
			text = "\x1b[" + string(s.style) + "m" + text + "\x1b[0m"
		}
		b.WriteString(text)
	}
	t.out.WriteString(strings.TrimRight(b.String(), " "))
	t.out.WriteByte('\n')
}

// wrapped writes a paragraph, indented under its label.
func (t *textWriter) wrapped(label, text string) {
	indent := displaywidth.String(label)
	room := max(t.opts.Width-indent, 1)
	line := ""
	flush := func() {
		t.line(span{dim, label}, span{plain, line})
		label, line = strings.Repeat(" ", indent), ""
	}
	for _, word := range strings.Fields(visible(text)) {
		switch {
		case line == "":
			line = word
		case displaywidth.String(line)+1+displaywidth.String(word) > room:
			flush()
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		flush()
	}
}

func (t *textWriter) blank() { t.out.WriteByte('\n') }

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

// padded fills text with spaces to a number of columns, on the left for
// numbers.
func padded(s string, columns int, left bool) string {
	fill := strings.Repeat(" ", max(columns-displaywidth.String(s), 0))
	if left {
		return fill + s
	}
	return s + fill
}

func verdictStyle(c policy.Conformance) style {
	switch c {
	case policy.Conforms:
		return bold + ";" + green
	case policy.DoesNotConform:
		return bold + ";" + red
	}
	return bold + ";" + yellow
}

func (t *textWriter) header(r *Report) {
	t.line(span{bold, r.Template.Slug + " " + r.Template.Version}, span{dim, "  " + r.CreatedAt.Format("2006-01-02 15:04 UTC")})
	t.blank()
	t.line(span{verdictStyle(r.Verdict), verdictMark(r.Verdict) + " " + strings.ToUpper(verdictWords(r.Verdict))})
	t.wrapped("  ", r.Summary)
	t.blank()
}

func (t *textWriter) counts(r *Report) {
	c := r.Counts
	rows := []struct {
		name     string
		c        policy.Counts
		bad      int // column that is bad when not zero
		worthRow bool
	}{
		{"required", c.Required, 1, true},
		{"forbidden", c.Forbidden, 0, c.Forbidden.Total() > 0},
		{"optional", c.Optional, -1, c.Optional.Total() > 0},
	}
	words := []string{"present", "absent", "undisclosed", "waived"}
	widths := make([]int, len(words))
	for i := range words {
		for _, row := range rows {
			widths[i] = max(widths[i], len(thousands(int64(numbers(row.c)[i]))))
		}
	}
	for _, row := range rows {
		if !row.worthRow {
			continue
		}
		spans := []span{{plain, "  " + padded(row.name, 10, false)}}
		for i, n := range numbers(row.c) {
			spans = append(spans, span{countStyle(i, n, row.bad), padded(thousands(int64(n)), widths[i]+1, true) + " " + words[i] + " "})
		}
		t.line(spans...)
	}
	if line := groupLine(c.AnyOf); line != "" {
		t.line(span{plain, "  " + line})
	}
	t.blank()
}

func numbers(c policy.Counts) [4]int { return [4]int{c.Present, c.Absent, c.Undisclosed, c.Waived} }

func countStyle(column, n, bad int) style {
	switch {
	case n == 0:
		return dim
	case column == bad:
		return bold + ";" + red
	case column == 2 && bad >= 0:
		return yellow
	}
	return plain
}

func severityStyle(s Severity) style {
	switch s {
	case Critical:
		return bold + ";" + red
	case High:
		return red
	case Medium:
		return yellow
	case Low:
		return blue
	}
	return dim
}

func (t *textWriter) findings(r *Report) {
	if len(r.Findings) == 0 {
		return
	}
	t.line(severitySpans(r)...)
	shown := r.Findings
	if t.opts.Findings > 0 && len(shown) > t.opts.Findings {
		shown = shown[:t.opts.Findings]
	}
	for _, p := range findingPlaces(shown) {
		t.blank()
		t.line(span{bold, "  " + p.Name})
		for i := range p.Findings {
			t.finding(&p.Findings[i], "")
		}
	}
	if rest := r.Findings[len(shown):]; len(rest) > 0 {
		places := len(findingPlaces(rest))
		t.blank()
		t.line(span{dim, fmt.Sprintf("  … and %s more in %s (see --html)", thousands(int64(len(rest))), count(places, "place", "places"))})
	}
	t.blank()
}

func severitySpans(r *Report) []span {
	spans := []span{{bold, count(len(r.Findings), "finding", "findings")}}
	sep := ": "
	for _, row := range severityRows(r.Counts.Severity) {
		if row.N > 0 {
			spans = append(spans, span{plain, sep}, span{severityStyle(row.Severity), fmt.Sprintf("%d %s", row.N, row.Severity)})
			sep = ", "
		}
	}
	return spans
}

// finding writes one line: severity, a remark on it, what is wrong, what is
// expected, and how much is folded under it.
func (t *textWriter) finding(f *Finding, remark string) {
	spans := []span{{severityStyle(f.Severity), "    " + padded(f.Severity.String(), 9, false)}, {yellow, remark}, {plain, shortTitle(f)}}
	if f.Expired != nil {
		spans = append(spans, span{yellow, ", waiver expired after " + string(f.Expired.Expires)})
	}
	switch {
	case len(f.Facts) > 0 && f.Group == "" && f.Severity != Info:
		spans = append(spans, span{dim, fmt.Sprintf(", with %s", count(len(f.Facts), "fact", "facts"))})
	case saysMore(f):
		link := ": " // "lacks the unique constraint: (a, b)", but "has another type, expected text"
		if columnTitles[f.Kind] != "" && f.Group == "" {
			link = ", expected "
		}
		spans = append(spans, span{dim, link + strings.TrimPrefix(f.Expected, kindNoun(f.Kind)+" ")})
	}
	t.line(spans...)
}

// saysMore reports whether the expectation adds to what the title says.
func saysMore(f *Finding) bool {
	if f.Rule == policy.RuleForbidden || f.Severity == Info {
		return false
	}
	switch f.Kind.String() {
	case "table", "column", "not_null", "extension":
		return f.Group != ""
	}
	return true
}

func (t *textWriter) basis(r *Report) {
	p := r.Probabilities
	label := func(s string) string { return padded(s, 12, false) }
	t.wrapped(label("not proven"), "that the submission is the database; anything after the reading, about rows, or beside the template")
	t.wrapped(label("rests on"), "an evaluation "+reExecuted(r)+"; false match at most "+p.FalseMatch.Bound+
		", forged verdict "+p.ForgedVerdict.Bound+", decryption failure "+p.DecryptionFailure.Bound+" ("+r.Exchange.ParameterSet+")")
	if in := r.Introspection; in != nil {
		seen := 0
		for _, n := range in.Coverage.NotJudged {
			seen += n.Count
		}
		read := "PostgreSQL " + in.ServerVersion + ", " + count(in.Facts, "fact", "facts")
		if seen > 0 {
			read += ", " + count(seen, "object", "objects") + " seen and not judged"
		}
		t.wrapped(label("read"), read)
	}
	t.wrapped(label("exchanged"), size(r.Exchange.UploadBytes)+" sent, "+size(r.Exchange.DownloadBytes)+" received; "+totalTime(r.TimingsMS))
	t.wrapped(label("template"), "digest "+r.Template.Digest)
}

func totalTime(t TimingsMS) string {
	read := t.Introspect + t.Facts
	compare := t.Encrypt + t.Evaluate + t.Decrypt + t.Verify
	return "reading " + milliseconds(read) + ", comparing " + milliseconds(compare)
}
