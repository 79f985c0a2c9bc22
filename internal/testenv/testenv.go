// Package testenv finds what the tests need from the machine, real schemas and PostgreSQL
// servers, and skips a test with a message where it is missing.
//
// Servers are started once for each test process and shared by its tests. Nothing needs to
// stop them: they end with the process, whatever way that ends.
package testenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/veilschema/veil/internal/postgres"
)

// Schemas is the folder of real schemas: $VEIL_SCHEMAS, else ../shared/schemas next to the
// repository. Without either the test is skipped.
func Schemas(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("VEIL_SCHEMAS")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared", "schemas")
	}
	if info, err := os.Stat(filepath.Join(dir, "ddl")); err != nil || !info.IsDir() {
		t.Skipf("no real schemas in %s; set VEIL_SCHEMAS to their folder", dir)
	}
	return dir
}

// Root is the repository's folder: the nearest one upwards that has the go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no folder above the test has a go.mod")
		}
		dir = up
	}
}

// servers are those of this process, by folder of their binaries.
var servers struct {
	sync.Mutex
	started map[string]*postgres.Server // guarded by the mutex
}

// Postgres is the server of the newest version that the machine has. Tests share it; each
// makes scratch databases of its own.
func Postgres(t testing.TB) *postgres.Server {
	t.Helper()
	bins, err := postgres.Find("")
	if errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return start(t, bins)
}

// PostgresVersions are servers of every major version found: in the folders of $VEIL_PG_BINS,
// separated by colons, and on the machine. The oldest comes first.
func PostgresVersions(t testing.TB) []*postgres.Server {
	t.Helper()
	all := postgres.FindAll(filepath.SplitList(os.Getenv("VEIL_PG_BINS"))...)
	if len(all) == 0 {
		t.Skip("no PostgreSQL on this machine")
	}
	if os.Getenv("VEIL_PG_BINS") == "" {
		t.Log("only this machine's PostgreSQL is tried; .ci/postgres-versions fetches others for VEIL_PG_BINS")
	}
	slices.Reverse(all)
	list := make([]*postgres.Server, 0, len(all))
	for _, bins := range all {
		list = append(list, start(t, bins))
	}
	return list
}

// Long says whether tests take the time that they want: $VEIL_LONG is set. Without it, those that go over every version of PostgreSQL or
// thousands of cases take a sample, so that a run of all tests stays a matter of minutes.
func Long() bool { return os.Getenv("VEIL_LONG") != "" }

// PostgresVersionsIfLong is [PostgresVersions] in a long run, and otherwise the machine's own server alone.
func PostgresVersionsIfLong(t testing.TB) []*postgres.Server {
	t.Helper()
	if Long() {
		return PostgresVersions(t)
	}
	return []*postgres.Server{Postgres(t)}
}

// Scratch is a fresh scratch database of the server, dropped when the test ends.
func Scratch(t testing.TB, s *postgres.Server) *postgres.Scratch {
	t.Helper()
	d, err := s.Scratch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

func start(t testing.TB, bins postgres.Binaries) *postgres.Server {
	t.Helper()
	servers.Lock()
	defer servers.Unlock()
	if s := servers.started[bins.Dir]; s != nil {
		return s
	}
	s, err := postgres.Start(context.Background(), postgres.Options{Binaries: bins})
	if err != nil {
		t.Fatalf("PostgreSQL %s: %v", bins.Version, err)
	}
	if servers.started == nil {
		servers.started = make(map[string]*postgres.Server)
	}
	servers.started[bins.Dir] = s
	return s
}

// Stop ends the process's servers now. Only tests that count goroutines need it.
func Stop() error {
	servers.Lock()
	defer servers.Unlock()
	var err error
	for dir, s := range servers.started {
		err = errors.Join(err, s.Close())
		delete(servers.started, dir)
	}
	return err
}
