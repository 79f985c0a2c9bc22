package eventlog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// BenchmarkAppend appends events in transactions of 1 and of 100, each for its own stream, by one writer after the other and by eight at once. The
// server waits for the disk with each commit.
func BenchmarkAppend(b *testing.B) {
	binaries, err := postgres.Find("")
	if err != nil {
		b.Skip(err)
	}
	dir, err := os.MkdirTemp("", "veil-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	server, err := postgres.OpenInstance(b.Context(), postgres.InstanceOptions{Dir: filepath.Join(dir, "data"), Binaries: binaries})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Close() })
	d := storetest.Database{OwnerDSN: server.OwnerDSN(), AppDSN: server.AppDSN()}
	db := d.Open(b)
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("%d at a time", size), func(b *testing.B) {
			events := slices.Repeat([]eventlog.New{{Type: "comparison.evaluated", Body: []byte(
				`{"digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":1048576,"seconds":0.41,"worker":"w1"}`)}}, size)
			run := uuid.NewString()
			for n := 0; b.Loop(); n++ {
				if _, err := add(b.Context(), db, store.Service(), fmt.Sprintf("bench/%s/%d", run, n), 0, uuid.New(), uuid.Nil, events...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
