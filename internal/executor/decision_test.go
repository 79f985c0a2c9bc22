package executor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/internal/executor"
)

func TestDecisionsAreRead(t *testing.T) {
	got, err := executor.ParseDecisions(strings.NewReader(`{"decisions": [
		{"id": "lossy:public.t.a", "choice": "convert"}, {"id": "rows:public.t.b", "choice": "fill", "value": ""},
		{"id": "rows:public.t.b", "choice": "fill", "value": ""}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := executor.Decisions{
		"lossy:public.t.a": {ID: "lossy:public.t.a", Choice: "convert"},
		"rows:public.t.b":  {ID: "rows:public.t.b", Choice: "fill"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if none, err := executor.ParseDecisions(strings.NewReader("")); err != nil || len(none) > 0 {
		t.Errorf("an empty file has %v, %v", none, err)
	}
}

func TestDecisionsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, c := range []struct{ says, file, want string }{
		{"no id", `decisions: [{choice: skip}]`, "decision 1 has no id"},
		{"no such choice", `decisions: [{id: x, choice: maybe}]`, "which there is not"},
		{"a value too many", `decisions: [{id: x, choice: skip, value: y}]`, "takes none"},
		{"a value too few", `decisions: [{id: x, choice: rename}]`, "lacks the other name"},
		{"two minds", `decisions: [{id: x, choice: skip}, {id: x, choice: convert}]`, "differently before"},
		{"a zero byte", `decisions: [{id: x, choice: fill, value: "a\0b"}]`, "zero byte"},
		{"another field", `decisions: [{id: x, choice: skip, why: y}]`, "not understood"},
	} {
		t.Run(c.says, func(t *testing.T) {
			_, err := executor.ParseDecisions(strings.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
