package report

import (
	"crypto/sha256"
	_ "embed" // style and page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/veilschema/veil/compare/schema"
	policy "github.com/veilschema/veil/compare/template"
)

//go:embed report.css
var cssText string

//go:embed report.html.tmpl
var pageText string

// csp allows the page's own style sheet, by its hash, and nothing else: no
// script, no image, no font, no form, no connection.
var csp = func() string {
	sum := sha256.Sum256([]byte(cssText))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'"
}()

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"show":         showHTML,
	"showClip":     func(s string) template.HTML { return showHTML(clip(s, maxDetailRunes)) },
	"visible":      visible,
	"bound":        boundHTML,
	"noun":         kindNoun,
	"stamp":        stamp,
	"size":         size,
	"thousands":    func(n int) string { return thousands(int64(n)) },
	"ruleWords":    ruleWords,
	"stateWords":   stateWords,
	"shortTitle":   func(f Finding) string { return shortTitle(&f) },
	"under":        underRows,
	"underCaption": underCaption,
}).Parse(pageText))

// WriteHTML writes the report as one HTML page that needs nothing else: no
// script, no font, no image, no connection. It prints on A4 with verdict,
// counts and limits on the first page.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := page.Execute(w, newHTMLView(r)); err != nil {
		return fmt.Errorf("write the report as HTML: %w", err)
	}
	return nil
}

// showHTML escapes text from outside, isolates its direction of writing from
// what stands around it, and shows hidden characters by their code points. Its
// result is trusted because every part of it is escaped here.
func showHTML(s string) template.HTML {
	var b strings.Builder
	b.WriteString("<bdi>")
	for _, g := range segments(s) {
		if g.hidden {
			b.WriteString(`<span class="ctl">` + g.text + `</span>`)
		} else {
			b.WriteString(template.HTMLEscapeString(g.text))
		}
	}
	b.WriteString("</bdi>")
	return template.HTML(b.String()) //nolint:gosec // escaped above, tested with hostile names
}

// boundHTML writes the power in 2^-34.2 or 1 in 10^38 as one.
func boundHTML(s string) template.HTML {
	base, power, ok := strings.Cut(template.HTMLEscapeString(visible(s)), "^")
	if !ok {
		return template.HTML(base) //nolint:gosec // escaped above
	}
	return template.HTML(base + "<sup>" + strings.ReplaceAll(power, "-", "−") + "</sup>") //nolint:gosec // escaped above
}

func stamp(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func ruleWords(r policy.Rule) string {
	if r == policy.RuleAnyOf {
		return "one of several"
	}
	return r.String()
}

func stateWords(s WaiverState) string { return strings.ReplaceAll(string(s), "_", " ") }

func verdictWords(c policy.Conformance) string {
	switch c {
	case policy.Conforms:
		return "Conforms"
	case policy.DoesNotConform:
		return "Does not conform"
	}
	return "Incomplete"
}

func verdictMark(c policy.Conformance) string {
	switch c {
	case policy.Conforms:
		return "✓"
	case policy.DoesNotConform:
		return "✕"
	}
	return "?"
}

func underCaption(facts []Fact) string {
	s := "With it: " + count(len(facts), "fact", "facts")
	if len(underRows(facts)) == maxUnder {
		s += "; a long list ends early here, the JSON form has all"
	}
	return s
}

// place names where a fact belongs: its table, its schema, or the database.
func place(f schema.Fact) string {
	switch {
	case f.Table != "":
		return qualified(f.Schema, f.Table)
	case f.Schema != "":
		return "Schema " + schema.Quote(f.Schema)
	}
	return "Database"
}
