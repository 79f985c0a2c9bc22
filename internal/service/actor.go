package service

import "github.com/google/uuid"

// Role is what somebody may do. The zero value may do nothing.
type Role string

// The roles.
const (
	RoleUnknown  Role = ""
	RoleOperator Role = "operator" // runs the service: tenants, tokens, templates
	RoleTenant   Role = "tenant"   // compares
	RoleAuditor  Role = "auditor"  // reads what one tenant's comparisons say
)

// ParseRole reads a role's name.
func ParseRole(s string) (Role, bool) {
	switch r := Role(s); r {
	case RoleOperator, RoleTenant, RoleAuditor:
		return r, true
	}
	return RoleUnknown, false
}

// Actor is who asks. Tenant is the zero UUID for operators, and for nobody else.
type Actor struct {
	Token  uuid.UUID
	Role   Role
	Tenant uuid.UUID
}

// roles is a set of roles.
type roles []Role

// Everybody's sets, by name.
var (
	operators = roles{RoleOperator}
	tenants   = roles{RoleTenant}
	readers   = roles{RoleTenant, RoleAuditor}
	anybody   = roles{RoleOperator, RoleTenant, RoleAuditor}
)

func (r roles) has(role Role) bool {
	for _, one := range r {
		if one == role {
			return true
		}
	}
	return false
}
