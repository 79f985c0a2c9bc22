package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// State is where a comparison is.
type State string

// The states of a comparison. The last four are ends.
const (
	StateOpened     State = "opened"     // the offer is made; the tenant's nonce is awaited
	StateAccepted   State = "accepted"   // the salt is opened; the submission is awaited
	StateSubmitted  State = "submitted"  // it is being evaluated
	StateEvaluated  State = "evaluated"  // the response is there; the commitment is awaited
	StateCommitted  State = "committed"  // the seed is opened; the disclosure is awaited
	StateDisclosed  State = "disclosed"  // it is finished, and the verdicts are known
	StateFailed     State = "failed"     // bad luck or a message that could not be taken; open another one
	StateMisconduct State = "misconduct" // a side broke the protocol, and there is evidence
	StateDeleted    State = "deleted"    // its messages and its report are deleted
)

// Ended says whether nothing more happens.
func (s State) Ended() bool {
	return s == StateDisclosed || s == StateFailed || s == StateMisconduct || s == StateDeleted
}

// Comparison is what the service tells of one. Digests are SHA-256 in hexadecimal digits; sizes are in bytes.
type Comparison struct {
	ID              uuid.UUID `json:"id"`
	Tenant          uuid.UUID `json:"tenant"`
	Template        string    `json:"template" doc:"digest of the template"`
	Slug            string    `json:"slug"`
	Version         string    `json:"version"`
	TenantKey       string    `json:"tenant_key"`
	ParameterSet    string    `json:"parameter_set"`
	Bucket          int       `json:"bucket" doc:"padded number of the tenant's facts"`
	Columns         int       `json:"columns" doc:"ciphertexts of the submission"`
	SubmissionBytes int64     `json:"submission_bytes" doc:"size that the submission has to have"`
	State           State     `json:"state" enum:"opened,accepted,submitted,evaluated,committed,disclosed,failed,misconduct,deleted"`
	Reason          string    `json:"reason,omitempty" doc:"why it failed"`
	Accused         string    `json:"accused,omitempty"`
	Offence         string    `json:"offence,omitempty"`
	Conformance     string    `json:"conformance,omitempty"`
	Present         int       `json:"present,omitempty"`
	Absent          int       `json:"absent,omitempty"`
	Undisclosed     int       `json:"undisclosed,omitempty"`
	OpenedAt        time.Time `json:"opened_at"`
	ChangedAt       time.Time `json:"changed_at"`
	Sequence        int64     `json:"-"`
	streamVersion   int64
	report          []byte
	evidence        []byte
}

const comparisonColumns = `id, tenant, encode(template, 'hex'), slug, version, tenant_key, parameter_set, bucket, columns, submission_bytes, state,
	coalesce(reason, ''), coalesce(accused, ''), coalesce(offence, ''), coalesce(conformance, ''), coalesce(present, 0), coalesce(absent, 0),
	coalesce(undisclosed, 0), opened_at, changed_at, sequence, stream_version, report, evidence`

func scanComparison(row pgx.Row) (*Comparison, error) {
	var c Comparison
	err := row.Scan(&c.ID, &c.Tenant, &c.Template, &c.Slug, &c.Version, &c.TenantKey, &c.ParameterSet, &c.Bucket, &c.Columns, &c.SubmissionBytes, &c.State,
		&c.Reason, &c.Accused, &c.Offence, &c.Conformance, &c.Present, &c.Absent, &c.Undisclosed, &c.OpenedAt, &c.ChangedAt, &c.Sequence, &c.streamVersion,
		&c.report, &c.evidence)
	c.OpenedAt, c.ChangedAt = c.OpenedAt.UTC(), c.ChangedAt.UTC()
	return &c, err
}

func stream(id uuid.UUID) string { return "comparison/" + id.String() }

