package diff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func wanted() *schema.Database {
	d := database(
		"public.person: id bigint!, name text!='', born date",
		"public.visit: id bigint!, person_id bigint",
		"public.claim: id bigint!, amount numeric(10,2)=0",
	)
	d.Tables[1].Constraints = []schema.Constraint{{
		Type: schema.ForeignKey, Columns: []string{"person_id"},
		Target: schema.Relation{Schema: "public", Name: "person"}, TargetColumns: []string{"id"},
	}}
	d.Enums = []schema.Enum{{Relation: schema.Relation{Schema: "public", Name: "sex"}, Labels: []string{"f", "m"}}}
	return d
}

func deviating() *schema.Database {
	return database(
		"cdm.old_person: id integer!, full_name text='', born date, ssn text!",
		"cdm.visit: id bigint!, person_id bigint",
		"cdm.scratch: x integer",
	)
}

var mapping = schema.Mapping{
	Schemas: map[string]string{"cdm": "public"},
	Tables:  map[schema.Relation]string{{Schema: "cdm", Name: "old_person"}: "person"},
	Columns: map[schema.ColumnName]string{{Schema: "cdm", Table: "old_person", Column: "full_name"}: "name"},
}

func TestTablesAreComparedByNameWithRenamesAppliedFirst(t *testing.T) {
	v, err := diff.Tables(deviating(), mapping, build(t, wanted(), ""))
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, text(t, v, diff.TextOptions{}), `
+ enum public.sex ('f', 'm')
+ table public.claim
+   amount numeric(10,2) default 0
+   id bigint not null
  table public.person (renamed from cdm.old_person)
    born date
    id not null
-     integer
+     bigint
    name (renamed from full_name) text default ''
+     not null
-   ssn text not null
- table public.scratch (renamed from cdm.scratch)
-   x integer
  table public.visit (renamed from cdm.visit)
    id bigint not null
    person_id bigint
+   foreign key (person_id) references public.person (id)
`)
	wantText(t, text(t, v, diff.TextOptions{Changes: true}), `
+ enum public.sex ('f', 'm')
+ table public.claim
+   amount numeric(10,2) default 0
+   id bigint not null
  table public.person (renamed from cdm.old_person)
    id not null
-     integer
+     bigint
    name (renamed from full_name) text default ''
+     not null
-   ssn text not null
- table public.scratch (renamed from cdm.scratch)
-   x integer
  table public.visit (renamed from cdm.visit)
+   foreign key (person_id) references public.person (id)
`)
	if v.Same() {
		t.Error("the view calls itself the same")
	}
}

func TestAMappingThatDoesNotFitIsAnError(t *testing.T) {
	m := schema.Mapping{Schemas: map[string]string{"nowhere": "public"}}
	if _, err := diff.Tables(deviating(), m, build(t, wanted(), "")); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}

func TestTablesAreComparedByNothingButVerdicts(t *testing.T) {
	tmpl := build(t, wanted(), "")
	said := verdicts(tmpl, facts(t, deviating(), mapping))
	for i, j := range tmpl.Judged {
		if j.Fact.Table == "visit" && j.Fact.Name == "person_id" || j.Fact.Kind == schema.KindNotNull {
			said[i] = schema.Undisclosed
		}
	}
	answers := schema.Facts{{Kind: schema.KindColumnType, Schema: "public", Table: "person", Name: "id", Detail: "integer"}}
	v, err := diff.TablesByVerdict(tmpl, said, answers)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, text(t, v, diff.TextOptions{}), `
+ enum public.sex ('f', 'm')
+ table public.claim
+   amount numeric(10,2) default 0
+   id bigint
?     not null
  table public.person
    born date
    id
-     integer
+     bigint
?     not null
    name text default ''
?     not null
  table public.visit
    id bigint
?     not null
?   person_id bigint
+   foreign key (person_id) references public.person (id)
`)
}

