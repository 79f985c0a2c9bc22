package diff_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
)

func TestNoNameForgesALineOrMovesTheCursor(t *testing.T) {
	hostile := "x\n+ table public.forged\x1b[2J\u202e\u200b\u3164\u009b" + strings.Repeat("é", 2000)
	d := &schema.Database{Schemas: []string{"public"}, Tables: []schema.Table{{
		Relation: schema.Relation{Schema: "public", Name: hostile},
		Columns:  []schema.Column{{Name: hostile, Type: "integer", Default: "'" + hostile + "'::text"}},
	}}}
	d.Tables[0].Name = strings.TrimRight(hostile, "é") // over the limit for names otherwise
	d.Tables[0].Columns[0].Name = d.Tables[0].Name
	v, err := diff.Tables(d, schema.Mapping{}, build(t, database("public.person: id integer"), ""))
	if err != nil {
		t.Fatal(err)
	}
	v.Tables[1].Was = schema.Relation{Schema: hostile, Name: hostile}
	got := text(t, v, diff.TextOptions{})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 4 {
		t.Errorf("got %d lines, want 4:\n%s", len(lines), got)
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "+ table public.forged") || len([]rune(line)) > 500*8 ||
			strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) || r == 0x3164 }) {
			t.Errorf("got the line %q", line)
		}
	}
	if !strings.Contains(got, "x‹U+000A›+ table public.forged‹U+001B›[2J‹U+202E›‹U+200B›‹U+3164›‹U+009B›") || !strings.Contains(got, "…") {
		t.Errorf("what is hidden is not spelt out:\n%s", got)
	}
}

func TestATextEndsAfterSoManyLinesAndSaysSo(t *testing.T) {
	v, err := diff.Tables(deviating(), mapping, build(t, wanted(), ""))
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, text(t, v, diff.TextOptions{MaxLines: 2}), `
+ enum public.sex ('f', 'm')
+ table public.claim
  ... and 16 more lines
`)
}

type full struct{}

var errFull = errors.New("the disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAFailureToWriteIsReported(t *testing.T) {
	v, err := diff.Tables(deviating(), mapping, build(t, wanted(), ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := diff.WriteText(full{}, v, diff.TextOptions{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

func TestMarksHaveNames(t *testing.T) {
	for m := diff.Same; m <= diff.Undisclosed; m++ {
		if b, err := m.MarshalText(); err != nil || string(b) != m.String() {
			t.Errorf("mark %d marshals as %q, %v", m, b, err)
		}
	}
	if _, err := diff.MarkUnknown.MarshalText(); err == nil {
		t.Error("no mark has a name")
	}
	if diff.Mark(9).String() != "mark(9)" || diff.Op(9).String() != "operation(9)" || diff.Keep.String() != "keep" {
		t.Error("numbers that are none do not say so")
	}
}
