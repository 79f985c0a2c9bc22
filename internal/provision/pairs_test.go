package provision_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// upgrades are pairs of versions of real schemas. What a person has to decide, and decided here, is in testdata/decisions.
var upgrades = [][2]string{
	{"omop_cdm_v5_3", "omop_cdm_v5_4"},
	{"omop_cdm_v5_4", "omop_cdm_v6_0"},
	{"synthea_v270", "synthea_v330"},
	{"mimic_iv_v2_0", "mimic_iv_v3_1"},
	{"killbill_0_18_22", "killbill_0_22_33"},
	{"killbill_0_22_33", "killbill_0_24_21"},
	{"osm_website_2015", "osm_website_2021"},
	{"osm_website_2021", "osm_website_2026"},
	{"mediawiki_1_39", "mediawiki_1_43"},
	{"fhirbase_3_0_1", "fhirbase_4_0_0"},
}

// tidy makes generated rows such as a real tenant's are, where the next version has a key or check that random rows break: nobody's
// software could decide which of two equal keys is the right one.
var tidy = map[string]string{
	"omop_cdm_v5_3": `UPDATE cdm.condition_era SET person_id = (SELECT min(person_id) FROM cdm.person)`,
	"omop_cdm_v5_4": `UPDATE cdm.concept SET invalid_reason = 'D', standard_concept = 'C', concept_code = concept_id::text;
		UPDATE cdm.concept_synonym SET concept_synonym_name = 'a name';
		UPDATE cdm.concept_relationship SET invalid_reason = 'D';
		UPDATE cdm.note_nlp SET note_id = (SELECT min(note_id) FROM cdm.note);
		UPDATE cdm.relationship SET reverse_relationship_id = relationship_id;
		UPDATE cdm.source_to_concept_map SET source_vocabulary_id = (SELECT min(vocabulary_id) FROM cdm.vocabulary);
		UPDATE cdm.drug_strength s SET drug_concept_id = c.concept_id
			FROM (SELECT concept_id, row_number() OVER () AS n FROM cdm.concept) c, (SELECT ctid, row_number() OVER () AS n FROM cdm.drug_strength) k
			WHERE s.ctid = k.ctid AND c.n = k.n`,
	"killbill_0_22_33": `UPDATE rolled_up_usage SET amount = record_id; UPDATE invoice_items SET quantity = 1; UPDATE invoice_item_history SET quantity = 2`,
	"osm_website_2021": `UPDATE changeset_tags SET k = k || ctid::text; UPDATE current_relation_members SET sequence_id = substr(ctid::text, 4, length(ctid::text) - 4)::int`,
}

// numbered are columns that a person fills with numbers of their own, because a key follows.
var numbered = map[string]bool{
	"metadata.metadata_id": true, "subscriptions.external_key": true, "pagelinks.pl_target_id": true,
}

// Real schemas with rows in every table become the next version. They stop with exactly the decisions of the golden file, and conform when
// those are made.
func TestRealSchemasAreUpgraded(t *testing.T) {
	for _, pair := range upgrades {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			d := newTenant(t)
			d.load(t, pair[0], ddl(t, pair[0]))
			d.fill(t, 10)
			d.exec(t, tidy[pair[0]])
			o := options(t, d, pair[1], ddl(t, pair[1]))
			o.Strategy = plan.Validated
			out, asked := complete(t, d, o)
			golden(t, filepath.Join("testdata", "decisions", pair[0]+"-"+pair[1]+".yaml"), asked)
			if out.Result != provision.Completed || out.After.Verdict != template.Conforms {
				t.Fatalf("%s", out.Result)
			}
		})
	}
}

