package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

// noLedger is the record of a tenant that keeps none.
type noLedger struct{}

func (noLedger) MarkSession([32]byte) error              { return nil }
func (noLedger) RecordResponse([32]byte, [32]byte) error { return nil }

// cheat runs a comparison in which the tenant commits to its verdicts and then to
// others, as one that hopes to choose between them would, and returns what the
// service has in hand then.
func cheat() (*compare.Misconduct, error) {
	seed := sha256.Sum256([]byte("a tenant that commits twice"))
	random := func() *bytes.Reader { return bytes.NewReader(bytes.Repeat(seed[:], 8)) }
	facts := schema.NewFacts([]schema.Fact{{Kind: schema.KindTable, Schema: "public", Table: "person"}})
	built, err := template.Build(template.Meta{Slug: "example", Version: "1"}, facts, nil)
	if err != nil {
		return nil, err
	}
	prepared, err := compare.Prepare(built)
	if err != nil {
		return nil, err
	}
	root, err := keys.NewRoot(random())
	if err != nil {
		return nil, err
	}
	service, err := keys.NewIdentity(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		return nil, err
	}
	// Two tenants of one root and one randomness are one tenant that went on in two ways.
	var tenants [2]*compare.Tenant
	for i := range tenants {
		withholds := func(schema.Fact) bool { return i == 1 }
		tenants[i], err = compare.NewTenant(compare.TenantConfig{
			Root: root, Template: prepared, Facts: facts, Withholds: withholds, Ledger: noLedger{}, Random: random(),
		})
		if err != nil {
			return nil, err
		}
	}
	e, err := compare.NewEvaluator(compare.EvaluatorConfig{Identity: service, Template: prepared, Random: random()})
	if err != nil {
		return nil, err
	}
	return twoCommitments(e, tenants)
}

// twoCommitments leads both tenants to their commitments and gives the evaluator
// one after the other.
func twoCommitments(e *compare.Evaluator, tenants [2]*compare.Tenant) (*compare.Misconduct, error) {
	type step struct {
		tenant  func(*compare.Tenant, []byte) ([]byte, error)
		service func([]byte) ([]byte, error)
	}
	var message []byte
	for _, s := range []step{
		{func(t *compare.Tenant, _ []byte) ([]byte, error) { return t.Open() }, e.Offer},
		{(*compare.Tenant).Accept, e.Salt},
		{(*compare.Tenant).Submit, e.Evaluate},
		{(*compare.Tenant).Commit, e.Seed},
	} {
		first, err := s.tenant(tenants[0], message)
		if err != nil {
			return nil, err
		}
		second, err := s.tenant(tenants[1], message)
		if err != nil {
			return nil, err
		}
		if message, err = s.service(first); err != nil {
			return nil, err
		}
		if bytes.Equal(first, second) {
			continue
		}
		_, err = s.service(second)
		var m *compare.Misconduct
		if errors.As(err, &m) {
			return m, nil
		}
		return nil, fmt.Errorf("two commitments ended otherwise: %w", err)
	}
	return nil, errors.New("both tenants said the same")
}

// writeEvidence writes evidence against a tenant.
func writeEvidence(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: evidence FILE")
	}
	m, err := cheat()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), m.Evidence, 0o600))
}

func TestEvidenceOfACheatIsKeptBesideTheUserWithTheCommandThatChecksIt(t *testing.T) {
	m, err := cheat()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var stdout, stderr strings.Builder
	a := &app{out: &stdout, err: &stderr}
	kept := a.keepEvidence(m)
	if code := a.finish(t.Context(), kept); code != exitMisconduct {
		t.Errorf("exit code is %d, want %d", code, exitMisconduct)
	}
	files, err := filepath.Glob("veil-evidence-*.bin")
	if err != nil || len(files) != 1 {
		t.Fatalf("got the files %q, %v, want one of evidence", files, err)
	}
	if want := "veil audit evidence " + files[0]; !strings.Contains(stderr.String(), want) {
		t.Errorf("stderr is %q, want %q in it", stderr.String(), want)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	f, err := compare.VerifyEvidence(data, 1)
	if err != nil || f.Accused != compare.RoleTenant || f.Offence != compare.OffenceTwice {
		t.Errorf("the file proves %+v, %v, want that the tenant answered twice", f, err)
	}
}
