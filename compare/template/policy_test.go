package template_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/template"
)

func wantError(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got error %q, want one with %q", err, want)
	}
}

// policyProblems holds one policy a fault, with the line and the words that
// must be reported.
var policyProblems = []struct {
	name, policy string
	line         int
	want         string
}{
	{"an unknown key", "optinal: []", 1, `did you mean "optional"?`},
	{"a key of nothing known", "\nfoo: 1", 2, "its keys are visibility, required"},
	{"a key twice", "optional: [{kind: index}]\noptional: []", 2, "first in line 1"},
	{"a scalar instead of a mapping", "hello", 1, "must be a mapping"},
	{"broken YAML", "optional: [", 1, "not YAML"},
	{"two documents", "optional: []\n---\noptional: []", 0, "more than one YAML document"},
	{"an anchor", "optional: &a [{kind: index}]", 1, "anchors and aliases"},
	{"a bare asterisk, which YAML takes for an alias", "optional:\n  - {table: *}", 2, `table: "claim*"`},
	{"deep nesting", "optional: [[[[[[[[[[[1]]]]]]]]]]]", 1, "nested more than"},
	{"a selector that names nothing", "optional:\n  - {}", 2, "names nothing"},
	{"a selector with an empty pattern", "optional:\n  - {table: ''}", 2, "is empty"},
	{"a selector with a detail", "optional:\n  - {detail: x}", 2, "not by detail"},
	{"a selector with an unknown kind", "optional:\n  - {kind: colum}", 2, "is no kind of fact"},
	{"a selector that matches nothing", "optional:\n  - {table: nowhere}", 2, "matches no fact"},
	{"a required selector that matches nothing", "required:\n  - {kind: trigger}", 2, "matches no fact"},
	{"a pattern that ends in a backslash", "optional:\n  - {table: 'a\\'}", 2, "ends in a backslash"},
	{"a list where a mapping belongs", "optional:\n  - [a]", 2, "must be a mapping"},
	{"a mapping where a list belongs", "optional: {kind: index}", 1, "must be a list"},
	{"an unknown visibility", "visibility: secret", 1, "public or confidential"},
	{
		"a wildcard in forbidden", "forbidden:\n  - {kind: column, schema: public, table: patient, name: 'ssn*'}", 2,
		"unknown names cannot be enumerated",
	},
	{"a forbidden entry without kind", "forbidden:\n  - {schema: public, table: x}", 2, "has no kind"},
	{"a forbidden entry without name", "forbidden:\n  - {kind: column, schema: public, table: x}", 2, "needs a name"},
	{
		"a forbidden fact of the DDL", "forbidden:\n  - {kind: column, schema: public, table: patient, name: id}", 2,
		"forbidden and required",
	},
	{
		"a forbidden fact twice",
		"forbidden:\n  - {kind: table, schema: public, table: x}\n  - {kind: table, schema: public, table: x}", 3, "first in line 2",
	},
	{
		"a type in a spelling that no fact has",
		"forbidden:\n  - {kind: type, schema: public, table: a, name: b, detail: int8}", 2, `spell "bigint"`,
	},
	{
		"a type with a size in a spelling that no fact has",
		"forbidden:\n  - {kind: type, schema: public, table: a, name: b, detail: 'timestamptz(3)[]'}", 2, `spell "timestamp(3) with time zone[]"`,
	},
	{"a group of one", "any_of:\n  - name: g\n    facts: [{kind: table, schema: p, table: a}]", 2, "2 or more"},
	{"a group without a name", "any_of:\n  - facts: []", 2, "has no name"},
	{
		"an alternative twice",
		"any_of:\n  - name: g\n    facts:\n    - {kind: table, schema: p, table: a}\n    - {kind: table, schema: p, table: a}", 5, "line 4",
	},
	{
		"a waiver without a reason",
		"waivers:\n  - {fact: {kind: column, schema: public, table: patient, name: id}, approver: a, expires: 2027-01-01}", 2, `no "reason"`,
	},
	{"a waiver of nothing", "waivers:\n  - {reason: r, approver: a, expires: 2027-01-01}", 2, "either a fact or a group"},
	{
		"a waiver with a malformed date",
		"waivers:\n  - {fact: {kind: column, schema: public, table: patient, name: id}, reason: r, approver: a, expires: 31.3.2027}", 2,
		"malformed",
	},
	{
		"a waiver with a day that does not exist",
		"waivers:\n  - {fact: {kind: column, schema: public, table: patient, name: id}, reason: r, approver: a, expires: 2027-02-30}", 2,
		"malformed",
	},
	{
		"a waiver for a fact that is not judged",
		"waivers:\n  - {fact: {kind: column, schema: public, table: patient, name: no}, reason: r, approver: a, expires: 2027-01-01}", 2,
		"not judged",
	},
	{"a waiver for an unknown group", "waivers:\n  - {group: g, reason: r, approver: a, expires: 2027-01-01}", 2, "does not have"},
	{
		"a waiver for an optional fact",
		"optional: [{kind: enum}]\nwaivers:\n" +
			"  - {fact: {kind: enum, schema: public, name: sex, detail: 'f,m'}, reason: r, approver: a, expires: 2027-01-01}", 3, "cannot fail",
	},
	{"an optional table with required columns", "\noptional: [{kind: table, table: audit_log}]", 2, "a tenant without the table would fail"},
	{"a tenant's key", "withhold: []", 1, "tenant's policy"},
	{"null where text belongs", "visibility: ~", 1, "got nothing"},
}

