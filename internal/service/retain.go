package service

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/store"
)

// Expire deletes the messages and reports of comparisons in which nothing happened since a moment, whether they have ended or were given
// up by their tenants, and returns how many. That they were there stays in the log.
func (s *Service) Expire(ctx context.Context, before time.Time) (n int, err error) {
	for {
		old, err := s.idleSince(ctx, before)
		if err != nil || len(old) == 0 {
			return n, err
		}
		for _, c := range old {
			if err := s.expire(ctx, c.Tenant, c.ID, before); err != nil {
				return n, err
			}
			n++
		}
	}
}

// idleSince is a page of comparisons in which nothing happened since a moment.
func (s *Service) idleSince(ctx context.Context, before time.Time) (out []Comparison, err error) {
	err = s.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT "+comparisonColumns+" FROM veil.comparison WHERE changed_at < $1 AND state <> 'deleted' ORDER BY sequence LIMIT $2", before, MaxPage)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Comparison, error) {
			c, err := scanComparison(row)
			return *c, err
		})
		return err
	})
	return out, err
}

// expire deletes one, unless something happened in it meanwhile.
func (s *Service) expire(ctx context.Context, tenant, id uuid.UUID, before time.Time) error {
	return s.cfg.DB.Within(ctx, store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) error {
		c := &change{view: view{Service: s, tx: tx, who: Actor{Tenant: tenant}}, id: uuid.NewSHA1(id, []byte("expired")), at: s.now()}
		_, err := c.once(ctx, func() error {
			cmp, err := c.comparison(ctx, id, true)
			if err != nil || cmp.State == StateDeleted || !cmp.ChangedAt.Before(before) {
				return err
			}
			return c.remove(ctx, cmp, "by the operator's retention")
		})
		return err
	})
}

// DropUploads deletes the parts of submissions whose last part came before a moment, and returns how many parts. The tenant sends them again.
func (s *Service) DropUploads(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM veil.upload u WHERE NOT EXISTS (SELECT FROM veil.upload later WHERE later.comparison = u.comparison AND later.at >= $1)`, before)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// CollectBlobs deletes blobs that nobody holds and that were last put before a moment, of all tenants and of the service.
func (s *Service) CollectBlobs(ctx context.Context, before time.Time) (sum store.Collected, err error) {
	scopes := []store.Scope{store.Service()}
	err = s.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM veil.tenant`)
		if err != nil {
			return err
		}
		var id uuid.UUID
		_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
			scopes = append(scopes, store.Tenant(id))
			return nil
		})
		return err
	})
	if err != nil {
		return sum, err
	}
	for _, scope := range scopes {
		for more := true; more; {
			err := s.cfg.DB.Within(ctx, scope, func(ctx context.Context, tx pgx.Tx) error {
				c, err := store.CollectBlobs(ctx, tx, before)
				more = c.Blobs > 0
				sum.Blobs, sum.Bytes = sum.Blobs+c.Blobs, sum.Bytes+c.Bytes
				return err
			})
			if err != nil {
				return sum, err
			}
		}
	}
	return sum, nil
}
