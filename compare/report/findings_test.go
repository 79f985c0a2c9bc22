package report_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// findingsOf returns "severity title (n)" of every finding of a template in
// which the facts with these prefixes are absent and undisclosed.
func findingsOf(t *testing.T, absent, undisclosed []string) []string {
	t.Helper()
	absent = append([]string{"column public.patient.ssn.", "column public.patient.religion."}, absent...)
	tmpl := clinicTemplate(t)
	var lines []string
	for _, f := range newReport(t, inputFor(tmpl, verdictsBy(tmpl, absent, undisclosed))).Findings {
		line := f.Severity.String() + ": " + f.Title
		if len(f.Facts) > 0 {
			line += " +" + strings.Repeat("i", len(f.Facts))
		}
		lines = append(lines, line)
	}
	return lines
}

func TestFindingsFoldWhatFollowsFromAMissingParent(t *testing.T) {
	for _, c := range []struct {
		name                string
		absent, undisclosed []string
		want                []string
	}{
		{"nothing is missing", nil, nil, nil},
		{
			"a missing table is one finding",
			[]string{"table public.organisation", "column public.organisation", "type public.organisation", "not_null public.organisation", "primary_key public.organisation"},
			nil,
			[]string{"critical: Table public.organisation is missing +iiiiiiiiii"},
		},
		{
			"undisclosed facts of a missing table are folded too",
			[]string{"table public.organisation", "column public.organisation", "primary_key public.organisation", "not_null public.organisation"},
			[]string{"type public.organisation"},
			[]string{"critical: Table public.organisation is missing +iiiiiiiiii"},
		},
		{
			"a missing column takes its properties",
			[]string{"column public.patient.mrn", "type public.patient.mrn", "not_null public.patient.mrn"},
			nil,
			[]string{"critical: Column mrn of public.patient is missing +ii"},
		},
		{
			"a key is not folded under a column",
			[]string{"column public.patient.mrn", "unique public.patient"},
			nil,
			[]string{"critical: Column mrn of public.patient is missing", "high: public.patient lacks the unique constraint"},
		},
		{
			"a failed group of a missing column is folded under it",
			[]string{"column public.prescription.dose", "type public.prescription.dose", "not_null public.prescription.dose"},
			nil,
			[]string{"critical: Column dose of public.prescription is missing +iii"},
		},
		{
			"a failed group stands alone",
			[]string{"type public.prescription.dose"},
			nil,
			[]string{"critical: None of the alternatives dose is there +ii"},
		},
		{"a waived fact is no finding", []string{"not_null public.practitioner.licence"}, nil, nil},
		{"an optional fact is no finding", []string{"index", "view"}, []string{"index public.claim"}, nil},
		{
			"undisclosed facts of one table are one finding", nil,
			[]string{"type public.coverage", "not_null public.coverage"},
			[]string{"info: 10 verdicts are undisclosed: public.coverage +iiiiiiiiii"},
		},
		{
			"one undisclosed fact is named", nil,
			[]string{"enum public.sex"},
			[]string{"info: 1 verdict is undisclosed: enum type public.sex"},
		},
		{
			"the worst comes first",
			[]string{"default public.claim.state", "not_null public.claim.total", "enum public.sex"},
			nil,
			[]string{"critical: Enum type public.sex is missing or different", "high: Column total of public.claim accepts nulls", "medium: Column state of public.claim has another default or none"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := findingsOf(t, c.absent, c.undisclosed)
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestAForbiddenFactThatIsPresentIsCriticalAndGetsNoStatement(t *testing.T) {
	tmpl := clinicTemplate(t)
	r := newReport(t, inputFor(tmpl, verdictsBy(tmpl, []string{"column public.patient.religion."}, nil)))
	f := r.Findings[0]
	if f.Severity != report.Critical || f.Rule != template.RuleForbidden || f.Verdict != schema.Present || f.SQL != "" {
		t.Errorf("got %+v", f)
	}
}

func TestAForbiddenFactIsNeverFoldedAway(t *testing.T) {
	tmpl := clinicTemplate(t)
	r := newReport(t, inputFor(tmpl, verdictsBy(tmpl, []string{"table public.patient"}, []string{"column public.patient.ssn.", "column public.patient.religion."})))
	if len(r.Findings) != 2 || r.Findings[0].Kind != schema.KindTable || len(r.Findings[1].Facts) != 2 {
		t.Errorf("got %+v, want the missing table, and the undisclosed forbidden columns apart from it", r.Findings)
	}
}

func TestStatementsAreProposedOnlyWhereTheyAreSimple(t *testing.T) {
	for _, c := range []struct {
		fact schema.Fact
		want string
	}{
		{schema.Fact{Kind: schema.KindNotNull, Name: "b c"}, `ALTER TABLE public."T" ALTER COLUMN "b c" SET NOT NULL;`},
		{schema.Fact{Kind: schema.KindColumnType, Name: "a", Detail: "integer"}, `ALTER TABLE public."T" ALTER COLUMN a TYPE integer;`},
		{schema.Fact{Kind: schema.KindColumn, Name: "new"}, ``}, // the template leaves its type open
		{schema.Fact{Kind: schema.KindDefault, Name: "a", Detail: "0"}, `ALTER TABLE public."T" ALTER COLUMN a SET DEFAULT 0;`},
		{schema.Fact{Kind: schema.KindDefault, Name: "a", Detail: "'it''s'::text"}, `ALTER TABLE public."T" ALTER COLUMN a SET DEFAULT 'it''s'::text;`},
		{schema.Fact{Kind: schema.KindDefault, Name: "a", Detail: "public.f(a)"}, ``},
		{schema.Fact{Kind: schema.KindDefault, Name: "a", Detail: "'x'; DROP TABLE t; --'"}, ``},
		{schema.Fact{Kind: schema.KindIdentity, Name: "a", Detail: "by default"}, `ALTER TABLE public."T" ALTER COLUMN a ADD GENERATED BY DEFAULT AS IDENTITY;`},
		{schema.Fact{Kind: schema.KindIdentity, Name: "a", Detail: "always increment 2"}, ``},
		{schema.Fact{Kind: schema.KindPrimaryKey, Detail: "(a, b)"}, `ALTER TABLE public."T" ADD PRIMARY KEY (a, b);`},
		{schema.Fact{Kind: schema.KindUnique, Detail: "nulls not distinct (a)"}, `ALTER TABLE public."T" ADD UNIQUE nulls not distinct (a);`},
		{
			schema.Fact{Kind: schema.KindForeignKey, Detail: "(a) references public.u (id) on delete cascade"},
			`ALTER TABLE public."T" ADD FOREIGN KEY (a) references public.u (id) on delete cascade;`,
		},
		{schema.Fact{Kind: schema.KindIndex, Detail: "unique btree (a, b desc)"}, `CREATE UNIQUE INDEX CONCURRENTLY ON public."T" USING btree (a, b desc);`},
		{schema.Fact{Kind: schema.KindIndex, Detail: "btree ((lower(a)))"}, ``},
		{schema.Fact{Kind: schema.KindIndex, Detail: "btree (a) where (b > 0)"}, ``},
		{schema.Fact{Kind: schema.KindCheck, Detail: "((a > 0))"}, ``},
		{schema.Fact{Kind: schema.KindRowSecurity, Detail: "enabled"}, `ALTER TABLE public."T" ENABLE ROW LEVEL SECURITY;`},
		{schema.Fact{Kind: schema.KindRowSecurity, Detail: "forced"}, `ALTER TABLE public."T" FORCE ROW LEVEL SECURITY;`},
		{schema.Fact{Kind: schema.KindRowSecurity, Name: "own", Detail: "policy permissive for all to public"}, ``},
		{schema.Fact{Kind: schema.KindTable}, ``},
		{schema.Fact{Kind: schema.KindNotNull, Name: "a\u202eb"}, ``}, // could not be copied from a page
	} {
		c.fact.Schema, c.fact.Table = "public", "T"
		t.Run(c.fact.String(), func(t *testing.T) {
			tmpl, err := template.Build(template.Meta{Slug: "t", Version: "1"}, schema.Facts{c.fact}, nil)
			if err != nil {
				t.Fatal(err)
			}
			f := newReport(t, inputFor(tmpl, []schema.Verdict{schema.Absent})).Findings[0]
			if f.SQL != c.want {
				t.Errorf("got  %s\nwant %s", f.SQL, c.want)
			}
			if f.Mend == "" {
				t.Error("there are no words")
			}
		})
	}
}

func TestAMissingColumnIsAddedWithItsType(t *testing.T) {
	tmpl := clinicTemplate(t)
	r := newReport(t, inputFor(tmpl, verdictsBy(tmpl, []string{"column public.claim.submitted_at", "column public.patient.ssn", "column public.patient.religion"}, nil)))
	if got, want := r.Findings[0].SQL, "ALTER TABLE public.claim ADD COLUMN submitted_at timestamp with time zone;"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEveryKindHasASeverityATitleAndAWayToMendIt(t *testing.T) {
	for _, k := range schema.Kinds() {
		f := schema.Fact{Kind: k, Schema: "s", Table: "t", Name: "n", Detail: "d"}
		for _, drop := range []func(){
			func() {}, func() { f.Detail = "" }, func() { f.Name, f.Detail = "", "d" }, func() { f.Detail = "" },
			func() { f.Table, f.Name, f.Detail = "", "n", "d" }, func() { f.Schema, f.Detail = "", "" },
		} {
			if drop(); f.Validate() == nil {
				break
			}
		}
		tmpl, err := template.Build(template.Meta{Slug: "t", Version: "1"}, schema.Facts{f}, nil)
		if err != nil {
			t.Fatalf("%v: %v", k, err)
		}
		x := newReport(t, inputFor(tmpl, []schema.Verdict{schema.Absent})).Findings[0]
		if x.Severity == report.SeverityUnknown || x.Severity == report.Info || x.Title == "" || x.Mend == "" || x.Expected == "" {
			t.Errorf("%v gives %+v", k, x)
		}
	}
	for _, s := range report.Severities() {
		if s.Meaning() == "" {
			t.Errorf("%v has no meaning", s)
		}
	}
}

func TestWaiversAreListedWithWhatCameOfThem(t *testing.T) {
	states := make(map[string]report.WaiverState)
	for _, w := range scenarios(t)["deviating"].Waivers {
		name := w.Group
		if w.Fact != nil {
			name = w.Fact.Name
		}
		states[name] = w.State
	}
	for name, want := range map[string]report.WaiverState{
		"licence": report.WaiverUsed, "at": report.WaiverExpired, "patient key": report.WaiverNotNeeded,
	} {
		if states[name] != want {
			t.Errorf("the waiver for %s is %q, want %q", name, states[name], want)
		}
	}
}

func TestInputThatContradictsItselfIsRefused(t *testing.T) {
	tmpl := clinicTemplate(t)
	for name, spoil := range map[string]func(*report.Input){
		"no template":          func(in *report.Input) { in.Template = nil },
		"no time":              func(in *report.Input) { in.CreatedAt = time.Time{} },
		"a verdict too few":    func(in *report.Input) { in.Verdicts = in.Verdicts[1:] },
		"a verdict of no kind": func(in *report.Input) { in.Verdicts[0] = 0 },
		"a probability over 1": func(in *report.Input) { in.Probabilities.FalseMatch = 0.1 },
		"not a number":         func(in *report.Input) { in.Probabilities.ForgedVerdict = math.NaN() },
		"infinite certainty":   func(in *report.Input) { in.Probabilities.DecryptionFailure = math.Inf(-1) },
		"negative bytes":       func(in *report.Input) { in.Exchange.UploadBytes = -1 },
		"negative time":        func(in *report.Input) { in.Timings.Verify = -1 },
	} {
		in := inputFor(tmpl, verdictsBy(tmpl, nil, nil))
		spoil(&in)
		if _, err := report.New(in); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestBoundsAreRoundedTowardsTheLargerProbability(t *testing.T) {
	tmpl := clinicTemplate(t)
	in := inputFor(tmpl, verdictsBy(tmpl, nil, nil))
	in.Probabilities = report.Probabilities{FalseMatch: -34.27, ForgedVerdict: -0.04, DecryptionFailure: -128.99}
	p := newReport(t, in).Probabilities
	for _, c := range []struct {
		got       report.Probability
		bound, in string
	}{
		{p.FalseMatch, "2^-34.2", "1 in 20 billion"},
		{p.ForgedVerdict, "2^0", "1 in 1"},
		{p.DecryptionFailure, "2^-128.9", "1 in 10^38"},
	} {
		if c.got.Bound != c.bound || c.got.Odds() != c.in {
			t.Errorf("got %s, %s; want %s, %s", c.got.Bound, c.got.Odds(), c.bound, c.in)
		}
	}
}
