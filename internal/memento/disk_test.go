package memento_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
)

func names(list ...string) []memento.TableName {
	var all []memento.TableName
	for _, name := range list {
		all = append(all, memento.TableName{Schema: "public", Name: name})
	}
	return all
}

func TestTheNeedIsThatOfTheTables(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `
		CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 10000) n;
		CREATE TABLE long (a text); ALTER TABLE long ALTER a SET STORAGE EXTERNAL; INSERT INTO long SELECT repeat('x', 100000) FROM generate_series(1, 10);
		CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p SELECT generate_series(1, 10000); CREATE TABLE none ()`)
	state := filepath.Join(t.TempDir(), "not", "yet")
	need := func(backups, rewrites []memento.TableName, indexes int64) memento.Estimate {
		t.Helper()
		e, err := memento.EstimateSpace(t.Context(), conn, state, memento.Work{Backups: backups, Rewrites: rewrites, Indexes: indexes})
		must(t, err)
		return e
	}
	for what, test := range map[string]struct{ got, least, most int64 }{
		"nothing":               {need(nil, nil, 0).State.Need + need(nil, nil, 0).Database.Need, 0, 0},
		"an empty table":        {need(names("none"), nil, 0).State.Need, 0, 0},
		"a table's backup":      {need(names("t"), nil, 0).State.Need, 1 << 20, 2 << 20},
		"values kept apart":     {need(names("long"), nil, 0).State.Need, 4_000_000, 5_000_000},
		"a partitioned table":   {need(names("p"), nil, 0).State.Need, 300 << 10, 500 << 10},
		"two tables":            {need(names("t", "p"), nil, 0).State.Need, 1300 << 10, 3 << 20},
		"a rewrite":             {need(nil, names("t"), 0).Database.Need, 1 << 20, 2 << 20},
		"a rewrite and indexes": {need(nil, names("t"), 10<<20).Database.Need, 11 << 20, 12 << 20},
	} {
		if test.got < test.least || test.got > test.most {
			t.Errorf("%s: got %d bytes, want %d to %d", what, test.got, test.least, test.most)
		}
	}
	e := need(names("t"), names("t"), 0)
	if e.State.Path != filepath.Dir(filepath.Dir(state)) || e.State.Free <= 0 || e.State.Unknown != "" || e.Err() != nil {
		t.Errorf("got %+v, %v", e, e.Err())
	}
	// The owner of a database may not see where the server keeps it.
	if e.Database.Unknown == "" || e.Database.Path != "" || !strings.Contains(e.Unknown(), "pg_read_all_settings") {
		t.Errorf("got %+v, %q", e, e.Unknown())
	}
	if _, err := memento.EstimateSpace(t.Context(), conn, state, memento.Work{Backups: names("nothing")}); err == nil {
		t.Error("a table that is not there has a size")
	}
}

func TestShortSpaceIsSaid(t *testing.T) {
	const mb = 1 << 20
	here := t.TempDir()
	elsewhere := "/proc" // another file system wherever it is there
	if _, err := os.Stat(elsewhere); err != nil {
		elsewhere = "/"
	}
	for what, test := range map[string]struct {
		e       memento.Estimate
		err     string
		unknown string
	}{
		"enough": {memento.Estimate{State: memento.Space{Path: here, Need: mb, Free: mb}, Database: memento.Space{Path: elsewhere, Need: mb, Free: mb}}, "", ""},
		"too little for the backup": {
			memento.Estimate{State: memento.Space{Path: here, Need: 20 * mb, Free: 10 * mb}, Database: memento.Space{Path: elsewhere, Free: mb}},
			"the backup needs about 20 MiB, and the folder " + here + " has 10 MiB free", "",
		},
		"too little for the change": {
			memento.Estimate{State: memento.Space{Path: here, Free: mb}, Database: memento.Space{Path: elsewhere, Need: 3 * mb / 2, Free: mb}},
			"the change needs about 1.5 MiB, and the server's folder " + elsewhere + " has 1.0 MiB free", "",
		},
		"too little for both together": {
			memento.Estimate{State: memento.Space{Path: here, Need: 6 * mb, Free: 10 * mb}, Database: memento.Space{Path: here, Need: 6 * mb, Free: 10 * mb}},
			"together needs about 12 MiB", "",
		},
		"unknown is not enough": {
			memento.Estimate{State: memento.Space{Path: here, Free: mb}, Database: memento.Space{Need: 6 * mb, Unknown: "nobody knows"}},
			"",
			"how much is free is unknown, because nobody knows",
		},
		"unknown and not needed": {memento.Estimate{State: memento.Space{Path: here, Free: mb}, Database: memento.Space{Unknown: "nobody knows"}}, "", ""},
	} {
		said := ""
		if err := test.e.Err(); err != nil {
			said = err.Error()
		}
		if (test.err == "") != (said == "") || !strings.Contains(said, test.err) || !strings.Contains(test.e.Unknown(), test.unknown) || (test.unknown == "") != (test.e.Unknown() == "") {
			t.Errorf("%s: got %q and %q, want %q and %q", what, said, test.e.Unknown(), test.err, test.unknown)
		}
	}
}
