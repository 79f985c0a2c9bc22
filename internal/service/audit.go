package service

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
)

// maxCheckpoints is how many checkpoints a bundle has: the first ones that are about its comparison, and the last one.
const maxCheckpoints = 100

// public asks for what everybody may know of the log. It needs no role: there is no name and no content in it.
func public[R any](ctx context.Context, s *Service, ask func(context.Context, *view) (R, error)) (out R, err error) {
	if err := s.contradicted(); err != nil {
		return out, err
	}
	err = s.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) (err error) {
		out, err = ask(ctx, &view{Service: s, tx: tx})
		return err
	})
	return out, unsigned(err)
}

// contradicted says that the log is one that somebody has seen otherwise. Nothing of it is shown any more as if it could be relied on.
func (s *Service) contradicted() error {
	if s.cfg.Refused == nil {
		return nil
	}
	if err := s.cfg.Refused(); err != nil {
		return &Error{Code: CodeUnavailable, Message: "the log of the service is not signed any more, because somebody has seen it otherwise; ask the operator, who is told what to do", Cause: err}
	}
	return nil
}

// unsigned explains that nothing was signed yet.
func unsigned(err error) error {
	if errors.Is(err, auditlog.ErrNone) {
		return &Error{Code: CodePending, Message: "no checkpoint that has this was signed yet; ask again in a moment", Cause: err}
	}
	return err
}

// LogStatement says whose log it is, and who is asked to cosign it, or was.
func (s *Service) LogStatement(ctx context.Context) (bundle.Log, error) {
	return public(ctx, s, func(ctx context.Context, v *view) (bundle.Log, error) { return v.logStatement(ctx) })
}

// logStatement names those too who are not asked any more: their cosignatures stay, and nobody could check them otherwise.
func (v *view) logStatement(ctx context.Context) (bundle.Log, error) {
	rows, err := v.tx.Query(ctx, `SELECT DISTINCT witness FROM veil.cosignature`)
	if err != nil {
		return bundle.Log{}, err
	}
	witnesses, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return bundle.Log{}, err
	}
	witnesses = append(witnesses, v.cfg.Witnesses...)
	slices.Sort(witnesses)
	return bundle.Vouch(v.identity, v.logKey, slices.Compact(witnesses))
}

// Checkpoint returns the last checkpoint of the log, with its cosignatures. Everybody may know it.
func (s *Service) Checkpoint(ctx context.Context) (*auditlog.Signed, error) {
	return public(ctx, s, func(ctx context.Context, v *view) (*auditlog.Signed, error) { return auditlog.Latest(ctx, v.tx) })
}

// Tile returns hashes of the log. Everybody may know them: each entry has a random id in it, so that its hash says nothing of the rest.
func (s *Service) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	return public(ctx, s, func(ctx context.Context, v *view) ([]byte, error) { return auditlog.Tile(ctx, v.tx, t) })
}

// GetEntry reads the bytes of an entry of the log that the actor may see.
type GetEntry struct{ Sequence int64 }

func (GetEntry) name() string { return "get-entry" }
func (GetEntry) may() roles   { return readers }

func (q GetEntry) ask(ctx context.Context, v *view) (*Stored, error) {
	events, err := eventlog.Read(ctx, v.tx, q.Sequence-1, 1)
	if err != nil {
		return nil, err
	}
	if q.Sequence < 0 || len(events) == 0 || events[0].Sequence != q.Sequence {
		return nil, failf(CodeNotFound, "there is no entry %d of the log that you may see", q.Sequence)
	}
	data, err := eventlog.EncodeLeaf(events[0])
	return &Stored{Data: data}, err
}

// GetProof proves that the log has an entry that the actor may see, in the form of C2SP's tlog-proof.
type GetProof struct{ Sequence int64 }

func (GetProof) name() string { return "get-proof" }
func (GetProof) may() roles   { return readers }

