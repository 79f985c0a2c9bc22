package diff_test

import (
	"testing"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
)

func TestColumnsThatStayInOrderStayAndOthersAreMoved(t *testing.T) {
	wanted := table("public.person: id int, name text, born date, city text, code text")
	tenant := table("cdm.old_person: born date, id int, full_name text, ssn text, city text")
	wantText(t, text(t, diff.ColumnOrder(&tenant, mapping, &wanted), diff.TextOptions{}), `
  columns of public.person (renamed from cdm.old_person)
-   born (moved)
    id
    name (renamed from full_name)
-   ssn
+   born (moved)
    city
+   code
`)
	same := diff.ColumnOrder(&wanted, schema.Mapping{}, &wanted)
	if !same.Same() || text(t, same, diff.TextOptions{Changes: true}) != "  (1 without a difference)\n" {
		t.Errorf("a table beside itself gives\n%s", text(t, same, diff.TextOptions{Changes: true}))
	}
}

func TestVerdictsShowColumnsInTheTemplatesOrder(t *testing.T) {
	d := database("public.person: id integer, name text, born date")
	tmpl := build(t, d, "")
	said := verdicts(tmpl, facts(t, database("public.person: id integer, born date"), schema.Mapping{}))
	for i, j := range tmpl.Judged {
		if j.Fact.Kind == schema.KindColumn && j.Fact.Name == "born" {
			said[i] = schema.Undisclosed
		}
	}
	d.Tables[0].Columns = append(d.Tables[0].Columns, schema.Column{Name: "unjudged"})
	v, err := diff.ColumnOrderByVerdict(&d.Tables[0], tmpl, said)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, text(t, v, diff.TextOptions{}), `
  columns of public.person
    id
+   name
?   born
?   unjudged
`)
}
