package compare_test

import (
	"fmt"
	"testing"

	"github.com/veilschema/veil/compare/schema"
)

func TestVerdictsEqualSetMembershipForSchemasOfEverySize(t *testing.T) {
	for _, c := range []struct{ tenant, template, common int }{
		{1, 1, 1}, {1, 1, 0}, {3, 50, 2}, {50, 3, 3}, {1000, 1000, 990}, {4000, 300, 150}, {300, 4000, 100}, {6000, 6000, 0},
	} {
		t.Run(fmt.Sprintf("%d facts against %d with %d in common", c.tenant, c.template, c.common), func(t *testing.T) {
			p := prepare(t, columnFacts(0, c.template))
			facts := columnFacts(c.template-c.common, c.tenant)
			tenants, services, err := newPair(t, p, facts, 3, nil).exchange()
			if err != nil {
				t.Fatal(err)
			}
			have := map[schema.Fact]bool{}
			for _, f := range facts {
				have[f] = true
			}
			for i, j := range p.Template().Judged {
				want := schema.Absent
				if have[j.Fact] {
					want = schema.Present
				}
				if tenants.Verdicts[i] != want || services.Verdicts[i] != want {
					t.Fatalf("fact %d: tenant says %s, service %s, want %s", i, tenants.Verdicts[i], services.Verdicts[i], want)
				}
			}
			t.Logf("%s, %d groups, %d columns, %d layers, %d bytes up, %d down", tenants.Layout.Set, tenants.Layout.Groups, tenants.Layout.Columns, tenants.Layers, tenants.UploadBytes, tenants.DownloadBytes)
		})
	}
}
