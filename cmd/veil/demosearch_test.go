package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/keys"
)

// exchanged is a comparison up to the submission.
func exchanged(t *testing.T, service *keys.Root, facts schema.Facts) demoSession {
	t.Helper()
	prepared := got[*compare.Prepared](t)(compare.Prepare(got[*template.Template](t)(template.Build(
		template.Meta{Slug: "example", Version: "1"}, schema.Facts{{Kind: schema.KindTable, Schema: "public", Table: "person"}}, nil,
	))))
	session := demoSession{id: uuid.New(), prepared: prepared}
	tenant := got[*compare.Tenant](t)(compare.NewTenant(compare.TenantConfig{
		Root: got[*keys.Root](t)(keys.NewRoot(rand.Reader)), Template: prepared, Facts: facts, Ledger: forgetful{}, Random: rand.Reader,
	}))
	open := got[[]byte](t)(tenant.Open())
	evaluator := got[*compare.Evaluator](t)(compare.NewEvaluator(compare.EvaluatorConfig{Identity: service.Identity(), Template: prepared, Random: rand.Reader}))
	offer := got[[]byte](t)(evaluator.Offer(open))
	accept := got[[]byte](t)(tenant.Accept(offer))
	session.messages = [][]byte{open, offer, accept, got[[]byte](t)(evaluator.Salt(accept))}
	return session
}

// What the demo says of the service would be worth nothing if it said so of any database.
func TestWhatIsLookedForInTheServiceIsFoundWhereItIs(t *testing.T) {
	s := &demoService{root: got[*keys.Root](t)(keys.NewRoot(rand.Reader))}
	own := schema.Facts{{Kind: schema.KindTable, Schema: "public", Table: "hotline"}}
	s.sessions = []demoSession{exchanged(t, s.root, own)}
	trail := got[*compare.Trail](t)(compare.TrailOf(s.sessions[0].prepared, s.sessions[0].messages, own))
	digest, name := own[0].Digest(), sha256.Sum256([]byte("hotline"))
	salted := sha256.Sum256(append(slices.Clone(trail.Salts[4]), "hotline"...))
	for what, c := range map[string]struct {
		dump  string
		found int
	}{
		"nothing":           {"COPY person \\x0011223344556677", 0},
		"a name":            {"a HotLine", 1},
		"a name in binary":  {fmt.Sprintf("\\x0011%x22334455667788", "hotline"), 1},
		"a digest":          {fmt.Sprintf("\\xff%x", digest), 1},
		"a hash of a name":  {fmt.Sprintf("%x", name), 1},
		"a salted hash":     {fmt.Sprintf("\\x%x", salted), 1},
		"a comparison's":    {fmt.Sprintf("\\xabcd%xab", trail.Hashes[0]), 1},
		"half of a hash":    {fmt.Sprintf("\\x%x", trail.Hashes[0][:8]), 1},
		"another fact's":    {fmt.Sprintf("\\x%x", sha256.Sum256([]byte("person"))), 0},
		"several":           {"riverside " + fmt.Sprintf("%x", name), 2},
		"the template only": {"CREATE TABLE person", 0},
	} {
		path := filepath.Join(t.TempDir(), "dump.sql")
		if err := os.WriteFile(path, []byte(c.dump+"\nperson\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out := got[*search](t)(s.searchDump(path, own))
		if len(out.found) != c.found || out.control != 1 || out.names != len(demo.TenantOnly()) {
			t.Errorf("%s: found %q, and %d of %d tables of the template", what, out.found, out.control, out.expected)
		}
	}
}
