package diff_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// table reads "public.person: id integer!, name text=”, born date": a column is
// its name, its type, an exclamation mark where it is not null, and a default.
func table(line string) schema.Table {
	name, list, _ := strings.Cut(line, ": ")
	s, n, _ := strings.Cut(name, ".")
	t := schema.Table{Relation: schema.Relation{Schema: s, Name: n}}
	for text := range strings.SplitSeq(list, ", ") {
		var c schema.Column
		text, c.Default, _ = strings.Cut(text, "=")
		text, c.NotNull = strings.CutSuffix(text, "!")
		c.Name, c.Type, _ = strings.Cut(text, " ")
		t.Columns = append(t.Columns, c)
	}
	return t
}

func database(lines ...string) *schema.Database {
	d := new(schema.Database)
	seen := map[string]bool{}
	for _, line := range lines {
		t := table(line)
		d.Tables = append(d.Tables, t)
		if !seen[t.Schema] {
			seen[t.Schema] = true
			d.Schemas = append(d.Schemas, t.Schema)
		}
	}
	return d
}

func facts(t testing.TB, d *schema.Database, m schema.Mapping) schema.Facts {
	t.Helper()
	f, _, err := d.Facts(m)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func build(t testing.TB, d *schema.Database, policy string) *template.Template {
	t.Helper()
	tmpl, err := template.Compile(template.Meta{Slug: "example", Version: "1"}, facts(t, d, schema.Mapping{}), []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// verdicts are what an honest comparison says of the tenant's facts.
func verdicts(tmpl *template.Template, tenant schema.Facts) []schema.Verdict {
	list := make([]schema.Verdict, len(tmpl.Judged))
	for i, j := range tmpl.Judged {
		list[i] = schema.Absent
		if tenant.Has(j.Fact) {
			list[i] = schema.Present
		}
	}
	return list
}

func text(t testing.TB, v diff.View, o diff.TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := diff.WriteText(&b, v, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wantText(t testing.TB, got, want string) {
	t.Helper()
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
