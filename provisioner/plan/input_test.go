package plan_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/provisioner/plan"
)

// origins says of everything that New is given and that can hold a name where it comes from. Nothing comes from the tenant's catalog: a
// verdict is one of three numbers, and what a follow-up comparison found is one of the details that the service asked for.
var origins = map[string]string{
	"schema.Fact.Schema":        "the template: facts are those of its DDL, or judged ones",
	"schema.Fact.Table":         "the template",
	"schema.Fact.Name":          "the template",
	"schema.Fact.Detail":        "the template",
	"schema.Spelling.SQL":       "the template's own server",
	"schema.Relation.Schema":    "the template: of a Spelling's Object",
	"schema.Relation.Name":      "the template",
	"plan.Object.Schema":        "the template: of a Body or a Need",
	"plan.Object.Table":         "the template",
	"plan.Object.Name":          "the template",
	"plan.Object.Detail":        "the template",
	"plan.Body.SQL":             "the template's own server",
	"plan.Blueprint.Extensions": "the template",
	"plan.Goal.Was":             "the alternatives that the service asked for",
	"plan.Config.Strategy":      "who plans",
	"plan.Config.Validators":    "who plans: they say no to a plan, and put nothing in",
	"plan.Config.Unsafe":        "who plans: it says why SQL of the template may not run, and its reasons quote the template",
}

// A plan never contains a name that only the tenant has, because New is given none: this walks the types of its arguments. A new field that
// can hold a name has to be put into the table above, by somebody who knows where it comes from.
func TestNothingThatPlansAreMadeOfHasAPlaceForTheTenantsNames(t *testing.T) {
	found := make(map[string]bool)
	seen := make(map[reflect.Type]bool)
	var walk func(v reflect.Type, at string)
	walk = func(v reflect.Type, at string) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(v.Elem(), at)
		case reflect.Map:
			walk(v.Key(), at)
			walk(v.Elem(), at)
		case reflect.Struct:
			if seen[v] {
				return
			}
			seen[v] = true
			for i := range v.NumField() {
				walk(v.Field(i).Type, v.String()+"."+v.Field(i).Name)
			}
		case reflect.Bool, reflect.Uint8:
		default: // strings, and whatever might give some
			found[at] = true
		}
	}
	arguments := reflect.TypeOf(plan.New)
	for i := range arguments.NumIn() {
		walk(arguments.In(i), "")
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(origins)), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("what can hold a name (-listed +found):\n%s", diff)
	}
	var types []string
	for v := range seen {
		types = append(types, v.String())
	}
	slices.Sort(types)
	want := []string{
		"plan.Blueprint", "plan.Body", "plan.Config", "plan.Goal", "plan.Need", "plan.Object", "schema.Fact", "schema.Relation", "schema.Spelling",
	}
	if !slices.Equal(types, want) {
		t.Errorf("New is given %v, want %v", types, want)
	}
}
