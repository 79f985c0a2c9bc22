package plan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// example reads the input of a file of testdata/plans.
func example(t testing.TB, name string) *input {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "plans", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, a)
}

// A digest is written down wherever a plan was approved: it must not change without the version in its domain changing.
func TestDigestsStayAsTheyAre(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"keys-and-checks", "undisclosed-facts-are-guarded", "forbidden-facts-are-removed"} {
		p, err := example(t, name).plan(t)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(name + " " + p.Digest + "\n")
	}
	path := filepath.Join("testdata", "digests.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// Every field that is in the JSON of a plan is in its digest.
func TestADigestChangesWithEveryField(t *testing.T) {
	in := example(t, "undisclosed-facts-are-guarded")
	p, err := in.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	p.Template[31]++
	if p.Verify() {
		t.Error("another template has the same digest")
	}
	p.Template[31]--
	p.Strategy += "x"
	if p.Verify() {
		t.Error("another strategy has the same digest")
	}
	p.Strategy = plan.Safe
	s := &p.Steps[3]
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("json") == "-" || !field.IsExported() {
			continue
		}
		before := reflect.New(field.Type).Elem()
		before.Set(v.Field(i))
		alter(t, v.Field(i))
		if p.Verify() {
			t.Errorf("another %s of a step has the same digest", field.Name)
		}
		v.Field(i).Set(before)
		if !p.Verify() {
			t.Fatalf("%s is not as it was", field.Name)
		}
	}
	p.Steps = p.Steps[:len(p.Steps)-1]
	if p.Verify() {
		t.Error("a plan with a step less has the same digest")
	}
}

// alter makes another value of the same type.
func alter(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		v.Set(reflect.Append(reflect.AppendSlice(reflect.Zero(v.Type()), v), reflect.Zero(v.Type().Elem())))
		if last := v.Index(v.Len() - 1); last.Type() == reflect.TypeFor[schema.Fact]() {
			last.Set(reflect.ValueOf(schema.Fact{Kind: schema.KindTable, Schema: "x", Table: "x"}))
		}
	default:
		t.Fatalf("fields of type %s are not altered", v.Type())
	}
}

// What the executor needs and the JSON leaves out follows from the rest, or the digest would not cover it.
func TestWhatTheJSONLeavesOutFollowsFromTheRest(t *testing.T) {
	var hidden []string
	for i := range reflect.TypeFor[plan.Step]().NumField() {
		if f := reflect.TypeFor[plan.Step]().Field(i); f.Tag.Get("json") == "-" {
			hidden = append(hidden, f.Name)
		}
	}
	if got := strings.Join(hidden, " "); got != "Object Parts" {
		t.Fatalf("the JSON leaves out %s", got)
	}
	for _, name := range []string{"a-new-table-has-its-columns-and-keys-follow", "keys-and-checks", "objects-of-a-schema", "undisclosed-facts-are-guarded"} {
		p, err := example(t, name).plan(t)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			for _, part := range []string{s.Object.Schema, s.Object.Table, s.Object.Name} {
				if !strings.Contains(s.ID, part) {
					t.Errorf("the id %s lacks %q of its object", s.ID, part)
				}
			}
			for column, clause := range s.Parts {
				if !strings.Contains(strings.Join(s.SQL, "\n"), clause) {
					t.Errorf("%s: the clause %q of the column %s is not in its SQL", s.ID, clause, column)
				}
			}
		}
	}
}

func TestAPlanWithoutStepsIsOne(t *testing.T) {
	p, err := plan.New(&plan.Blueprint{}, nil, plan.Config{Strategy: plan.Validated})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"digest":"` + p.Digest + `","strategy":"validated","steps":[]}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestStepsAreFoundByTheirIDs(t *testing.T) {
	p, err := example(t, "keys-and-checks").plan(t)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Steps {
		if p.Step(p.Steps[i].ID) != &p.Steps[i] {
			t.Errorf("%s is not found", p.Steps[i].ID)
		}
	}
	if p.Step("") != nil || p.Step("0001") != nil {
		t.Error("a step is found that is not there")
	}
}

func TestWhatNoRuleNamesIsForAPerson(t *testing.T) {
	p, err := example(t, "keys-and-checks").plan(t)
	if err != nil {
		t.Fatal(err)
	}
	for o, want := range map[plan.Obstacle]plan.Response{
		plan.NameTaken: plan.RespondRename, plan.OtherKey: plan.RespondReplace, plan.RowsInTheWay: plan.RespondAsk, plan.Dependents: plan.RespondAsk, "weather": plan.RespondAsk,
	} {
		if got := p.Steps[0].Response(o); got != want {
			t.Errorf("%s: got %s, want %s", o, got, want)
		}
	}
}