func TestRulesOfATemplateShowInItsDiff(t *testing.T) {
	policy := `
optional: [{kind: default}, {table: claim}]
forbidden:
  - {kind: column, schema: public, table: person, name: ssn}
  - {kind: column, schema: public, table: person, name: passport}
  - {kind: column, schema: public, table: secret, name: key}
any_of:
  - name: person key
    facts:
      - {kind: type, schema: public, table: person, name: id, detail: integer}
      - {kind: type, schema: public, table: person, name: id, detail: bigint}
  - name: visit key
    facts:
      - {kind: type, schema: public, table: visit, name: id, detail: uuid}
      - {kind: type, schema: public, table: visit, name: id, detail: text}
`
	tenant := database(
		"public.person: id integer!, name text!, born date, ssn text!",
		"public.visit: id bigint!, person_id bigint",
		"public.secret: key text",
	)
	tmpl := build(t, wanted(), policy)
	v, err := diff.Tables(tenant, schema.Mapping{}, tmpl)
	if err != nil {
		t.Fatal(err)
	}
	const missing = `
+ enum public.sex ('f', 'm')
+ table public.claim (optional)
+   amount numeric(10,2) default 0
+   id bigint not null
`
	wantText(t, text(t, v, diff.TextOptions{Changes: true}), missing+`  table public.person
    name text not null
+     default '' (optional)
-   ssn text not null (forbidden)
- table public.secret
-   key text (forbidden)
  table public.visit
    id bigint not null
+     text (one of "visit key")
+     uuid (one of "visit key")
+   foreign key (person_id) references public.person (id)
`)
	if v, err = diff.TablesByVerdict(tmpl, verdicts(tmpl, facts(t, tenant, schema.Mapping{})), nil); err != nil {
		t.Fatal(err)
	}
	wantText(t, text(t, v, diff.TextOptions{Changes: true}), missing+`  table public.person
    name text not null
+     default '' (optional)
-   ssn (forbidden)
- table public.secret
-   key (forbidden)
  table public.visit
    id bigint not null
+     text (one of "visit key")
+     uuid (one of "visit key")
+   foreign key (person_id) references public.person (id)
`)
}

func TestWhatIsUndisclosedIsNeverShownAsThereOrNotThere(t *testing.T) {
	tmpl := build(t, wanted(), "forbidden: [{kind: column, schema: public, table: person, name: ssn}]")
	said := make([]schema.Verdict, len(tmpl.Judged))
	for i := range said {
		said[i] = schema.Undisclosed
	}
	v, err := diff.TablesByVerdict(tmpl, said, nil)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text(t, v, diff.TextOptions{})) {
		if !strings.HasPrefix(line, "? ") {
			t.Errorf("got %q", line)
		}
	}
	if v.Same() {
		t.Error("a view of nothing known calls itself the same")
	}
}

func TestVerdictsThatAreNoneAreRefused(t *testing.T) {
	tmpl := build(t, wanted(), "")
	for name, said := range map[string][]schema.Verdict{
		"too few": {schema.Present}, "unknown ones": make([]schema.Verdict, len(tmpl.Judged)),
	} {
		if _, err := diff.TablesByVerdict(tmpl, said, nil); err == nil {
			t.Errorf("%s are accepted", name)
		}
		if _, err := diff.ColumnOrderByVerdict(&wanted().Tables[0], tmpl, said); err == nil {
			t.Errorf("%s are accepted for an order", name)
		}
	}
}

// drawDatabase draws tables with columns, some of which another draw has too.
func drawDatabase(t *rapid.T, label string) *schema.Database {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	d := &schema.Database{Schemas: []string{"a", "b"}}
	for _, name := range []string{"a.t", "a.u", "b.t", "b.v"} {
		line := name + ": "
		for _, column := range []string{"x", "y", "z"} {
			if c := pick("", " integer", " bigint", " bigint!", " integer=0", " bigint=1"); c != "" {
				line += column + c + ", "
			}
		}
		if strings.HasSuffix(line, ", ") && pick("with", "without") == "with" {
			d.Tables = append(d.Tables, table(strings.TrimSuffix(line, ", ")))
		}
	}
	return d
}

// Comparing places and verdicts, with the tenant's other facts known besides,
// gives what comparing names gives: it is one piece of code.
func TestNamesAndVerdictsGiveTheSameView(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tenant := drawDatabase(r, "tenant")
		theirs := drawDatabase(r, "template")
		if len(theirs.Tables) == 0 {
			r.Skip("an empty template")
		}
		tmpl := build(t, theirs, rapid.SampledFrom([]string{"", "optional: [{kind: default}]", `optional: [{table: u}]
any_of:
  - name: either
    facts: [{kind: type, schema: a, table: t, name: x, detail: integer}, {kind: type, schema: a, table: t, name: x, detail: bigint}]
forbidden: [{kind: column, schema: b, table: w, name: x}]
`}).Filter(func(policy string) bool {
			_, err := template.Compile(template.Meta{Slug: "x", Version: "1"}, facts(t, theirs, schema.Mapping{}), []byte(policy))
			return err == nil
		}).Draw(r, "policy"))
		byName, err := diff.Tables(tenant, schema.Mapping{}, tmpl)
		if err != nil {
			r.Fatal(err)
		}
		mine := facts(t, tenant, schema.Mapping{})
		byVerdict, err := diff.TablesByVerdict(tmpl, verdicts(tmpl, mine), mine)
		if err != nil {
			r.Fatal(err)
		}
		if d := cmp.Diff(byName, byVerdict); d != "" {
			r.Error(d)
		}
	})
}
