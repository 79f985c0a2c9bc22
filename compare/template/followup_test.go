package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

var bothKinds = []schema.Kind{schema.KindColumnType, schema.KindDefault}

// billing is a template with one column of each sort that a follow-up asks about.
func billing(t testing.TB, policy string) *template.Template {
	t.Helper()
	tmpl, err := template.Compile(template.Meta{Slug: "billing", Version: "2.1"}, facts(t,
		"table public.bill.-",
		"column public.bill.id", "type public.bill.id bigint", "default public.bill.id nextval(SEQUENCE_OF_public.bill.id)",
		"column public.bill.code", "type public.bill.code character_varying(20)", "default public.bill.code ''",
		"column public.bill.note", "type public.bill.note character_varying(777)",
		"column public.bill.paid", "type public.bill.paid boolean", "default public.bill.paid true",
		"column public.bill.state", "type public.bill.state public.state", "default public.bill.state 'open'",
		"column public.bill.before", "type public.bill.before public.state", "default public.bill.before 'closed'",
		"enum public.-.state ('open',_'closed',_'it''s')",
	), []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// say is a verdict on every fact: present, but for those facts that are named.
func say(t testing.TB, tmpl *template.Template, v schema.Verdict, lines ...string) []schema.Verdict {
	t.Helper()
	said := make([]schema.Verdict, len(tmpl.Judged))
	for i := range said {
		said[i] = schema.Present
	}
	set(t, tmpl, said, v, lines...)
	return said
}

func set(t testing.TB, tmpl *template.Template, said []schema.Verdict, v schema.Verdict, lines ...string) {
	t.Helper()
	for _, line := range lines {
		i, ok := tmpl.Index(fact(t, line))
		if !ok {
			t.Fatalf("the template does not judge %s", line)
		}
		said[i] = v
	}
}

// asked returns the candidates of a follow-up, by "kind column".
func asked(t testing.TB, tmpl *template.Template, said []schema.Verdict, kinds ...schema.Kind) map[string][]string {
	t.Helper()
	f, err := template.FollowUp(tmpl, said, kinds...)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]string{}
	if f == nil {
		return list
	}
	for _, j := range f.Judged {
		key := j.Fact.Kind.String() + " " + j.Fact.Name
		list[key] = append(list[key], j.Fact.Detail)
	}
	return list
}

func TestAFollowUpAsksForWhatResemblesTheWanted(t *testing.T) {
	tmpl := billing(t, "")
	said := say(t, tmpl, schema.Absent,
		"type public.bill.id bigint", "type public.bill.code character_varying(20)",
		"default public.bill.paid true", "default public.bill.state 'open'", "default public.bill.id nextval(SEQUENCE_OF_public.bill.id)")
	got := asked(t, tmpl, said, bothKinds...)
	for key, want := range map[string][]string{
		"type id":       {"integer", "smallint", "numeric", "text", "bigint[]", "numeric(20,0)", "public.state"},
		"type code":     {"character varying(10)", "character varying(40)", "character varying(777)", "text", "character(20)", "character varying", "integer"},
		"default id":    {"0", "nextval('public.bill_id_seq'::regclass)"},
		"default paid":  {"false"},
		"default state": {"'closed'", "'it''s'"},
	} {
		for _, candidate := range want {
			if !slices.Contains(got[key], candidate) {
				t.Errorf("%s is not among the candidates for %s: %q", candidate, key, got[key])
			}
		}
	}
	if len(got) != 5 || len(got["default paid"]) != 1 || len(got["default state"]) != 2 {
		t.Errorf("other things are asked, too: %q", got)
	}
	for key, candidates := range got {
		for _, candidate := range candidates {
			kind, name, _ := strings.Cut(key, " ")
			f := schema.Fact{Schema: "public", Table: "bill", Name: name, Detail: candidate}
			f.Kind, _ = schema.ParseKind(kind)
			if _, judged := tmpl.Index(f); judged {
				t.Errorf("%s was answered by the first comparison and is asked again", f)
			}
		}
	}
}

func TestOnlyOpenQuestionsAboutDisclosedColumnsAreAsked(t *testing.T) {
	const typ, def, col = "type public.bill.code character_varying(20)", "default public.bill.code ''", "column public.bill.code"
	for name, c := range map[string]struct {
		policy              string
		absent, undisclosed []string
		kinds               []schema.Kind
		want                string
	}{
		"all is present":                    {kinds: bothKinds},
		"another type":                      {absent: []string{typ}, kinds: bothKinds, want: "type code"},
		"another default":                   {absent: []string{def}, kinds: bothKinds, want: "default code"},
		"both":                              {absent: []string{typ, def}, kinds: bothKinds, want: "default code, type code"},
		"both, and only types are allowed":  {absent: []string{typ, def}, kinds: bothKinds[:1], want: "type code"},
		"both, and defaults are allowed":    {absent: []string{typ, def}, kinds: bothKinds[1:], want: "default code"},
		"both, and nothing is allowed":      {absent: []string{typ, def}},
		"the column is absent":              {absent: []string{col, typ, def}, kinds: bothKinds},
		"the column is undisclosed":         {absent: []string{typ, def}, undisclosed: []string{col}, kinds: bothKinds},
		"the type is undisclosed":           {absent: []string{def}, undisclosed: []string{typ}, kinds: bothKinds, want: "default code"},
		"the default is undisclosed":        {undisclosed: []string{def}, kinds: bothKinds},
		"what differs is not about columns": {absent: []string{"enum public.-.state ('open',_'closed',_'it''s')"}, kinds: bothKinds},
		"the type is optional":              {policy: "optional: [{kind: type}]", absent: []string{typ}, kinds: bothKinds, want: "type code"},
		"an alternative is present": {
			policy: alternatives, absent: []string{typ}, kinds: bothKinds,
		},
		"no alternative is present": {
			policy: alternatives, absent: []string{typ, "type public.bill.code text"}, kinds: bothKinds, want: "type code",
		},
		"an alternative is undisclosed": {
			policy: alternatives, absent: []string{typ}, undisclosed: []string{"type public.bill.code text"}, kinds: bothKinds,
		},
		"the type is a forbidden one": {
			policy: "forbidden: [{kind: type, schema: public, table: bill, name: code, detail: text}]", absent: []string{typ}, kinds: bothKinds,
		},
		"only a forbidden default is absent": {
			policy: "forbidden: [{kind: default, schema: public, table: bill, name: note, detail: '0'}]", absent: []string{"default public.bill.note 0"}, kinds: bothKinds,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tmpl := billing(t, c.policy)
			said := say(t, tmpl, schema.Absent, c.absent...)
			set(t, tmpl, said, schema.Undisclosed, c.undisclosed...)
			var keys []string
			for key := range asked(t, tmpl, said, c.kinds...) {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			if got := strings.Join(keys, ", "); got != c.want {
				t.Errorf("asked about %q, want %q", got, c.want)
			}
		})
	}
}

const alternatives = `
any_of:
  - name: code
    facts:
      - {kind: type, schema: public, table: bill, name: code, detail: text}
      - {kind: type, schema: public, table: bill, name: code, detail: character varying(20)}
`

func TestAFollowUpIsATemplateThatFollowsFromItsArgumentsAlone(t *testing.T) {
	tmpl := billing(t, "")
	said := say(t, tmpl, schema.Absent, "type public.bill.id bigint", "default public.bill.paid true")
	f, err := template.FollowUp(tmpl, said, bothKinds...)
	if err != nil {
		t.Fatal(err)
	}
	if f.Slug != "billing" || f.Version != "2.1+follow-up" || f.Visibility != template.VisibilityPublic {
		t.Errorf("it is %s %s, %s", f.Slug, f.Version, f.Visibility)
	}
	parsed, err := template.Parse(encode(t, f))
	if err != nil || parsed.Digest() != f.Digest() {
		t.Errorf("it is not a template: %v", err)
	}
	if len(f.AnyOf) != 1 || f.AnyOf[0].Name != "type public.bill.id" || ruleOf(t, f, "default public.bill.paid false") != template.RuleRequired {
		t.Errorf("its groups are %v", f.AnyOf)
	}
	for range 20 {
		again, err := template.FollowUp(tmpl, said, schema.KindDefault, schema.KindColumnType)
		if err != nil || again.Digest() != f.Digest() {
			t.Fatalf("the same arguments give another template: %v", err)
		}
	}
	outcome, err := f.Judge(make([]schema.Verdict, 0), "2026-11-23")
	if err == nil {
		t.Errorf("it is judged by nothing: %v", outcome)
	}
}

func TestNamesOfFollowUpsStayWithinTheirLimits(t *testing.T) {
	long := strings.Repeat("é", 200)
	tmpl, err := template.Build(template.Meta{Slug: "x", Version: strings.Repeat("é", 32)}, schema.NewFacts([]schema.Fact{
		{Kind: schema.KindColumn, Schema: "s", Table: long, Name: "a"},
		{Kind: schema.KindColumnType, Schema: "s", Table: long, Name: "a", Detail: "text"},
		{Kind: schema.KindColumn, Schema: "s", Table: long, Name: "b"},
		{Kind: schema.KindColumnType, Schema: "s", Table: long, Name: "b", Detail: "text"},
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := template.FollowUp(tmpl, []schema.Verdict{schema.Present, schema.Present, schema.Absent, schema.Absent}, bothKinds...)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("é", 27) + "+follow-up"; f.Version != want || len(f.AnyOf) != 2 {
		t.Errorf("it is version %q, want %q, with %d groups", f.Version, want, len(f.AnyOf))
	}
}

// Where there is more to ask than the limit, every column keeps its likeliest candidates.
func TestTooManyQuestionsLeaveTheLikeliestCandidates(t *testing.T) {
	if testing.Short() {
		t.Skip("a large template")
	}
	for _, columns := range []int{3000, template.MaxGroups + 1000} {
		var list []schema.Fact
		for i := range columns {
			f := schema.Fact{Kind: schema.KindColumn, Schema: "s", Table: fmt.Sprintf("t%d", i/500), Name: fmt.Sprintf("c%d", i)}
			list = append(list, f)
			f.Kind, f.Detail = schema.KindColumnType, []string{"bigint", "character varying(20)", "timestamp with time zone"}[i%3]
			list = append(list, f)
		}
		tmpl, err := template.Build(template.Meta{Slug: "x", Version: "1"}, schema.NewFacts(list), nil)
		if err != nil {
			t.Fatal(err)
		}
		said := make([]schema.Verdict, len(tmpl.Judged))
		for i, j := range tmpl.Judged {
			said[i] = schema.Present
			if j.Fact.Kind == schema.KindColumnType {
				said[i] = schema.Absent
			}
		}
		f, err := template.FollowUp(tmpl, said, bothKinds...)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(f.Judged); n > template.MaxFollowUp || n < template.MaxFollowUp*9/10 {
			t.Errorf("%d columns: %d facts are asked about, at most %d may be", columns, n, template.MaxFollowUp)
		}
		if want := min(columns, template.MaxGroups); len(f.AnyOf) != want {
			t.Errorf("%d columns: %d are asked about, want %d", columns, len(f.AnyOf), want)
		}
		for at, likeliest := range map[int]string{0: "integer", 1: "character varying", 2: "timestamp without time zone"} {
			want := schema.Fact{Kind: schema.KindColumnType, Schema: "s", Table: "t0", Name: fmt.Sprintf("c%d", at), Detail: likeliest}
			if _, ok := f.Index(want); !ok {
				t.Errorf("%d columns: %s is not asked", columns, want)
			}
		}
	}
}

// Facts of a template may be anything that has their form.
func TestDomainsThatNoServerHasEndInAFollowUpAllTheSame(t *testing.T) {
	tmpl, err := template.Build(template.Meta{Slug: "x", Version: "1"}, facts(t,
		"domain s.-.a as_s.b", "domain s.-.b as_s.a[]_not_null", "domain s.-.c as_character_varying(9)_collate_x_check_(true)", "enum s.-.e ('half,_'x'",
		"column s.t.p", "type s.t.p s.a", "default s.t.p 1", "column s.t.q", "type s.t.q s.b[]", "column s.t.r", "type s.t.r s.c",
		"column s.t.s", `type s.t.s s."odd(1,2)[]"`, "column s.t.t", "type s.t.t numeric(99999999999999999999)", "column s.t.u", "type s.t.u numeric(",
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := asked(t, tmpl, say(t, tmpl, schema.Absent, "type s.t.p s.a", "default s.t.p 1", "type s.t.q s.b[]", "type s.t.r s.c",
		`type s.t.s s."odd(1,2)[]"`, "type s.t.t numeric(99999999999999999999)", "type s.t.u numeric("), bothKinds...)
	if len(got) != 7 || !slices.Contains(got["type r"], "character varying(9)") || !slices.Contains(got["type r"], "character varying(10)") {
		t.Errorf("asked about %q", got)
	}
}

func TestWhatIsNoFollowUpIsRefused(t *testing.T) {
	tmpl := billing(t, "")
	_, err := template.FollowUp(tmpl, say(t, tmpl, schema.Absent), schema.KindIndex)
	wantError(t, err, "asks about types and defaults, not about facts of kind index")
	_, err = template.FollowUp(tmpl, nil, schema.KindDefault)
	wantError(t, err, "got 0 verdicts for a template of")
}

func TestAnswersSayWhatWasFoundForEachColumn(t *testing.T) {
	tmpl := billing(t, "")
	f, err := template.FollowUp(tmpl, say(t, tmpl, schema.Absent, "type public.bill.id bigint", "type public.bill.code character_varying(20)",
		"default public.bill.code ''", "default public.bill.paid true", "type public.bill.note character_varying(777)"), bothKinds...)
	if err != nil {
		t.Fatal(err)
	}
	said := make([]schema.Verdict, len(f.Judged))
	for i := range said {
		said[i] = schema.Absent
		if f.Judged[i].Fact.Name == "note" {
			said[i] = schema.Undisclosed
		}
	}
	set(t, f, said, schema.Present, "type public.bill.id integer", "type public.bill.code character_varying(10)")
	answers, err := template.ReadAnswers(f, said)
	if err != nil {
		t.Fatal(err)
	}
	of := func(column string) template.Answer {
		return answers[schema.ColumnName{Schema: "public", Table: "bill", Column: column}]
	}
	none, found := template.Finding{State: template.NoneFound}, func(s string) template.Finding {
		return template.Finding{State: template.Found, Detail: s}
	}
	for column, want := range map[string]template.Answer{
		"id":    {Type: found("integer")},
		"code":  {Type: found("character varying(10)"), Default: none},
		"paid":  {Default: none},
		"note":  {Type: template.Finding{State: template.Withheld}},
		"state": {},
	} {
		if got := of(column); got != want {
			t.Errorf("%s: got %+v, want %+v", column, got, want)
		}
	}
	if len(answers) != 4 {
		t.Errorf("there are answers for %d columns, want 4", len(answers))
	}
	want := facts(t, "type public.bill.id integer", "type public.bill.code character_varying(10)")
	if got := answers.Facts(); !slices.Equal(got, want) {
		t.Errorf("the facts found are %v, want %v", got, want)
	}
	if s := template.Withheld.String() + ", " + template.FindingState(9).String(); s != "withheld, finding(9)" {
		t.Errorf("states are called %s", s)
	}
}

func TestAnswersThatNoHonestSideGivesAreRefused(t *testing.T) {
	tmpl := billing(t, "")
	f, err := template.FollowUp(tmpl, say(t, tmpl, schema.Absent, "type public.bill.id bigint"), bothKinds...)
	if err != nil {
		t.Fatal(err)
	}
	said := say(t, f, schema.Present)
	_, err = template.ReadAnswers(f, said)
	wantError(t, err, "run it again, and if that repeats, one side is not honest")
	_, err = template.ReadAnswers(f, said[1:])
	wantError(t, err, "verdicts for a follow-up of")
	_, err = template.ReadAnswers(f, make([]schema.Verdict, len(said)))
	wantError(t, err, "is unknown verdict 0")
	_, err = template.ReadAnswers(tmpl, say(t, tmpl, schema.Present))
	wantError(t, err, "is in no follow-up comparison")
}

func TestATenantAllowsFollowUpsByKind(t *testing.T) {
	for policy, want := range map[string][2]bool{
		"":                                {},
		"withhold: [{kind: index}]":       {},
		"follow_up:":                      {},
		"follow_up: []":                   {},
		"follow_up: [type]":               {true, false},
		"follow_up:\n- default\n":         {false, true},
		"follow_up: [default, type]":      {true, true},
		"{withhold: , follow_up: [type]}": {true, false},
	} {
		w, err := template.ParseWithholding([]byte(policy))
		if err != nil {
			t.Errorf("%q: %v", policy, err)
			continue
		}
		if got := [2]bool{w.AllowsFollowUp(schema.KindColumnType), w.AllowsFollowUp(schema.KindDefault)}; got != want {
			t.Errorf("%q allows types and defaults: %t, want %t", policy, got, want)
		}
	}
	for _, w := range []*template.Withholding{nil, {}, {FollowUp: []schema.Kind{schema.KindIndex}}} {
		for _, k := range schema.Kinds() {
			if w.AllowsFollowUp(k) {
				t.Errorf("%+v allows questions about %s", w, k)
			}
		}
	}
}

func TestFaultsOfAConsentAreReportedWithTheirLines(t *testing.T) {
	_, err := template.ParseWithholding([]byte("follow_up:\n  - type\n  - index\n  - everything\n  - type\n  - {kind: type}\nfollowup: [type]\n"))
	for _, want := range []string{
		"the withholding policy is not usable, 5 problems",
		`line 3: follow_up allows questions about "index", but only type and default can be asked about`, `line 4: follow_up allows questions about "everything"`,
		`line 5: follow_up lists "type" twice`, "line 6: an entry of follow_up must be text, got a mapping",
		`line 7: a tenant's policy has no key "followup"`,
	} {
		wantError(t, err, want)
	}
	_, err = template.ParseWithholding([]byte("follow_up: type"))
	wantError(t, err, "follow_up must be a list")
	_, err = template.ParsePolicy([]byte("follow_up: [type]"))
	wantError(t, err, `"follow_up" belongs in a tenant's policy and not in a template's`)
}
