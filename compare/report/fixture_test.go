package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

var madeAt = time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)

// clinicFacts reads one table a line, "table column:type column:type! ...",
// where ! stands for NOT NULL and the first column is the primary key.
func clinicFacts() schema.Facts {
	const tables = `
		patient       id:bigint! mrn:text! given_name:text! family_name:text! birth_date:date! email:text sex:public.sex!
		practitioner  id:bigint! licence:text! name:text! specialty:text
		organisation  id:bigint! name:text! country:character(2)!
		encounter     id:bigint! patient_id:bigint! practitioner_id:bigint! started_at:timestamp_with_time_zone! ended_at:timestamp_with_time_zone
		diagnosis     id:bigint! encounter_id:bigint! code:character_varying(16)! rank:smallint!
		medication    id:bigint! code:text! name:text! strength:numeric(10,3)
		prescription  id:bigint! encounter_id:bigint! medication_id:bigint! dose:numeric(10,3)! issued_on:date!
		coverage      id:bigint! patient_id:bigint! payer:text! member_no:text! valid:daterange!
		claim         id:bigint! encounter_id:bigint! coverage_id:bigint! total:numeric(12,2)! submitted_at:timestamp_with_time_zone! state:text!
		claim_line    id:bigint! claim_id:bigint! line_no:integer! code:text! amount:numeric(12,2)!
		payment       id:bigint! claim_id:bigint! paid_on:date! amount:numeric(12,2)!
		consent       id:bigint! patient_id:bigint! purpose:text! given_at:timestamp_with_time_zone! withdrawn_at:timestamp_with_time_zone
		audit_event   id:bigint! at:timestamp_with_time_zone! actor:text! action:text! subject:text`
	var list []schema.Fact
	for line := range strings.Lines(strings.TrimSpace(tables)) {
		words := strings.Fields(line)
		add := func(k schema.Kind, name, detail string) {
			list = append(list, schema.Fact{Kind: k, Schema: "public", Table: words[0], Name: name, Detail: detail})
		}
		add(schema.KindTable, "", "")
		add(schema.KindPrimaryKey, "", "(id)")
		for _, w := range words[1:] {
			w, notNull := strings.CutSuffix(w, "!")
			name, typ, _ := strings.Cut(w, ":")
			add(schema.KindColumn, name, "")
			add(schema.KindColumnType, name, strings.ReplaceAll(typ, "_", " "))
			if notNull {
				add(schema.KindNotNull, name, "")
			}
			if target, ok := strings.CutSuffix(name, "_id"); ok {
				add(schema.KindForeignKey, "", fmt.Sprintf("(%s) references public.%s (id)", name, target))
				add(schema.KindIndex, "", fmt.Sprintf("btree (%s)", name))
			}
		}
	}
	list = append(list, []schema.Fact{
		{Kind: schema.KindEnum, Schema: "public", Name: "sex", Detail: "('female', 'male', 'other', 'unknown')"},
		{Kind: schema.KindUnique, Schema: "public", Table: "claim_line", Detail: "(claim_id, line_no)"},
		{Kind: schema.KindUnique, Schema: "public", Table: "patient", Detail: "(mrn)"},
		{Kind: schema.KindCheck, Schema: "public", Table: "claim_line", Detail: "((amount >= (0)::numeric))"},
		{Kind: schema.KindDefault, Schema: "public", Table: "claim", Name: "state", Detail: "'draft'::text"},
		{Kind: schema.KindDefault, Schema: "public", Table: "audit_event", Name: "at", Detail: "now()"},
		{Kind: schema.KindRowSecurity, Schema: "public", Table: "consent", Detail: "enabled"},
		{Kind: schema.KindExtension, Name: "pgcrypto"},
		{Kind: schema.KindView, Schema: "public", Name: "open_claim", Detail: "(id bigint, total numeric)"},
	}...)
	return schema.NewFacts(list)
}

