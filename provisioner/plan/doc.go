// Package plan turns the verdicts of a comparison into a plan: the ordered steps that bring a database to a template.
//
// # Model
//
//	template's DDL ─▶ Blueprint ─┐
//	                             ├─▶ New ─▶ Plan ─▶ an executor beside the tenant's database
//	verdicts ─▶ Goals ───────────┘
//
// A [Blueprint] is what the template's own database says of itself: its facts, each with the SQL that spells it, the texts of its
// views and functions, and what needs what. A [Goal] is a judged fact with its verdict and what is wanted of it. Nothing else goes in:
// neither type has a place for a name that only the tenant has, so no plan can hold one.
//
// The facts that are present form the virtual schema, which is all that may be known of the tenant. The rest of the
// wanted facts is grouped by the object that brings them about (a table with its columns, a column with its type and default, one key,
// one index) and each group becomes a [Step].
//
// # Absent is not vacant
//
// A step is a goal, to make its facts true, with the SQL that does so where nothing is in the way. The tenant may have
// another key there, or something else of that name. What to do then is in the step too, as [Rule]s; whether it is so, only the
// executor sees. Facts that the tenant did not disclose are planned as if they were absent, and marked as guarded: the executor leaves a
// step out if its facts hold.
//
// # Order
//
// Steps are ordered by Kahn's algorithm (A. B. Kahn, Topological sorting of large networks, CACM 5, 1962) over what the template's
// catalog says needs what, ties broken by kind and name, so that equal input is an equal plan. Cycles are refused with all their members named.
//
// # Identity
//
// A plan is immutable and known by its [Plan.Digest], a hash of its steps, the template's digest and the strategy.
package plan
