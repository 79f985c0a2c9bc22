package service

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/history"
)

// TenantInfo is a tenant, as the operator sees it.
type TenantInfo struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// CreateTenant makes a tenant.
type CreateTenant struct {
	Name string `json:"name"`
}

func (CreateTenant) name() string { return "create-tenant" }
func (CreateTenant) may() roles   { return operators }

func (t CreateTenant) do(ctx context.Context, c *change) error {
	if err := plainText("the tenant's name", t.Name, 1); err != nil {
		return err
	}
	var exists bool
	if err := c.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM veil.tenant WHERE name = $1)`, t.Name).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return failf(CodeExists, "there is a tenant %q already; choose another name", t.Name)
	}
	id := uuid.NewSHA1(c.id, []byte("tenant"))
	return c.emit("tenant/"+id.String(), 0, history.TenantCreated, history.TenantCreatedBody{ID: id, Name: t.Name})
}

func (t CreateTenant) result(ctx context.Context, v *view, events []event) (*TenantInfo, error) {
	id, err := uuid.Parse(strings.TrimPrefix(events[0].Stream, "tenant/"))
	if err != nil {
		return nil, err
	}
	return v.tenantInfo(ctx, id)
}

func (v *view) tenantInfo(ctx context.Context, id uuid.UUID) (*TenantInfo, error) {
	t := &TenantInfo{ID: id}
	err := v.tx.QueryRow(ctx, `SELECT name, created_at FROM veil.tenant WHERE id = $1`, id).Scan(&t.Name, &t.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, failf(CodeNotFound, "there is no tenant %s; list the tenants to find the right one", id)
	}
	t.CreatedAt = t.CreatedAt.UTC()
	return t, err
}

// ListTenants lists the tenants by name, those after a name.
type ListTenants struct {
	After string
	Limit int
}

func (ListTenants) name() string { return "list-tenants" }
func (ListTenants) may() roles   { return operators }

func (q ListTenants) ask(ctx context.Context, v *view) ([]TenantInfo, error) {
	rows, err := v.tx.Query(ctx, `SELECT id, name, created_at FROM veil.tenant WHERE name > $1 ORDER BY name LIMIT $2`, q.After, page(q.Limit))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (TenantInfo, error) {
		var t TenantInfo
		err := row.Scan(&t.ID, &t.Name, &t.CreatedAt)
		t.CreatedAt = t.CreatedAt.UTC()
		return t, err
	})
}

// page bounds how many entries are listed.
func page(limit int) int {
	if limit <= 0 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

// plainText refuses what would confuse whoever reads it later.
func plainText(what, s string, least int) error {
	switch {
	case len(s) < least:
		return failf(CodeInvalid, "%s is missing", what)
	case len(s) > MaxLabel:
		return failf(CodeInvalid, "%s has %d bytes and may have %d; choose a shorter one", what, len(s), MaxLabel)
	case strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return failf(CodeInvalid, "%s has characters that do not print, or spaces around it; leave them out", what)
	}
	return nil
}