const clinicPolicy = `
optional:
  - kind: index
  - {kind: view, name: open_claim}
forbidden:
  - {kind: column, schema: public, table: patient, name: ssn}
  - {kind: column, schema: public, table: patient, name: religion}
any_of:
  - name: patient key
    facts:
      - {kind: type, schema: public, table: patient, name: id, detail: bigint}
      - {kind: type, schema: public, table: patient, name: id, detail: uuid}
  - name: dose
    facts:
      - {kind: type, schema: public, table: prescription, name: dose, detail: "numeric(10,3)"}
      - {kind: type, schema: public, table: prescription, name: dose, detail: numeric}
waivers:
  - fact: {kind: not_null, schema: public, table: practitioner, name: licence}
    reason: trainees have no licence yet
    approver: office of the medical director
    expires: 2027-03-31
  - fact: {kind: default, schema: public, table: audit_event, name: at, detail: now()}
    reason: set by the application until the next release
    approver: architecture board
    expires: 2026-06-30
  - group: patient key
    reason: keys are being widened
    approver: architecture board
    expires: 2026-12-31
`

// clinicAbsent lists what the deviating clinic lacks, by a prefix of the
// fact's text; clinicUndisclosed what it keeps back.
var (
	clinicAbsent = []string{
		"table public.consent", "column public.consent", "type public.consent", "not_null public.consent", "primary_key public.consent",
		"foreign_key public.consent", "row_security public.consent", "index public.consent",
		"column public.claim.submitted_at", "type public.claim.submitted_at", "not_null public.claim.submitted_at",
		"not_null public.patient.birth_date",
		"type public.diagnosis.code",
		"unique public.claim_line", "check public.claim_line",
		"foreign_key public.payment",
		"default public.claim.state", "default public.audit_event.at",
		"not_null public.practitioner.licence",
		"type public.prescription.dose",
		"enum public.sex",
		"extension pgcrypto",
		"index public.claim_line", "index public.encounter",
		"type public.patient.id: uuid",
		"column public.patient.religion",
	}
	clinicUndisclosed = []string{"type public.coverage", "not_null public.coverage", "check", "primary_key public.organisation"}
)

func clinicTemplate(t testing.TB) *template.Template {
	t.Helper()
	tmpl, err := template.Compile(template.Meta{Slug: "clinic", Version: "2.1.0", Title: "Outpatient clinic with claims"}, clinicFacts(), []byte(clinicPolicy))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// verdictsBy says absent or undisclosed for facts whose text starts with one
// of the prefixes, forbidden facts apart, and present for all others.
func verdictsBy(tmpl *template.Template, absent, undisclosed []string) []schema.Verdict {
	list := make([]schema.Verdict, len(tmpl.Judged))
	for i, j := range tmpl.Judged {
		list[i] = schema.Present
		if hasPrefix(j.Fact, absent) {
			list[i] = schema.Absent
		}
		if hasPrefix(j.Fact, undisclosed) {
			list[i] = schema.Undisclosed
		}
	}
	return list
}

func hasPrefix(f schema.Fact, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(f.String()+".", p) {
			return true
		}
	}
	return false
}

// inputFor fills everything that a comparison would measure.
func inputFor(tmpl *template.Template, verdicts []schema.Verdict) report.Input {
	return report.Input{
		Template: tmpl, Verdicts: verdicts, CreatedAt: madeAt, Generator: "veil 0.1.0",
		Introspection: &report.Introspection{
			ServerVersion: "15.18", Source: "live database", Schemas: []string{"clinic_prod"},
			StartedAt: madeAt.Add(-2 * time.Second), Facts: 263, Withheld: 2,
			Renames: []report.Rename{{What: "schema", From: "clinic_prod", To: "public"}},
			Coverage: schema.Coverage{
				Facts:     map[schema.Kind]int{schema.KindTable: 15, schema.KindColumn: 80, schema.KindTrigger: 2},
				NotJudged: []schema.NotJudged{{What: "comments", Reason: "they change no structure", Count: 12}, {What: "constraints", Reason: "NOT VALID: rows may break them", Count: 1}},
			},
		},
		Parties:       report.Parties{OneProcess: true, SizeBucket: 512},
		Exchange:      report.Exchange{UploadBytes: 252_341, DownloadBytes: 270_112, ParameterSet: "public-8192", Degree: 4, Layers: 1},
		Probabilities: report.Probabilities{FalseMatch: -37.42, ForgedVerdict: -46.9, DecryptionFailure: -128},
		Timings: report.Timings{
			Introspect: 35 * time.Millisecond, Facts: 2 * time.Millisecond, Encrypt: 11 * time.Millisecond,
			Evaluate: 14 * time.Millisecond, Decrypt: 5 * time.Millisecond, Verify: 15 * time.Millisecond,
		},
		Verification: report.Verification{ReExecuted: true, ReExecutedBy: "tenant", ResponseDigest: strings.Repeat("5e", 32)},
	}
}