// complete runs, decides what it is asked, and runs again until nothing more is asked.
func complete(t testing.TB, d *tenant, o provision.Options) (*provision.Outcome, []byte) {
	t.Helper()
	o.Decisions = executor.Decisions{}
	asked := make(map[string]executor.Decision)
	s := server(t)
	for round := 1; ; round++ {
		out, err := provision.Run(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		show(t, out)
		if out.Result != provision.NeedsDecision || round == 8 {
			return out, decisionsFile(asked, o.Decisions)
		}
		for _, q := range out.Decisions {
			if _, again := asked[q.ID]; again && o.Decisions[q.ID].Choice == executor.ChooseSkip {
				t.Fatalf("%s is asked again", q.ID)
			}
			asked[q.ID] = q
			o.Decisions[q.ID] = d.decide(t, q, o.Decisions[q.ID])
		}
	}
}

// decide answers as a person might who wants the template: values are converted, and filled with what the foreign keys allow.
func (d *tenant) decide(t testing.TB, q executor.Decision, before executor.Answer) executor.Answer {
	t.Helper()
	a := executor.Answer{ID: q.ID, Choice: executor.ChooseSkip}
	for _, c := range q.Choices {
		if c.Choice == executor.ChooseConvert && before.Choice == "" {
			a.Choice = c.Choice
			return a
		}
		if c.Choice == executor.ChooseClear && before.Choice == "" {
			a.Choice = c.Choice
			return a
		}
		if c.Choice == executor.ChooseNumber && numbered[q.Fact.Table+"."+q.Fact.Name] {
			a.Choice = c.Choice
			return a
		}
		if c.Choice == executor.ChooseFill && !numbered[q.Fact.Table+"."+q.Fact.Name] && before.Choice != executor.ChooseFill {
			a.Choice, a.Value = c.Choice, d.value(t, q.Fact)
			return a
		}
		if c.Choice == executor.ChooseNumber && before.Choice != executor.ChooseNumber {
			a.Choice, a.Value = c.Choice, ""
			return a
		}
	}
	return a
}

// value is one that the target of a foreign key has, or else one that a column of this name might have.
func (d *tenant) value(t testing.TB, f schema.Fact) string {
	t.Helper()
	if to, ok := f.Target(); ok {
		var id string
		column := f.Detail[strings.LastIndex(f.Detail, "(")+1 : strings.LastIndex(f.Detail, ")")]
		for _, s := range []string{to.Schema, "cdm"} {
			if err := d.conn.QueryRow(t.Context(), "SELECT min("+column+")::text FROM "+s+"."+to.Name).Scan(&id); err == nil {
				return id
			}
		}
	}
	switch {
	case f.Name == "person_id":
		var id string
		if err := d.conn.QueryRow(t.Context(), "SELECT min(person_id)::text FROM cdm.person").Scan(&id); err == nil {
			return id
		}
	case strings.HasSuffix(f.Name, "concept_id"):
		var id string
		if err := d.conn.QueryRow(t.Context(), "SELECT min(concept_id)::text FROM cdm.concept").Scan(&id); err == nil {
			return id
		}
	case strings.HasSuffix(f.Name, "_date"), strings.HasSuffix(f.Name, "_at"), strings.HasSuffix(f.Name, "datetime"), strings.HasSuffix(f.Name, "time"):
		return "2000-01-01"
	}
	return "0"
}

// decisionsFile is a decisions file with the questions as comments.
func decisionsFile(asked map[string]executor.Decision, answers executor.Decisions) []byte {
	var b bytes.Buffer
	b.WriteString("decisions:\n")
	for _, id := range slices.Sorted(maps.Keys(asked)) {
		var choices []string
		for _, c := range asked[id].Choices {
			choices = append(choices, c.Choice)
		}
		fmt.Fprintf(&b, "  # %s\n  # choices: %s\n", asked[id].Why, strings.Join(choices, ", "))
		a := answers[id]
		fmt.Fprintf(&b, "  - {id: %q, choice: %s", id, a.Choice)
		if a.Value != "" {
			fmt.Fprintf(&b, ", value: %q", a.Value)
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

func golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("decisions differ from %s (-want +got):\n%s", path, diff)
	}
}

func show(t testing.TB, out *provision.Outcome) {
	t.Helper()
	counts := map[string]int{}
	for _, a := range out.Actions {
		counts[string(a.Do)]++
	}
	t.Logf("%s: %d steps, actions %v, %d decisions, timings %+v %s", out.Result, len(out.Plan.Steps), counts, len(out.Decisions), out.Timings, out.Cause)
	if out.After != nil && out.After.Verdict != template.Conforms {
		for i, f := range out.After.Findings {
			if i < 20 {
				t.Logf("%+v", f)
			}
		}
	}
}

// GitLab goes over seven years in one step; every construct that cannot be planned, and all that rows do not allow, is named in the golden
// file. Its decisions are made from the beginning, because each round takes a minute; -update asks for them anew.
func TestGitLabIsUpgradedButForWhatIsNamed(t *testing.T) {
	if !testenv.Long() {
		t.Skip("it takes a minute of both cores; VEIL_LONG=1 runs it")
	}
	path := filepath.Join("testdata", "decisions", "gitlab_11_ce-gitlab_18.yaml")
	d := newTenant(t)
	d.load(t, "gitlab_11_ce", ddl(t, "gitlab_11_ce"))
	d.fill(t, 5)
	o := options(t, d, "gitlab_18", ddl(t, "gitlab_18"))
	if *update {
		_, asked := complete(t, d, o)
		golden(t, path, asked)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	if o.Decisions, err = executor.ParseDecisions(file); err != nil {
		t.Fatal(err)
	}
	out, err := provision.Run(t.Context(), server(t), o)
	if err != nil {
		t.Fatal(err)
	}
	show(t, out)
	for _, q := range out.Decisions {
		t.Errorf("%s is not in the golden file: %s", q.ID, q.Why)
	}
	if out.Result != provision.Completed {
		t.Fatal(out.Result)
	}
}
