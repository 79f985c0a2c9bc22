package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/veilschema/veil/compare/schema"
	policy "github.com/veilschema/veil/compare/template"
)

// htmlView is a report as the page's template wants it.
type htmlView struct {
	R                     *Report
	CSP                   string
	CSS                   template.CSS
	VerdictWords, Mark    string
	Created, CreatedWords string
	FindingCount, Groups  string
	ReExecuted            string
	Rules                 []ruleRow
	Scale                 []severityRow
	Places                []findingPlace
	Worst                 []findingPlace // the first few of Places
	WorstCaption          string
	Cut, FactsLead        string // say what is left out or folded away
	Kinds                 []kindRow
	NotJudged             []schema.NotJudged
	Steps                 []stepRow
	FactPlaces            []factPlace
}

type ruleRow struct {
	Name, Label string
	Cells       []cell
	Bars        []bar
}

type cell struct{ N, Class string }

// bar is one part of a bar that is 1000 wide.
type bar struct {
	Class string
	X, W  int
}

type severityRow struct {
	Severity Severity
	N        int
}

type findingPlace struct {
	Name, Count string
	Findings    []Finding
}

type factPlace struct {
	Name, Count string
	Facts       []Fact
}

type kindRow struct {
	Kind         schema.Kind
	Seen, Judged int
}

type stepRow struct{ Name, Time string }

func newHTMLView(r *Report) *htmlView {
	v := &htmlView{
		R: r, CSP: csp, CSS: template.CSS(cssText), //nolint:gosec // the package's own file
		VerdictWords: verdictWords(r.Verdict), Mark: verdictMark(r.Verdict),
		Created: r.CreatedAt.Format(time.RFC3339), CreatedWords: stamp(r.CreatedAt),
		FindingCount: capital(count(len(r.Findings), "finding", "findings")),
		Groups:       groupLine(r.Counts.AnyOf),
		ReExecuted:   reExecuted(r),
		Rules:        ruleRows(r.Counts),
		Scale:        severityRows(r.Counts.Severity),
		Kinds:        kindRows(r),
		Steps:        stepRows(r.TimingsMS),
	}
	if r.Introspection != nil {
		v.NotJudged = r.Introspection.Coverage.NotJudged
	}
	shown := r.Findings
	if len(shown) > maxHTMLFindings {
		v.Cut = fmt.Sprintf("The worst %s of %s are described here; the JSON form has all.",
			thousands(maxHTMLFindings), count(len(shown), "finding", "findings"))
		shown = shown[:maxHTMLFindings]
	}
	v.Places = findingPlaces(shown)
	v.Worst = v.Places[:min(len(v.Places), worstPlaces)]
	v.WorstCaption = "Where the findings are, worst first."
	if n := len(v.Places); n > worstPlaces {
		v.WorstCaption = fmt.Sprintf("The %d worst of %s with findings.", worstPlaces, count(n, "place", "places"))
	}
	if len(r.Facts) > maxHTMLFacts {
		v.FactsLead = fmt.Sprintf("The %s are too many to list on a page; the JSON form has them all.", count(len(r.Facts), "fact", "facts"))
	} else {
		v.FactsLead = "Every fact by table. Open a table to see its facts, and to have them printed."
		v.FactPlaces = factPlaces(r.Facts)
	}
	return v
}

// underRow is one row under a finding: a fact, or a column with its type and
// properties in one.
type underRow struct {
	Noun, Name, Detail string
	Verdict            schema.Verdict
}

// underRows merges the facts of one column that share verdict and rule, so
// that a missing table reads like its definition. At most maxUnder rows.
func underRows(facts []Fact) []underRow {
	type column struct {
		name    string
		verdict schema.Verdict
	}
	var rows []underRow
	at := make(map[column]int)
	for _, f := range facts {
		merges := columnKinds[f.Kind] && f.Rule == policy.RuleRequired
		key := column{f.Name, f.Verdict}
		if i, ok := at[key]; ok && merges {
			rows[i].Detail = joinDetail(rows[i].Detail, expected(f.Fact))
			continue
		}
		if merges && f.Kind == schema.KindColumn {
			at[key] = len(rows)
		}
		rows = append(rows, underRow{kindNoun(f.Kind), f.Name, f.Detail, f.Verdict})
	}
	return rows[:min(len(rows), maxUnder)]
}

