package compare_test

import (
	"testing"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle"
)

func TestASubmissionIsBoundToTheSchemaThatIsCommittedTo(t *testing.T) {
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 5, nil)
	tenants, services, err := p.exchange()
	if err != nil {
		t.Fatal(err)
	}
	committer, committed := p.tenant.Committed()
	if tenants.Anchor != must(committer.Anchor(committed)) || services.Anchor != tenants.Anchor {
		t.Errorf("the tenant committed to %x; it says %x and the service %x", must(committer.Anchor(committed)), tenants.Anchor, services.Anchor)
	}
	for name := range committed.Openings {
		shown := must(committer.Show(committed, must(committer.ShowTable(committed, name))))
		if err := shown.Verify(services.Anchor); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	missing := merkle.TableName{Schema: "public", Table: "nowhere"}
	if err := must(committer.Show(committed, must(committer.ShowNoTable(committed, missing)))).Verify(services.Anchor); err != nil {
		t.Error(err)
	}
}

func TestAnotherSchemaHasAnotherAnchorAndTheSameOneTheSame(t *testing.T) {
	stranger := must(keys.NewRoot(seeded(77)))
	anchor := func(from int, seed uint64, root *keys.Root) [32]byte {
		p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(from, 30), seed, func(c *compare.TenantConfig) { c.Root = root })
		r, _, err := p.exchange()
		if err != nil {
			t.Fatal(err)
		}
		return r.Anchor
	}
	first := anchor(20, 5, tenantRoot)
	if first == anchor(21, 5, tenantRoot) {
		t.Error("two schemas of one tenant have the same anchor")
	}
	if first != anchor(20, 6, tenantRoot) {
		t.Error("one schema has another anchor in another comparison")
	}
	if first == anchor(20, 5, stranger) {
		t.Error("one schema of two tenants has the same anchor")
	}
}

func TestAChangedAnchorBreaksTheSignatureOfTheSubmission(t *testing.T) {
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 5, nil)
	m := p.until(t, compare.TypeSubmission)
	m[8] ^= 1 // the first byte of the body
	_, err := p.answer(compare.TypeSubmission, m)
	wantRefusal(t, err)
}
