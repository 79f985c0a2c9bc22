package commitment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/commitment"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/merkle"
)

func some() schema.Facts {
	return schema.NewFacts([]schema.Fact{
		{Kind: schema.KindExtension, Name: "pgcrypto"},
		{Kind: schema.KindEnum, Schema: "s", Name: "mood", Detail: "('sad', 'ok')"},
		{Kind: schema.KindTable, Schema: "s", Table: "t"},
		{Kind: schema.KindColumn, Schema: "s", Table: "t", Name: "b"},
		{Kind: schema.KindColumnType, Schema: "s", Table: "t", Name: "b", Detail: "text"},
		{Kind: schema.KindNotNull, Schema: "s", Table: "t", Name: "b"},
		{Kind: schema.KindColumn, Schema: "s", Table: "t", Name: "a<&>"},
		{Kind: schema.KindPrimaryKey, Schema: "s", Table: "t", Detail: "(b)"},
		{Kind: schema.KindTable, Schema: "s", Table: "u"},
		{Kind: schema.KindTable, Schema: "s2", Table: "t"},
	})
}

func TestEachFactStandsInOneLeafAndComesBack(t *testing.T) {
	tables, err := commitment.Tables(some())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var back []schema.Fact
	for _, table := range tables {
		names = append(names, table.Name.String())
		facts, err := commitment.FactsOf(table)
		if err != nil {
			t.Error(err)
		}
		back = append(back, facts...)
	}
	if d := cmp.Diff([]string{".", "s.", "s.t", "s.u", "s2.t"}, names); d != "" {
		t.Errorf("leaves (-want +got):\n%s", d)
	}
	if d := cmp.Diff(some(), schema.NewFacts(back)); d != "" {
		t.Errorf("facts (-want +got):\n%s", d)
	}
	want := []merkle.Column{
		{Name: "a<&>", Canonical: []byte(`[{"detail":"","kind":"column"}]`)},
		{Name: "b", Canonical: []byte(`[{"detail":"","kind":"column"},{"detail":"text","kind":"type"},{"detail":"","kind":"not_null"}]`)},
	}
	if d := cmp.Diff(want, tables[2].Columns); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
}

func TestAnOpeningThatContradictsItselfIsRefused(t *testing.T) {
	for name, change := range map[string]func(*merkle.Table){
		"another table's":       func(t *merkle.Table) { t.Name.Table = "x" },
		"a column left out":     func(t *merkle.Table) { t.Columns = t.Columns[1:] },
		"a column changed":      func(t *merkle.Table) { t.Columns[0].Canonical = []byte("[]") },
		"a column renamed":      func(t *merkle.Table) { t.Columns[0].Name = "x" },
		"columns in disorder":   func(t *merkle.Table) { t.Columns[0], t.Columns[1] = t.Columns[1], t.Columns[0] },
		"facts that were cut":   func(t *merkle.Table) { t.Facts = t.Facts[:len(t.Facts)-1] },
		"a fact twice":          func(t *merkle.Table) { t.Facts = append(t.Facts, t.Facts...) },
		"no facts":              func(t *merkle.Table) { t.Facts, t.Columns = nil, nil },
		"columns without facts": func(t *merkle.Table) { t.Columns = append(t.Columns, merkle.Column{Name: "z"}) },
	} {
		tables, err := commitment.Tables(some())
		if err != nil {
			t.Fatal(err)
		}
		change(&tables[2])
		if _, err := commitment.FactsOf(tables[2]); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
