package template_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// verdicts says present for every fact that must be there, absent for every
// forbidden one, and then what the changes say.
func verdicts(t testing.TB, tmpl *template.Template, changes map[string]schema.Verdict) []schema.Verdict {
	t.Helper()
	list := make([]schema.Verdict, len(tmpl.Judged))
	for i, j := range tmpl.Judged {
		list[i] = schema.Present
		if j.Rule == template.RuleForbidden {
			list[i] = schema.Absent
		}
	}
	for f, v := range changes {
		i, ok := tmpl.Index(fact(t, f))
		if !ok {
			t.Fatalf("%s is not judged", f)
		}
		list[i] = v
	}
	return list
}

const (
	email  = "not_null public.patient.email"
	ssn    = "column public.patient.ssn"
	intKey = "type public.patient.id integer"
	bigKey = "type public.patient.id bigint"
	pk     = "primary_key public.patient.- (id)"
	audit  = "column public.audit_log.at"
)

func TestTheVerdictFollowsFromThePolicy(t *testing.T) {
	const absent, present, undisclosed = schema.Absent, schema.Present, schema.Undisclosed
	tmpl := compile(t, fullPolicy)
	for _, c := range []struct {
		name    string
		today   template.Date
		changes map[string]schema.Verdict
		want    template.Conformance
	}{
		{"everything holds", "2027-06-01", nil, template.Conforms},
		{"an optional fact is absent", "2027-06-01", map[string]schema.Verdict{audit: absent}, template.Conforms},
		{"an optional fact is undisclosed", "2027-06-01", map[string]schema.Verdict{audit: undisclosed}, template.Conforms},
		{"a required fact is absent", "2026-01-01", map[string]schema.Verdict{pk: absent}, template.DoesNotConform},
		{"a required fact is undisclosed", "2026-01-01", map[string]schema.Verdict{pk: undisclosed}, template.Incomplete},
		{"one fails and one is undisclosed", "2027-06-01", map[string]schema.Verdict{pk: undisclosed, email: absent}, template.DoesNotConform},
		{"a waived fact is absent on the waiver's last day", "2027-03-31", map[string]schema.Verdict{email: absent}, template.Conforms},
		{"a waived fact is absent a day later", "2027-04-01", map[string]schema.Verdict{email: absent}, template.DoesNotConform},
		{"a waived fact is undisclosed", "2027-03-31", map[string]schema.Verdict{email: undisclosed}, template.Conforms},
		{"a waived fact is undisclosed a day later", "2027-04-01", map[string]schema.Verdict{email: undisclosed}, template.Incomplete},
		{"a forbidden fact is present and waived", "2026-06-30", map[string]schema.Verdict{ssn: present}, template.Conforms},
		{"a forbidden fact is present", "2026-07-01", map[string]schema.Verdict{ssn: present}, template.DoesNotConform},
		{"a forbidden fact is undisclosed", "2026-07-01", map[string]schema.Verdict{ssn: undisclosed}, template.Incomplete},
		{"one alternative is absent", "2027-06-01", map[string]schema.Verdict{intKey: absent}, template.Conforms},
		{"one alternative is present, one undisclosed", "2027-06-01", map[string]schema.Verdict{intKey: undisclosed}, template.Conforms},
		{
			"one alternative is absent, one undisclosed", "2027-06-01",
			map[string]schema.Verdict{intKey: absent, bigKey: undisclosed},
			template.Incomplete,
		},
		{"no alternative is present", "2027-06-01", map[string]schema.Verdict{intKey: absent, bigKey: absent}, template.DoesNotConform},
		{
			"no alternative is present but the group is waived", "2026-12-31",
			map[string]schema.Verdict{intKey: absent, bigKey: absent},
			template.Conforms,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := tmpl.Judge(verdicts(t, tmpl, c.changes), c.today)
			if err != nil {
				t.Fatal(err)
			}
			if o.Verdict != c.want {
				t.Errorf("got %v, want %v", o.Verdict, c.want)
			}
		})
	}
}

