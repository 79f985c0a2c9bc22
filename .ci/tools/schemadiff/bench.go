package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stripe/pg-schema-diff/pkg/diff"
	"github.com/stripe/pg-schema-diff/pkg/tempdb"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/provision"
)

// bench measures one pair of schemas.
type bench struct {
	server    *postgres.Server
	runs      int
	old, next string // files of DDL
}

// row returns the pair's row of the table behind its names.
func (b *bench) row(ctx context.Context) (string, error) {
	from, err := b.load(ctx, b.old)
	if err != nil {
		return "", err
	}
	defer from.close(ctx)
	to, err := b.load(ctx, b.next)
	if err != nil {
		return "", err
	}
	defer to.close(ctx)
	plan, times, refused := b.library(ctx, from, to, diff.WithDoNotValidatePlan())
	_, checked, invalid := b.library(ctx, from, to, diff.WithTempDbFactory(factory{b.server}))
	known, err := b.fate(ctx, plan, refused, to)
	if err != nil {
		return "", err
	}
	if refused == nil && invalid != nil {
		known += "; its validation refuses: " + brief(invalid)
	}
	deletes := 0
	for i := range plan.Statements {
		if deletesData(&plan.Statements[i]) {
			deletes++
		}
	}
	virtual, err := b.virtual(ctx, from)
	if err != nil {
		return "", err
	}
	defer virtual.close(ctx)
	blind, _, refused := b.library(ctx, virtual, to, diff.WithDoNotValidatePlan())
	unknown, err := b.fate(ctx, blind, refused, to)
	if err != nil {
		return "", err
	}
	own, steps, err := b.veil(ctx, from)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s | %s | %d | %d | %s | %s | %s | %s |", median(times), median(checked), len(plan.Statements), deletes, known, unknown, median(own), steps), nil
}

// library plans from two databases. Its time is that of reading both catalogs, comparing, and spelling statements.
func (b *bench) library(ctx context.Context, from, to *database, o diff.PlanOpt) (diff.Plan, []time.Duration, error) {
	var (
		plan  diff.Plan
		times []time.Duration
	)
	for range b.runs {
		start := time.Now()
		var err error
		plan, err = diff.Generate(ctx, diff.DBSchemaSource(from.pool), diff.DBSchemaSource(to.pool), o)
		if err != nil {
			return diff.Plan{}, nil, err
		}
		times = append(times, time.Since(start))
	}
	return plan, times, nil
}

func deletesData(s *diff.Statement) bool {
	for _, h := range s.Hazards {
		if h.Type == diff.MigrationHazardTypeDeletesData {
			return true
		}
	}
	return false
}

// fate says what became of the library's plan.
func (b *bench) fate(ctx context.Context, plan diff.Plan, refused error, to *database) (string, error) {
	if refused != nil {
		return "refused: " + brief(refused), nil
	}
	return b.apply(ctx, plan, to)
}

// apply runs a plan in a copy of the old schema, one statement after the other, and says what came of it. What is too much is not looked
// at: a tenant may have more than a template.
func (b *bench) apply(ctx context.Context, plan diff.Plan, to *database) (string, error) {
	copied, err := b.load(ctx, b.old)
	if err != nil {
		return "", err
	}
	defer copied.close(ctx)
	if _, err := copied.conn.Exec(ctx, makePlaceholder); err != nil { // which the plan may drop
		return "", err
	}
	for i, s := range plan.Statements {
		if _, err := copied.conn.PgConn().Exec(ctx, s.DDL).ReadAll(); err != nil {
			return fmt.Sprintf("failed at statement %d: %s", i+1, brief(err)), nil
		}
	}
	got, err := copied.facts(ctx)
	if err != nil {
		return "", err
	}
	want, err := to.facts(ctx)
	if err != nil {
		return "", err
	}
	if missing := want.Minus(got); len(missing) > 0 {
		return fmt.Sprintf("%d facts missing, as %s", len(missing), code(missing[0].String())), nil
	}
	return "complete", nil
}

// veil plans as Veil does, from the verdicts of a comparison.
func (b *bench) veil(ctx context.Context, from *database) (times []time.Duration, steps string, err error) {
	text, err := os.ReadFile(b.next)
	if err != nil {
		return nil, "", err
	}
	s := &check.Server{}
	defer func() { err = errors.Join(err, s.Close()) }()
	state, err := os.MkdirTemp("", "schemadiff")
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
	for range b.runs {
		out, err := provision.Run(ctx, s, provision.Options{
			Check: check.Options{
				Meta: template.Meta{Slug: "next", Version: "1"}, Template: check.Source{Texts: []check.Text{{Name: "next", Text: text}}},
				Tenant: check.Source{DSN: from.dsn}, Workers: 1, Generator: "schemadiff",
			},
			DryRun: true, State: state,
		})
		if err != nil {
			return nil, "refused: " + brief(err), nil // it is what is reported
		}
		times, steps = append(times, time.Duration(out.Timings.Plan*float64(time.Millisecond))), fmt.Sprint(len(out.Plan.Steps))
	}
	return times, steps, nil
}

// database is a scratch database.
type database struct {
	*postgres.Scratch
	conn *pgx.Conn
	pool *sql.DB
	dsn  string
}

func (b *bench) load(ctx context.Context, path string) (*database, error) {
	d, err := open(ctx, b.server)
	if err != nil {
		return nil, err
	}
	if _, err := d.LoadFile(ctx, path); err != nil {
		d.close(ctx)
		return nil, err
	}
	return d, nil
}

func open(ctx context.Context, s *postgres.Server) (*database, error) {
	scratch, err := s.Scratch(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := scratch.Connect(ctx)
	if err != nil {
		return nil, errors.Join(err, scratch.Close(ctx))
	}
	c := conn.Config()
	pool := stdlib.OpenDB(*c)
	pool.SetMaxOpenConns(5) // as the library takes where nobody says how many
	pool.SetMaxIdleConns(5)
	return &database{
		Scratch: scratch, conn: conn, pool: pool,
		dsn: fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", c.Host, c.Port, c.User, c.Password, c.Database),
	}, nil
}

func (d *database) close(ctx context.Context) {
	_, _ = d.pool.Close(), d.conn.Close(ctx)
	if err := d.Scratch.Close(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "schemadiff:", err)
	}
}

func (d *database) facts(ctx context.Context) (schema.Facts, error) {
	db, err := introspect.Read(ctx, d.conn, introspect.Options{})
	if err != nil {
		return nil, err
	}
	facts, _, err := db.Facts(schema.Mapping{})
	return facts, err
}

// factory makes the databases in which the library tries its plans.
type factory struct{ server *postgres.Server }

var (
	_ tempdb.Factory = factory{}
	_ io.Closer      = factory{}
)

func (f factory) Create(ctx context.Context) (*tempdb.Database, error) {
	d, err := open(ctx, f.server)
	if err != nil {
		return nil, err
	}
	return &tempdb.Database{ConnPool: d.pool, ContextualCloser: closer{d}}, nil
}

func (f factory) Close() error { return nil }

type closer struct{ *database }

func (c closer) Close(ctx context.Context) error { c.close(ctx); return nil }

// brief is the first line of an error, or as much of it as fits into a table.
func brief(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if len(line) > 200 {
		line = line[:197] + "..."
	}
	return code(strings.TrimSpace(line))
}

// code is a text between backquotes, without what would end a cell.
func code(s string) string { return "`" + strings.NewReplacer("|", "\\|", "`", "'").Replace(s) + "`" }
