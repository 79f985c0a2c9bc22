package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// evaluator makes the service's side of a comparison. Its secrets follow from the root key, the comparison and its first message.
func (s *Service) evaluator(p *compare.Prepared, id uuid.UUID, open []byte) (*compare.Evaluator, error) {
	e, err := compare.NewEvaluator(s.evaluatorConfig(p, id, open))
	if err != nil {
		return nil, fmt.Errorf("the comparison %s cannot be evaluated: %w", id, err)
	}
	return e, nil
}

func (s *Service) evaluatorConfig(p *compare.Prepared, id uuid.UUID, open []byte) compare.EvaluatorConfig {
	secret := s.cfg.Root.Evaluation(id, sha256.Sum256(open))
	return compare.EvaluatorConfig{Identity: s.identity, Template: p, Random: bytes.NewReader(secret), Workers: s.cfg.Workers}
}

// resume makes the service's side as it was after the messages that were taken.
func (v *view) resume(ctx context.Context, cmp *Comparison) (*compare.Evaluator, error) {
	p, err := v.preparedOf(ctx, cmp)
	if err != nil {
		return nil, err
	}
	transcript, err := v.transcript(ctx, cmp.ID)
	if err != nil {
		return nil, err
	}
	if len(transcript) == 0 {
		return nil, failf(CodeGone, "the messages of the comparison %s are deleted", cmp.ID)
	}
	e, err := compare.ResumeEvaluator(v.evaluatorConfig(p, cmp.ID, transcript[0]), transcript)
	if err != nil {
		return nil, fmt.Errorf("the comparison %s cannot be resumed: %w", cmp.ID, err)
	}
	return e, nil
}

// transcript are the messages of a comparison so far, in order.
func (v *view) transcript(ctx context.Context, id uuid.UUID) ([][]byte, error) {
	rows, err := v.tx.Query(ctx, `SELECT digest FROM veil.message WHERE comparison = $1 ORDER BY type`, id)
	if err != nil {
		return nil, err
	}
	digests, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(digests))
	for i, d := range digests {
		if out[i], err = store.Blob(ctx, v.tx, store.Digest(d)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Evaluate evaluates a submission and keeps the response: what a job does. It does nothing where that is done. Where two do
// it at the same time, both get the same bytes and one of them keeps them.
func (s *Service) Evaluate(ctx context.Context, tenant, id uuid.UUID) error {
	var cmp *Comparison
	var response []byte
	var failure error
	err := s.cfg.DB.Read(ctx, store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) (err error) {
		v := &view{Service: s, tx: tx, who: Actor{Tenant: tenant}}
		if cmp, err = v.comparison(ctx, id, false); err != nil || cmp.State != StateSubmitted {
			return err
		}
		response, failure, err = v.evaluate(ctx, cmp)
		return err
	})
	if err != nil || cmp.State != StateSubmitted {
		return err
	}
	return s.cfg.DB.Within(ctx, store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) error {
		c := &change{view: view{Service: s, tx: tx, who: Actor{Tenant: tenant}}, id: uuid.NewSHA1(id, []byte("evaluation")), at: s.now()}
		_, err := c.once(ctx, func() error { return c.evaluated(ctx, id, response, failure) })
		return err
	})
}

// evaluate returns the response, or why the submission cannot be taken.
func (v *view) evaluate(ctx context.Context, cmp *Comparison) (response []byte, failure, err error) {
	p, err := v.preparedOf(ctx, cmp)
	if err != nil {
		return nil, nil, err
	}
	transcript, err := v.transcript(ctx, cmp.ID)
	if err != nil {
		return nil, nil, err
	}
	last := len(transcript) - 1
	if last < 1 {
		return nil, nil, fmt.Errorf("the comparison %s has %d messages and no submission", cmp.ID, len(transcript))
	}
	e, err := compare.ResumeEvaluator(v.evaluatorConfig(p, cmp.ID, transcript[0]), transcript[:last])
	if err != nil {
		return nil, nil, fmt.Errorf("the comparison %s cannot be resumed: %w", cmp.ID, err)
	}
	response, failure = e.Evaluate(transcript[last])
	return response, failure, nil
}

// evaluated records what an evaluation gave.
func (c *change) evaluated(ctx context.Context, id uuid.UUID, response []byte, failure error) error {
	cmp, err := c.comparison(ctx, id, true)
	if err != nil || cmp.State != StateSubmitted {
		return err
	}
	if _, proven := errors.AsType[*compare.Misconduct](failure); proven {
		return c.blame(ctx, cmp, failure)
	}
	if failure != nil {
		return c.emit(stream(id), cmp.streamVersion, history.ComparisonFailed, history.ComparisonEndedBody{ID: id, Reason: "the submission was not taken: " + failure.Error()})
	}
	kept, err := c.keep(ctx, stream(id), response)
	if err != nil {
		return err
	}
	return c.emit(stream(id), cmp.streamVersion, history.ComparisonEvaluated, history.ComparisonEvaluatedBody{ID: id, Response: kept})
}

// conclusion is what a finished comparison says, with the service's copy of the report.
func (c *change) conclusion(ctx context.Context, cmp *Comparison, r *compare.Result) (history.ComparisonDisclosedBody, error) {
	var body history.ComparisonDisclosedBody
	p, err := c.preparedOf(ctx, cmp)
	if err != nil {
		return body, err
	}
	in := check.ReportInput(p.Template(), r)
	in.CreatedAt, in.Generator = c.at, c.cfg.Generator
	made, err := report.New(in)
	if err != nil {
		return body, err
	}
	text, err := made.JSON()
	if err != nil {
		return body, err
	}
	if body.Report, err = c.keep(ctx, stream(cmp.ID), text); err != nil {
		return body, err
	}
	body.Conformance = made.Verdict.String()
	for _, v := range r.Verdicts {
		switch v {
		case schema.Present:
			body.Present++
		case schema.Absent:
			body.Absent++
		default:
			body.Undisclosed++
		}
	}
	return body, nil
}

// event is shorter.
type event = eventlog.Event

func digestText(d [32]byte) string { return hex.EncodeToString(d[:]) }

// GiveUp ends a comparison that could not be evaluated. Why stands in the log.
func (s *Service) GiveUp(ctx context.Context, tenant, id uuid.UUID) error {
	return s.cfg.DB.Within(ctx, store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) error {
		c := &change{view: view{Service: s, tx: tx, who: Actor{Tenant: tenant}}, id: uuid.NewSHA1(id, []byte("given up")), at: s.now()}
		_, err := c.once(ctx, func() error {
			cmp, err := c.comparison(ctx, id, true)
			if err != nil || cmp.State != StateSubmitted {
				return err
			}
			return c.emit(stream(id), cmp.streamVersion, history.ComparisonFailed, history.ComparisonEndedBody{ID: id, Reason: "the service could not evaluate the submission; open another comparison, and tell the operator if it happens again"})
		})
		return err
	})
}
