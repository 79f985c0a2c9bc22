// Package report turns the verdicts of a comparison into a conformance report
// for machines (JSON with a published schema), for people who print (one HTML
// file) and for people at a terminal.
//
// # Model
//
//	Input ── New ──▶ Report ──┬── JSON       report.schema.json, schema_version
//	                          ├── WriteHTML  one file, nothing external, no script
//	                          └── WriteText  ten seconds at a terminal
//
// [New] is a pure function: the same [Input] gives the same bytes in all three
// forms. A report holds one entry for every judged fact ([Fact]), and above
// these the [Finding] entries that a person acts on: facts that fail or are
// undisclosed, with the facts of a missing table or column folded under it.
//
// # Honesty
//
// Denominators are kept apart: present, absent, undisclosed and waived add up
// to the facts of a rule, any_of groups are counted as groups, and what was
// seen and not judged stands in the coverage. Every form says on its first
// page what a verdict does not prove ([Limits]).
//
// A report that leaves the tenant must tell nothing but verdicts: leave
// Input.Introspection nil in the service's copy, since coverage counts and
// server version are the tenant's knowledge.
//
// # Severity
//
// [Severity] is the only scale, and one table maps each kind of fact to it.
//
// # Hostile names
//
// Names and details come from databases. JSON holds them as they are; the
// HTML and the text show every character that prints nothing, moves the
// cursor or turns the direction of writing as its code point, such as
// ‹U+202E›.
package report
