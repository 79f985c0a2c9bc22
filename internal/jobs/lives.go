package jobs

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/veilschema/veil/internal/store"
)

// life is what the others know a working process by: an advisory lock that its session holds. PostgreSQL lets go of it when the process is gone, so
// that nobody waits for a clock before what it had taken is given to another one.
type life struct {
	id   string
	pool *pgxpool.Pool
	log  *slog.Logger

	once sync.Once
	held chan struct{} // closed when the lock was first held
}

func newLife(pool *pgxpool.Pool, log *slog.Logger) *life {
	return &life{id: workerPrefix + rand.Text(), pool: pool, log: log, held: make(chan struct{})}
}

// known waits until the others know that this process lives, so that what it takes is not given away at once; but not for long, since
// nothing worse comes of it than work that is done twice.
func (l *life) known() {
	select {
	case <-l.held:
	case <-time.After(beatTime):
	}
}

// lock is the SQL of the lock of a process's name: 32 bits beside the class of all of them. It is held shared, so that two names of one lock make a
// dead process look alive until [Options.Rescue], and nothing worse.
const lock = `pg_catalog.hashtext(%s)`

// beat holds the lock until ctx ends, and takes it anew whenever the database was away.
func (l *life) beat(ctx context.Context) {
	for ctx.Err() == nil {
		if err := l.hold(ctx); err != nil && ctx.Err() == nil {
			if !store.Absent(err) {
				l.log.WarnContext(ctx, "the other workers may take this one for dead; its evaluations may be done twice", "error", err)
			}
			pause(ctx, beatTime)
		}
	}
}

// hold holds the lock, and looks after what others left, until the session or ctx ends.
func (l *life) hold(ctx context.Context) error {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	session := conn.Hijack() // the lock goes with the session, which nobody else may use
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = session.Close(end) // it is gone either way
	}()
	if _, err := session.Exec(ctx, `SELECT pg_catalog.pg_advisory_lock_shared($1, `+fmt.Sprintf(lock, "$2")+`)`, int32(livesClass), l.id); err != nil {
		return err
	}
	l.once.Do(func() { close(l.held) })
	for ; ctx.Err() == nil; pause(ctx, beatTime) {
		if err := l.bury(ctx, session); err != nil {
			return err
		}
	}
	return nil
}

// bury gives what dead processes had taken to the living. Of a job that was taken meanwhile by another one nothing is changed.
func (l *life) bury(ctx context.Context, session *pgx.Conn) error {
	tag, err := session.Exec(ctx, `
		UPDATE river.river_job AS job SET state = 'available', scheduled_at = pg_catalog.now()
		WHERE state = 'running' AND attempted_by[pg_catalog.cardinality(attempted_by)] LIKE $2 || '%'
		AND NOT EXISTS (
			SELECT FROM pg_catalog.pg_locks AS held
			WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2 AND held.classid::bigint = $1
			AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
			AND held.objid::bigint = `+fmt.Sprintf(lock, "job.attempted_by[pg_catalog.cardinality(job.attempted_by)]")+`::bigint & 4294967295)`,
		int64(livesClass), workerPrefix)
	if n := tag.RowsAffected(); n > 0 {
		l.log.InfoContext(ctx, "evaluations of a worker that died are done again", "count", n)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
