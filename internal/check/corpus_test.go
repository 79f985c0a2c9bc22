package check_test

import (
	"bytes"
	"crypto/rand"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/keys"
)

// corpus reads every real schema once, however many tests want it.
type corpus struct {
	folder string
	server *check.Server

	mu       sync.Mutex
	schemas  map[string]func() (*entry, error) // guarded by mu
	compared tally                             // guarded by mu
}

// tally counts what was done, for the test's last line.
type tally struct {
	comparisons, verdicts, present int
	held                           map[string]int // held against other dumps, by kind
}

// entry is one real schema.
type entry struct {
	reading  *check.Reading
	prepared *compare.Prepared
	facts    schema.Facts
}

func newCorpus(t *testing.T) *corpus {
	t.Helper()
	folder := testenv.Schemas(t)
	bins, err := postgres.Find("")
	if errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &corpus{folder: folder, server: &check.Server{Options: postgres.Options{Binaries: bins}}, schemas: map[string]func() (*entry, error){}, compared: tally{held: map[string]int{}}}
	t.Cleanup(func() {
		if err := c.server.Close(); err != nil {
			t.Error(err)
		}
	})
	// The server starts with the first source, before goroutines share it.
	if _, err := check.Read(t.Context(), c.server, check.Source{Texts: []check.Text{{Name: "first.sql", Text: []byte("CREATE TABLE t (id int);")}}}); err != nil {
		t.Fatal(err)
	}
	return c
}

// names are all schemas of the corpus, as "northwind" and "spider/academic".
func (c *corpus) names(t *testing.T) []string {
	t.Helper()
	ddl := filepath.Join(c.folder, "ddl")
	var names []string
	err := filepath.WalkDir(ddl, func(path string, e fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".sql" {
			name, _ := filepath.Rel(ddl, path)
			names = append(names, strings.TrimSuffix(filepath.ToSlash(name), ".sql"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// pairs are the rows of pairs.csv by their heads.
func (c *corpus) pairs(t *testing.T) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, "pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var pairs []map[string]string
	for _, row := range rows[1:] {
		pair := map[string]string{}
		for i, cell := range row {
			pair[rows[0][i]] = cell
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// entry reads a schema the first time it is asked for.
func (c *corpus) entry(t *testing.T, name string) *entry {
	t.Helper()
	c.mu.Lock()
	once, ok := c.schemas[name]
	if !ok {
		once = sync.OnceValues(func() (*entry, error) { return c.read(t, name) })
		c.schemas[name] = once
	}
	c.mu.Unlock()
	e, err := once()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return e
}

func (c *corpus) read(t *testing.T, name string) (*entry, error) {
	e := new(entry)
	var err error
	if e.reading, err = check.Read(t.Context(), c.server, check.Source{DDL: []string{filepath.Join(c.folder, "ddl", name+".sql")}}); err != nil {
		return nil, err
	}
	if e.facts, _, err = e.reading.Database.Facts(schema.Mapping{}); err != nil {
		return nil, err
	}
	built, err := template.Build(template.Meta{Slug: strings.ReplaceAll(strings.ToLower(name), "/", "."), Version: "1"}, e.facts, nil)
	if err != nil {
		return nil, err
	}
	e.prepared, err = compare.Prepare(built)
	return e, err
}

// compare runs the encrypted comparison of a tenant with a template.
func (c *corpus) compare(t *testing.T, tenant schema.Facts, with *compare.Prepared) []schema.Verdict {
	t.Helper()
	root, err := keys.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	service, err := keys.NewIdentity(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x, err := check.Run(t.Context(), check.Parties{Template: with, Facts: tenant, Root: root, Ledger: ledger{}, Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return x.Result.Verdicts
}

// hold holds verdicts against two sets of plain statements, and against the
// tenant's own facts in all other kinds.
func (c *corpus) hold(t *testing.T, verdicts []schema.Verdict, with *template.Template, tenant schema.Facts, template, tenants plainSet) {
	t.Helper()
	if len(verdicts) != len(with.Judged) {
		t.Fatalf("got %d verdicts for %d facts", len(verdicts), len(with.Judged))
	}
	has := map[schema.Fact]bool{}
	for _, f := range tenant {
		has[f] = true
	}
	seen, wrong, present := plainSet{}, 0, 0
	for i, j := range with.Judged {
		p, known := plainOf(t, j.Fact)
		want := schema.Absent
		if known && tenants[p] || !known && has[j.Fact] {
			want = schema.Present
			present++
		}
		if known {
			seen[p] = true
		}
		invented := known && !template[p]
		if (invented || verdicts[i] != want) && wrong < 20 {
			t.Errorf("%s: got %s, want %s; in the template's dump: %t; as %+v", j.Fact, verdicts[i], want, !invented, p)
			wrong++
		}
	}
	for p := range template {
		if !seen[p] && wrong < 20 {
			t.Errorf("the template's dump has what is no fact: %+v", p)
			wrong++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compared.comparisons++
	c.compared.verdicts += len(verdicts)
	c.compared.present += present
	for p := range seen {
		c.compared.held[p.kind]++
	}
}

// ledger is a record for keys that live as long as a comparison.
type ledger map[[32]byte][32]byte

func (l ledger) MarkSession(s [32]byte) error {
	if _, ok := l[s]; ok {
		return errors.New("this session was used before")
	}
	l[s] = [32]byte{}
	return nil
}

func (l ledger) RecordResponse(s, r [32]byte) error {
	if old := l[s]; old != [32]byte{} && old != r {
		return errors.New("another response was recorded for this session")
	}
	l[s] = r
	return nil
}

// sameSchemas is the rule of the command line, restated: where each side has
// one schema, the one is the other.
func sameSchemas(tenant, template []string) map[string]string {
	if len(tenant) == 1 && len(template) == 1 && !slices.Equal(tenant, template) {
		return map[string]string{tenant[0]: template[0]}
	}
	return nil
}
