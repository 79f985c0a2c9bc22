package report_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// kioskFacts is a template that fits on a page; more facts make another version.
var kioskFacts = []schema.Fact{
	{Kind: schema.KindTable, Schema: "public", Table: "sale"},
	{Kind: schema.KindColumn, Schema: "public", Table: "sale", Name: "price"},
	{Kind: schema.KindNotNull, Schema: "public", Table: "sale", Name: "price"},
	{Kind: schema.KindColumnType, Schema: "public", Table: "sale", Name: "price", Detail: "integer"},
	{Kind: schema.KindColumnType, Schema: "public", Table: "sale", Name: "price", Detail: "numeric(9,2)"},
	{Kind: schema.KindEnum, Schema: "public", Name: "state", Detail: "('open', 'paid')"},
}

const kioskPolicy = `
any_of:
  - name: price
    facts:
      - {kind: type, schema: public, table: sale, name: price, detail: integer}
      - {kind: type, schema: public, table: sale, name: price, detail: "numeric(9,2)"}
`

// kiosk makes a report in which the facts that start with a name of the list
// are absent, or undisclosed where "?" stands before it.
func kiosk(t testing.TB, policy string, facts []schema.Fact, wrong ...string) *report.Report {
	t.Helper()
	tmpl, err := template.Compile(template.Meta{Slug: "kiosk", Version: "1"}, schema.NewFacts(slices.Clone(facts)), []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	var absent, undisclosed []string
	for _, w := range wrong {
		if name, ok := strings.CutPrefix(w, "?"); ok {
			undisclosed = append(undisclosed, name)
		} else {
			absent = append(absent, w)
		}
	}
	return newReport(t, inputFor(tmpl, verdictsBy(tmpl, absent, undisclosed)))
}

func diffOf(t testing.TB, before, after *report.Report) *report.Difference {
	t.Helper()
	d, err := report.Diff(before, after)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// outcome lists a difference in short: "new: title (because)".
func outcome(d *report.Difference) []string {
	list := []string{}
	for _, part := range []struct {
		name     string
		findings []report.DifferentFinding
	}{{"new", d.New}, {"revealed", d.Revealed}, {"hidden", d.Hidden}, {"resolved", d.Resolved}} {
		for _, f := range part.findings {
			list = append(list, part.name+": "+f.Title+" ("+string(f.Because)+")")
		}
	}
	for _, f := range d.Persisting {
		list = append(list, "persisting: "+f.Title)
	}
	return list
}

func TestDifferencesAreByFact(t *testing.T) {
	waiver := kioskPolicy + `
waivers:
  - {fact: {kind: not_null, schema: public, table: sale, name: price}, reason: r, approver: a, expires: 2027-01-01}
  - {group: price, reason: r, approver: a, expires: 2027-01-01}
`
	optional := kioskPolicy + "optional: [{kind: not_null}]\n"
	older := slices.Clone(kioskFacts[:5]) // judges no enum
	everything := []string{"table", "column", "not_null", "type"}
	for name, c := range map[string]struct {
		before, after *report.Report
		want          []string
		worse         bool
	}{
		"a fact that was there is absent": {
			kiosk(t, kioskPolicy, kioskFacts), kiosk(t, kioskPolicy, kioskFacts, "not_null"),
			[]string{"new: Column price of public.sale accepts nulls (verdict)"},
			true,
		},
		"a fact that was absent is there": {
			kiosk(t, kioskPolicy, kioskFacts, "not_null"), kiosk(t, kioskPolicy, kioskFacts),
			[]string{"resolved: Column price of public.sale accepts nulls (verdict)"},
			false,
		},
		"a failure stays": {
			kiosk(t, kioskPolicy, kioskFacts, "not_null"), kiosk(t, kioskPolicy, kioskFacts, "not_null"),
			[]string{"persisting: Column price of public.sale accepts nulls"},
			false,
		},
		"an undisclosed fact turns out to be absent": {
			kiosk(t, kioskPolicy, kioskFacts, "?not_null"), kiosk(t, kioskPolicy, kioskFacts, "not_null"),
			[]string{"revealed: Column price of public.sale accepts nulls (verdict)"},
			true,
		},
		"an absent fact is withheld and not resolved": {
			kiosk(t, kioskPolicy, kioskFacts, "not_null"), kiosk(t, kioskPolicy, kioskFacts, "?not_null"),
			[]string{"hidden: Column price of public.sale accepts nulls (verdict)"},
			false,
		},
		"one more fact of a table is undisclosed": {
			kiosk(t, kioskPolicy, kioskFacts, "?not_null"), kiosk(t, kioskPolicy, kioskFacts, "?not_null", "?column"),
			[]string{
				"new: 1 verdict is undisclosed: column price of public.sale (verdict)",
				"persisting: 1 verdict is undisclosed: NOT NULL constraint of column price of public.sale",
			},
			true,
		},
		"a table that lacks a fact goes missing": {
			kiosk(t, kioskPolicy, kioskFacts, "not_null"), kiosk(t, kioskPolicy, kioskFacts, everything...),
			[]string{"new: Table public.sale is missing (verdict)"},
			true,
		},
		"a missing table comes back without a fact": {
			kiosk(t, kioskPolicy, kioskFacts, everything...), kiosk(t, kioskPolicy, kioskFacts, "not_null", "type public.sale.price: integer"),
			[]string{
				"resolved: Table public.sale is missing (verdict)",
				"persisting: Column price of public.sale accepts nulls",
			},
			false,
		},
		"the last alternative goes": {
			kiosk(t, kioskPolicy, kioskFacts, "type public.sale.price: integer"), kiosk(t, kioskPolicy, kioskFacts, "type"),
			[]string{"new: None of the alternatives price is there (verdict)"},
			true,
		},
		"a failed group is withheld": {
			kiosk(t, kioskPolicy, kioskFacts, "type"), kiosk(t, kioskPolicy, kioskFacts, "?type"),
			[]string{"hidden: None of the alternatives price is there (verdict)"},
			false,
		},
		"a waiver covers what fails": {
			kiosk(t, kioskPolicy, kioskFacts, "not_null", "type"), kiosk(t, waiver, kioskFacts, "not_null", "type"),
			[]string{
				"resolved: None of the alternatives price is there (waiver)",
				"resolved: Column price of public.sale accepts nulls (waiver)",
			},
			false,
		},
		"the template asks for what was optional": {
			kiosk(t, optional, kioskFacts, "not_null"), kiosk(t, kioskPolicy, kioskFacts, "not_null"),
			[]string{"new: Column price of public.sale accepts nulls (rule)"},
			true,
		},
		"a newer version judges more": {
			kiosk(t, kioskPolicy, older), kiosk(t, kioskPolicy, kioskFacts, "enum"),
			[]string{"new: Enum type public.state is missing or different (judged)"},
			true,
		},
		"a newer version asks for one of several": {
			kiosk(t, "", kioskFacts[:3]), kiosk(t, kioskPolicy, kioskFacts, "type"),
			[]string{"new: None of the alternatives price is there (judged)"},
			true,
		},
		"a newer version judges less": {
			kiosk(t, kioskPolicy, kioskFacts, "enum"), kiosk(t, kioskPolicy, older),
			[]string{"resolved: Enum type public.state is missing or different (judged)"},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := diffOf(t, c.before, c.after)
			if diff := cmp.Diff(c.want, outcome(d)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d.Worse() != c.worse {
				t.Errorf("worse is %v, want %v", d.Worse(), c.worse)
			}
		})
	}
}

func TestADifferenceListsEveryFactThatChanged(t *testing.T) {
	older := slices.Clone(kioskFacts[:5])
	d := diffOf(t, kiosk(t, kioskPolicy, older, "not_null"), kiosk(t, kioskPolicy, kioskFacts, "?column", "enum"))
	var got []string
	for _, c := range d.Changes {
		got = append(got, c.Kind.String()+" "+c.Before.Verdict.String()+" to "+c.After.Verdict.String())
	}
	if want := []string{"column present to undisclosed", "not_null absent to present"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(d.OnlyBefore) != 0 || len(d.OnlyAfter) != 1 || d.OnlyAfter[0].Kind != schema.KindEnum || d.Unchanged != 3 {
		t.Errorf("only before %v, only after %v, unchanged %d", d.OnlyBefore, d.OnlyAfter, d.Unchanged)
	}
}

func TestAReportDoesNotDifferFromItself(t *testing.T) {
	for name, r := range scenarios(t) {
		d := diffOf(t, r, r)
		if !d.Empty() || d.Worse() || d.Unchanged != len(r.Facts) {
			t.Errorf("%s: %q", name, outcome(d))
		}
		if diff := cmp.Diff(r.Findings, d.Persisting); diff != "" {
			t.Errorf("%s: what persists (-want +got):\n%s", name, diff)
		}
	}
}

// TestADifferenceReadsBackwards holds Diff(b, a) against Diff(a, b) for random
// verdicts under two versions of a template.
func TestADifferenceReadsBackwards(t *testing.T) {
	newer := clinicTemplate(t)
	facts := clinicFacts()
	older, err := template.Compile(template.Meta{Slug: "clinic", Version: "1.0.0"}, facts[:len(facts)-5], []byte("optional: [{kind: not_null}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		draw := func() *report.Report {
			tmpl := rapid.SampledFrom([]*template.Template{older, newer}).Draw(rt, "template")
			r, err := report.New(inputFor(tmpl, randomVerdicts(rt, len(tmpl.Judged))))
			if err != nil {
				rt.Fatal(err)
			}
			return r
		}
		a, b := draw(), draw()
		forth, err := report.Diff(a, b)
		if err != nil {
			rt.Fatal(err)
		}
		back, err := report.Diff(b, a)
		if err != nil {
			rt.Fatal(err)
		}
		back.Before, back.After = back.After, back.Before
		back.New, back.Resolved = back.Resolved, back.New
		back.Revealed, back.Hidden = back.Hidden, back.Revealed
		back.OnlyBefore, back.OnlyAfter = back.OnlyAfter, back.OnlyBefore
		for i, c := range back.Changes {
			back.Changes[i].Before, back.Changes[i].After = c.After, c.Before
		}
		back.Persisting = forth.Persisting // folded as in the other report
		if diff := cmp.Diff(forth, back); diff != "" {
			rt.Errorf("(-forth +back):\n%s", diff)
		}
		checkAccounts(rt, a, b, forth)
	})
}

// checkAccounts checks that no failure gets lost: each finding of the report
// after that is about facts that fail is new, revealed or persisting.
func checkAccounts(t *rapid.T, before, after *report.Report, d *report.Difference) {
	failures := func(r *report.Report) (n int) {
		for _, f := range r.Findings {
			if f.Verdict != schema.Undisclosed {
				n++
			}
		}
		return n
	}
	count := func(lists ...[]report.DifferentFinding) (n int) {
		for _, list := range lists {
			for _, f := range list {
				if f.Verdict != schema.Undisclosed {
					n++
				}
			}
		}
		return n
	}
	persisting := 0
	for _, f := range d.Persisting {
		if f.Verdict != schema.Undisclosed {
			persisting++
		}
	}
	if got, want := count(d.New, d.Revealed)+persisting, failures(after); got != want {
		t.Errorf("%d failures are new, revealed or persisting, and the report has %d", got, want)
	}
	if got, most := count(d.Resolved, d.Hidden), failures(before); got > most {
		t.Errorf("%d failures are resolved or hidden, and the report had %d", got, most)
	}
	if len(d.Changes)+len(d.OnlyAfter)+d.Unchanged != len(after.Facts) {
		t.Errorf("%d facts changed, %d are new and %d stayed, of %d", len(d.Changes), len(d.OnlyAfter), d.Unchanged, len(after.Facts))
	}
}

func TestReportsAboutTwoTemplatesAreRefused(t *testing.T) {
	_, err := report.Diff(scenarios(t)["deviating"], kiosk(t, kioskPolicy, kioskFacts))
	var other *report.OtherTemplateError
	if !errors.As(err, &other) || !strings.Contains(err.Error(), "two templates, clinic and kiosk;") {
		t.Errorf("got %v", err)
	}
}

func TestAReportThatListsAFactTwiceIsRefused(t *testing.T) {
	good, bad := scenarios(t)["deviating"], scenarios(t)["deviating"]
	bad.Facts = append(slices.Clone(bad.Facts), bad.Facts[0])
	for _, pair := range [][2]*report.Report{{good, bad}, {bad, good}} {
		if _, err := report.Diff(pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), "lists a fact twice") {
			t.Errorf("got %v", err)
		}
	}
}

func differences(t testing.TB) map[string]*report.Difference {
	t.Helper()
	s := scenarios(t)
	hostile := hostileInput(t)
	for i := range hostile.Verdicts {
		hostile.Verdicts[i] = schema.Present
	}
	return map[string]*report.Difference{
		"mended":   diffOf(t, s["deviating"], s["conforming"]),
		"broken":   diffOf(t, s["conforming"], s["deviating"]),
		"withheld": diffOf(t, s["deviating"], s["incomplete"]),
		"same":     diffOf(t, s["deviating"], s["deviating"]),
		"hostile":  diffOf(t, newReport(t, hostile), s["hostile"]),
	}
}

func differenceText(t testing.TB, d *report.Difference, o report.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteText(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDifferencesLookAsTheyDid(t *testing.T) {
	for name, d := range differences(t) {
		golden(t, "diff-"+name+".txt", []byte(differenceText(t, d, report.TextOptions{})))
	}
	older, newer := kiosk(t, kioskPolicy, kioskFacts[:5], "not_null"), kiosk(t, kioskPolicy, kioskFacts, "?not_null", "enum")
	b, err := diffOf(t, older, newer).JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "diff-kiosk.json", b)
}

func TestTheTextOfADifferenceIsSafeAndFits(t *testing.T) {
	for name, d := range differences(t) {
		for _, width := range []int{40, 80, 160} {
			for line := range strings.Lines(differenceText(t, d, report.TextOptions{Width: width, Findings: -1})) {
				line = strings.TrimSuffix(line, "\n")
				if w := displaywidth.String(line); w > width {
					t.Errorf("%s at width %d: %d columns in %q", name, width, w, line)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%s: %q can move the cursor", name, line)
				}
			}
		}
	}
	if text := differenceText(t, differences(t)["hostile"], report.TextOptions{Width: 160, Findings: -1}); !strings.Contains(text, "‹U+001B›[2J") {
		t.Error("the hostile name is not shown at all")
	}
}

func FuzzDiff(f *testing.F) {
	small := func(wrong ...string) []byte { return toJSON(f, kiosk(f, kioskPolicy, kioskFacts, wrong...)) }
	f.Add(small("not_null"), small("?not_null", "type"))
	f.Add(small("table", "column", "not_null", "type"), small("?type", "enum"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		before, err := report.Parse(one)
		if err != nil {
			return
		}
		after, err := report.Parse(two)
		if err != nil {
			return
		}
		// Whatever was read can be compared and shown: nothing may panic.
		d, err := report.Diff(before, after)
		if err != nil {
			return
		}
		var out bytes.Buffer
		_ = d.WriteText(&out, report.TextOptions{Width: 60, Color: true})
		_, _ = d.JSON()
		if d, err = report.Diff(after, after); err == nil && (len(d.Changes) > 0 || len(d.OnlyAfter) > 0) {
			t.Error("a report's facts differ from themselves")
		}
	})
}
