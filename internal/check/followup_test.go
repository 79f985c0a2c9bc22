package check_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/keys"
)

const wantedBilling = `
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE bill (
  id bigint PRIMARY KEY, code varchar(20) DEFAULT '' NOT NULL, amount numeric(12,2) DEFAULT 0, made timestamptz DEFAULT now(),
  state state DEFAULT 'open', secret varchar(20), odd text, gone integer);
CREATE TABLE salary (person integer, amount bigint);`

const havingBilling = `
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE bill (
  id serial PRIMARY KEY, code varchar(10) DEFAULT 'N' NOT NULL, amount numeric(10,2) DEFAULT 0.0, made timestamp DEFAULT CURRENT_TIMESTAMP,
  state state DEFAULT 'closed', secret varchar(10), odd circle);
CREATE TABLE salary (person integer, amount integer);`

// follow checks the two schemas under a tenant's policy, and asks on.
func follow(t *testing.T, policy string, change func(*check.Options)) (*check.Outcome, *check.Answers, *[]string) {
	t.Helper()
	w, err := template.ParseWithholding([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	o := check.Options{
		Template: text(wantedBilling), Tenant: text(havingBilling), Meta: template.Meta{Slug: "billing", Version: "3"}, Withholding: w,
	}
	if change != nil {
		change(&o)
	}
	out, err := check.Check(t.Context(), newServer(t), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Progress = func(step string) { steps = append(steps, step) }
	answers, err := check.FollowUp(t.Context(), out, o)
	if err != nil {
		t.Fatal(err)
	}
	return out, answers, &steps
}

func found(s string) template.Finding { return template.Finding{State: template.Found, Detail: s} }

func TestAFollowUpNamesWhatTheTenantHasInstead(t *testing.T) {
	out, answers, _ := follow(t, "withhold: [{table: salary}, {name: secret}]\nfollow_up: [type, default]", nil)
	column := func(name string) schema.ColumnName {
		return schema.ColumnName{Schema: "public", Table: "bill", Column: name}
	}
	want := template.Answers{
		column("id"):     {Type: found("integer")},
		column("code"):   {Type: found("character varying(10)"), Default: found("'N'")},
		column("amount"): {Type: found("numeric(10,2)"), Default: found("0.0")},
		column("made"):   {Type: found("timestamp without time zone"), Default: found("CURRENT_TIMESTAMP")},
		column("state"):  {Default: found("'closed'")},
		column("odd"):    {Type: template.Finding{State: template.NoneFound}},
	}
	if d := cmp.Diff(want, answers.Columns); d != "" {
		t.Error(d)
	}
	if answers.Exchange.Result.Session == out.Exchange.Result.Session || len(answers.Exchange.Messages) != 10 {
		t.Error("the follow-up is no comparison of its own")
	}
	view, err := diff.TablesByVerdict(out.Template, out.Exchange.Result.Verdicts, answers.Columns.Facts())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := diff.WriteText(&b, view, diff.TextOptions{Changes: true}); err != nil {
		t.Fatal(err)
	}
	const drawn = `  table public.bill
    amount
-     numeric(10,2)
+     numeric(12,2)
-     default 0.0
+     default 0
    code not null
-     character varying(10)
+     character varying(20)
-     default 'N'
+     default ''
+   gone integer
    id not null
-     integer
+     bigint
    made
-     timestamp without time zone
+     timestamp with time zone
-     default CURRENT_TIMESTAMP
+     default now()
    odd
+     text
?   secret character varying(20)
    state public.state
-     default 'closed'
+     default 'open'
? table public.salary
?   amount bigint
?   person integer
  (1 without a difference)
`
	if b.String() != drawn {
		t.Errorf("what the service can draw is\n%swant\n%s", b.String(), drawn)
	}
}

func TestOnlyKindsThatThePolicyAllowsAreAskedAbout(t *testing.T) {
	for policy, want := range map[string]schema.Kind{"follow_up: [type]": schema.KindColumnType, "follow_up: [default]": schema.KindDefault} {
		_, answers, _ := follow(t, policy, nil)
		if answers == nil {
			t.Errorf("%s: nothing is asked", policy)
			continue
		}
		for _, j := range answers.Template.Judged {
			if j.Fact.Kind != want {
				t.Errorf("%s: asked about %s", policy, j.Fact)
			}
		}
	}
}

func TestWhatIsWithheldIsNotAskedAbout(t *testing.T) {
	_, answers, _ := follow(t, "withhold: [{table: salary}, {name: secret}, {kind: default, name: code}]\nfollow_up: [type, default]", nil)
	for _, j := range answers.Template.Judged {
		if f := j.Fact; f.Table == "salary" || f.Name == "secret" || f.Name == "code" && f.Kind == schema.KindDefault {
			t.Errorf("asked about %s", f)
		}
	}
}

// The service might ask for more than follows from the verdicts. Whatever it asks,
// the tenant's selectors decide.
func TestAWithheldFactIsNotAnsweredEvenIfItIsAsked(t *testing.T) {
	w, err := template.ParseWithholding([]byte("withhold: [{name: secret}]\nfollow_up: [type]"))
	if err != nil {
		t.Fatal(err)
	}
	o := check.Options{
		Template: text(wantedBilling), Tenant: text(havingBilling), Meta: template.Meta{Slug: "billing"}, Withholding: w,
	}
	out, err := check.Check(t.Context(), newServer(t), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, j := range out.Template.Judged {
		if j.Fact.Name == "secret" && j.Fact.Kind == schema.KindColumn {
			out.Exchange.Result.Verdicts[i] = schema.Present
		} else if j.Fact.Name == "secret" {
			out.Exchange.Result.Verdicts[i] = schema.Absent
		}
	}
	answers, err := check.FollowUp(t.Context(), out, o)
	if err != nil {
		t.Fatal(err)
	}
	got, asked := answers.Columns[schema.ColumnName{Schema: "public", Table: "bill", Column: "secret"}]
	if !asked || got.Type.State != template.Withheld {
		t.Errorf("the answer is %+v, want withheld", got)
	}
}

// markless fails whoever begins a session.
type counting struct{ sessions map[[32]byte]int }

func (c counting) MarkSession(s [32]byte) error          { c.sessions[s]++; return nil }
func (counting) RecordResponse([32]byte, [32]byte) error { return nil }

func TestWithoutConsentOrQuestionsNoMessageIsExchanged(t *testing.T) {
	for name, c := range map[string]struct {
		policy   string
		tenant   string
		sessions int
	}{
		"no consent":    {"", havingBilling, 1},
		"empty consent": {"follow_up: []", havingBilling, 1},
		"no questions":  {"follow_up: [type, default]", wantedBilling, 1},
		"both":          {"follow_up: [type, default]", havingBilling, 2},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := counting{map[[32]byte]int{}}
			_, answers, steps := follow(t, c.policy, func(o *check.Options) {
				root, err := keys.NewRoot(rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				o.Tenant, o.Root, o.Ledger = text(c.tenant), root, ledger
			})
			if (answers != nil) != (c.sessions == 2) || len(ledger.sessions) != c.sessions || (len(*steps) > 0) != (c.sessions == 2) {
				t.Errorf("answers %v after %d sessions and the steps %q, want %d sessions", answers, len(ledger.sessions), *steps, c.sessions)
			}
		})
	}
}

var _ compare.Ledger = counting{}
