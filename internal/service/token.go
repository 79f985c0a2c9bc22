package service

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// TokenInfo is a token without what it says.
type TokenInfo struct {
	ID        uuid.UUID  `json:"id"`
	Tenant    *uuid.UUID `json:"tenant,omitempty"`
	Role      Role       `json:"role" enum:"operator,tenant,auditor"`
	Label     string     `json:"label,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"last use, to the hour"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	Sequence  int64      `json:"-"`
}

// tokenPrefix makes a token known for what it is to whoever searches files for secrets.
const tokenPrefix = "veil_"

// NewToken draws a token of 256 bits: "veil_" and 43 characters of base64url.
func NewToken(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", errors.New("no token was made, because random bytes are missing")
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// HashToken is what is kept of a token: its SHA-256. A token is drawn from 2^256, so that a slow hash would protect nothing more.
func HashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// IssueToken makes a token for somebody. Hash is that of a token that the caller drew with [NewToken] and shows once.
type IssueToken struct {
	Role    Role      `json:"role"`
	Tenant  uuid.UUID `json:"tenant"`
	Label   string    `json:"label"`
	Expires time.Time `json:"expires"`
	// Hash is not part of what is asked for: another try under the same idempotency key draws another token.
	Hash [32]byte `json:"-"`
}

func (IssueToken) name() string { return "issue-token" }
func (IssueToken) may() roles   { return operators }

func (t IssueToken) do(ctx context.Context, c *change) error {
	if err := t.check(ctx, c); err != nil {
		return err
	}
	id := uuid.NewSHA1(c.id, []byte("token"))
	body := history.TokenIssuedBody{ID: id, Role: string(t.Role), Label: t.Label, Hash: hex.EncodeToString(t.Hash[:]), Expires: t.Expires.UTC().Truncate(time.Microsecond)}
	if t.Tenant != uuid.Nil {
		body.Tenant = &t.Tenant
	}
	return c.emit("token/"+id.String(), 0, history.TokenIssued, body)
}

func (t IssueToken) check(ctx context.Context, c *change) error {
	if _, ok := ParseRole(string(t.Role)); !ok {
		return failf(CodeInvalid, "%q is no role; choose operator, tenant or auditor", t.Role)
	}
	if (t.Role == RoleOperator) != (t.Tenant == uuid.Nil) {
		return failf(CodeInvalid, "a token of a tenant or an auditor names its tenant, and one of an operator names none")
	}
	if life := t.Expires.Sub(c.at); life <= 0 || life > MaxTokenLife {
		return failf(CodeInvalid, "a token expires in the future, and within %d days; choose such a time", int(MaxTokenLife/(24*time.Hour)))
	}
	if err := plainText("the token's label", t.Label, 0); err != nil {
		return err
	}
	if t.Tenant == uuid.Nil {
		return nil
	}
	_, err := c.tenantInfo(ctx, t.Tenant)
	return err
}

func (t IssueToken) result(ctx context.Context, v *view, events []event) (*TokenInfo, error) {
	info, hash, err := v.token(ctx, strings.TrimPrefix(events[0].Stream, "token/"))
	if err == nil && [32]byte(hash) != t.Hash {
		return nil, failf(CodeExists, "this token was issued and shown before, and is shown once only; revoke %s and issue another one", info.ID)
	}
	return info, err
}

// RevokeToken ends a token.
type RevokeToken struct {
	ID uuid.UUID `json:"id"`
}

func (RevokeToken) name() string { return "revoke-token" }
func (RevokeToken) may() roles   { return operators }

func (t RevokeToken) do(ctx context.Context, c *change) error {
	info, _, err := c.token(ctx, t.ID.String())
	if err != nil || info.RevokedAt != nil {
		return err
	}
	version, err := c.versionOf(ctx, "token/"+t.ID.String())
	if err != nil {
		return err
	}
	return c.emit("token/"+t.ID.String(), version, history.TokenRevoked, history.TokenBody{ID: t.ID})
}

func (t RevokeToken) result(ctx context.Context, v *view, _ []event) (*TokenInfo, error) {
	info, _, err := v.token(ctx, t.ID.String())
	return info, err
}

const tokenColumns = `id, tenant, role, label, created_at, expires_at, used_at, revoked_at, sequence` //nolint:gosec // names of columns

func scanToken(row pgx.Row, more ...any) (*TokenInfo, error) {
	var t TokenInfo
	err := row.Scan(append([]any{&t.ID, &t.Tenant, &t.Role, &t.Label, &t.CreatedAt, &t.ExpiresAt, &t.UsedAt, &t.RevokedAt, &t.Sequence}, more...)...)
	t.CreatedAt, t.ExpiresAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC()
	for _, at := range []**time.Time{&t.UsedAt, &t.RevokedAt} {
		if *at != nil {
			utc := (*at).UTC()
			*at = &utc
		}
	}
	return &t, err
}

func (v *view) token(ctx context.Context, id string) (*TokenInfo, []byte, error) {
	var hash []byte
	t, err := scanToken(v.tx.QueryRow(ctx, "SELECT "+tokenColumns+", hash FROM veil.token WHERE id = $1::uuid", id), &hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, failf(CodeNotFound, "there is no token %s; list the tokens to find the right one", id)
	}
	return t, hash, err
}

// ListTokens lists tokens, newest first, those before a place in the log.
type ListTokens struct {
	Before int64 // the Sequence of the last one of the page before; zero begins
	Limit  int
}

func (ListTokens) name() string { return "list-tokens" }
func (ListTokens) may() roles   { return operators }

func (q ListTokens) ask(ctx context.Context, v *view) ([]TokenInfo, error) {
	rows, err := v.tx.Query(ctx, "SELECT "+tokenColumns+" FROM veil.token WHERE ($1::bigint = 0 OR sequence < $1) ORDER BY sequence DESC LIMIT $2", q.Before, page(q.Limit))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (TokenInfo, error) {
		t, err := scanToken(row)
		return *t, err
	})
}

// Authenticate says who a token makes its bearer. A bad one is always the same error, whatever is wrong with it.
func (s *Service) Authenticate(ctx context.Context, token string) (Actor, error) {
	denied := failf(CodeUnauthorized, "the token is not valid: it is unknown, expired or revoked; ask the operator for another one")
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > 2*len(tokenPrefix)+64 {
		return Actor{}, denied
	}
	hash := HashToken(token)
	var t *TokenInfo
	var once bool
	err := s.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) (err error) {
		t, err = scanToken(tx.QueryRow(ctx, "SELECT "+tokenColumns+", once FROM veil.token WHERE hash = $1", hash[:]), &once)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Actor{}, denied
	}
	if err != nil {
		return Actor{}, err
	}
	now := s.now()
	if once || t.RevokedAt != nil || !now.Before(t.ExpiresAt) {
		return Actor{}, denied
	}
	who := Actor{Token: t.ID, Role: t.Role}
	if t.Tenant != nil {
		who.Tenant = *t.Tenant
	}
	if t.UsedAt == nil || now.Sub(*t.UsedAt) >= time.Hour {
		if err := s.markUsed(ctx, t.ID, now); err != nil {
			s.cfg.Log.WarnContext(ctx, "the use of a token could not be recorded", "token", t.ID, "error", err)
		}
	}
	return who, nil
}

// markUsed records that a token is in use, once an hour.
func (s *Service) markUsed(ctx context.Context, id uuid.UUID, now time.Time) error {
	return s.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		command := uuid.NewSHA1(id, []byte("used at "+now.Truncate(time.Hour).Format(time.RFC3339)))
		c := &change{view: view{Service: s, tx: tx}, id: command, at: now}
		_, err := c.once(ctx, func() error {
			version, err := c.versionOf(ctx, "token/"+id.String())
			if err != nil {
				return err
			}
			return c.emit("token/"+id.String(), version, history.TokenUsed, history.TokenBody{ID: id})
		})
		return err
	})
}
