package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Scope says on whose behalf a transaction runs, and so which rows it sees. The zero Scope is nobody's and is refused.
type Scope struct {
	service bool
	tenant  uuid.UUID // of a tenant's scope, otherwise zero
}

// Service is the scope of the service itself, which sees every row.
func Service() Scope { return Scope{service: true} }

// Tenant is the scope of one tenant, which sees its own rows. The zero id is nobody's.
func Tenant(id uuid.UUID) Scope { return Scope{tenant: id} }

// IsService says whether it is the service's own scope.
func (s Scope) IsService() bool { return s.service }

// String is for logs: "service", or the tenant's id.
func (s Scope) String() string {
	switch {
	case s.service:
		return "service"
	case s.tenant == uuid.Nil:
		return "nobody"
	default:
		return "tenant " + s.tenant.String()
	}
}

var errNobody = errors.New("a transaction was asked for on nobody's behalf; give it the scope of the service or of a tenant")

// begin is SQL that begins a transaction and says at once who asks, in one round trip. Both settings end with the transaction, so that the
// connection's next user has none.
func (s Scope) begin(mode string) (string, error) {
	settings, err := s.settings()
	return "BEGIN ISOLATION LEVEL " + mode + "; " + settings, err
}

// set makes the scope that of a transaction which has begun.
func (s Scope) set(ctx context.Context, tx pgx.Tx) error {
	settings, err := s.settings()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("the scope of a transaction was not set: %w", err)
	}
	return nil
}

// settings are the SQL that says who asks. Nothing in it comes from outside but the digits of an id.
func (s Scope) settings() (string, error) {
	scope, tenant := "tenant", s.tenant.String()
	switch {
	case s.service:
		scope, tenant = "service", ""
	case s.tenant == uuid.Nil:
		return "", errNobody
	}
	return "SET LOCAL app.scope = '" + scope + "'; SET LOCAL app.tenant = '" + tenant + "'", nil
}
