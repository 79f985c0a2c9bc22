package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Evaluator carries out what is in the queue.
type Evaluator interface {
	// Evaluate evaluates a comparison's submission; doing it again does no harm.
	Evaluate(ctx context.Context, tenant, comparison uuid.UUID) error
	// GiveUp ends a comparison that could not be evaluated however often it was tried.
	GiveUp(ctx context.Context, tenant, comparison uuid.UUID) error
}

// Options say how a process works.
type Options struct {
	// Workers is how many evaluations it carries out at once; zero is 2.
	Workers int
	// Rescue is after how long a job is given to another worker although its own seems to live; zero is 150 s, the least that is safe for any comparison.
	Rescue time.Duration
	// Middleware sees every evaluation, to trace it.
	Middleware []rivertype.Middleware
	// Log gets what goes wrong; nil logs nothing.
	Log *slog.Logger
}

// Queue is the queue as one process sees it.
type Queue struct {
	client *river.Client[pgx.Tx]
}

// evaluation is an entry.
type evaluation struct {
	Tenant     uuid.UUID `json:"tenant"`
	Comparison uuid.UUID `json:"comparison"`
}

// Kind is the name of such entries.
func (evaluation) Kind() string { return "evaluation" }

// New returns a queue that takes entries and carries none out. Its pool is that of the application role.
func New(pool *pgxpool.Pool) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: schemaName, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("the queue cannot be opened: %w", err)
	}
	return &Queue{client}, nil
}

// EnqueueEvaluation enters an evaluation as part of a transaction. One that is entered already is not entered again.
func (q *Queue) EnqueueEvaluation(ctx context.Context, tx pgx.Tx, tenant, comparison uuid.UUID) error {
	_, err := q.client.InsertTx(ctx, tx, evaluation{tenant, comparison}, &river.InsertOpts{MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}})
	if err != nil {
		return fmt.Errorf("the evaluation of the comparison %s could not be queued: %w", comparison, err)
	}
	return nil
}

// worker carries out evaluations.
type worker struct {
	river.WorkerDefaults[evaluation]
	do  Evaluator
	log *slog.Logger
}

// Work carries out one entry. The last try that fails gives the comparison up.
func (w *worker) Work(ctx context.Context, job *river.Job[evaluation]) error {
	err := w.do.Evaluate(ctx, job.Args.Tenant, job.Args.Comparison)
	if err == nil {
		return nil
	}
	w.log.ErrorContext(ctx, "evaluation failed", "comparison", job.Args.Comparison, "attempt", job.Attempt, "error", err)
	if job.Attempt < job.MaxAttempts {
		return err
	}
	return errors.Join(err, w.do.GiveUp(context.WithoutCancel(ctx), job.Args.Tenant, job.Args.Comparison))
}

// NextRetry waits a little longer each time, 32 s at most: somebody waits for the response.
func (w *worker) NextRetry(job *river.Job[evaluation]) time.Time {
	return time.Now().Add(time.Second << min(job.Attempt-1, 5))
}

// Work begins to carry entries out and returns at once. The function that it returns ends that: it lets those finish that are under way, as
// long as its context lasts.
func Work(ctx context.Context, pool *pgxpool.Pool, do Evaluator, o Options) (stop func(context.Context) error, err error) {
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Rescue <= 0 {
		o.Rescue = jobTimeout + 30*time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{do: do, log: o.Log})
	alive := newLife(pool, o.Log)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		ID: alive.id, Schema: schemaName, Logger: slog.New(quiet{o.Log.Handler()}), Workers: workers,
		Queues:     map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}},
		JobTimeout: min(jobTimeout, o.Rescue*4/5), RescueStuckJobsAfter: o.Rescue,
		FetchCooldown: 10 * time.Millisecond, FetchPollInterval: time.Second,
		ErrorHandler: (*handler)(o.Log), Middleware: o.Middleware,
	})
	if err != nil {
		return nil, fmt.Errorf("the queue cannot be worked on: %w", err)
	}
	living, die := context.WithCancel(context.WithoutCancel(ctx))
	var beats sync.WaitGroup
	beats.Go(func() { alive.beat(living) })
	alive.known()
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		die()
		beats.Wait()
		return nil, fmt.Errorf("the queue cannot be worked on: %w", err)
	}
	return func(ctx context.Context) error {
		defer beats.Wait()
		defer die() // not before nothing is under way any more
		err := client.Stop(ctx)
		if err != nil {
			err = errors.Join(err, client.StopAndCancel(context.WithoutCancel(ctx)))
		}
		return err
	}, nil
}

// handler logs panics, which would otherwise stand in the queue alone.
type handler slog.Logger

// HandleError does nothing: the worker has said what went wrong.
func (*handler) HandleError(context.Context, *rivertype.JobRow, error) *river.ErrorHandlerResult {
	return nil
}

// HandlePanic logs a panic with its trace.
func (h *handler) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	(*slog.Logger)(h).ErrorContext(ctx, "evaluation panicked", "job", job.ID, "panic", value, "trace", trace)
	return nil
}

// quiet lets only warnings and errors of the queue through.
type quiet struct{ slog.Handler }

// Enabled says whether a level is let through.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}
