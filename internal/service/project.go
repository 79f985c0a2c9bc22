package service

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// readModels are the tables that follow from the events, in an order in which they can be emptied.
var readModels = []string{"message", "comparison", "template", "token", "tenant"}

// project applies one event to the read models. Times are the event's, so that doing it again gives the same.
func project(ctx context.Context, tx pgx.Tx, e eventlog.Event) error {
	var err error
	switch e.Type {
	case history.TenantCreated:
		err = reduce(ctx, tx, e, func(b history.TenantCreatedBody) []statement {
			return one(`INSERT INTO veil.tenant (id, name, created_at) VALUES ($1, $2, $3)`, b.ID, b.Name, e.At)
		})
	case history.TokenIssued, history.TokenUsed, history.TokenRevoked:
		err = projectToken(ctx, tx, e)
	case history.TemplatePublished:
		err = reduce(ctx, tx, e, func(b history.TemplatePublishedBody) []statement {
			return one(`INSERT INTO veil.template (slug, version, title, visibility, digest, facts, blob, bytes, published_at, sequence)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				b.Slug, b.Version, b.Title, b.Visibility, unhex(b.Digest), b.Facts, unhex(b.Template.Digest), b.Template.Bytes, e.At, e.Sequence)
		})
	default:
		err = projectComparison(ctx, tx, e)
	}
	if err != nil {
		return fmt.Errorf("the event %d (%s) cannot be applied: %w", e.Sequence, e.Type, err)
	}
	return nil
}

func projectToken(ctx context.Context, tx pgx.Tx, e eventlog.Event) error {
	switch e.Type {
	case history.TokenIssued:
		return reduce(ctx, tx, e, func(b history.TokenIssuedBody) []statement {
			return one(`INSERT INTO veil.token (id, tenant, role, label, hash, once, created_at, expires_at, sequence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				b.ID, b.Tenant, b.Role, b.Label, unhex(b.Hash), b.Once, e.At, b.Expires, e.Sequence)
		})
	case history.TokenUsed:
		return reduce(ctx, tx, e, func(b history.TokenBody) []statement {
			return one(`UPDATE veil.token SET used_at = $2 WHERE id = $1`, b.ID, e.At)
		})
	}
	return reduce(ctx, tx, e, func(b history.TokenBody) []statement {
		return one(`UPDATE veil.token SET revoked_at = $2 WHERE id = $1`, b.ID, e.At)
	})
}

func projectComparison(ctx context.Context, tx pgx.Tx, e eventlog.Event) error {
	switch e.Type {
	case history.ComparisonOpened:
		return reduce(ctx, tx, e, func(b history.ComparisonOpenedBody) []statement {
			x := b.Exchange
			insert := statement{`INSERT INTO veil.comparison (id, tenant, template, slug, version, tenant_key, parameter_set, bucket, columns, submission_bytes,
				state, opened_at, changed_at, stream_version, sequence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'opened', $11, $11, $12, $13)`, []any{
				b.ID, e.Tenant, unhex(b.Template), b.Slug, b.Version, b.TenantKey, x.ParameterSet, x.Bucket, x.Columns, x.SubmissionBytes, e.At, e.Version, e.Sequence,
			}}
			return []statement{insert, message(e, b.ID, compare.TypeOpen, b.Open), message(e, b.ID, compare.TypeOffer, b.Offer)}
		})
	case history.ComparisonAccepted:
		return reduceTaken(ctx, tx, e, StateAccepted, compare.TypeAccept)
	case history.ComparisonSubmitted:
		return reduceTaken(ctx, tx, e, StateSubmitted, compare.TypeSubmission)
	case history.ComparisonCommitted:
		return reduceTaken(ctx, tx, e, StateCommitted, compare.TypeCommitment)
	case history.ComparisonEvaluated:
		return reduce(ctx, tx, e, func(b history.ComparisonEvaluatedBody) []statement {
			return []statement{state(e, b.ID, StateEvaluated), message(e, b.ID, compare.TypeResponse, b.Response)}
		})
	case history.ComparisonDisclosed:
		return reduce(ctx, tx, e, func(b history.ComparisonDisclosedBody) []statement {
			update := statement{
				`UPDATE veil.comparison SET conformance = $2, present = $3, absent = $4, undisclosed = $5, report = $6, report_bytes = $7 WHERE id = $1`,
				[]any{b.ID, b.Conformance, b.Present, b.Absent, b.Undisclosed, unhex(b.Report.Digest), b.Report.Bytes},
			}
			return append(taken(e, b.TakenBody, StateDisclosed, compare.TypeDisclosure), update)
		})
	case history.ComparisonFailed, history.ComparisonMisconduct:
		return reduce(ctx, tx, e, func(b history.ComparisonEndedBody) []statement { return ended(e, b) })
	case history.ComparisonDeleted:
		return reduce(ctx, tx, e, func(b history.ComparisonEndedBody) []statement {
			return []statement{
				state(e, b.ID, StateDeleted),
				{`DELETE FROM veil.message WHERE comparison = $1`, []any{b.ID}},
				{`UPDATE veil.comparison SET report = NULL, report_bytes = NULL, evidence = NULL, conformance = NULL, present = NULL, absent = NULL, undisclosed = NULL WHERE id = $1`, []any{b.ID}},
			}
		})
	}
	return fmt.Errorf("this release does not know events of the type %q; use the release that wrote it, or a newer one", e.Type)
}

func ended(e eventlog.Event, b history.ComparisonEndedBody) []statement {
	to := StateFailed
	if e.Type == history.ComparisonMisconduct {
		to = StateMisconduct
	}
	var evidence []byte
	if b.Evidence != nil {
		evidence = unhex(b.Evidence.Digest)
	}
	return []statement{state(e, b.ID, to), {
		`UPDATE veil.comparison SET reason = $2, accused = nullif($3, ''), offence = nullif($4, ''), evidence = $5 WHERE id = $1`,
		[]any{b.ID, b.Reason, b.Accused, b.Offence, evidence},
	}}
}

// statement is SQL with its parameters.
type statement struct {
	sql  string
	args []any
}

func one(sql string, args ...any) []statement { return []statement{{sql, args}} }

// reduce decodes an event's data and runs the statements that follow from it, in one round trip.
func reduce[B any](ctx context.Context, tx pgx.Tx, e eventlog.Event, statements func(B) []statement) error {
	var body history.Envelope
	if err := decode(e.Body, &body); err != nil {
		return err
	}
	var data B
	if err := decode(body.Data, &data); err != nil {
		return err
	}
	var batch pgx.Batch
	for _, s := range statements(data) {
		batch.Queue(s.sql, s.args...)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

func reduceTaken(ctx context.Context, tx pgx.Tx, e eventlog.Event, to State, t compare.Type) error {
	return reduce(ctx, tx, e, func(b history.TakenBody) []statement { return taken(e, b, to, t) })
}

// taken are the statements for a message of the tenant and the answer to it, which is the next message.
func taken(e eventlog.Event, b history.TakenBody, to State, t compare.Type) []statement {
	out := []statement{state(e, b.ID, to), message(e, b.ID, t, b.Took)}
	if b.Answer != nil {
		out = append(out, message(e, b.ID, t+1, *b.Answer))
	}
	return out
}

func state(e eventlog.Event, id uuid.UUID, to State) statement {
	return statement{`UPDATE veil.comparison SET state = $2, changed_at = $3, stream_version = $4 WHERE id = $1`, []any{id, to, e.At, e.Version}}
}

func message(e eventlog.Event, id uuid.UUID, t compare.Type, b history.Blob) statement {
	return statement{
		`INSERT INTO veil.message (comparison, tenant, type, digest, bytes) VALUES ($1, $2, $3, $4, $5)`,
		[]any{id, e.Tenant, int16(t), unhex(b.Digest), b.Bytes},
	}
}

func decode(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

// unhex returns nil for what is no hexadecimal digits, which no column takes.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// Rebuild makes the read models anew from all events, in one transaction. It returns how many events there are.
func (s *Service) Rebuild(ctx context.Context) (int64, error) {
	var count int64
	err := s.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		count = 0
		for _, table := range readModels {
			if _, err := tx.Exec(ctx, "DELETE FROM veil."+pgx.Identifier{table}.Sanitize()); err != nil {
				return err
			}
		}
		for {
			events, err := eventlog.Read(ctx, tx, count-1, rebuildPage)
			if err != nil || len(events) == 0 {
				return err
			}
			for _, e := range events {
				if err := project(ctx, tx, e); err != nil {
					return err
				}
			}
			count += int64(len(events))
		}
	})
	return count, err
}

// Snapshot writes the read models as text, one row a line, sorted: two that are equal have the same bytes.
func (s *Service) Snapshot(ctx context.Context) ([]byte, error) {
	var out []byte
	err := s.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		out = nil
		for _, table := range slices.Sorted(slices.Values(readModels)) {
			rows, err := tx.Query(ctx, "SELECT t::text FROM veil."+pgx.Identifier{table}.Sanitize()+" t ORDER BY t::text COLLATE \"C\"")
			if err != nil {
				return err
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			for _, line := range lines {
				out = append(out, table+" "+line+"\n"...)
			}
		}
		return nil
	})
	return out, err
}
