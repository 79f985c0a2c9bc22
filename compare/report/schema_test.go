package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// validator compiles the published schema; it checks formats too.
func validator(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, b []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func toJSON(t testing.TB, r *report.Report) []byte {
	t.Helper()
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryReportFollowsThePublishedSchema(t *testing.T) {
	s := validator(t)
	for name, r := range scenarios(t) {
		if err := validate(s, toJSON(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReportsOfRandomVerdictsFollowThePublishedSchema(t *testing.T) {
	s, tmpl := validator(t), clinicTemplate(t)
	rapid.Check(t, func(rt *rapid.T) {
		verdicts := make([]schema.Verdict, len(tmpl.Judged))
		for i := range verdicts {
			verdicts[i] = schema.Verdict(rapid.IntRange(1, 3).Draw(rt, "verdict"))
		}
		r, err := report.New(inputFor(tmpl, verdicts))
		if err != nil {
			rt.Fatal(err)
		}
		b, err := r.JSON()
		if err != nil {
			rt.Fatal(err)
		}
		if err := validate(s, b); err != nil {
			rt.Fatal(err)
		}
		checkPartition(rt, r)
	})
}

// checkPartition checks that every fact that fails or is undecided stands in
// exactly one finding, and no other fact in any, alternatives apart.
func checkPartition(t interface{ Errorf(string, ...any) }, r *report.Report) {
	want, got := make(map[schema.Fact]int), make(map[schema.Fact]int)
	for _, f := range r.Facts {
		if f.Standing == template.Failed || f.Standing == template.Undecided {
			want[f.Fact]++
		}
	}
	for _, f := range r.Findings {
		for _, under := range f.Facts {
			if under.Rule != template.RuleAnyOf {
				got[under.Fact]++
			}
		}
		if f.Group == "" && (len(f.Facts) == 0 || f.Severity != report.Info) {
			for _, one := range r.Facts { // the finding's own fact, found by what it says
				if one.Kind == f.Kind && one.Schema == f.Schema && one.Table == f.Table && one.Name == f.Name &&
					one.Rule == f.Rule && one.Verdict == f.Verdict && want[one.Fact] > 0 && hasDetail(f.Expected, one.Detail) {
					got[one.Fact]++
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts in findings (-want +got):\n%s", diff)
	}
}

func hasDetail(expected, detail string) bool {
	return len(expected) >= len(detail) && expected[len(expected)-len(detail):] == detail
}

func TestThePublishedSchemaRefusesWhatAReportNeverSays(t *testing.T) {
	s := validator(t)
	good := toJSON(t, scenarios(t)["deviating"])
	for name, spoil := range map[string]func(map[string]any){
		"another version":    func(m map[string]any) { m["schema_version"] = "2" },
		"an unknown key":     func(m map[string]any) { m["extra"] = 1 },
		"an unknown verdict": func(m map[string]any) { m["verdict"] = "fine" },
		"no facts":           func(m map[string]any) { delete(m, "facts") },
		"a negative count":   func(m map[string]any) { m["counts"].(map[string]any)["required"].(map[string]any)["absent"] = -1 },
		"a short digest":     func(m map[string]any) { m["template"].(map[string]any)["digest"] = "ab" },
		"a fact of no kind":  func(m map[string]any) { m["facts"].([]any)[0].(map[string]any)["kind"] = "thing" },
		"a probability above one": func(m map[string]any) {
			m["probabilities"].(map[string]any)["false_match"].(map[string]any)["log2"] = 1
		},
		"a time that is none": func(m map[string]any) { m["created_at"] = "yesterday" },
	} {
		t.Run(name, func(t *testing.T) {
			var m map[string]any
			if err := json.Unmarshal(good, &m); err != nil {
				t.Fatal(err)
			}
			spoil(m)
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if validate(s, b) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

func TestThePublishedSchemaKnowsEveryKind(t *testing.T) {
	var doc struct {
		Defs struct {
			Kind     struct{ Enum []string }
			Severity struct{ Enum []string }
			Rule     struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(report.Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	var kinds, severities []string
	for _, k := range schema.Kinds() {
		kinds = append(kinds, k.String())
	}
	for _, s := range report.Severities() {
		severities = append(severities, s.String())
	}
	if !slices.Equal(kinds, doc.Defs.Kind.Enum) {
		t.Errorf("kinds are %v, the schema has %v", kinds, doc.Defs.Kind.Enum)
	}
	if !slices.Equal(severities, doc.Defs.Severity.Enum) {
		t.Errorf("severities are %v, the schema has %v", severities, doc.Defs.Severity.Enum)
	}
}

func TestTheJSONHoldsWhatReadersRelyOn(t *testing.T) {
	var got struct {
		SchemaVersion string `json:"schema_version"`
		Template      struct{ Slug, Version, Digest string }
		Verdict       string
		Counts        map[string]map[string]int
		Facts         []map[string]string
		Exchange      map[string]any
		Timings       map[string]float64 `json:"timings_ms"`
		Verification  map[string]any
	}
	r := scenarios(t)["deviating"]
	if err := json.Unmarshal(toJSON(t, r), &got); err != nil {
		t.Fatal(err)
	}
	tmpl := clinicTemplate(t)
	if want := fmt.Sprintf("%x", tmpl.Digest()); got.Template.Digest != want || got.Template.Slug != "clinic" {
		t.Errorf("template is %v, want digest %s", got.Template, want)
	}
	if got.SchemaVersion != "1" || got.Verdict != "does_not_conform" || len(got.Facts) != len(tmpl.Judged) {
		t.Errorf("got version %q, verdict %q and %d facts", got.SchemaVersion, got.Verdict, len(got.Facts))
	}
	tally := make(map[string]int)
	for _, f := range got.Facts {
		if f["standing"] != "waived" {
			tally[f["rule"]+" "+f["verdict"]]++
		}
	}
	for _, rule := range []string{"required", "optional", "forbidden"} {
		for _, verdict := range []string{"present", "absent", "undisclosed"} {
			if got.Counts[rule][verdict] != tally[rule+" "+verdict] {
				t.Errorf("%s %s: counted %d, listed %d", rule, verdict, got.Counts[rule][verdict], tally[rule+" "+verdict])
			}
		}
	}
	for _, key := range []string{"upload_bytes", "download_bytes", "parameter_set", "degree", "layers"} {
		if _, ok := got.Exchange[key]; !ok {
			t.Errorf("exchange has no %s", key)
		}
	}
	for _, key := range []string{"introspect", "facts", "encrypt", "evaluate", "decrypt", "verify"} {
		if got.Timings[key] <= 0 {
			t.Errorf("timings_ms has no %s", key)
		}
	}
	if got.Verification["re_executed"] != true || got.Verification["response_digest"] == "" {
		t.Errorf("verification is %v", got.Verification)
	}
}

func TestAReportSurvivesItsJSON(t *testing.T) {
	for name, r := range scenarios(t) {
		b := toJSON(t, r)
		again, err := report.Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !bytes.Equal(toJSON(t, again), b) {
			t.Errorf("%s: written again it has other bytes", name)
		}
	}
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	good := string(toJSON(t, scenarios(t)["conforming"]))
	for name, text := range map[string]string{
		"nothing":         "",
		"an empty object": "{}",
		"a truncation":    good[:len(good)-3],
		"two reports":     good + good,
		"an unknown key":  `{"schema_version":"1","x":1}`,
	} {
		if _, err := report.Parse([]byte(text)); err == nil {
			t.Errorf("%s is taken for a report", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	// Two facts are enough for every field; whole reports make slow seeds.
	r := bigReport(f, 2)
	r.Waivers = scenarios(f)["deviating"].Waivers
	f.Add(toJSON(f, r))
	r.Introspection, r.Findings = nil, nil
	f.Add(toJSON(f, r))
	f.Add([]byte(`{"schema_version":"1","facts":[{"kind":"column","name":"\u001b[2J\u202e"}],"findings":[{"severity":"high","sql":"<script>"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := report.Parse(b)
		if err != nil {
			return
		}
		// Whatever was read can be shown: no form may panic.
		var out bytes.Buffer
		_ = r.WriteText(&out, report.TextOptions{Width: 60, Color: true})
		_ = r.WriteHTML(&out)
		_ = r.WriteSARIF(&out)
		_, _ = r.JSON()
	})
}
