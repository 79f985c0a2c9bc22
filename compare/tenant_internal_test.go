package compare

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

// salted returns a tenant that has 30 facts, 10 of a template's 20, and has taken
// the salt.
func salted(t *testing.T) (*Tenant, *bins) {
	t.Helper()
	var facts schema.Facts
	for i := range 40 {
		facts = append(facts, schema.Fact{Kind: schema.KindTable, Schema: "public", Table: "t" + string(rune('A'+i))})
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	built, err := template.Build(template.Meta{Slug: "example", Version: "1"}, facts[:20], nil)
	must(err)
	prepared, err := Prepare(built)
	must(err)
	root, err := keys.NewRoot(rand.Reader)
	must(err)
	identity, err := keys.NewIdentity(rand.Reader)
	must(err)
	tenant, err := NewTenant(TenantConfig{Root: root, Template: prepared, Facts: facts[10:], Ledger: noLedger{}, Random: rand.Reader})
	must(err)
	service, err := NewEvaluator(EvaluatorConfig{Identity: identity, Template: prepared, Random: rand.Reader})
	must(err)
	m, err := tenant.Open()
	for _, step := range []func([]byte) ([]byte, error){service.Offer, tenant.Accept, service.Salt} {
		must(err)
		m, err = step(m)
	}
	must(err)
	must(tenant.session.take(TypeSalt, m))
	mine, err := fill(tenant.session.layout, tenant.session.mapper().elements(tenant.digests, 1))
	must(err)
	return tenant, mine
}

// TestAFalseMatchAsksForAnotherSalt puts the element of a template fact that the
// tenant lacks among the tenant's, as a collision would.
func TestAFalseMatchAsksForAnotherSalt(t *testing.T) {
	tenant, mine := salted(t)
	if err := tenant.checkFalseMatches(mine); err != nil {
		t.Fatalf("without a collision: %v", err)
	}
	s, lacking := tenant.session, 0
	for at, i := range s.places.fact {
		if i == none {
			continue
		}
		bin := int32(at % s.layout.Bins)
		roots := append([]uint64(nil), mine.roots...)
		load := append([]int32(nil), mine.load...)
		mine.roots[int(bin)*s.layout.Degree()+int(mine.load[bin])] = s.elements[i].x
		mine.load[bin]++
		switch err := tenant.checkFalseMatches(mine); {
		case tenant.has[i] && err != nil:
			t.Errorf("fact %d, which the tenant has, matches falsely: %v", i, err)
		case !tenant.has[i]:
			lacking++
			if !errors.Is(err, ErrNewSalt) {
				t.Errorf("fact %d: got %v, want ErrNewSalt", i, err)
			}
		}
		mine.roots, mine.load = roots, load
	}
	if lacking != 10 {
		t.Errorf("the tenant lacks %d of the template's facts, want 10", lacking)
	}
}

// TestMembershipIsKnownBeforeAnythingIsSent: what a tenant has does not depend on
// the order in which its facts come.
func TestMembershipIsKnownBeforeAnythingIsSent(t *testing.T) {
	tenant, _ := salted(t)
	for i, has := range tenant.has {
		want := false
		for _, d := range tenant.digests {
			want = want || bytes.Equal(d[:], tenant.cfg.Template.facts[i][:])
		}
		if has != want {
			t.Errorf("fact %d: got %t, want %t", i, has, want)
		}
	}
}
