// Package check runs a conformance check from end to end in one process: it
// reads two schemas, turns them into facts, lets a tenant and an evaluator
// exchange their messages, and gathers what a report needs.
//
//	template DDL ─▶ Read ─▶ template ┐
//	tenant's DSN or DDL ─▶ Read ─▶ facts ─▶ Exchange ─▶ Outcome ─▶ report
//
// The two roles share nothing but bytes: every message passes through the codec,
// and the service's side sees no more of the tenant than it would over a network.
package check
