package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/store"
)

// Upload is how far a submission has come.
type Upload struct {
	Offset int64 // bytes that are kept
	Length int64 // bytes that it has to have
}

// UploadState says how far the submission of a comparison has come. One that was taken has come all the way.
func (s *Service) UploadState(ctx context.Context, who Actor, id uuid.UUID) (u Upload, err error) {
	err = s.upload(ctx, who, id, false, func(u2 Upload, _ *view, _ *Comparison) error {
		u = u2
		return nil
	})
	return u, err
}

// AppendUpload keeps a part of a submission durably, 1 byte to [MaxUploadPart], and returns how far it has come. A part that does not begin
// where the last one ended is refused with [CodeOffset]: ask for the offset and go on from there.
func (s *Service) AppendUpload(ctx context.Context, who Actor, id uuid.UUID, offset int64, part []byte) (u Upload, err error) {
	err = s.upload(ctx, who, id, true, func(is Upload, v *view, cmp *Comparison) error {
		n := int64(len(part))
		switch {
		case cmp.State != StateAccepted:
			return failf(CodeState, "the comparison is %s and takes no submission now; read it to see what it waits for", cmp.State)
		case n == 0 || n > MaxUploadPart:
			return failf(CodeInvalid, "a part has %d bytes and may have 1 to %d", n, MaxUploadPart)
		case offset != is.Offset:
			return failf(CodeOffset, "the part begins at byte %d and %d are here; go on from there", offset, is.Offset)
		case offset+n > is.Length:
			return failf(CodeInvalid, "the submission would have %d bytes or more and this comparison takes %d; send the message as it is", offset+n, is.Length)
		}
		_, err := v.tx.Exec(ctx, `INSERT INTO veil.upload (comparison, tenant, start, data, at) VALUES ($1, $2, $3, $4, $5)`, id, cmp.Tenant, offset, part, v.now())
		u = Upload{Offset: offset + n, Length: is.Length}
		return err
	})
	return u, err
}

// upload runs f with how far a submission has come, under the lock of the comparison's row where something changes.
func (s *Service) upload(ctx context.Context, who Actor, id uuid.UUID, change bool, f func(Upload, *view, *Comparison) error) error {
	if !tenants.has(who.Role) {
		return failf(CodeForbidden, "a token of the role %q uploads nothing; use one of a tenant", who.Role)
	}
	return s.cfg.DB.Within(ctx, scopeOf(who), func(ctx context.Context, tx pgx.Tx) error {
		v := &view{Service: s, tx: tx, who: who}
		cmp, err := v.comparison(ctx, id, change)
		if err != nil {
			return err
		}
		u := Upload{Length: cmp.SubmissionBytes}
		taken, err := v.digestOf(ctx, id, compare.TypeSubmission)
		switch {
		case err != nil:
			return err
		case taken != nil:
			u.Offset = u.Length
		default:
			if err := tx.QueryRow(ctx, `SELECT coalesce(max(start + length(data)), 0) FROM veil.upload WHERE comparison = $1`, id).Scan(&u.Offset); err != nil {
				return err
			}
		}
		return f(u, v, cmp)
	})
}

// CompleteUpload takes the submission whose parts are there, if its SHA-256 is the one given, and has it evaluated. One whose SHA-256 is
// another is thrown away. It is no error where the same submission was taken before.
func (s *Service) CompleteUpload(ctx context.Context, who Actor, id uuid.UUID, digest [32]byte) (*Comparison, error) {
	var message []byte
	err := s.upload(ctx, who, id, false, func(u Upload, v *view, cmp *Comparison) error {
		taken, err := v.digestOf(ctx, id, compare.TypeSubmission)
		switch {
		case err != nil:
			return err
		case taken != nil && !bytes.Equal(taken, digest[:]):
			return failf(CodeState, "another submission was taken in this comparison; every message is sent once")
		case taken != nil:
			message, err = store.Blob(ctx, v.tx, store.Digest(taken))
			return err
		case u.Offset != u.Length:
			return failf(CodeOffset, "%d of the submission's %d bytes are here; go on from there", u.Offset, u.Length)
		}
		message, err = v.assemble(ctx, id, u.Length)
		return err
	})
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(message) != digest {
		if err := s.dropUpload(ctx, who, id); err != nil {
			return nil, err
		}
		return nil, failf(CodeInvalid, "the submission arrived with another SHA-256 than was announced and was thrown away; send it again from its first byte")
	}
	command := uuid.NewSHA1(id, digest[:]) // whoever completes it, it is taken once
	cmp, err := Do(ctx, s, who, command, TakeMessage{Comparison: id, Type: compare.TypeSubmission, Message: message})
	if err != nil {
		return nil, err
	}
	return cmp, s.dropUpload(ctx, who, id)
}

// assemble joins the parts.
func (v *view) assemble(ctx context.Context, id uuid.UUID, size int64) ([]byte, error) {
	rows, err := v.tx.Query(ctx, `SELECT start, data FROM veil.upload WHERE comparison = $1 ORDER BY start`, id)
	if err != nil {
		return nil, err
	}
	message := make([]byte, 0, size)
	var start int64
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&start, &data}, func() error {
		if start != int64(len(message)) {
			return fmt.Errorf("a part of the upload begins at %d where %d comes next", start, len(message))
		}
		message = append(message, data...)
		return nil
	})
	if err == nil && int64(len(message)) != size {
		err = errors.New("the parts of the upload changed while they were read")
	}
	return message, err
}

func (s *Service) dropUpload(ctx context.Context, who Actor, id uuid.UUID) error {
	return s.cfg.DB.Within(ctx, scopeOf(who), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM veil.upload WHERE comparison = $1`, id)
		return err
	})
}
