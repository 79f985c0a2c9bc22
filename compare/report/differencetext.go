package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// WriteText writes the difference for a person at a terminal: both verdicts,
// what is new, revealed, hidden and resolved with the worst first, and which
// verdicts changed. Options, widths and hostile names are as in
// [Report.WriteText]; Findings bounds each list.
func (d *Difference) WriteText(w io.Writer, o TextOptions) error {
	t := &textWriter{opts: o.withDefaults()}
	t.sides(d)
	t.different("New", "nothing was wrong about it before", d.New, remarksNew)
	t.different("Revealed", "it was undisclosed before", d.Revealed, nil)
	t.different("Hidden", "it failed before and is undisclosed now, which resolves nothing", d.Hidden, nil)
	t.different("Resolved", "nothing is wrong about it now", d.Resolved, remarksResolved)
	t.factChanges(d)
	if _, err := io.WriteString(w, t.out.String()); err != nil {
		return fmt.Errorf("write the difference as text: %w", err)
	}
	return nil
}

// remarksNew and remarksResolved say what stands before a finding that is not
// there just because a verdict changed.
var (
	remarksNew = map[Because]string{
		BecauseWaiver: "waived before: ", BecauseRule: "asked for anew: ", BecauseJudged: "not judged before: ",
	}
	remarksResolved = map[Because]string{
		BecauseWaiver: "waived now: ", BecauseRule: "no longer asked for: ", BecauseJudged: "no longer judged: ",
	}
)

// sides writes what was compared, both verdicts, and the outcome in a line.
func (t *textWriter) sides(d *Difference) {
	versions := d.Before.Version
	if d.After.Version != versions {
		versions += " → " + d.After.Version
	}
	stampOf := func(s Side) string { return s.CreatedAt.UTC().Format("2006-01-02 15:04 UTC") }
	t.line(span{bold, d.Slug + " " + versions}, span{dim, "  " + stampOf(d.Before) + " → " + stampOf(d.After)})
	t.blank()
	verdict := func(s Side) span {
		return span{verdictStyle(s.Verdict), verdictMark(s.Verdict) + " " + strings.ToUpper(verdictWords(s.Verdict))}
	}
	if d.Before.Verdict == d.After.Verdict {
		t.line(verdict(d.After), span{plain, ", as before"})
	} else {
		t.line(verdict(d.Before), span{plain, " → "}, verdict(d.After))
	}
	t.wrapped("  ", d.outcome())
	t.blank()
}

// outcome says the difference in one sentence.
func (d *Difference) outcome() string {
	if d.Empty() {
		return "Both reports say the same of the same facts: " + count(len(d.Persisting), "finding", "findings") + ", as before."
	}
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{len(d.New), "new finding", "new findings"},
		{len(d.Revealed), "revealed", "revealed"},
		{len(d.Hidden), "hidden", "hidden"},
		{len(d.Resolved), "resolved", "resolved"},
	} {
		if p.n > 0 || p.one == "new finding" {
			parts = append(parts, count(p.n, p.one, p.many))
		}
	}
	parts = append(parts, count(len(d.Persisting), "as before", "as before"))
	s := capital(join(parts)) + "."
	if d.Before.Version == d.After.Version && d.Before.Digest != d.After.Digest {
		s += " The template changed between the two and kept its version."
	}
	return s
}

// different writes one list of findings by place.
func (t *textWriter) different(name, meaning string, list []DifferentFinding, remarks map[Because]string) {
	if len(list) == 0 {
		return
	}
	t.line(span{bold, name + ": " + count(len(list), "finding", "findings")}, span{dim, "  " + meaning})
	shown := list
	if t.opts.Findings > 0 && len(shown) > t.opts.Findings {
		shown = shown[:t.opts.Findings]
	}
	last := ""
	for i := range shown {
		f := &shown[i].Finding
		where := place(schema.Fact{Schema: f.Schema, Table: f.Table, Name: f.Name})
		if where != last || i == 0 {
			t.line(span{bold, "  " + where})
			last = where
		}
		t.finding(f, remarks[shown[i].Because])
	}
	if rest := len(list) - len(shown); rest > 0 {
		t.line(span{dim, "  … and " + thousands(int64(rest)) + " more (see --json)"})
	}
	t.blank()
}

// factChanges counts the facts by what became of their verdicts.
func (t *textWriter) factChanges(d *Difference) {
	verdicts := []schema.Verdict{schema.Present, schema.Absent, schema.Undisclosed}
	turns, others := make(map[[2]schema.Verdict]int), 0
	for _, c := range d.Changes {
		if c.Before.Verdict == c.After.Verdict {
			others++
		}
		turns[[2]schema.Verdict{c.Before.Verdict, c.After.Verdict}]++
	}
	var parts []string
	for _, from := range verdicts {
		for _, to := range verdicts {
			if n := turns[[2]schema.Verdict{from, to}]; n > 0 && from != to {
				parts = append(parts, fmt.Sprintf("%s %s → %s", thousands(int64(n)), from, to))
			}
		}
	}
	if others > 0 {
		parts = append(parts, thousands(int64(others))+" with another rule or waiver")
	}
	for _, p := range []struct {
		n    int
		word string
	}{{len(d.OnlyBefore), "judged only before"}, {len(d.OnlyAfter), "judged only now"}, {d.Unchanged, "unchanged"}} {
		if p.n > 0 {
			parts = append(parts, thousands(int64(p.n))+" "+p.word)
		}
	}
	t.wrapped("facts       ", strings.Join(parts, ", "))
}
