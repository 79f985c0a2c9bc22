package service

import (
	"context"
	"encoding/hex"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/store"
)

// GetComparison reads one comparison.
type GetComparison struct{ ID uuid.UUID }

func (GetComparison) name() string { return "get-comparison" }
func (GetComparison) may() roles   { return readers }

func (q GetComparison) ask(ctx context.Context, v *view) (*Comparison, error) {
	return v.comparison(ctx, q.ID, false)
}

// ListComparisons lists a tenant's comparisons, newest first, those before a place in the log.
type ListComparisons struct {
	Before int64 // the Sequence of the last one of the page before; zero begins
	Limit  int
}

func (ListComparisons) name() string { return "list-comparisons" }
func (ListComparisons) may() roles   { return readers }

func (q ListComparisons) ask(ctx context.Context, v *view) ([]Comparison, error) {
	rows, err := v.tx.Query(ctx, "SELECT "+comparisonColumns+" FROM veil.comparison WHERE ($1::bigint = 0 OR sequence < $1) ORDER BY sequence DESC LIMIT $2", q.Before, page(q.Limit))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Comparison, error) {
		c, err := scanComparison(row)
		return *c, err
	})
}

// Stored are bytes that the service keeps, with the SHA-256 in hexadecimal digits.
type Stored struct {
	Digest string
	Data   []byte
}

// GetMessage reads a message of a comparison.
type GetMessage struct {
	Comparison uuid.UUID
	Type       compare.Type
}

func (GetMessage) name() string { return "get-message" }
func (GetMessage) may() roles   { return readers }

func (q GetMessage) ask(ctx context.Context, v *view) (*Stored, error) {
	c, err := v.comparison(ctx, q.Comparison, false)
	if err != nil {
		return nil, err
	}
	digest, err := v.digestOf(ctx, q.Comparison, q.Type)
	if err != nil {
		return nil, err
	}
	if digest == nil {
		return nil, c.missing(q.Type.String())
	}
	return v.stored(ctx, digest)
}

// missing says why something of a comparison is not there.
func (c *Comparison) missing(what string) error {
	switch c.State {
	case StateDeleted:
		return failf(CodeGone, "the messages and the report of the comparison %s are deleted", c.ID)
	case StateFailed, StateMisconduct:
		return failf(CodeState, "the comparison %s ended before its %s: %s", c.ID, what, c.Reason)
	}
	if c.State == StateSubmitted && what == compare.TypeResponse.String() {
		return failf(CodePending, "the submission of the comparison %s is being evaluated; ask again in a moment", c.ID)
	}
	return failf(CodeState, "the comparison %s is %s and has no %s yet; go on with it, or ask again later", c.ID, c.State, what)
}

func (v *view) stored(ctx context.Context, digest []byte) (*Stored, error) {
	data, err := store.Blob(ctx, v.tx, store.Digest(digest))
	if err != nil {
		return nil, err
	}
	return &Stored{Digest: hex.EncodeToString(digest), Data: data}, nil
}

// GetReport reads the service's copy of a report, which holds verdicts and nothing that only the tenant knows.
type GetReport struct{ Comparison uuid.UUID }

func (GetReport) name() string { return "get-report" }
func (GetReport) may() roles   { return readers }

func (q GetReport) ask(ctx context.Context, v *view) (*Stored, error) {
	c, err := v.comparison(ctx, q.Comparison, false)
	if err != nil {
		return nil, err
	}
	if c.report == nil {
		return nil, c.missing("report")
	}
	return v.stored(ctx, c.report)
}

// GetEvidence reads the evidence of a misconduct.
type GetEvidence struct{ Comparison uuid.UUID }

func (GetEvidence) name() string { return "get-evidence" }
func (GetEvidence) may() roles   { return readers }

func (q GetEvidence) ask(ctx context.Context, v *view) (*Stored, error) {
	c, err := v.comparison(ctx, q.Comparison, false)
	if err != nil {
		return nil, err
	}
	if c.evidence == nil {
		return nil, failf(CodeNotFound, "there is no evidence about the comparison %s, which is %s", c.ID, c.State)
	}
	return v.stored(ctx, c.evidence)
}

// GetTranscript reads all messages of a comparison so far, in order.
type GetTranscript struct{ Comparison uuid.UUID }

func (GetTranscript) name() string { return "get-transcript" }
func (GetTranscript) may() roles   { return readers }

func (q GetTranscript) ask(ctx context.Context, v *view) ([][]byte, error) {
	if _, err := v.comparison(ctx, q.Comparison, false); err != nil {
		return nil, err
	}
	return v.transcript(ctx, q.Comparison)
}

// versionOf is how many events a stream has.
func (v *view) versionOf(ctx context.Context, stream string) (int64, error) {
	var version int64
	err := v.tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM veil.events WHERE stream = $1`, stream).Scan(&version)
	return version, err
}