func joinDetail(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

func ruleRows(c Counts) []ruleRow {
	rows := []ruleRow{ruleRowOf("Required", c.Required, "f-good", "f-bad", "", "some-bad")}
	if c.Forbidden.Total() > 0 {
		rows = append(rows, ruleRowOf("Forbidden", c.Forbidden, "f-bad", "f-good", "some-bad", ""))
	}
	if c.Optional.Total() > 0 {
		rows = append(rows, ruleRowOf("Optional", c.Optional, "f-good", "f-rest", "", ""))
	}
	return rows
}

// ruleRowOf makes one row of counts: which colour present and absent have in
// the bar, and which class their numbers have where they are not zero.
func ruleRowOf(name string, c policy.Counts, barPresent, barAbsent, cellPresent, cellAbsent string) ruleRow {
	cells := []cell{
		markedCell(c.Present, cellPresent), markedCell(c.Absent, cellAbsent),
		markedCell(c.Undisclosed, "some-open"), markedCell(c.Waived, ""), markedCell(c.Total(), ""),
	}
	parts := []struct {
		n     int
		class string
	}{{c.Present, barPresent}, {c.Undisclosed, "f-open"}, {c.Waived, "f-waived"}, {c.Absent, barAbsent}}
	total, x := max(c.Total(), 1), 0
	var bars []bar
	for _, p := range parts {
		if p.n == 0 {
			continue
		}
		w := min(max(p.n*1000/total, 6), 1000-x) // a few facts among thousands stay visible
		bars = append(bars, bar{p.class, x, w})
		x += w
	}
	if n := len(bars); n > 0 {
		bars[n-1].W = 1000 - bars[n-1].X
	}
	label := fmt.Sprintf("%s: %d present, %d absent, %d undisclosed, %d waived", name, c.Present, c.Absent, c.Undisclosed, c.Waived)
	return ruleRow{Name: name, Label: label, Cells: cells, Bars: bars}
}

func markedCell(n int, class string) cell {
	if n == 0 {
		class = ""
	}
	return cell{thousands(int64(n)), class}
}

func groupLine(c policy.GroupCounts) string {
	if c.Total() == 0 {
		return ""
	}
	parts := []string{fmt.Sprintf("%d satisfied", c.Satisfied)}
	for _, p := range []struct {
		n    int
		word string
	}{{c.Failed, "failed"}, {c.Undecided, "undecided"}, {c.Waived, "waived"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return capital(count(c.Total(), "set of alternatives", "sets of alternatives")) + ": " + strings.Join(parts, ", ") + "."
}

func severityRows(c SeverityCounts) []severityRow {
	n := map[Severity]int{Critical: c.Critical, High: c.High, Medium: c.Medium, Low: c.Low, Info: c.Info}
	var rows []severityRow
	for _, s := range Severities() {
		rows = append(rows, severityRow{s, n[s]})
	}
	return rows
}

func reExecuted(r *Report) string {
	if !r.Verification.ReExecuted {
		return "not run again by anybody: that the service evaluated this template rests on its word"
	}
	return "run again by the " + firstOf(visible(r.Verification.ReExecutedBy), "tenant") + ", with the same bytes as result"
}

// findingPlaces groups findings by table; the place with the worst finding
// comes first, since findings are sorted so.
func findingPlaces(findings []Finding) []findingPlace {
	var list []findingPlace
	at := make(map[string]int)
	for _, f := range findings {
		name := place(schema.Fact{Schema: f.Schema, Table: f.Table, Name: f.Name})
		i, ok := at[name]
		if !ok {
			i = len(list)
			at[name] = i
			list = append(list, findingPlace{Name: name})
		}
		list[i].Findings = append(list[i].Findings, f)
	}
	for i := range list {
		list[i].Count = count(len(list[i].Findings), "finding", "findings")
	}
	return list
}

func factPlaces(facts []Fact) []factPlace {
	var list []factPlace
	for _, f := range facts {
		name := place(f.Fact)
		if n := len(list); n == 0 || list[n-1].Name != name {
			list = append(list, factPlace{Name: name})
		}
		last := &list[len(list)-1]
		last.Facts = append(last.Facts, f)
	}
	for i := range list {
		list[i].Count = count(len(list[i].Facts), "fact", "facts")
	}
	return list
}

func kindRows(r *Report) []kindRow {
	rows := make(map[schema.Kind]*kindRow)
	row := func(k schema.Kind) *kindRow {
		if rows[k] == nil {
			rows[k] = &kindRow{Kind: k}
		}
		return rows[k]
	}
	for _, f := range r.Facts {
		row(f.Kind).Judged++
	}
	if r.Introspection != nil {
		for k, n := range r.Introspection.Coverage.Facts {
			row(k).Seen = n
		}
	}
	list := make([]kindRow, 0, len(rows))
	for _, x := range rows {
		list = append(list, *x)
	}
	slices.SortFunc(list, func(a, b kindRow) int { return int(a.Kind) - int(b.Kind) })
	return list
}

func stepRows(t TimingsMS) []stepRow {
	return []stepRow{
		{"Read the schema", milliseconds(t.Introspect)},
		{"Make the facts", milliseconds(t.Facts)},
		{"Encrypt", milliseconds(t.Encrypt)},
		{"Evaluate", milliseconds(t.Evaluate)},
		{"Decrypt", milliseconds(t.Decrypt)},
		{"Verify", milliseconds(t.Verify)},
	}
}
