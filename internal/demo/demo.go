// Package demo holds the example that "veil demo" checks and provisions: a template of clinical claims, its policy, the database
// of a tenant that was built after it by other hands, and what that tenant decides.
//
// # Model
//
// The template (schema claims) and the tenant (schema riverside) mean the same structure wherever [Deviations]
// does not say otherwise, although the tenant's DDL spells types in other words, leaves constraints unnamed and names its
// indexes in its own way. So a check must find these ten deviations and nothing else. The tenant has more than the template asks
// for; [TenantOnly] lists the names of it, so that a test can look for them in everything that leaves the tenant.
//
// [TenantRowsSQL] puts rows into every table. [DecisionsYAML] answers what provisioning then asks, and nothing else is asked: one conversion that loses digits, and
// one column that goes for good.
//
// All of it is made up and belongs to this project. It loads on PostgreSQL 15 to 18 without superuser rights and
// without extensions.
package demo

import _ "embed"

// Who is compared with what.
const (
	TemplateSlug    = "clinical-claims"
	TemplateVersion = "1.0.0"
	TemplateTitle   = "Clinical claims"

	TemplateSchema = "claims"    // the one schema of the template
	TenantSchema   = "riverside" // the one schema of the tenant, mapped onto the template's
	TenantTitle    = "Riverside Health"
)

// Names under which reports, errors and template digests know the files.
const (
	TemplateFile  = "template.sql"
	PolicyFile    = "policy.yaml"
	TenantFile    = "tenant.sql"
	DecisionsFile = "decisions.yaml"
)

//go:embed template.sql
var templateSQL []byte

//go:embed policy.yaml
var policyYAML []byte

//go:embed tenant.sql
var tenantSQL []byte

//go:embed tenantrows.sql
var tenantRowsSQL string

//go:embed decisions.yaml
var decisionsYAML []byte

// TemplateSQL returns a copy of the template's DDL.
func TemplateSQL() []byte { return append([]byte(nil), templateSQL...) }

// PolicyYAML returns a copy of the template's policy.
func PolicyYAML() []byte { return append([]byte(nil), policyYAML...) }

// TenantSQL returns a copy of the tenant's DDL.
func TenantSQL() []byte { return append([]byte(nil), tenantSQL...) }

// TenantRowsSQL returns the statements that put rows into the tenant's tables.
func TenantRowsSQL() string { return tenantRowsSQL }

// DecisionsYAML returns a copy of the tenant's decisions.
func DecisionsYAML() []byte { return append([]byte(nil), decisionsYAML...) }
