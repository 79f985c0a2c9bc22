package diff

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// TextOptions say how a view is written.
type TextOptions struct {
	// Changes leaves out what is the same on both sides, and says how much that
	// was.
	Changes bool
	// MaxLines ends the text after that many lines and says how many follow; zero
	// writes all.
	MaxLines int
}

// WriteText writes a view for a terminal, like a unified diff: each line begins
// with a space, "-", "+" or "?" and a space. Names and details are shown with everything that is not
// visible spelt out, one line each, so that no name can forge a line or
// move the cursor. It fails where w does.
func WriteText(w io.Writer, v View, o TextOptions) error {
	lines := layout(v.blocks(), o.Changes)
	out := bufio.NewWriter(w)
	for i, l := range lines {
		if o.MaxLines > 0 && i == o.MaxLines {
			fmt.Fprintf(out, "  ... and %d more lines\n", len(lines)-i)
			break
		}
		text := strings.Repeat("  ", l.depth) + visible(l.text)
		fmt.Fprintf(out, "%c %s\n", l.mark.Sign(), text)
	}
	return out.Flush()
}

// textLine is one line before it is made safe.
type textLine struct {
	mark  Mark
	depth int // steps of indentation
	text  string
	leads bool // to lines below it, and stays where one of them does
}

// block is a table: a first line, and what hangs below it.
type block struct {
	same bool // nothing in it differs
	head textLine
	body []textLine
}

func layout(blocks []block, changes bool) []textLine {
	var lines []textLine
	left := 0
	for _, b := range blocks {
		if changes && b.same {
			left++
			continue
		}
		lines = append(lines, b.head)
		for _, l := range b.body {
			if !changes || l.mark != Same || l.leads {
				lines = append(lines, l)
			}
		}
	}
	if left > 0 {
		lines = append(lines, textLine{mark: Same, text: fmt.Sprintf("(%d without a difference)", left)})
	}
	return lines
}

func (v *TableView) blocks() []block {
	var list []block
	for _, l := range v.Objects {
		list = append(list, block{same: l.Mark == Same, head: textLine{mark: l.Mark, text: factText(l, "")}})
	}
	for i := range v.Tables {
		list = append(list, v.Tables[i].block())
	}
	return list
}

func (t *Table) block() block {
	head := "table " + quote(t.Name)
	if t.Was != (schema.Relation{}) {
		head += " (renamed from " + quote(t.Was) + ")"
	}
	said := note(t.Mark, t.Rule, t.AnyOf)
	b := block{same: t.Same(), head: textLine{mark: t.Mark, text: head + said}}
	for i := range t.Columns {
		b.body = append(b.body, t.Columns[i].lines(said)...)
	}
	for _, l := range t.Facts {
		b.body = append(b.body, textLine{mark: l.Mark, depth: 1, text: factText(l, said)})
	}
	return b
}

// lines writes a column with those of its facts that share its mark on one line,
// and the others below it. A note that was said of the table is not repeated.
func (c *Column) lines(said string) []textLine {
	head := schema.Quote(c.Name)
	if c.Was != "" {
		head += " (renamed from " + schema.Quote(c.Was) + ")"
	}
	own := note(c.Mark, c.Rule, c.AnyOf)
	list := []textLine{{mark: c.Mark, depth: 1}}
	for _, l := range c.Facts {
		if l.Mark == c.Mark {
			head += " " + factText(l, own)
		} else {
			list = append(list, textLine{mark: l.Mark, depth: 2, text: factText(l, said)})
		}
	}
	if own != said {
		head += own
	}
	list[0].text, list[0].leads = head, len(list) > 1
	return list
}

// factText writes a fact without the table it stands under and without a note
// that was already said.
func factText(l Line, said string) string {
	f := l.Fact
	var text string
	switch {
	case f.Kind == schema.KindColumnType:
		text = f.Detail
	case ofColumn(f):
		text = words(f.Kind) + space(f.Detail)
	case f.Table == "" && f.Schema != "":
		text = words(f.Kind) + " " + quote(schema.Relation{Schema: f.Schema, Name: f.Name}) + space(f.Detail)
	case f.Name != "":
		text = words(f.Kind) + " " + schema.Quote(f.Name) + space(f.Detail)
	default:
		text = words(f.Kind) + space(f.Detail)
	}
	if n := note(l.Mark, l.Rule, l.AnyOf); n != said {
		text += n
	}
	return text
}

// note says what rule something is under where the reader would else expect
// another.
func note(m Mark, r template.Rule, group string) string {
	switch {
	case r == template.RuleForbidden:
		return " (forbidden)"
	case m == Same:
		return ""
	case r == template.RuleOptional:
		return " (optional)"
	case r == template.RuleAnyOf:
		return " (one of " + schema.Quote(group) + ")"
	}
	return ""
}

func words(k schema.Kind) string { return strings.ReplaceAll(k.String(), "_", " ") }

func space(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func quote(r schema.Relation) string { return schema.Quote(r.Schema) + "." + schema.Quote(r.Name) }

func (v *OrderView) blocks() []block {
	head := "columns of " + quote(v.Name)
	if v.Was != (schema.Relation{}) {
		head += " (renamed from " + quote(v.Was) + ")"
	}
	b := block{same: v.Same(), head: textLine{mark: Same, text: head}}
	for _, l := range v.Lines {
		text := schema.Quote(l.Name)
		if l.Was != "" {
			text += " (renamed from " + schema.Quote(l.Was) + ")"
		}
		if l.Moved {
			text += " (moved)"
		}
		b.body = append(b.body, textLine{mark: l.Mark, depth: 1, text: text})
	}
	return []block{b}
}