func newReport(t testing.TB, in report.Input) *report.Report {
	t.Helper()
	r, err := report.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scenarios are the reports that golden files hold.
func scenarios(t testing.TB) map[string]*report.Report {
	t.Helper()
	tmpl := clinicTemplate(t)
	forbidden := []string{"column public.patient.ssn.", "column public.patient.religion."}
	deviating := inputFor(tmpl, verdictsBy(tmpl, clinicAbsent, clinicUndisclosed))
	conforming := inputFor(tmpl, verdictsBy(tmpl, append(forbidden, "type public.patient.id: uuid", "type public.prescription.dose: numeric."), nil))
	incomplete := inputFor(tmpl, verdictsBy(tmpl, forbidden, []string{"type public.coverage", "type public.prescription.dose", "enum public.sex"}))
	incomplete.Introspection = nil // the service's copy
	incomplete.Parties.OneProcess = false
	return map[string]*report.Report{
		"deviating":  newReport(t, deviating),
		"conforming": newReport(t, conforming),
		"incomplete": newReport(t, incomplete),
		"hostile":    newReport(t, hostileInput(t)),
	}
}

// hostileNames are names that a database may hold and a page must survive.
var hostileNames = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	"moc.elpmaxe\u202egnp.exe",
	"line\nbreak\rand\ttab",
	"\x1b[2J\x1b[31mred\x1b]0;title\x07",
	"zero\u200bwidth\u2066isolate\u2069\ufeff",
	strings.Repeat("ä", 31) + "x", // 63 bytes
	"患者の名前",
	"مريض",
	"{{.CSP}} ${x} `y`",
	"c1\u009b31m control",
	"e\u0301\u0301\u0301 marks",
	"'; DROP TABLE patient; --",
}

func hostileInput(t testing.TB) report.Input {
	t.Helper()
	var list []schema.Fact
	for i, n := range hostileNames {
		table := n
		if i%2 == 0 {
			table = "patient"
		}
		list = append(list,
			schema.Fact{Kind: schema.KindTable, Schema: "public", Table: table},
			schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: table, Name: n},
			schema.Fact{Kind: schema.KindColumnType, Schema: "public", Table: table, Name: n, Detail: "text"},
			schema.Fact{Kind: schema.KindDefault, Schema: "public", Table: table, Name: n, Detail: n},
			schema.Fact{Kind: schema.KindCheck, Schema: "public", Table: table, Detail: n},
			schema.Fact{Kind: schema.KindEnum, Schema: n, Name: n, Detail: n})
	}
	tmpl, err := template.Build(template.Meta{Slug: "hostile", Version: "1", Title: hostileNames[0] + hostileNames[2]}, schema.NewFacts(list), nil)
	if err != nil {
		t.Fatal(err)
	}
	in := inputFor(tmpl, verdictsBy(tmpl, []string{"column", "default", "check", "enum"}, []string{"type"}))
	in.Introspection.ServerVersion = hostileNames[4]
	in.Introspection.Source = hostileNames[0]
	in.Introspection.Schemas = hostileNames
	in.Verification.ReExecutedBy = hostileNames[4]
	in.Exchange.ParameterSet = hostileNames[4]
	in.Generator = hostileNames[1]
	return in
}
