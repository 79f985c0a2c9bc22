package diff_test

import (
	"fmt"
	"os"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// The service has the template and verdicts, and draws a diff from them.
func Example() {
	fact := func(k schema.Kind, name, detail string) schema.Fact {
		return schema.Fact{Kind: k, Schema: "public", Table: "patient", Name: name, Detail: detail}
	}
	t, err := template.Build(template.Meta{Slug: "clinic", Version: "1"}, schema.NewFacts([]schema.Fact{
		fact(schema.KindTable, "", ""),
		fact(schema.KindColumn, "id", ""),
		fact(schema.KindColumnType, "id", "bigint"),
		fact(schema.KindColumn, "email", ""),
		fact(schema.KindColumnType, "email", "text"),
	}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	verdicts := []schema.Verdict{
		schema.Present,                     // the table
		schema.Undisclosed, schema.Present, // the columns email and id
		schema.Undisclosed, schema.Absent, // their types
	}
	known := schema.Facts{fact(schema.KindColumnType, "id", "integer")}
	view, err := diff.TablesByVerdict(t, verdicts, known)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := diff.WriteText(os.Stdout, view, diff.TextOptions{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	//   table public.patient
	// ?   email text
	//     id
	// -     integer
	// +     bigint
}

func ExampleSlices() {
	equal := func(x, y string) bool { return x == y }
	for _, e := range diff.Slices([]string{"id", "dob", "city"}, []string{"id", "city", "born"}, equal) {
		fmt.Printf("%s %q %q\n", e.Op, e.X, e.Y)
	}
	// Output:
	// keep "id" "id"
	// delete "dob" ""
	// keep "city" "city"
	// insert "" "born"
}
