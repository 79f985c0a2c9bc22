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
	id := p.tenant.Comparison()
	if anchor := must(committer.Anchor(committed, id)); tenants.Anchor != anchor || services.Anchor != anchor {
		t.Errorf("the tenant committed to %x; it says %x and the service %x", anchor, tenants.Anchor, services.Anchor)
	}
	for name := range committed.Openings {
		shown := must(committer.Show(committed, id, must(committer.ShowTable(committed, name))))
		if err := shown.Verify(services.Anchor); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	missing := merkle.TableName{Schema: "public", Table: "nowhere"}
	if err := must(committer.Show(committed, id, must(committer.ShowNoTable(committed, missing)))).Verify(services.Anchor); err != nil {
		t.Error(err)
	}
}

// TestTwoAnchorsDoNotTellWhetherTheSchemaChanged compares one schema of one tenant twice, and others.
func TestTwoAnchorsDoNotTellWhetherTheSchemaChanged(t *testing.T) {
	stranger := must(keys.NewRoot(seeded(77)))
	seen := map[[32]byte]string{}
	for _, c := range []struct {
		name string
		from int
		seed uint64
		root *keys.Root
	}{{"a schema", 20, 5, tenantRoot}, {"the same in another comparison", 20, 6, tenantRoot}, {"another schema", 21, 7, tenantRoot}, {"another tenant's", 20, 5, stranger}} {
		p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(c.from, 30), c.seed, func(cfg *compare.TenantConfig) { cfg.Root = c.root })
		r, _, err := p.exchange()
		if err != nil {
			t.Fatal(err)
		}
		if first := seen[r.Anchor]; first != "" {
			t.Errorf("%s has the anchor of %s", c.name, first)
		}
		seen[r.Anchor] = c.name
	}
}

func TestAChangedAnchorBreaksTheSignatureOfTheSubmission(t *testing.T) {
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 5, nil)
	m := p.until(t, compare.TypeSubmission)
	m[8] ^= 1 // the first byte of the body
	_, err := p.answer(compare.TypeSubmission, m)
	wantRefusal(t, err)
}
