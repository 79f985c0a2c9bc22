package report_test

import (
	"fmt"
	"os"
	"time"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func Example() {
	facts := schema.NewFacts([]schema.Fact{
		{Kind: schema.KindTable, Schema: "public", Table: "patient"},
		{Kind: schema.KindColumn, Schema: "public", Table: "patient", Name: "id"},
		{Kind: schema.KindColumnType, Schema: "public", Table: "patient", Name: "id", Detail: "bigint"},
		{Kind: schema.KindNotNull, Schema: "public", Table: "patient", Name: "id"},
		{Kind: schema.KindPrimaryKey, Schema: "public", Table: "patient", Detail: "(id)"},
	})
	tmpl, err := template.Build(template.Meta{Slug: "clinic", Version: "1.0.0"}, facts, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := report.New(report.Input{
		Template:      tmpl,
		Verdicts:      []schema.Verdict{schema.Present, schema.Present, schema.Present, schema.Absent, schema.Absent},
		CreatedAt:     time.Date(2026, 11, 23, 15, 4, 0, 0, time.UTC),
		Exchange:      report.Exchange{UploadBytes: 101_000, DownloadBytes: 98_000, ParameterSet: "public-8192", Degree: 3, Layers: 1},
		Probabilities: report.Probabilities{FalseMatch: -42.1, ForgedVerdict: -46.9, DecryptionFailure: -128},
		Timings:       report.Timings{Introspect: 8 * time.Millisecond, Evaluate: 12 * time.Millisecond},
		Verification:  report.Verification{ReExecuted: true, ReExecutedBy: "tenant"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range r.Findings {
		fmt.Println(f.Severity, "-", f.Title, "-", f.SQL)
	}
	fmt.Println()
	if err := r.WriteText(os.Stdout, report.TextOptions{Width: 90}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// high - Column id of public.patient accepts nulls - ALTER TABLE public.patient ALTER COLUMN id SET NOT NULL;
	// high - public.patient lacks the primary key - ALTER TABLE public.patient ADD PRIMARY KEY (id);
	//
	// clinic 1.0.0  2026-11-23 15:04 UTC
	//
	// ✕ DOES NOT CONFORM
	//   2 required facts are absent, of 5 required or forbidden facts.
	//
	//   required   3 present  2 absent  0 undisclosed  0 waived
	//
	// 2 findings: 2 high
	//
	//   public.patient
	//     high     Column id accepts nulls
	//     high     Lacks the primary key: (id)
	//
	// not proven  that the submission is the database; anything after the reading, about rows,
	//             or beside the template
	// rests on    an evaluation run again by the tenant, with the same bytes as result; false
	//             match at most 2^-42.1, forged verdict 2^-46.9, decryption failure 2^-128
	//             (public-8192)
	// exchanged   101 kB sent, 98 kB received; reading 8 ms, comparing 12 ms
	// template    digest 33fa5db018b635d25972d00f6a43e1796a8b2ff7be776868a82047bc160f9b35
}