func TestEveryFaultOfAPolicyIsReportedWithItsLine(t *testing.T) {
	for _, c := range policyProblems {
		t.Run(c.name, func(t *testing.T) {
			_, err := template.Compile(clinicMeta, clinic(t), []byte(c.policy))
			wantError(t, err, c.want)
			var pe *template.PolicyError
			if !errors.As(err, &pe) {
				t.Fatalf("got %T, want a *PolicyError", err)
			}
			if len(pe.Problems) != 1 || pe.Problems[0].Line != c.line {
				t.Errorf("got problems %v, want one at line %d", pe.Problems, c.line)
			}
		})
	}
}

func TestAllFaultsAreListedTogetherInTheOrderOfTheirLines(t *testing.T) {
	const policy = `optional:
  - {table: nowhere}
  - {kind: nonsense}
colour: red
forbidden:
  - {kind: column, schema: public, table: patient, name: id}
`
	_, err := template.Compile(clinicMeta, clinic(t), []byte(policy))
	var pe *template.PolicyError
	if !errors.As(err, &pe) {
		t.Fatalf("got %v, want a *PolicyError", err)
	}
	var lines []int
	for _, p := range pe.Problems {
		lines = append(lines, p.Line)
	}
	if got, want := fmt.Sprint(lines), "[2 3 4 6]"; got != want {
		t.Errorf("problems are at lines %s, want %s:\n%v", got, want, err)
	}
	wantError(t, err, "4 problems:\n  line 2: ")
}

func TestParsePolicyFindsWhatNeedsNoSchema(t *testing.T) {
	if _, err := template.ParsePolicy([]byte("optional: [{table: nowhere}]")); err != nil {
		t.Errorf("got %v for a policy that only a schema can refute", err)
	}
	_, err := template.ParsePolicy([]byte("x: 1\ny: 2"))
	wantError(t, err, "2 problems")
}

func TestALongListOfProblemsIsCutAndCounted(t *testing.T) {
	_, err := template.ParsePolicy([]byte("optional:\n" + strings.Repeat("  - {}\n", 150)))
	wantError(t, err, "150 problems")
	wantError(t, err, "... and 50 more")
}

func TestAPolicyFileThatIsTooLargeIsRefused(t *testing.T) {
	_, err := template.ParsePolicy(make([]byte, template.MaxPolicyBytes+1))
	wantError(t, err, "more than the")
}

func TestABackslashTakesAWildcardLiterally(t *testing.T) {
	tmpl := compile(t, `forbidden: [{kind: column, schema: public, table: patient, name: 'ssn\*'}]`)
	if got := ruleOf(t, tmpl, "column public.patient.ssn*"); got != template.RuleForbidden {
		t.Errorf("the column ssn* is %v, want forbidden", got)
	}
}

func TestScalarsAreTakenAsTheyAreWritten(t *testing.T) {
	tmpl := compile(t, `forbidden: [{kind: column, schema: public, table: patient, name: yes}, {kind: column, schema: public, table: patient, name: 012}]`)
	for _, name := range []string{"yes", "012"} {
		if got := ruleOf(t, tmpl, "column public.patient."+name); got != template.RuleForbidden {
			t.Errorf("the column %s is %v, want forbidden", name, got)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(fullPolicy))
	for _, c := range policyProblems {
		f.Add([]byte(c.policy))
	}
	all := clinic(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		tmpl, err := template.Compile(clinicMeta, all, b)
		if err != nil {
			if err.Error() == "" || strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("the message is empty or moves the cursor: %q", err)
			}
			return
		}
		if _, err := tmpl.AppendBinary(nil); err != nil {
			t.Errorf("a policy was accepted that gives an invalid template: %v", err)
		}
	})
}
