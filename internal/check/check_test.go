package check_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/postgres"
)

// newServer is a private server that has not started yet.
func newServer(t *testing.T) *check.Server {
	t.Helper()
	bins, err := postgres.Find("")
	if errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := &check.Server{Options: postgres.Options{Binaries: bins}}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func text(sql string) check.Source {
	return check.Source{Texts: []check.Text{{Name: "text.sql", Text: []byte(sql)}}}
}

// The example deviates in the ways that its description names, and the report
// says all of it.
func TestACheckOfTheExampleFindsItsDeviations(t *testing.T) {
	policy, err := template.ParsePolicy(demo.PolicyYAML())
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	out, err := check.Check(t.Context(), newServer(t), check.Options{
		Template: text(string(demo.TemplateSQL())), Tenant: text(string(demo.TenantSQL())),
		Meta: template.Meta{Slug: demo.TemplateSlug, Version: demo.TemplateVersion}, Policy: policy,
		Workers: 2, Generator: "a test", Progress: func(step string) { steps = append(steps, step) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range demo.Deviations() {
		shows := slices.ContainsFunc(out.Report.Facts, func(f report.Fact) bool {
			return d.Shows(f.Fact) && (f.Verdict == schema.Present) == d.Forbidden
		})
		if !shows {
			t.Errorf("not found: %s", d.Sentence)
		}
	}
	x := out.Exchange
	if len(x.Messages) != 10 {
		t.Errorf("got %d messages, want 10", len(x.Messages))
	}
	up, down := 0, 0
	for i, m := range x.Messages {
		if compare.Type(i+1).Sender() == compare.RoleTenant {
			up += len(m)
		} else {
			down += len(m)
		}
	}
	if r := out.Report.Exchange; r.UploadBytes != int64(up) || r.DownloadBytes != int64(down) {
		t.Errorf("the report says %d bytes up and %d down, the messages have %d and %d", r.UploadBytes, r.DownloadBytes, up, down)
	}
	ms := out.Report.TimingsMS
	for name, d := range map[string]float64{
		"introspect": ms.Introspect, "facts": ms.Facts, "encrypt": ms.Encrypt, "evaluate": ms.Evaluate, "decrypt": ms.Decrypt, "verify": ms.Verify,
	} {
		if d <= 0 {
			t.Errorf("%s took %v ms", name, d)
		}
	}
	want := []string{"reading the template", "reading the tenant's schema", "opening the comparison", "encrypting", "evaluating", "decrypting", "verifying"}
	if got := slices.Compact(steps); !slices.Equal(got, want) {
		t.Errorf("the steps were %q, want %q", got, want)
	}
}

func TestAMatchOfSchemasNeedsNoMappingWhereEachSideHasOne(t *testing.T) {
	server := newServer(t)
	facts := func(sql string) (*schema.Database, schema.Facts) {
		r, err := check.Read(t.Context(), server, text(sql))
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := r.Database.Facts(schema.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		return r.Database, f
	}
	_, public := facts("CREATE TABLE t (a int);")
	_, both := facts("CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE t (a int);")
	for name, c := range map[string]struct {
		tenant   string
		template schema.Facts
		mapping  schema.Mapping
		want     string // schemas of the tenant's facts
		renamed  string
	}{
		"one and one":              {"CREATE SCHEMA x; CREATE TABLE x.t (a int);", public, schema.Mapping{}, "public", "public"},
		"one and one of its name":  {"CREATE TABLE t (a int);", public, schema.Mapping{}, "public", ""},
		"one and two":              {"CREATE SCHEMA x; CREATE TABLE x.t (a int);", both, schema.Mapping{}, "x", ""},
		"two and one":              {"CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE t (a int);", public, schema.Mapping{}, "public s", ""},
		"one, an empty one, and 1": {"CREATE SCHEMA e; CREATE SCHEMA x; CREATE TABLE x.t (a int);", public, schema.Mapping{}, "public", "public"},
		"mapped elsewhere": {
			"CREATE SCHEMA x; CREATE TABLE x.t (a int);", public,
			schema.Mapping{Schemas: map[string]string{"x": "y"}},
			"y", "y",
		},
	} {
		t.Run(name, func(t *testing.T) {
			database, _ := facts(c.tenant)
			a, err := check.Align(database, c.template, c.mapping)
			if err != nil {
				t.Fatal(err)
			}
			var schemas []string
			for _, f := range a.Facts {
				schemas = append(schemas, f.Schema)
			}
			slices.Sort(schemas)
			if got := strings.Join(slices.Compact(schemas), " "); got != c.want {
				t.Errorf("facts are of %q, want %q", got, c.want)
			}
			if got := a.Mapping.Schemas["x"]; got != c.renamed {
				t.Errorf("x is mapped to %q, want %q", got, c.renamed)
			}
		})
	}
}

func TestWhatCannotBeComparedIsRefusedInOneSentence(t *testing.T) {
	server := newServer(t)
	good := text("CREATE TABLE t (a int);")
	for name, c := range map[string]struct {
		options check.Options
		want    string
	}{
		"an empty template":     {check.Options{Template: text("-- nothing"), Tenant: good}, "the template: it has no facts; give the DDL of the tables that tenants are to have"},
		"an empty tenant":       {check.Options{Template: good, Tenant: text("")}, "the tenant's schema: it has no facts; name the right one with --schema"},
		"a schema of no tenant": {check.Options{Template: good, Tenant: check.Source{Texts: good.Texts, Schemas: []string{"y"}}}, `the tenant's schema: the DDL makes no schema "y"; it has "public"`},
		"a mapping of nothing": {
			check.Options{Template: good, Tenant: good, Mapping: schema.Mapping{Tables: map[schema.Relation]string{{Schema: "public", Name: "u"}: "t"}}},
			"the tenant's schema: the mapping renames the table public.u, which the database does not have",
		},
		"a slug that is none": {check.Options{Template: good, Tenant: good, Meta: template.Meta{Slug: "No Slug"}}, "slug"},
		"a confidential template": {
			check.Options{Template: good, Tenant: good, Policy: &template.Policy{Visibility: template.VisibilityConfidential}}, "confidential templates cannot be compared yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.options.Meta.Slug == "" {
				c.options.Meta.Slug = "example"
			}
			_, err := check.Check(t.Context(), server, c.options)
			var refused *check.Refused
			if !errors.As(err, &refused) && !errors.Is(err, check.ErrEmpty) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A template's digest covers the very bytes that were loaded, even of a file that
// cannot be read twice, and files of one name in several folders.
func TestATemplateListsTheFilesThatWereLoaded(t *testing.T) {
	server := newServer(t)
	dir := t.TempDir()
	var paths []string
	for i, table := range []string{"a", "b", "c"} {
		folder := filepath.Join(dir, table)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "tables.sql")
		sql := []byte("CREATE TABLE " + table + " (id int);")
		paths = append(paths, path)
		if i < 2 {
			if err := os.WriteFile(path, sql, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Skipf("there are no pipes here: %v", err)
		}
		go func() { _ = os.WriteFile(path, sql, 0o600) }()
	}
	built, err := check.BuildTemplate(t.Context(), server, check.Options{Template: check.Source{DDL: paths}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"tables.sql": "a", "2/tables.sql": "b", "3/tables.sql": "c"}
	for _, f := range built.Files {
		if table := want[f.Name]; f.SHA256 != sha256.Sum256([]byte("CREATE TABLE "+table+" (id int);")) {
			t.Errorf("the file %q is not the one that was loaded", f.Name)
		}
		delete(want, f.Name)
	}
	if len(want) > 0 || built.Slug != "tables" {
		t.Errorf("the template %q does not list %v", built.Slug, want)
	}
}

func TestAnExchangeStopsWhenItsContextEnds(t *testing.T) {
	server := newServer(t)
	for _, at := range []string{"reading the template", "reading the tenant's schema", "opening the comparison", "encrypting", "evaluating", "decrypting"} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := check.Check(ctx, server, check.Options{
			Template: text("CREATE TABLE t (a int);"), Tenant: text("CREATE TABLE t (a int);"), Meta: template.Meta{Slug: "example"},
			Progress: func(step string) {
				if step == at {
					cancel()
				}
			},
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled while %s: got %v", at, err)
		}
		cancel()
	}
}

func TestAConnectionStringThatFailsDoesNotShowItsPassword(t *testing.T) {
	for _, dsn := range []string{
		"postgres://me:hunter2@127.0.0.1:1/db", "postgres://me:hunter2@[::/db", "postgres://me:hunter2@nowhere.invalid/db?sslmode=require",
		"host=127.0.0.1 port=1 user=me password=hunter2", "password=hunter2 port=x", "hunter2", "postgres://me:hunter2@127.0.0.1:1,127.0.0.1:2/db",
	} {
		_, err := check.Read(t.Context(), nil, check.Source{DSN: dsn})
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", dsn, err)
		}
	}
}
