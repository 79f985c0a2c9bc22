package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/internal/daemon"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
)

// finding is what the doctor says of one thing.
type finding struct {
	what, says string
	bad        bool
}

func (a *app) adminDoctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Examine the service's database, log and queue",
		Long: `Doctor recomputes every hash of the log, compares clocks, looks at settings of
PostgreSQL that would lose what was acknowledged, and at what waits for too long. It
changes nothing. Exit code 0: all is well; 4: something needs an operator.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.maintain(cmd.Context(), false, a.doctor)
		},
	}
}

func (a *app) doctor(ctx context.Context, m *daemon.Maintenance) error {
	code := exitDone
	for _, examine := range []func(context.Context, *daemon.Maintenance) finding{
		examineWrites, examineSettings, examineClock, examineLog, examineQueue, examineComparisons,
	} {
		f := examine(ctx, m)
		mark := "ok  "
		if f.bad {
			mark, code = "BAD ", exitUnavailable
		}
		fmt.Fprintf(a.out, "%s %-12s %s\n", mark, f.what, f.says)
	}
	if code != exitDone {
		return verdictError{code}
	}
	return nil
}

func examineWrites(ctx context.Context, m *daemon.Maintenance) finding {
	if err := m.DB.Health(ctx); err != nil {
		return finding{"database", err.Error(), true}
	}
	where := "configured"
	if m.Private {
		where = "private"
	}
	return finding{what: "database", says: "the " + where + " PostgreSQL takes changes, and row-level security holds the application role"}
}

// examineSettings looks at what decides whether a transaction that was acknowledged outlives a power cut.
func examineSettings(ctx context.Context, m *daemon.Maintenance) finding {
	f := finding{what: "durability", says: "what is acknowledged is on the disk"}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := m.DB.Pool().QueryRow(ctx, `SELECT pg_catalog.current_setting($1)`, name).Scan(&value); err != nil {
			return finding{f.what, err.Error(), true}
		}
		if value == "off" {
			return finding{f.what, "PostgreSQL runs with " + name + " off: a power cut loses what was acknowledged; set it on", true}
		}
	}
	return f
}

// maxSkew is how far the clocks of the database and of this machine may be apart: tokens expire by the one, and events carry the other.
const maxSkew = 5 * time.Second

func examineClock(ctx context.Context, m *daemon.Maintenance) finding {
	var there time.Time
	before := time.Now()
	if err := m.DB.Pool().QueryRow(ctx, `SELECT pg_catalog.clock_timestamp()`).Scan(&there); err != nil {
		return finding{"clock", err.Error(), true}
	}
	skew := there.Sub(before.Add(time.Since(before) / 2)).Round(time.Millisecond)
	return finding{"clock", fmt.Sprintf("the database's is %v away from this machine's", skew), skew.Abs() > maxSkew}
}

func examineLog(ctx context.Context, m *daemon.Maintenance) finding {
	var says string
	err := m.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		tree, err := eventlog.Verify(ctx, tx)
		says = fmt.Sprintf("%d events, without a gap; the root is %v", tree.N, tree.Hash)
		return err
	})
	if err != nil {
		return finding{"log", err.Error(), true}
	}
	return finding{what: "log", says: says}
}

// maxQueued is how long an evaluation waits where workers keep up.
const maxQueued = time.Minute

func examineQueue(ctx context.Context, m *daemon.Maintenance) finding {
	var waiting, given int64
	var oldest float64 // seconds
	err := m.DB.Pool().QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'available'), count(*) FILTER (WHERE state = 'discarded'),
		coalesce(extract(epoch FROM pg_catalog.now() - min(scheduled_at) FILTER (WHERE state = 'available')), 0)::float8 FROM river.river_job`).Scan(&waiting, &given, &oldest)
	if err != nil {
		return finding{"queue", err.Error(), true}
	}
	says := fmt.Sprintf("%d evaluations wait, the oldest for %.0f s; %d were given up", waiting, oldest, given)
	if late := time.Duration(oldest*float64(time.Second)) > maxQueued; late {
		return finding{"queue", says + "; start more workers with veil serve --role worker", true}
	}
	return finding{what: "queue", says: says}
}

// examineComparisons counts those that a side broke the protocol in, which somebody should look at.
func examineComparisons(ctx context.Context, m *daemon.Maintenance) finding {
	var all, misconduct int64
	err := m.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'misconduct') FROM veil.comparison`).Scan(&all, &misconduct)
	})
	if err != nil {
		return finding{"comparisons", err.Error(), true}
	}
	return finding{what: "comparisons", says: fmt.Sprintf("%d, with evidence of misconduct in %d (veil comparisons evidence)", all, misconduct)}
}
