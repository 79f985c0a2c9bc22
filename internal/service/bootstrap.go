package service

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// bootstrapID is the command that makes the first token: there is one in the life of a service.
var bootstrapID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("veil:bootstrap"))

// Bootstrap makes the one-time token with which the operator gets the first one, and returns it to be shown once. It returns "" where one is
// still valid, or where an operator's token was ever used. A token that was redeemed and never used may have got lost on its way: it is
// revoked, and the one-time token made anew.
func (s *Service) Bootstrap(ctx context.Context) (token string, err error) {
	fresh, err := NewToken(s.cfg.Random)
	if err != nil {
		return "", err
	}
	needed, lost, err := s.unclaimed(ctx)
	if err != nil || !needed {
		return "", err
	}
	for _, id := range lost {
		if _, err := Do(ctx, s, Actor{Role: RoleOperator}, uuid.NewSHA1(id, []byte("lost")), RevokeToken{ID: id}); err != nil {
			return "", err
		}
	}
	err = s.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		hash := HashToken(fresh)
		c := &change{view: view{Service: s, tx: tx}, id: uuid.NewSHA1(bootstrapID, hash[:]), at: s.now()}
		id := uuid.NewSHA1(c.id, []byte("token"))
		_, err := c.once(ctx, func() error {
			return c.emit("token/"+id.String(), 0, history.TokenIssued, history.TokenIssuedBody{
				ID: id, Role: string(RoleOperator), Label: "bootstrap", Hash: hex.EncodeToString(hash[:]), Once: true, Expires: c.at.Add(bootstrapLife),
			})
		})
		return err
	})
	if err != nil {
		return "", err
	}
	return fresh, nil
}

// unclaimed says whether a one-time token is needed, and which operators' tokens were never used.
func (s *Service) unclaimed(ctx context.Context) (needed bool, lost []uuid.UUID, err error) {
	err = s.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT
			NOT EXISTS (SELECT FROM veil.token WHERE once AND revoked_at IS NULL AND expires_at > $1)
				AND NOT EXISTS (SELECT FROM veil.token WHERE role = 'operator' AND NOT once AND used_at IS NOT NULL),
			(SELECT coalesce(array_agg(id), '{}') FROM veil.token WHERE role = 'operator' AND NOT once AND used_at IS NULL AND revoked_at IS NULL)`,
			s.now()).Scan(&needed, &lost)
	})
	return needed, lost, err
}

// Redeem takes the one-time token and issues the first operator's token in its place. Hash is that of a token that the caller
// drew with [NewToken] and shows once.
func (s *Service) Redeem(ctx context.Context, once string, hash [32]byte, label string, expires time.Time) (*TokenInfo, error) {
	var id uuid.UUID
	given := HashToken(once)
	err := s.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		var valid bool
		err := tx.QueryRow(ctx, `SELECT id, revoked_at IS NULL AND expires_at > $2 FROM veil.token WHERE once AND hash = $1`, given[:], s.now()).Scan(&id, &valid)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !valid {
			return failf(CodeUnauthorized, "the one-time token is not valid: it is unknown, used or expired; start the service anew to get another one, where none was used")
		}
		if err != nil {
			return err
		}
		c := &change{view: view{Service: s, tx: tx}, id: uuid.NewSHA1(id, []byte("redeemed")), at: s.now()}
		events, err := c.once(ctx, func() error {
			version, err := c.versionOf(ctx, "token/"+id.String())
			if err != nil {
				return err
			}
			return c.emit("token/"+id.String(), version, history.TokenRevoked, history.TokenBody{ID: id, Reason: "redeemed"})
		})
		if err == nil && len(events) == 0 {
			err = errors.New("the one-time token was not used up")
		}
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	return Do(ctx, s, Actor{Token: id, Role: RoleOperator}, uuid.NewSHA1(id, []byte("first operator")), IssueToken{Role: RoleOperator, Label: label, Expires: expires, Hash: hash})
}