func (q GetProof) ask(ctx context.Context, v *view) (*Stored, error) {
	if err := v.contradicted(); err != nil {
		return nil, err
	}
	if _, err := (GetEntry(q)).ask(ctx, v); err != nil {
		return nil, err
	}
	data, err := auditlog.Prove(ctx, v.tx, q.Sequence)
	return &Stored{Data: data}, unsigned(err)
}

// GetBundle makes the bundle of a comparison that came to its verdicts.
type GetBundle struct{ Comparison uuid.UUID }

func (GetBundle) name() string { return "get-bundle" }
func (GetBundle) may() roles   { return readers }

func (q GetBundle) ask(ctx context.Context, v *view) (*Stored, error) {
	if err := v.contradicted(); err != nil {
		return nil, err
	}
	c, err := v.comparison(ctx, q.Comparison, false)
	if err != nil {
		return nil, err
	}
	if c.State != StateDisclosed {
		return nil, c.missing("bundle")
	}
	b := &bundle.Bundle{}
	if b.Log, err = v.logStatement(ctx); err != nil {
		return nil, err
	}
	if b.Entries, err = v.entries(ctx, `WHERE stream = $1`, stream(c.ID)); err != nil {
		return nil, err
	}
	if err := v.logPart(ctx, b, b.Entries[0].Index+1, maxCheckpoints); err != nil {
		return nil, unsigned(err)
	}
	t, err := v.template(ctx, c.Slug, c.Version)
	if err != nil {
		return nil, err
	}
	if b.Template, err = v.serviceBlob(ctx, store.Digest(t.blob)); err != nil {
		return nil, err
	}
	if b.Transcript, err = v.transcript(ctx, c.ID); err != nil {
		return nil, err
	}
	if b.Report, err = store.Blob(ctx, v.tx, store.Digest(c.report)); err != nil {
		return nil, err
	}
	data, err := b.Encode()
	return &Stored{Data: data}, err
}

// entries reads entries as they are stored, and nothing is looked at: whoever verifies a bundle says what is damaged, and where.
func (v *view) entries(ctx context.Context, where string, arg any) ([]bundle.Entry, error) {
	rows, err := v.tx.Query(ctx, `SELECT sequence, leaf FROM veil.events `+where+` ORDER BY sequence`, arg)
	if err != nil {
		return nil, err
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[bundle.Entry])
	if err == nil && len(out) == 0 {
		err = errors.New("the log has no entries")
	}
	return out, err
}

// logPart puts the checkpoints of at least a size, and the leaves up to the last, into a bundle that has its entries.
func (v *view) logPart(ctx context.Context, b *bundle.Bundle, size int64, most int) error {
	signed, err := auditlog.From(ctx, v.tx, size, most)
	if err != nil {
		return err
	}
	if len(signed) == 0 || signed[len(signed)-1].Size <= b.Entries[len(b.Entries)-1].Index {
		return auditlog.ErrNone
	}
	for _, s := range signed {
		b.Checkpoints = append(b.Checkpoints, s.Text)
	}
	b.Leaves, err = auditlog.Leaves(ctx, v.tx, signed[len(signed)-1].Size)
	return err
}

// LogBundle makes the bundle of the whole log, without the messages of comparisons: for whoever operates the service.
func (s *Service) LogBundle(ctx context.Context) ([]byte, error) {
	return public(ctx, s, func(ctx context.Context, v *view) ([]byte, error) {
		latest, err := auditlog.Latest(ctx, v.tx)
		if err != nil {
			return nil, err
		}
		b := &bundle.Bundle{}
		if b.Log, err = v.logStatement(ctx); err != nil {
			return nil, err
		}
		if b.Entries, err = v.entries(ctx, `WHERE sequence < $1`, latest.Size); err != nil {
			return nil, err
		}
		if err := v.logPart(ctx, b, 0, maxLogCheckpoints); err != nil {
			return nil, err
		}
		return b.Encode()
	})
}

// maxLogCheckpoints is how many checkpoints the bundle of the whole log has.
const maxLogCheckpoints = 10_000
