package eventlog

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// selectEvents begins all queries for events; collect and scanRow read what they give.
const selectEvents = `SELECT sequence, stream, version, type, command, part, tenant, leaf FROM veil.events`

// eventRow is an event as its row has it.
type eventRow struct {
	sequence int64
	stream   string
	version  int64
	kind     string // its type
	command  uuid.UUID
	part     int32
	tenant   *uuid.UUID
	leaf     []byte
}

func (r *eventRow) targets() []any {
	return []any{&r.sequence, &r.stream, &r.version, &r.kind, &r.command, &r.part, &r.tenant, &r.leaf}
}

// event reads the leaf, and finds that the columns beside it say the same or that something changed one of them.
func (r *eventRow) event() (Event, error) {
	e, err := DecodeLeaf(r.leaf)
	if err != nil {
		return Event{}, damagedEvent(r.sequence, "%v", err)
	}
	e.Sequence = r.sequence
	tenant := uuid.Nil
	if r.tenant != nil {
		tenant = *r.tenant
	}
	for _, column := range []struct {
		name string
		same bool
	}{
		{"stream", r.stream == e.Stream},
		{"version", r.version == e.Version},
		{"type", r.kind == e.Type},
		{"command", r.command == e.Command},
		{"tenant", tenant == e.Tenant && (r.tenant == nil) == (e.Tenant == uuid.Nil)},
	} {
		if !column.same {
			return Event{}, damagedEvent(r.sequence, "its column %q does not say what its bytes say", column.name)
		}
	}
	return e, nil
}

// collect reads all rows of a query that begins with selectEvents.
func collect(rows pgx.Rows) ([]Event, error) {
	var out []Event
	var r eventRow
	_, err := pgx.ForEachRow(rows, r.targets(), func() error {
		e, err := r.event()
		out = append(out, e)
		r.tenant = nil
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Read returns up to limit events that the transaction's scope sees after a sequence, -1 for all from the first, in order. In the service's scope that is
// the next ones without a gap; a tenant sees its own, whose numbers have gaps. It never skips an event that becomes visible later: writers
// commit in the order of the sequence, for each holds the head until then.
func Read(ctx context.Context, tx pgx.Tx, after int64, limit int) ([]Event, error) {
	events, err := query(ctx, tx, ` WHERE sequence > $1 ORDER BY sequence LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("the events after %d cannot be read: %w", after, err)
	}
	return events, nil
}

// ReadStream returns the events of a stream that the transaction's scope sees, in order; none where there is no such stream. A stream of more than
// 100,000 events is an error: read the log instead.
func ReadStream(ctx context.Context, tx pgx.Tx, stream string) ([]Event, error) {
	events, err := query(ctx, tx, ` WHERE stream = $1 ORDER BY version LIMIT $2`, stream, maxStreamEvents+1)
	if err != nil {
		return nil, fmt.Errorf("the stream %s cannot be read: %w", cut(stream), err)
	}
	if len(events) > maxStreamEvents {
		return nil, fmt.Errorf("the stream %s has more than %d events; read the log in parts instead", cut(stream), maxStreamEvents)
	}
	for i, e := range events {
		if e.Version != int64(i)+1 {
			return nil, damagedEvent(e.Sequence, "its stream %s has version %d where %d comes next", cut(stream), e.Version, i+1)
		}
	}
	return events, nil
}

func query(ctx context.Context, tx pgx.Tx, where string, args ...any) ([]Event, error) {
	rows, err := tx.Query(ctx, selectEvents+where, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows)
}
