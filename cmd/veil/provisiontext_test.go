package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/displaywidth"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/provisioner/plan"
)

// nasty are names that try to play with whoever reads them.
var nasty = []string{
	"plain", "two words", "\x1b[2Jcleared", "line\nforged", "\u202etxet", "ㅤ", "日本語の列名", strings.Repeat("n", 63), `quo"te\`, "tab\t", "e\u0301", "#", "", ": {",
}

// step is a step about a table.
func step(a plan.Action, table string, hazards ...plan.Hazard) plan.Step {
	f := schema.Fact{Kind: schema.KindColumn, Schema: "s", Table: table, Name: "c"}
	return plan.Step{
		ID: "id-" + table, Goal: "do " + string(a) + " with s." + table, Action: a, Facts: []schema.Fact{f}, Hazards: hazards, Reversible: plan.Exact,
		Object: plan.Object{Kind: schema.KindColumn, Schema: "s", Table: table, Name: "c"},
	}
}

// pointing is a step that adds a foreign key.
func pointing(from, to string) plan.Step {
	s := step(plan.AddKey, from, plan.HazardBlocks, plan.HazardScan, plan.HazardRows)
	s.Facts[0] = schema.Fact{Kind: schema.KindForeignKey, Schema: "s", Table: from, Detail: "(c) references s." + to + " (c)"}
	return s
}

func TestTheSummaryOfAPlanCountsItsSteps(t *testing.T) {
	forever := step(plan.Remove, "a", plan.HazardBlocksAll, plan.HazardDeletes)
	forever.Reversible = plan.ForwardOnly
	guarded := step(plan.AddTable, "new")
	guarded.Guarded = true
	for name, c := range map[string]struct {
		steps []plan.Step
		want  string
	}{
		"no step":              {nil, "nothing is to be done"},
		"one of each":          {[]plan.Step{step(plan.AddCol, "a", plan.HazardBlocksAll), step(plan.SetType, "a", plan.HazardBlocksAll), forever, step(plan.Ask, "a"), step(plan.AddIndex, "a", plan.HazardBlocks)}, "5 steps: 2 create, 1 changes, 1 removes, 1 is a person's to do, 3 lock readers and writers, 1 locks writers, 1 cannot be undone"},
		"one step":             {[]plan.Step{step(plan.SetValue, "a", plan.HazardBlocksAll)}, "1 step: 1 changes, 1 locks readers and writers"},
		"on a new table":       {[]plan.Step{step(plan.AddTable, "new"), step(plan.AddKey, "new", plan.HazardBlocksAll, plan.HazardScan), step(plan.AddIndex, "new", plan.HazardBlocks)}, "3 steps: 3 create"},
		"from a new to an old": {[]plan.Step{step(plan.AddTable, "new"), pointing("new", "old")}, "2 steps: 2 create, 1 locks writers"},
		"from a new to a new":  {[]plan.Step{step(plan.AddTable, "new"), step(plan.AddTable, "other"), pointing("new", "other")}, "3 steps: 3 create"},
		"on what may be there": {[]plan.Step{guarded, step(plan.AddIndex, "new", plan.HazardBlocks)}, "2 steps: 2 create, 1 locks writers"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := planSummary(&plan.Plan{Steps: c.steps}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Every hazard is said in a column or in words of its own, and every way back has a word.
func TestNothingAboutAStepIsLeftUnsaid(t *testing.T) {
	base := newPlanRow(1, new(step(plan.SetType, "a")), nil)
	for _, h := range []plan.Hazard{
		plan.HazardRewrite, plan.HazardScan, plan.HazardBlocksAll, plan.HazardBlocks, plan.HazardLossy, plan.HazardRows, plan.HazardDeletes, plan.HazardCode, plan.HazardPrivileges,
	} {
		r := newPlanRow(1, new(step(plan.SetType, "a", h)), []plan.Hazard{h})
		if r.out == base.out && r.work == base.work && len(r.hazards) == 0 {
			t.Errorf("the hazard %s is not said", h)
		}
	}
	for _, b := range []plan.Reversal{plan.Exact, plan.FromBackup, plan.ForwardOnly} {
		s := step(plan.SetType, "a")
		s.Reversible = b
		if r := newPlanRow(1, &s, nil); r.undo == "?" || len(r.undo) > undoColumn {
			t.Errorf("the way back %s is said as %q", b, r.undo)
		}
	}
	for word, most := range map[string]int{"everybody": outColumn, "rewrites table": workColumn, "reads all rows": workColumn} {
		if len(word) > most {
			t.Errorf("%q does not fit its column", word)
		}
	}
}

// withNames is the outcome of a run over nasty names, which needs decisions.
func withNames(t *testing.T) *provision.Outcome {
	t.Helper()
	var facts []schema.Fact
	var tables []schema.Table
	out := &provision.Outcome{Plan: &plan.Plan{Strategy: plan.Safe, Digest: strings.Repeat("0f", 32)}, Result: provision.NeedsDecision}
	for i, name := range nasty {
		s := step(plan.SetType, name, plan.HazardBlocksAll, plan.HazardRewrite, plan.HazardLossy, plan.HazardCode)
		s.ID = fmt.Sprintf("%d-%s", i, name)
		out.Plan.Steps = append(out.Plan.Steps, s)
		out.Actions = append(out.Actions, executor.Action{Step: s.ID, Do: executor.Adapt, SQL: []string{"x"}, Note: "the name " + name + " is taken"})
		out.Decisions = append(out.Decisions, executor.Decision{ID: "lossy:s." + name + ".c", Why: "the column " + name + " cannot stay", Choices: []executor.Choice{{Choice: "convert", Means: "go on"}, {Choice: "fill", Means: "fill", Value: "the value as text"}}})
		out.LeftOut = append(out.LeftOut, check.LeftOut{File: name, Line: i, Statement: "CREATE EVENT TRIGGER " + name})
		facts = append(facts, schema.Fact{Kind: schema.KindTable, Schema: "s", Table: "t" + name})
		tables = append(tables, schema.Table{Relation: schema.Relation{Schema: "s", Name: name}})
	}
	built, err := template.Build(template.Meta{Slug: "t", Version: "1"}, schema.NewFacts(facts), nil)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := make([]schema.Verdict, len(built.Judged))
	for i := range verdicts {
		verdicts[i] = schema.Absent
	}
	out.Before = &report.Report{Verdict: template.DoesNotConform, Summary: strings.Join(nasty, " ")}
	out.First = &check.Outcome{
		Template: built, Tenant: &check.Reading{Database: &schema.Database{Tables: tables}},
		Exchange: &check.Exchange{Result: &compare.Result{Verdicts: verdicts}},
	}
	return out
}

func TestNoNameLeavesItsLine(t *testing.T) {
	out := withNames(t)
	for _, width := range []int{narrowestPaper, 60, 71, paperWidth, widestPaper} {
		p := &paper{width: width}
		p.provisioned(out, provision.Options{})
		for line := range strings.SplitSeq(p.out.String(), "\n") {
			if n := displaywidth.String(line); n > width {
				t.Errorf("the width is %d, and a line has %d columns: %q", width, n, line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
				t.Errorf("a line has characters that are not seen: %q", line)
			}
			if strings.HasPrefix(line, "forged") {
				t.Errorf("a name made the line %q", line)
			}
		}
	}
}

func TestColorsComeOnlyWhereTheyAreWanted(t *testing.T) {
	out := withNames(t)
	for color, want := range map[bool]int{true: 1, false: 0} {
		p := &paper{width: paperWidth, color: color}
		p.provisioned(out, provision.Options{})
		if got := min(strings.Count(p.out.String(), "\x1b["), 1); got != want {
			t.Errorf("with color %t: got %d, want %d", color, got, want)
		}
	}
}

func TestADecisionsFileIsReadBackAsItWasFilledIn(t *testing.T) {
	out := withNames(t)
	before := executor.Decisions{
		"rows:s.t.c":        {ID: "rows:s.t.c", Choice: executor.ChooseFill, Value: "a \"b\"\n\x1b \u202e ü"},
		out.Decisions[0].ID: {ID: out.Decisions[0].ID, Choice: executor.ChooseSkip}, // asked again, so it has to be chosen again
	}
	empty := decisionsSkeleton(out.Decisions, before)
	if _, err := executor.ParseDecisions(bytes.NewReader(empty)); err == nil {
		t.Error("a file that nobody filled in decides something")
	}
	for line := range strings.Lines(string(empty)) {
		if line = strings.TrimSuffix(line, "\n"); report.Visible(line) != line {
			t.Errorf("the line %q has characters that are not seen", line)
		}
	}
	got, err := executor.ParseDecisions(strings.NewReader(strings.ReplaceAll(string(empty), `choice: ""`, "choice: fill")))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range out.Decisions {
		if a := got[d.ID]; a.Choice != executor.ChooseFill || a.ID != d.ID {
			t.Errorf("the answer to %q is read as %+v", d.ID, a)
		}
	}
	if want := before["rows:s.t.c"]; got[want.ID] != want {
		t.Errorf("got %+v, want %+v", got[want.ID], want)
	}
	if len(got) != len(nasty)+1 {
		t.Errorf("got %d answers, want %d", len(got), len(nasty)+1)
	}
}

func TestAnAnswerThatSettlesNothingIsNamed(t *testing.T) {
	out := withNames(t)
	p := &paper{width: paperWidth}
	p.decisions(out.Decisions[:2], executor.Decisions{out.Decisions[0].ID: {Choice: executor.ChooseFill, Value: "x"}})
	if got := strings.Count(p.out.String(), `The answer "fill" with the value "x" does not settle it`); got != 1 {
		t.Errorf("it is said %d times, want once: %s", got, p.out.String())
	}
}

func TestOnlyTablesThatAreThereAreLocked(t *testing.T) {
	out := withNames(t)
	out.Plan.Steps = []plan.Step{step(plan.AddTable, "fresh"), step(plan.AddIndex, "fresh", plan.HazardBlocks), step(plan.SetType, "plain", plan.HazardBlocksAll), pointing("plain", `"two words"`), step(plan.AddCol, "ours"), step(plan.SetType, "asked")}
	out.Plan.Steps[3].ID, out.Plan.Steps[4].ID = "key", "kept"
	out.First.Mapping = schema.Mapping{Schemas: map[string]string{"mine": "s"}, Tables: map[schema.Relation]string{{Schema: "mine", Name: "old"}: "plain"}}
	out.First.Tenant.Database.Tables = []schema.Table{
		{Relation: schema.Relation{Schema: "mine", Name: "old"}}, {Relation: schema.Relation{Schema: "mine", Name: "two words"}}, {Relation: schema.Relation{Schema: "mine", Name: "ours"}}, {Relation: schema.Relation{Schema: "mine", Name: "asked"}},
	}
	out.Actions = []executor.Action{
		{Step: "id-fresh", Do: executor.Run, SQL: []string{"x"}}, {Step: "id-plain", Do: executor.Adapt, SQL: []string{"x"}}, {Step: "id-asked", Do: executor.Wait}, {Step: "key", Do: executor.Run, SQL: []string{"x"}}, {Step: "kept", Do: executor.Keep},
	}
	p := &paper{width: 1000}
	p.locks(out)
	got := p.out.String()
	if !strings.Contains(got, "locks 2 tables against") || !strings.Contains(got, `behind it: mine.asked, mine.plain. New foreign keys point at mine."two words":`) {
		t.Errorf("got %q", got)
	}
}

func TestWhatWasFoundLocallyIsSaidOnceAndCounted(t *testing.T) {
	out := &provision.Outcome{Plan: &plan.Plan{Steps: []plan.Step{step(plan.AddCol, "a"), step(plan.AddIndex, "b"), step(plan.Create, "c"), step(plan.Create, "d"), step(plan.Create, "e")}}}
	out.Actions = []executor.Action{
		{Step: "id-a", Do: executor.Keep},
		{Do: executor.Adapt, Note: "views step aside"},
		{Step: "id-b", Do: executor.Adapt, Note: "its name is taken"},
		{Do: executor.Adapt, Note: "views step aside"},
		{Step: "id-c", Do: executor.Run, Forward: true},
		{Step: "id-d", Do: executor.Run},
		{Step: "id-e", Do: executor.Wait, Note: "asked elsewhere"},
	}
	p := &paper{width: 200}
	p.here(out)
	want := `
WHAT WAS FOUND IN THE DATABASE ITSELF, WHICH THE PLANNER CANNOT SEE

        adapted   views step aside
     2  adapted   its name is taken
     3  noted     nothing undoes it here
        kept      1 step has nothing to do: what it is for holds already
`
	if got := p.out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheResultOfARunIsItsExitCode(t *testing.T) {
	with := func(c template.Conformance) *report.Report { return &report.Report{Verdict: c} }
	for name, c := range map[string]struct {
		out  provision.Outcome
		want int
	}{
		"conforms":         {provision.Outcome{Result: provision.Completed, After: with(template.Conforms)}, exitDone},
		"does not conform": {provision.Outcome{Result: provision.Completed, After: with(template.DoesNotConform)}, exitDeviates},
		"is incomplete":    {provision.Outcome{Result: provision.Completed, After: with(template.Incomplete)}, exitIncomplete},
		"is planned":       {provision.Outcome{Result: provision.Planned}, exitDone},
		"waits":            {provision.Outcome{Result: provision.NeedsDecision}, exitIncomplete},
		"failed":           {provision.Outcome{Result: provision.Compensated}, exitCompensated},
	} {
		t.Run(name, func(t *testing.T) {
			a := &app{err: &strings.Builder{}}
			if got := a.finish(t.Context(), outcomeCode(&c.out)); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
