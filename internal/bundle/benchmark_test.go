package bundle_test

import (
	"crypto/rand"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// ofSize makes the bundle of a log of so many entries, each of which opens a comparison, with a checkpoint every thousand.
func ofSize(n int) (*bundle.Bundle, bundle.Trust) {
	id := must(keys.NewIdentity(rand.Reader))
	key := must(checkpoint.NewKey(make([]byte, 32)))
	b := &bundle.Bundle{Log: must(bundle.Vouch(id, key.Public(), nil))}
	var edge []tlog.Hash // full subtrees, the largest first
	for i := range n {
		cmp := uuid.New()
		leaf := must(eventlog.EncodeLeaf(eventlog.Event{
			Stream: "comparison/" + cmp.String(), Version: 1, Type: history.ComparisonOpened, Command: uuid.New(), Tenant: uuid.New(), At: time.Now().UTC().Truncate(time.Microsecond),
			Body: fmt.Appendf(nil, `{"by":"%s","data":{"exchange":{"bucket":1,"columns":1,"parameter_set":"small-4096","submission_bytes":1},"id":"%s","offer":{"bytes":1,"digest":""},"open":{"bytes":1,"digest":""},"slug":"s","template":"","tenant_key":"","version":"1"}}`, cmp, cmp),
		}))
		h := tlog.RecordHash(leaf)
		b.Leaves, b.Entries = append(b.Leaves, h[:]...), append(b.Entries, bundle.Entry{Index: int64(i), Data: leaf})
		for k := i; k&1 == 1; k >>= 1 {
			h = tlog.NodeHash(edge[len(edge)-1], h)
			edge = edge[:len(edge)-1]
		}
		edge = append(edge, h)
		if (i+1)%1000 == 0 {
			root := edge[len(edge)-1]
			for k := len(edge) - 2; k >= 0; k-- {
				root = tlog.NodeHash(edge[k], root)
			}
			b.Checkpoints = append(b.Checkpoints, must(key.Sign(tlog.Tree{N: int64(i + 1), Hash: root})))
		}
	}
	return b, bundle.Trust{Service: id.Public(), Workers: runtime.NumCPU()}
}

func BenchmarkVerifyLog(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			made, trust := ofSize(n)
			file := must(made.Encode())
			for b.Loop() {
				if _, err := bundle.Verify(must(bundle.Parse(file)), trust); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(file))/float64(n), "bytes/entry")
		})
	}
}
