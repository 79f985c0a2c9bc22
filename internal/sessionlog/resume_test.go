package sessionlog_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

// What a tenant that died asks for, these have.
var (
	_ compare.ReadableLedger = (*sessionlog.Log)(nil)
	_ compare.ReadableVault  = (*sessionlog.Vault)(nil)
)

// pages is a journal in memory.
type pages [][]byte

func (p *pages) Append(_ [32]byte, record []byte) error {
	*p = append(*p, bytes.Clone(record))
	return nil
}

// TestATenantResumesFromLogAndVault lets it die after each of its messages, with the
// log closed and opened again, and finds that two cannot do so at once.
func TestATenantResumesFromLogAndVault(t *testing.T) {
	facts := schema.Facts{}
	for _, name := range []string{"a", "b", "c", "d"} {
		facts = append(facts, schema.Fact{Kind: schema.KindTable, Schema: "public", Table: name})
	}
	built, err := template.Build(template.Meta{Slug: "example", Version: "1"}, facts[:3], nil)
	must(t, err)
	prepared, err := compare.Prepare(built)
	must(t, err)
	root, err := keys.NewRoot(rand.Reader)
	must(t, err)
	identity, err := keys.NewIdentity(rand.Reader)
	must(t, err)
	service, err := compare.NewEvaluator(compare.EvaluatorConfig{Identity: identity, Template: prepared, Random: rand.Reader})
	must(t, err)

	dir, journal := t.TempDir(), &pages{}
	path := filepath.Join(dir, sessionlog.LogName)
	log, err := sessionlog.Open(path)
	must(t, err)
	cfg := compare.TenantConfig{
		Root: root, Template: prepared, Facts: facts[1:], Ledger: log, Random: rand.Reader,
		Vault: sessionlog.NewVault(dir, root.SealingLock()), Journal: journal,
	}
	tenant, err := compare.NewTenant(cfg)
	must(t, err)
	comparison := tenant.Comparison()
	die := func() {
		t.Helper()
		if _, err := sessionlog.Open(path); !errors.Is(err, sessionlog.ErrLocked) {
			t.Errorf("got %v, want ErrLocked: two could resume at once", err)
		}
		must(t, log.Close())
		log, err = sessionlog.Open(path)
		must(t, err)
		cfg.Ledger, cfg.Random = log, nil
		tenant, err = compare.ResumeTenant(cfg, comparison, *journal)
		must(t, err)
	}
	message, err := tenant.Open()
	must(t, err)
	for _, turn := range []struct {
		service func([]byte) ([]byte, error)
		tenant  func([]byte) ([]byte, error)
	}{
		{service.Offer, func(m []byte) ([]byte, error) { return tenant.Accept(m) }},
		{service.Salt, func(m []byte) ([]byte, error) { return tenant.Submit(m) }},
		{service.Evaluate, func(m []byte) ([]byte, error) { return tenant.Commit(m) }},
		{service.Seed, func(m []byte) ([]byte, error) { return tenant.Disclose(m) }},
	} {
		die()
		sent := tenant.Transcript()
		message, err = turn.service(sent[len(sent)-1])
		must(t, err)
		message, err = turn.tenant(message)
		must(t, err)
	}
	die()
	message, want, err := service.Conclude(message)
	must(t, err)
	got, err := tenant.Finish(message)
	must(t, err)
	for i, v := range got.Verdicts {
		if v != want.Verdicts[i] {
			t.Errorf("fact %d: the tenant says %s and the service %s", i, v, want.Verdicts[i])
		}
	}
	must(t, sessionlog.NewVault(dir, root.SealingLock()).Forget(comparison))
	if _, err := compare.ResumeTenant(cfg, comparison, *journal); !errors.Is(err, sessionlog.ErrForgotten) {
		t.Errorf("got %v, want ErrForgotten", err)
	}
	must(t, log.Close())
}
