// Package random makes small random schemas and deviates databases from them, for property tests: what is damaged can be
// provisioned, and conforms afterwards.
//
// # Model
//
//	Schema(seed) ──statements──▶ a database ──Damage(conn, seed)──▶ a tenant, and the list of changes
//
// A schema has one to six tables in the schema public, and what hangs on tables: types, keys, checks, indexes, views, functions,
// triggers, policies, sequences. Names are odd now and then. Every column has a witness, a value that all checks let pass, so that
// a table can always be filled.
//
// [Damage] looks at the catalog, not at the generator, so it serves any database. A change is either damage, which takes
// something of the template away, or it is the tenant's own, which takes nothing away and must survive provisioning. Each change
// is a row of a table: a query that lists what could be done. One of the answers is picked and done, and if PostgreSQL refuses,
// another.
//
// The same seed gives the same statements, on every version of PostgreSQL from 15 on.
package random
