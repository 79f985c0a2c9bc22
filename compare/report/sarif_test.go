package report_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
)

// standardSchema returns the standard's own schema, which go-sarif holds as a
// constant of its source and does not export. Its method Validate would check
// what it understood of a log, and not the log.
func standardSchema(t testing.TB) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if c, ok := d.(*ast.GenDecl); ok && c.Tok == token.CONST {
			text, err := strconv.Unquote(c.Specs[0].(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatal("go-sarif holds no schema")
	return ""
}

// sarifValidator compiles the standard's own schema.
func sarifValidator(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(standardSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	const id = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	if doc.(map[string]any)["id"] != id {
		t.Fatalf("this is another schema: %v", doc.(map[string]any)["id"])
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.AssertFormat()
	if err := c.AddResource(id, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func toSARIF(t testing.TB, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteSARIF(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sarifRun is what tests look at, read by its names in the standard.
type sarifRun struct {
	Tool struct {
		Driver struct {
			Name, Version, InformationURI string
			Rules                         []struct {
				ID                     string
				Help, ShortDescription struct{ Text string }
			}
		}
	}
	AutomationDetails struct{ ID string }
	LogicalLocations  []sarifPlace
	Results           []sarifResult
}

type sarifPlace struct {
	Name, FullyQualifiedName, Kind string
	Index, ParentIndex             *int
}

type sarifResult struct {
	RuleID, Kind, Level string
	RuleIndex           int
	Message             struct{ Text string }
	Locations           []struct{ LogicalLocations []sarifPlace }
	PartialFingerprints map[string]string
	Suppressions        []struct{ Kind, Status, Justification string }
	Properties          struct{ Severity string }
}

func runOf(t testing.TB, r *report.Report) sarifRun {
	t.Helper()
	var log struct{ Runs []sarifRun }
	if err := json.Unmarshal(toSARIF(t, r), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("got %d runs, want 1", len(log.Runs))
	}
	return log.Runs[0]
}

func TestTheSARIFFollowsTheStandardsSchema(t *testing.T) {
	s := sarifValidator(t)
	for name, r := range scenarios(t) {
		b := toSARIF(t, r)
		if err := validate(s, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "deviating" {
			golden(t, name+".sarif", b)
		}
		if !bytes.Equal(b, toSARIF(t, r)) {
			t.Errorf("%s: written again it has other bytes", name)
		}
	}
}

func TestTheStandardsSchemaWouldRefuseAWrongLog(t *testing.T) {
	s := sarifValidator(t)
	good := string(toSARIF(t, scenarios(t)["deviating"]))
	for name, change := range map[string][2]string{
		"a level that is none": {`"level": "error"`, `"level": "high"`},
		"a kind that is none":  {`"kind": "fail"`, `"kind": "failed"`},
		"a key of no standard": {`"partialFingerprints"`, `"prints"`},
		"another version":      {`"version": "2.1.0",`, `"version": "2.2.0",`},
		"a time that is none":  {`"endTimeUtc": "`, `"endTimeUtc": "on `},
	} {
		if bad := strings.Replace(good, change[0], change[1], 1); bad == good || validate(s, []byte(bad)) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestTheSARIFOfRandomVerdictsFollowsTheStandardsSchema(t *testing.T) {
	s, tmpl := sarifValidator(t), clinicTemplate(t)
	rapid.Check(t, func(rt *rapid.T) {
		r, err := report.New(inputFor(tmpl, randomVerdicts(rt, len(tmpl.Judged))))
		if err != nil {
			rt.Fatal(err)
		}
		var b bytes.Buffer
		if err := r.WriteSARIF(&b); err != nil {
			rt.Fatal(err)
		}
		if err := validate(s, b.Bytes()); err != nil {
			rt.Fatal(err)
		}
	})
}

// randomVerdicts draws verdicts with runs of equal ones, so that whole tables
// are absent now and then.
func randomVerdicts(rt *rapid.T, n int) []schema.Verdict {
	list := make([]schema.Verdict, 0, n)
	for len(list) < n {
		v := schema.Verdict(rapid.IntRange(1, 3).Draw(rt, "verdict"))
		for range min(rapid.IntRange(1, 20).Draw(rt, "times"), n-len(list)) {
			list = append(list, v)
		}
	}
	return list
}

// Another reader of SARIF finds what was written.
func TestAnotherProgramReadsTheSARIF(t *testing.T) {
	log, err := sarif.FromBytes(toSARIF(t, scenarios(t)["deviating"]))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(log.Runs[0].Results), len(runOf(t, scenarios(t)["deviating"]).Results); got != want || want == 0 {
		t.Errorf("it reads %d results, want %d", got, want)
	}
}

func TestEveryFindingIsOneResultOfTheRightKindAndLevel(t *testing.T) {
	levels := map[report.Severity]string{
		report.Critical: "error", report.High: "error", report.Medium: "warning", report.Low: "note", report.Info: "none",
	}
	for name, r := range scenarios(t) {
		run := runOf(t, r)
		used := 0
		for _, w := range r.Waivers {
			if w.State == report.WaiverUsed {
				used++
			}
		}
		passes := 0
		if len(r.Findings) == 0 {
			passes = 1
		}
		if len(run.Results) != len(r.Findings)+used+passes {
			t.Errorf("%s: %d results for %d findings, %d waivers and %d passes", name, len(run.Results), len(r.Findings), used, passes)
		}
		for i, f := range r.Findings {
			x, kind, level := run.Results[i], "fail", levels[f.Severity]
			if f.Verdict == schema.Undisclosed {
				kind, level = "open", "none"
			}
			if x.Kind != kind || x.Level != level || x.Properties.Severity != f.Severity.String() || len(x.Suppressions) > 0 {
				t.Errorf("%s: %s (%s) is of kind %s and level %s with %d suppressions", name, f.Title, f.Severity, x.Kind, x.Level, len(x.Suppressions))
			}
		}
	}
}

func TestAConformingSchemaIsAPass(t *testing.T) {
	run := runOf(t, scenarios(t)["conforming"])
	last := run.Results[len(run.Results)-1]
	if last.Kind != "pass" || last.Level != "none" || last.RuleID != "conforms" {
		t.Errorf("got %+v", last)
	}
	for name, r := range scenarios(t) {
		for _, x := range runOf(t, r).Results {
			if x.Kind == "pass" && name != "conforming" {
				t.Errorf("%s has a pass: %s", name, x.Message.Text)
			}
		}
	}
}

func TestAWaivedFactIsSuppressedWithItsReason(t *testing.T) {
	var suppressed []sarifResult
	for _, x := range runOf(t, scenarios(t)["deviating"]).Results {
		if len(x.Suppressions) > 0 {
			suppressed = append(suppressed, x)
		}
	}
	if len(suppressed) != 1 {
		t.Fatalf("%d results are suppressed, want the one about the licence", len(suppressed))
	}
	x := suppressed[0]
	if x.RuleID != "required.not_null" || x.Kind != "fail" || x.Level != "error" ||
		x.Suppressions[0].Kind != "external" || x.Suppressions[0].Status != "accepted" ||
		x.Suppressions[0].Justification != "trainees have no licence yet (approved by office of the medical director, until 2027-03-31)" {
		t.Errorf("got %+v", x)
	}
}

// A tool that follows findings leaves out what is suppressed, whatever its
// status, so an expired waiver must not look like one.
func TestAnExpiredWaiverSuppressesNothing(t *testing.T) {
	for _, x := range runOf(t, scenarios(t)["deviating"]).Results {
		if strings.Contains(x.Message.Text, "A waiver expired after 2026-06-30: set by the application until the next release.") {
			if len(x.Suppressions) > 0 || x.Kind != "fail" {
				t.Errorf("got %+v", x)
			}
			return
		}
	}
	t.Error("no result speaks of the expired waiver")
}

func TestRulesAndPlacesAreWhereTheirIndexSays(t *testing.T) {
	for name, r := range scenarios(t) {
		run := runOf(t, r)
		for _, x := range run.Results {
			rule := run.Tool.Driver.Rules[x.RuleIndex]
			if rule.ID != x.RuleID || rule.Help.Text == "" || rule.ShortDescription.Text == "" {
				t.Errorf("%s: rule %d of %s is %+v", name, x.RuleIndex, x.RuleID, rule)
			}
			for _, l := range x.Locations {
				at := l.LogicalLocations[0]
				if run.LogicalLocations[*at.Index].FullyQualifiedName != at.FullyQualifiedName {
					t.Errorf("%s: place %d is not %s", name, *at.Index, at.FullyQualifiedName)
				}
			}
		}
		for i, p := range run.LogicalLocations {
			if p.ParentIndex == nil {
				continue
			}
			up := run.LogicalLocations[*p.ParentIndex].FullyQualifiedName
			if *p.ParentIndex >= i || !strings.HasPrefix(p.FullyQualifiedName, up+".") {
				t.Errorf("%s: %s stands in %s, which is its parent %d", name, p.FullyQualifiedName, up, *p.ParentIndex)
			}
		}
	}
}

func TestPlacesAreNamedBySchemaTableAndColumn(t *testing.T) {
	run := runOf(t, scenarios(t)["deviating"])
	var got []string
	for _, p := range run.LogicalLocations {
		got = append(got, p.Kind+" "+p.FullyQualifiedName)
	}
	for _, want := range []string{
		"schema public", "table public.consent", "column public.patient.birth_date", "enum type public.sex", "extension pgcrypto",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no place %q in %q", want, got)
		}
	}
}

func TestTheRunIsNamedByTemplateAndVersion(t *testing.T) {
	run := runOf(t, scenarios(t)["deviating"])
	if d := run.Tool.Driver; d.Name != "veil" || d.Version != "0.1.0" || d.InformationURI != "" || run.AutomationDetails.ID != "clinic/2.1.0" {
		t.Errorf("got the tool %s %s %s and the run %s", d.Name, d.Version, d.InformationURI, run.AutomationDetails.ID)
	}
}

func TestFingerprintsTellFindingsApart(t *testing.T) {
	for name, r := range scenarios(t) {
		seen := make(map[string]string)
		for _, x := range runOf(t, r).Results {
			print := x.PartialFingerprints["veilFinding/v1"]
			if len(print) != 64 || seen[print] != "" {
				t.Errorf("%s: %q and %q have the fingerprint %q", name, x.Message.Text, seen[print], print)
			}
			seen[print] = x.Message.Text
		}
	}
}

// What changes from one comparison to the next without changing what a finding
// is about: words, order, what is folded under it, version and time.
func TestFingerprintsOutliveWordsOrderAndVersion(t *testing.T) {
	prints := func(r *report.Report) []string {
		var list []string
		for _, x := range runOf(t, r).Results {
			list = append(list, x.PartialFingerprints["veilFinding/v1"])
		}
		slices.Sort(list)
		return list
	}
	want := prints(scenarios(t)["deviating"])
	later := scenarios(t)["deviating"]
	later.Template.Version, later.CreatedAt = "3.0.0", later.CreatedAt.Add(time.Hour)
	slices.Reverse(later.Findings)
	slices.Reverse(later.Facts)
	for i := range later.Findings {
		later.Findings[i].Title, later.Findings[i].Mend = "other words", "other advice"
	}
	if got := prints(later); !slices.Equal(got, want) {
		t.Error("the fingerprints changed")
	}
	later.Template.Slug = "hospital"
	if got := prints(later); slices.Equal(got, want) {
		t.Error("another template has the same fingerprints")
	}
}

func TestHostileNamesAreHarmlessInSARIF(t *testing.T) {
	b := toSARIF(t, scenarios(t)["hostile"])
	for _, bad := range []string{"<script", "\u202e", "\u200b", "\u2066", "\ufeff", `\u001b`, "\u009b"} {
		if bytes.Contains(b, []byte(bad)) {
			t.Errorf("%q is in it", bad)
		}
	}
	if !bytes.Contains(b, []byte("‹U+202E›")) {
		t.Error("the hostile name is not shown at all")
	}
	for _, x := range runOf(t, scenarios(t)["hostile"]).Results {
		if text := strings.NewReplacer("{{", "", "}}", "").Replace(x.Message.Text); strings.ContainsAny(text, "{}") {
			t.Errorf("a reader takes %q for a message with arguments", x.Message.Text)
		}
	}
}

func TestANameIsNoLink(t *testing.T) {
	tmpl := clinicTemplate(t)
	in := inputFor(tmpl, verdictsBy(tmpl, clinicAbsent, nil))
	r := newReport(t, in)
	r.Findings[0].Title = `Table "[look](1)" is missing`
	if text := runOf(t, r).Results[0].Message.Text; !strings.Contains(text, `"[look] (1)"`) {
		t.Errorf("got %q", text)
	}
}
