package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SQLSTATE codes that the package tells apart.
const (
	codeNoPrivilege   = "42501"
	codeNoTable       = "42P01"
	codeNoSchema      = "3F000"
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
)

// role is what decides whether row-level security holds a role.
type role struct {
	name      string
	superuser bool   // it is one, or can become one
	bypasses  bool   // it has BYPASSRLS, or can become a role that has
	owns      string // a table of the schema that it owns or whose owner it can become, or the schema; "" for none
}

// err is nil for a role that row-level security holds.
func (r role) err() error {
	const instead = "row-level security would not hold it; connect the service as a role of its own, made with CREATE ROLE ... LOGIN NOSUPERUSER NOBYPASSRLS"
	switch {
	case r.superuser:
		return fmt.Errorf("the application role %s is a superuser or a member of one, and %s", r.name, instead)
	case r.bypasses:
		return fmt.Errorf("the application role %s has BYPASSRLS or is a member of a role that has, and %s", r.name, instead)
	case r.owns != "":
		return fmt.Errorf("the application role %s owns %s or is a member of its owner, and %s", r.name, r.owns, instead)
	}
	return nil
}

// roleSQL asks about the session's role too: SET ROLE is undone by whoever set it.
const roleSQL = `
WITH self AS (
	SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname IN (current_user, session_user)
), may_be AS (
	SELECT r.* FROM pg_catalog.pg_roles r WHERE EXISTS (SELECT FROM self WHERE pg_catalog.pg_has_role(self.oid, r.oid, 'MEMBER'))
)
SELECT current_user::text,
	EXISTS (SELECT FROM may_be WHERE rolsuper),
	EXISTS (SELECT FROM may_be WHERE rolbypassrls),
	coalesce(
		(SELECT 'the table veil.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'veil' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relowner IN (SELECT oid FROM may_be) ORDER BY c.relname LIMIT 1),
		(SELECT 'the schema veil' FROM pg_catalog.pg_namespace n WHERE n.nspname = 'veil' AND n.nspowner IN (SELECT oid FROM may_be)),
		'')`

// querier is a connection, a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// checkRole refuses a role that row-level security does not hold.
func checkRole(ctx context.Context, q querier) error {
	var r role
	if err := q.QueryRow(ctx, roleSQL).Scan(&r.name, &r.superuser, &r.bypasses, &r.owns); err != nil {
		return fmt.Errorf("the database does not tell what the application role may do: %w", err)
	}
	return r.err()
}
