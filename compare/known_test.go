package compare_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTheKnownExchange pins every byte of three comparisons with fixed seeds. A
// change of this file is a change of the protocol: raise its version.
func TestTheKnownExchange(t *testing.T) {
	var out strings.Builder
	for _, c := range []struct{ tenant, template, common int }{{30, 40, 20}, {1000, 1000, 990}, {300, 4000, 100}} {
		p := newPair(t, prepare(t, columnFacts(0, c.template)), columnFacts(c.template-c.common, c.tenant), 60, nil)
		r, _, err := p.exchange()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%d facts against %d: %s, %d groups, %d bins, %d columns, %d layers, session %x\n",
			c.tenant, c.template, r.Layout.Set, r.Layout.Groups, r.Layout.Bins, r.Layout.Columns, r.Layers, r.Session)
		for i, m := range p.tenant.Transcript() {
			fmt.Fprintf(&out, "%-10s %7d %x\n", compare.Type(i+1), len(m), sha256.Sum256(m))
		}
	}
	const file = "testdata/exchange.golden"
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")
	for i := range min(len(wantLines), len(gotLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("line %d of %s:\ngot  %s\nwant %s\n(-update writes it anew)", i+1, file, gotLines[i], wantLines[i])
		}
	}
	if len(wantLines) != len(gotLines) {
		t.Fatalf("%s has %d lines, want %d", file, len(wantLines), len(gotLines))
	}
}
