package compare_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/veilschema/veil/compare"
)

// BenchmarkComparison runs whole comparisons, both sides with re-execution; a
// line's name is the tenant's facts, the template's facts and the goroutines.
func BenchmarkComparison(b *testing.B) {
	for _, c := range []struct{ tenant, template int }{{1000, 1000}, {10000, 10000}, {46000, 6000}, {6000, 46000}} {
		p := prepare(b, columnFacts(0, c.template))
		facts := columnFacts(c.template/2, c.tenant)
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("tenant=%d/template=%d/workers=%d", c.tenant, c.template, workers), func(b *testing.B) {
				b.ReportAllocs()
				var r *compare.Result
				for i := range b.N {
					var err error
					r, _, err = newPair(b, p, facts, uint64(100+i), func(cfg *compare.TenantConfig) { cfg.Workers = workers }).exchange()
					if errors.Is(err, compare.ErrNewSalt) {
						continue
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(r.UploadBytes), "B-up")
				b.ReportMetric(float64(r.DownloadBytes), "B-down")
			})
		}
	}
}
