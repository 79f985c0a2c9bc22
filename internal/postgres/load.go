package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

// LoadOptions say how to treat a file. The zero value suits a tenant's.
type LoadOptions struct {
	// RefuseEventTriggers makes an event trigger in the file an error, as it is in a template's.
	// Otherwise it is left out and reported.
	RefuseEventTriggers bool
}

// LoadReport says what a load did and what it left out.
type LoadReport struct {
	Statements int           // that ran
	Skipped    []Skip        // what was left out, in the file's order; at most the first 10,000
	SkippedAll int           // how many there were
	Elapsed    time.Duration // from the first statement sent to the last answer
}

// Skip is a part of the file that was left out.
type Skip struct {
	Line      int        // where it begins, counted from 1
	Statement string     // its beginning, on one line
	Reason    ddl.Reason // why
}

// Reasons counts the skips by reason.
func (r LoadReport) Reasons() map[ddl.Reason]int {
	counts := make(map[ddl.Reason]int)
	for _, s := range r.Skipped {
		counts[s.Reason]++
	}
	return counts
}

// LoadFile reads the file and loads it with the default options.
func (d *Scratch) LoadFile(ctx context.Context, path string) (LoadReport, error) {
	return d.LoadFileWith(ctx, path, LoadOptions{})
}

// LoadFileWith reads the file and loads it. Errors in the file are of type *LoadError.
func (d *Scratch) LoadFileWith(ctx context.Context, path string, o LoadOptions) (LoadReport, error) {
	text, err := readBounded(path, d.server.limits.FileBytes)
	if err != nil {
		return LoadReport{}, err
	}
	return d.Load(ctx, path, text, o)
}

// readBounded reads at most limit bytes, whatever kind of file path is.
func readBounded(path string, limit int64) (text []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the schema file cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the schema file cannot be read: %w", err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB, the most that a schema file may have; dump it with `pg_dump --schema-only`", path, limit>>20)
	}
	return text, nil
}

// Load runs the statements of a schema file, whose name is used in errors only, as the
// database's owner. What is no structure is left out and reported: ownership, privileges,
// roles, rows after COPY ... FROM stdin, and the others of package ddl's reasons.
//
// The first statement that fails ends the load with a *LoadError that has its line and column;
// the database is then half filled, and good for Close only. So it is when ctx ends or a limit
// is reached, which ends the session by force.
func (d *Scratch) Load(ctx context.Context, name string, text []byte, o LoadOptions) (LoadReport, error) {
	if int64(len(text)) > d.server.limits.FileBytes {
		return LoadReport{}, fmt.Errorf("%s is larger than %d MiB, the most that a schema file may have", name, d.server.limits.FileBytes>>20)
	}
	l := &loader{scratch: d, name: name, text: text, options: o, limits: d.server.limits}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return LoadReport{}, l.fail(i, errors.New("the file holds a zero byte, so it is no SQL text"))
	}
	start := time.Now()
	err := l.run(ctx)
	l.report.Elapsed = time.Since(start)
	return l.report, err
}
