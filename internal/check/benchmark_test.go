package check_test

import (
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/keys"
)

// BenchmarkGitLab sets what it takes to encrypt and evaluate GitLab's schema of
// today against that of GitLab 11 beside what it takes to read it.
func BenchmarkGitLab(b *testing.B) {
	folder := testenv.Schemas(b)
	server := &check.Server{}
	b.Cleanup(func() { _ = server.Close() })
	read := func(name string) *check.Reading {
		r, err := check.Read(b.Context(), server, check.Source{DDL: []string{filepath.Join(folder, "ddl", name+".sql")}})
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	old, now := read("gitlab_11_ce"), read("gitlab_18")
	oldFacts, _, err := old.Database.Facts(schema.Mapping{})
	if err != nil {
		b.Fatal(err)
	}
	t, err := template.Build(template.Meta{Slug: "gitlab", Version: "11"}, oldFacts, nil)
	if err != nil {
		b.Fatal(err)
	}
	prepared, err := compare.Prepare(t)
	if err != nil {
		b.Fatal(err)
	}
	aligned, err := check.Align(now.Database, oldFacts, schema.Mapping{})
	if err != nil {
		b.Fatal(err)
	}
	var total check.Timings
	for b.Loop() {
		x := benchmarkExchange(b, prepared, aligned.Facts)
		total.Encrypt += x.Timings.Encrypt
		total.Evaluate += x.Timings.Evaluate
	}
	ms := func(d time.Duration, name string) {
		b.ReportMetric(float64(d.Microseconds())/1000/float64(b.N), name)
	}
	b.ReportMetric(float64(now.Introspect.Microseconds())/1000, "ms-introspect")
	ms(total.Encrypt, "ms-encrypt")
	ms(total.Evaluate, "ms-evaluate")
}

func benchmarkExchange(b *testing.B, p *compare.Prepared, facts schema.Facts) *check.Exchange {
	b.Helper()
	root, err := keys.NewRoot(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	service, err := keys.NewIdentity(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	x, err := check.Run(b.Context(), check.Parties{
		Template: p, Facts: facts, Root: root, Ledger: discard{}, Service: service, Workers: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// discard is a ledger for sessions that only a benchmark has.
type discard struct{}

func (discard) MarkSession([32]byte) error              { return nil }
func (discard) RecordResponse([32]byte, [32]byte) error { return nil }