// comparison reads one, and with lock holds its row until the transaction ends.
func (v *view) comparison(ctx context.Context, id uuid.UUID, lock bool) (*Comparison, error) {
	sql := "SELECT " + comparisonColumns + " FROM veil.comparison WHERE id = $1"
	if lock {
		sql += " FOR UPDATE"
	}
	c, err := scanComparison(v.tx.QueryRow(ctx, sql, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, failf(CodeNotFound, "there is no comparison %s; list yours to find the right one", id)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// OpenComparison begins a comparison with the tenant's first message.
type OpenComparison struct {
	Slug    string `json:"slug"`
	Version string `json:"version"`
	Message []byte `json:"message"`
}

func (OpenComparison) name() string { return "open-comparison" }
func (OpenComparison) may() roles   { return tenants }

func (o OpenComparison) do(ctx context.Context, c *change) error {
	if err := c.roomForOne(ctx); err != nil {
		return err
	}
	t, err := c.template(ctx, o.Slug, o.Version)
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(c.id, []byte("comparison")) // the same command opens the same comparison
	prepared, err := c.prepare(ctx, t)
	if err != nil {
		return err
	}
	e, err := c.evaluator(prepared, id, o.Message)
	if err != nil {
		return err
	}
	offer, err := e.Offer(o.Message)
	if err != nil {
		return refused(err)
	}
	terms, err := e.Terms()
	if err != nil {
		return err
	}
	body := history.ComparisonOpenedBody{
		ID: id, Template: t.Digest, Slug: t.Slug, Version: t.Version, TenantKey: terms.Tenant.String(),
		Exchange: history.Exchange{
			ParameterSet: terms.Layout.Set.String(), Bucket: terms.Layout.Bucket, Columns: terms.Layout.Columns, SubmissionBytes: int64(terms.SubmissionBytes),
		},
	}
	if body.Open, err = c.keep(ctx, stream(id), o.Message); err != nil {
		return err
	}
	if body.Offer, err = c.keep(ctx, stream(id), offer); err != nil {
		return err
	}
	return c.emit(stream(id), 0, history.ComparisonOpened, body)
}

func (o OpenComparison) result(ctx context.Context, v *view, events []event) (*Comparison, error) {
	return v.comparisonOf(ctx, events)
}

// comparisonOf is the comparison that a command's events are about.
func (v *view) comparisonOf(ctx context.Context, events []event) (*Comparison, error) {
	if len(events) == 0 {
		return nil, errors.New("the command has no events")
	}
	id, err := uuid.Parse(events[0].Stream[len("comparison/"):])
	if err != nil {
		return nil, err
	}
	return v.comparison(ctx, id, false)
}

// roomForOne refuses another comparison where the tenant has as many open as it may.
func (c *change) roomForOne(ctx context.Context) error {
	// One opening of a tenant at a time, or two would both find the last place free.
	if _, err := c.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "veil open "+c.who.Tenant.String()); err != nil {
		return err
	}
	var open int
	var stored int64
	err := c.tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM veil.comparison WHERE tenant = $1 AND state IN ('opened', 'accepted', 'submitted', 'evaluated', 'committed')),
		(SELECT coalesce(sum(bytes), 0) FROM veil.message WHERE tenant = $1)`, c.who.Tenant).Scan(&open, &stored)
	switch q := c.cfg.Quota; {
	case err != nil:
		return err
	case open >= q.OpenComparisons:
		return failf(CodeLimit, "%d comparisons are open, which is as many as a tenant may have; finish or delete some", open)
	case stored >= q.StoredBytes:
		return failf(CodeLimit, "your comparisons take %d bytes of the %d that a tenant may have; delete some", stored, q.StoredBytes)
	}
	return nil
}

// TakeMessage takes the tenant's next message: accept, submission, commitment or disclosure. The same message again changes nothing and
// is answered alike.
type TakeMessage struct {
	Comparison uuid.UUID    `json:"comparison"`
	Type       compare.Type `json:"type"`
	Message    []byte       `json:"message"`
}

func (TakeMessage) name() string { return "take-message" }
func (TakeMessage) may() roles   { return tenants }

// awaits is the state in which a message is taken.
var awaits = map[compare.Type]State{
	compare.TypeAccept: StateOpened, compare.TypeSubmission: StateAccepted, compare.TypeCommitment: StateEvaluated, compare.TypeDisclosure: StateCommitted,
}

func (m TakeMessage) do(ctx context.Context, c *change) error {
	state, ok := awaits[m.Type]
	if !ok {
		return failf(CodeInvalid, "a tenant does not send the message %s here", m.Type)
	}
	cmp, err := c.comparison(ctx, m.Comparison, true)
	if err != nil {
		return err
	}
	if taken, err := c.digestOf(ctx, cmp.ID, m.Type); err != nil {
		return err
	} else if taken != nil {
		if sum := sha256.Sum256(m.Message); string(taken) != string(sum[:]) {
			return failf(CodeState, "another %s was taken in this comparison; every message is sent once", m.Type)
		}
		return nil
	}
	if cmp.State != state {
		return failf(CodeState, "the comparison is %s and takes no %s now; read it to see what it waits for", cmp.State, m.Type)
	}
	switch m.Type {
	case compare.TypeAccept:
		return c.takeAccept(ctx, cmp, m.Message)
	case compare.TypeSubmission:
		return c.takeSubmission(ctx, cmp, m.Message)
	case compare.TypeCommitment:
		return c.takeCommitment(ctx, cmp, m.Message)
	}
	return c.takeDisclosure(ctx, cmp, m.Message)
}

func (m TakeMessage) result(ctx context.Context, v *view, _ []event) (*Comparison, error) {
	return v.comparison(ctx, m.Comparison, false)
}

// digestOf is the SHA-256 of a message, nil where it was not taken yet.
func (v *view) digestOf(ctx context.Context, id uuid.UUID, t compare.Type) (digest []byte, err error) {
	err = v.tx.QueryRow(ctx, `SELECT digest FROM veil.message WHERE comparison = $1 AND type = $2`, id, int16(t)).Scan(&digest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return digest, err
}

func (c *change) takeAccept(ctx context.Context, cmp *Comparison, accept []byte) error {
	e, err := c.resume(ctx, cmp)
	if err != nil {
		return err
	}
	salt, err := e.Salt(accept)
	if errors.Is(err, compare.ErrNewSalt) {
		return c.emit(stream(cmp.ID), cmp.streamVersion, history.ComparisonFailed, history.ComparisonEndedBody{ID: cmp.ID, Reason: "this session's salt does not serve; open another comparison"})
	}
	if err != nil {
		return c.blame(ctx, cmp, err)
	}
	return c.took(ctx, cmp, history.ComparisonAccepted, accept, salt)
}

// takeSubmission keeps the submission and has it evaluated.
func (c *change) takeSubmission(ctx context.Context, cmp *Comparison, submission []byte) error {
	if n := int64(len(submission)); n != cmp.SubmissionBytes {
		return failf(CodeInvalid, "the submission has %d bytes and this comparison takes %d; send the whole message", n, cmp.SubmissionBytes)
	}
	if err := c.cfg.Jobs.EnqueueEvaluation(ctx, c.tx, cmp.Tenant, cmp.ID); err != nil {
		return fmt.Errorf("the evaluation could not be queued: %w", err)
	}
	return c.took(ctx, cmp, history.ComparisonSubmitted, submission, nil)
}

func (c *change) takeCommitment(ctx context.Context, cmp *Comparison, commitment []byte) error {
	e, err := c.resume(ctx, cmp)
	if err != nil {
		return err
	}
	seed, err := e.Seed(commitment)
	if err != nil {
		return c.blame(ctx, cmp, err)
	}
	return c.took(ctx, cmp, history.ComparisonCommitted, commitment, seed)
}

func (c *change) takeDisclosure(ctx context.Context, cmp *Comparison, disclosure []byte) error {
	e, err := c.resume(ctx, cmp)
	if err != nil {
		return err
	}
	verdict, result, err := e.Conclude(disclosure)
	if err != nil {
		return c.blame(ctx, cmp, err)
	}
	body, err := c.conclusion(ctx, cmp, result)
	if err != nil {
		return err
	}
	if body.Took, err = c.keep(ctx, stream(cmp.ID), disclosure); err != nil {
		return err
	}
	answer, err := c.keep(ctx, stream(cmp.ID), verdict)
	if err != nil {
		return err
	}
	body.ID, body.Answer = cmp.ID, &answer
	return c.emit(stream(cmp.ID), cmp.streamVersion, history.ComparisonDisclosed, body)
}

// took keeps a message and its answer and says that it was taken.
func (c *change) took(ctx context.Context, cmp *Comparison, kind string, message, answer []byte) error {
	body := history.TakenBody{ID: cmp.ID}
	var err error
	if body.Took, err = c.keep(ctx, stream(cmp.ID), message); err != nil {
		return err
	}
	if answer != nil {
		kept, err := c.keep(ctx, stream(cmp.ID), answer)
		if err != nil {
			return err
		}
		body.Answer = &kept
	}
	return c.emit(stream(cmp.ID), cmp.streamVersion, kind, body)
}

// blame records an offence with its evidence. A message that proves nothing changes nothing: anybody could have sent it.
func (c *change) blame(ctx context.Context, cmp *Comparison, err error) error {
	m, ok := errors.AsType[*compare.Misconduct](err)
	if !ok {
		return refused(err)
	}
	evidence, err := c.keep(ctx, stream(cmp.ID), m.Evidence)
	if err != nil {
		return err
	}
	return c.emit(stream(cmp.ID), cmp.streamVersion, history.ComparisonMisconduct, history.ComparisonEndedBody{
		ID: cmp.ID, Reason: m.Error(), Accused: m.Accused.String(), Offence: m.Offence.String(), Evidence: &evidence,
	})
}

// refused is the answer to a message that the protocol does not take.
func refused(err error) error {
	return &Error{Code: CodeInvalid, Message: "the message was not taken: " + err.Error(), Cause: err}
}

// keep puts bytes into the store, where a stream holds them.
func (c *change) keep(ctx context.Context, holder string, data []byte) (history.Blob, error) {
	digest, err := store.PutBlob(ctx, c.tx, data)
	if err != nil {
		return history.Blob{}, err
	}
	if err := store.Hold(ctx, c.tx, holder, digest); err != nil {
		return history.Blob{}, err
	}
	return history.Blob{Digest: hex.EncodeToString(digest[:]), Bytes: int64(len(data))}, nil
}
