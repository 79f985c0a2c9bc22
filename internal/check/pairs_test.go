package check_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
)

// compared is what the comparison of real schemas did. It is printed behind the
// tests, where a run that passes shows it too.
var compared string

func TestMain(m *testing.M) {
	code := m.Run()
	if compared != "" {
		fmt.Println("internal/check:", compared)
	}
	os.Exit(code)
}

// confirmed are mappings of schemas that the pairs need and no rule finds:
// MIMIC-IV moved its core tables into the hospital's and renamed the schemas.
var confirmed = map[[2]string]map[string]string{
	{"mimic_iv_v2_0", "mimic_iv_v3_1"}: {"mimic_core": "mimiciv_hosp", "mimic_hosp": "mimiciv_hosp", "mimic_icu": "mimiciv_icu"},
	{"mimic_iv_v3_1", "mimic_iv_v2_0"}: {"mimiciv_hosp": "mimic_hosp", "mimiciv_icu": "mimic_icu"},
}

// Every real schema is compared with itself under encryption, and every pair of
// versions in both directions. Verdicts about tables, columns, types, not-null,
// primary and foreign keys equal a comparison of plain sets that other code
// computes from other dumps; all other verdicts equal membership in the
// tenant's facts.
func TestVerdictsOverRealSchemasEqualAPlainSetComparison(t *testing.T) {
	start := time.Now()
	c := newCorpus(t)
	names, pairs := c.names(t), c.pairs(t)
	t.Run("all", func(t *testing.T) {
		// The pairs first: the widest schemas are among them.
		for _, pair := range pairs {
			for _, d := range [][2]string{{pair["a"], pair["b"]}, {pair["b"], pair["a"]}} {
				t.Run(d[0]+" against "+d[1], func(t *testing.T) {
					t.Parallel()
					c.pair(t, d[0], d[1], pair)
				})
			}
		}
		for _, name := range names {
			t.Run(name+" against itself", func(t *testing.T) {
				t.Parallel()
				c.self(t, name)
			})
		}
	})
	n := c.compared
	want := len(names) + 2*len(pairs)
	compared = fmt.Sprintf("%d schemas against themselves and %d pairs both ways: %d encrypted comparisons, %d skipped; %d verdicts, %d present and %d absent, in %s; held against other dumps, by kind: %v",
		len(names), len(pairs), n.comparisons, want-n.comparisons, n.verdicts, n.present, n.verdicts-n.present, time.Since(start).Round(time.Second), n.held)
	t.Log(compared)
	if n.comparisons != want {
		t.Errorf("%d comparisons were made, want %d", n.comparisons, want)
	}
}

func (c *corpus) pair(t *testing.T, tenant, with string, row map[string]string) {
	a, b := c.entry(t, tenant), c.entry(t, with)
	dumpA, dumpB := readDump(t, c.folder, tenant), readDump(t, c.folder, with)
	m := schema.Mapping{Schemas: confirmed[[2]string{tenant, with}]}
	aligned, err := check.Align(a.reading.Database, b.facts, m)
	if err != nil {
		t.Fatal(err)
	}
	rename := m.Schemas
	if rename == nil {
		rename = sameSchemas(dumpA.schemas(), dumpB.schemas())
	}
	tenants := dumpA.plain(t, readClauses(t, c.folder, tenant), rename)
	templates := dumpB.plain(t, readClauses(t, c.folder, with), nil)
	verdicts := c.compare(t, aligned.Facts, b.prepared)
	c.hold(t, verdicts, b.prepared.Template(), aligned.Facts, templates, tenants)

	common := 0
	for p := range templates {
		if p.kind == "table" && tenants[p] && !dumpB.partition(p) {
			common++
		}
	}
	if want, _ := strconv.Atoi(row["tables_common"]); common != want && tenant == row["a"] {
		t.Errorf("the plain sets have %d tables in common, and pairs.csv says %d", common, want)
	}
}

// partition says whether a table is a partition, which pairs.csv does not count.
func (d *dump) partition(p plain) bool {
	for _, t := range d.Tables {
		if t.Schema == p.schema && t.Name == p.table {
			return t.IsPartition
		}
	}
	return false
}

func (c *corpus) self(t *testing.T, name string) {
	e := c.entry(t, name)
	with := e.prepared.Template()
	verdicts := c.compare(t, e.facts, e.prepared)
	set := readDump(t, c.folder, name).plain(t, readClauses(t, c.folder, name), nil)
	c.hold(t, verdicts, with, e.facts, set, set)
	o, err := with.Judge(verdicts, template.DateOf(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if o.Verdict != template.Conforms || o.Required.Present != len(e.facts) {
		t.Errorf("it does not conform to itself: %s, %d of %d facts present", o.Verdict, o.Required.Present, len(e.facts))
	}
}
