package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/jobs"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/publish"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/telemetry"
)

const (
	// drainTime is how long requests and evaluations that are under way have to finish.
	drainTime = 20 * time.Second
	// maxWait is the longest time between two tries to reach the database.
	maxWait = 15 * time.Second
	// maxEvaluations is how many evaluations are carried out at once where nobody says so.
	maxEvaluations = 8
)

// Run runs a process until ctx ends, or something without which it cannot go on does. It returns nil where it was asked to stop and
// everything stopped.
func Run(ctx context.Context, c Config) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &process{Config: c}
	defer func() { err = errors.Join(err, p.stop()) }()
	for _, part := range []func(context.Context) error{p.observe, p.openDatabase, p.openLog, p.makeService, p.work, p.expose, p.sign, p.listen} {
		if err := part(ctx); err != nil {
			if ctx.Err() != nil {
				return nil // it was asked to stop before it ran
			}
			return err
		}
	}
	if err := p.ready(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // it was asked to stop before it was ready
		}
		return err
	}
	select {
	case <-ctx.Done():
		c.Log.Info("stopping: requests and evaluations that are under way are finished first")
		return nil
	case err := <-p.failed:
		return err
	case <-p.instanceDone():
		return fmt.Errorf("the private PostgreSQL does not run any more: %w", p.instance.Err())
	}
}

// process are the parts as they were started.
type process struct {
	Config
	instance *postgres.Instance
	db       *store.DB
	service  *service.Service
	ended    []func() error // what to stop, the last one first
	log      *auditlog.Log
	metrics  *telemetry.Metrics
	traces   *telemetry.Tracing // nil where nobody asked for traces
	closing  chan struct{}      // closed when streams have to end
	failed   chan error         // why listening ended
	url      string

	metricsURL string
}

// later has something stopped when the process stops.
func (p *process) later(stop func() error) { p.ended = append(p.ended, stop) }

func (p *process) stop() (err error) {
	for i := len(p.ended) - 1; i >= 0; i-- {
		err = errors.Join(err, p.ended[i]())
	}
	return err
}

// openDatabase reaches the database, which it starts where none is named, and brings its schema up to date.
func (p *process) openDatabase(ctx context.Context) error {
	if p.AppDSN == "" {
		p.Instance.Log = p.Log
		instance, err := postgres.OpenInstance(ctx, p.Instance)
		if err != nil {
			return err
		}
		p.instance = instance
		p.later(instance.Close)
		p.OwnerDSN, p.AppDSN = instance.OwnerDSN(), instance.AppDSN()
	}
	db, err := p.waitForDatabase(ctx)
	if err != nil {
		return err
	}
	p.db = db
	p.later(func() error { db.Close(); return nil })
	if p.OwnerDSN == "" {
		return nil
	}
	return jobs.Migrate(ctx, p.OwnerDSN, db.Pool().Config().ConnConfig.User)
}

// waitForDatabase opens the database, and tries again for as long as nobody answers there: machines start in any order. What another try would not
// mend, such as a wrong password or another version of the schema, ends it at once.
func (p *process) waitForDatabase(ctx context.Context) (*store.DB, error) {
	for wait := time.Second; ; wait = min(2*wait, maxWait) {
		db, err := store.Open(ctx, store.Config{OwnerDSN: p.OwnerDSN, AppDSN: p.AppDSN, Tracer: p.tracer()})
		if err == nil || ctx.Err() != nil || !store.Absent(err) {
			return db, err
		}
		p.Log.Warn("the database does not answer; it is tried again", "seconds", wait.Seconds(), "error", err)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

func (p *process) makeService(context.Context) error {
	queue, err := jobs.New(p.db.Pool())
	if err != nil {
		return err
	}
	c := service.Config{
		DB: p.db, Root: p.Root, Jobs: queue, Quota: p.Quota, Workers: p.Workers, Generator: "veil " + p.Version, Random: rand.Reader, Log: p.Log,
		Observe: p.metrics.Action, Witnesses: p.witnesses(), Refused: p.refused,
	}
	if p.Role.answers() {
		publisher := publish.New(p.Scratch)
		p.later(publisher.Close)
		c.Publish = publisher
	}
	p.service, err = service.New(c)
	return err
}

// work begins to evaluate.
func (p *process) work(ctx context.Context) error {
	if !p.Role.evaluates() {
		return nil
	}
	stop, err := jobs.Work(ctx, p.db.Pool(), p.service, jobs.Options{Workers: p.evaluations(), Middleware: p.middleware(), Log: p.Log})
	if err != nil {
		return err
	}
	p.later(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := stop(ctx); err != nil {
			p.Log.Warn("evaluations were broken off; they are done again", "error", err)
		}
		return nil
	})
	return nil
}

// evaluations is how many evaluations are carried out at once. They take no connection while they compute.
func (p *process) evaluations() int {
	if p.Evaluations > 0 {
		return p.Evaluations
	}
	return min(max(2, p.Workers), maxEvaluations)
}

// ready makes the one-time token where it is needed and says that everything runs.
func (p *process) ready(ctx context.Context) error {
	r := Ready{URL: p.url, Metrics: p.metricsURL, LogKey: p.log.Key()}
	if p.instance != nil {
		r.Embedded = p.instance.Version()
	}
	if p.Role.answers() {
		var err error
		if r.OneTime, err = p.service.Bootstrap(ctx); err != nil {
			return fmt.Errorf("the one-time token was not made: %w", err)
		}
	}
	p.Log.Info("ready", "role", p.Role, "url", p.url, "key", p.service.Identity().String())
	if p.Ready != nil {
		p.Ready(r)
	}
	return nil
}

// instanceDone is closed when the private server gave up; nil, which never is, where there is none.
func (p *process) instanceDone() <-chan struct{} {
	if p.instance == nil {
		return nil
	}
	return p.instance.Done()
}
