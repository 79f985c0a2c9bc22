package api

import (
	"slices"

	"github.com/veilschema/veil/internal/service"
)

// Who are the roles that may call an operation. Nobody's token is asked for where Open is set.
type Who struct {
	Open  bool
	Roles []service.Role
}

func (w Who) may(r service.Role) bool { return slices.Contains(w.Roles, r) }

var (
	open     = Who{Open: true}
	operator = Who{Roles: []service.Role{service.RoleOperator}}
	tenant   = Who{Roles: []service.Role{service.RoleTenant}}
	readers  = Who{Roles: []service.Role{service.RoleTenant, service.RoleAuditor}}
	anybody  = Who{Roles: []service.Role{service.RoleOperator, service.RoleTenant, service.RoleAuditor}}
)

// Access is the one table of who may call what: method and path to roles. An operation without a row is refused.
var Access = map[string]Who{
	"POST /v1/bootstrap":                         open, // the one-time token is the bearer's
	"GET /v1/whoami":                             anybody,
	"POST /v1/tenants":                           operator,
	"GET /v1/tenants":                            operator,
	"POST /v1/tokens":                            operator,
	"GET /v1/tokens":                             operator,
	"DELETE /v1/tokens/{id}":                     operator,
	"GET /v1/templates":                          anybody,
	"POST /v1/templates":                         operator,
	"GET /v1/templates/{slug}/{version}":         anybody,
	"GET /v1/templates/{slug}/{version}/encoded": anybody,
	"POST /v1/comparisons":                       tenant,
	"GET /v1/comparisons":                        readers,
	"GET /v1/comparisons/{id}":                   readers,
	"DELETE /v1/comparisons/{id}":                tenant,
	"PUT /v1/comparisons/{id}/accept":            tenant,
	"HEAD /v1/comparisons/{id}/submission":       tenant,
	"PUT /v1/comparisons/{id}/submission":        tenant,
	"PUT /v1/comparisons/{id}/commitment":        tenant,
	"PUT /v1/comparisons/{id}/disclosure":        tenant,
	"GET /v1/comparisons/{id}/events":            readers,
	"GET /v1/comparisons/{id}/offer":             readers,
	"GET /v1/comparisons/{id}/salt":              readers,
	"GET /v1/comparisons/{id}/response":          readers,
	"GET /v1/comparisons/{id}/seed":              readers,
	"GET /v1/comparisons/{id}/verdict":           readers,
	"GET /v1/comparisons/{id}/report":            readers,
	"GET /v1/comparisons/{id}/evidence":          readers,
	"GET /v1/comparisons/{id}/transcript":        readers,
	"GET /v1/comparisons/{id}/bundle":            readers,
	"GET /v1/audit/log":                          open,
	"GET /v1/audit/checkpoint":                   open,
	"GET /v1/audit/tile/{path}":                  open,
	"GET /v1/audit/proof/{sequence}":             readers,
	"GET /v1/audit/entry/{sequence}":             readers,
}