func TestCountsKeepWaivedApartFromPasses(t *testing.T) {
	tmpl := compile(t, fullPolicy)
	o, err := tmpl.Judge(verdicts(t, tmpl, map[string]schema.Verdict{
		email: schema.Absent, ssn: schema.Present, pk: schema.Undisclosed, audit: schema.Absent,
		intKey: schema.Absent, bigKey: schema.Absent,
	}), "2026-05-01")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(o.Required, o.Optional, o.Forbidden, o.AnyOf), "{7 0 1 1} {2 1 0 0} {0 0 0 1} {0 0 0 1}"; got != want {
		t.Errorf("counts are %s, want %s", got, want)
	}
	if got, want := o.Verdict, template.Incomplete; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAWaiverThatIsNotNeededIsNotCounted(t *testing.T) {
	tmpl := compile(t, fullPolicy)
	o, err := tmpl.Judge(verdicts(t, tmpl, nil), "2026-05-01")
	if err != nil {
		t.Fatal(err)
	}
	if o.Required.Waived+o.Forbidden.Waived+o.AnyOf.Waived != 0 {
		t.Errorf("waived counts are %v %v %v, want none", o.Required, o.Forbidden, o.AnyOf)
	}
}

func TestExpiredWaiversAreNamed(t *testing.T) {
	tmpl := compile(t, fullPolicy)
	o, err := tmpl.Judge(verdicts(t, tmpl, map[string]schema.Verdict{
		email: schema.Absent, intKey: schema.Absent, bigKey: schema.Absent,
	}), "2028-01-01")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Expired) != 1 || tmpl.Judged[o.Expired[0]].Fact != fact(t, email) {
		t.Errorf("expired is %v, want the one place of %s", o.Expired, email)
	}
	if !o.Groups[0].Expired {
		t.Error("the group's expired waiver is not named")
	}
}

func TestVerdictsOfTheWrongNumberOrKindAreRefused(t *testing.T) {
	tmpl := compile(t, "")
	good := verdicts(t, tmpl, nil)
	_, err := tmpl.Judge(good[1:], "2026-01-01")
	wantError(t, err, "got 12 verdicts for a template of 13 facts")
	good[3] = schema.VerdictUnknown
	_, err = tmpl.Judge(good, "2026-01-01")
	wantError(t, err, "unknown verdict")
}

// TestConclusionsAgreeWithAPlainReading judges random verdicts and compares
// with the definition, written down without any of the code's bookkeeping.
func TestConclusionsAgreeWithAPlainReading(t *testing.T) {
	tmpl := compile(t, fullPolicy)
	rapid.Check(t, func(rt *rapid.T) {
		list := make([]schema.Verdict, len(tmpl.Judged))
		for i := range list {
			list[i] = rapid.SampledFrom([]schema.Verdict{schema.Present, schema.Absent, schema.Undisclosed}).Draw(rt, "verdict")
		}
		today := rapid.SampledFrom([]template.Date{"2026-01-01", "2026-07-01", "2027-01-01", "2028-01-01"}).Draw(rt, "today")
		o, err := tmpl.Judge(list, today)
		if err != nil {
			rt.Fatal(err)
		}
		if got, want := o.Verdict, plainReading(tmpl, list, today); got != want {
			rt.Fatalf("got %v, want %v", got, want)
		}
		total := o.Required.Total() + o.Optional.Total() + o.Forbidden.Total()
		for _, g := range o.Groups {
			total += len(g.Members)
		}
		if total != len(list) || o.AnyOf.Total() != len(tmpl.AnyOf) {
			rt.Fatalf("counts cover %d of %d facts", total, len(list))
		}
	})
}

func plainReading(tmpl *template.Template, list []schema.Verdict, today template.Date) template.Conformance {
	failed, open := false, false
	for i, j := range tmpl.Judged {
		if j.Waiver != nil && j.Waiver.Expires >= today {
			continue
		}
		failed = failed || j.Rule == template.RuleRequired && list[i] == schema.Absent ||
			j.Rule == template.RuleForbidden && list[i] == schema.Present
		open = open || (j.Rule == template.RuleRequired || j.Rule == template.RuleForbidden) && list[i] == schema.Undisclosed
	}
	for _, g := range tmpl.AnyOf {
		n := make(map[schema.Verdict]int)
		for _, i := range tmpl.Members(g.Name) {
			n[list[i]]++
		}
		if n[schema.Present] > 0 || g.Waiver != nil && g.Waiver.Expires >= today {
			continue
		}
		failed = failed || n[schema.Undisclosed] == 0
		open = open || n[schema.Undisclosed] > 0
	}
	switch {
	case failed:
		return template.DoesNotConform
	case open:
		return template.Incomplete
	}
	return template.Conforms
}

func TestDatesAreDaysOfTheCalendar(t *testing.T) {
	for _, s := range []string{"", "2027-02-29", "2027-2-3", "27-02-03", "2027-13-01", "2027-01-01T00:00:00Z", "0000-01-01", " 2027-01-01", "２０２７-01-01"} {
		if _, err := template.ParseDate(s); err == nil {
			t.Errorf("%q is taken for a date", s)
		}
	}
	if _, err := template.ParseDate("2028-02-29"); err != nil {
		t.Error(err)
	}
	late := time.Date(2027, 3, 31, 23, 30, 0, 0, time.FixedZone("west", -3600))
	if got := template.DateOf(late); got != "2027-04-01" {
		t.Errorf("half past midnight UTC is on %s, want 2027-04-01", got)
	}
}
