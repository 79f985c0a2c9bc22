// Package report turns the verdicts of a comparison into a conformance report
// for machines (JSON with a published schema, and SARIF for tools that gather
// findings), for people who print (one HTML file) and for people at a terminal;
// and tells what changed between two of them.
//
// # Model
//
//	Input ── New ──▶ Report ──┬── JSON       report.schema.json, schema_version
//	                          ├── WriteHTML  one file, nothing external, no script
//	                          ├── WriteText  ten seconds at a terminal
//	                          └── WriteSARIF SARIF 2.1.0, findings to follow over time
//	Report, Report ── Diff ──▶ Difference ── JSON, WriteText
//
// [New] is a pure function: the same [Input] gives the same bytes in all
// forms. A report holds one entry for every judged fact ([Fact]), and above
// these the [Finding] entries that a person acts on: facts that fail or are
// undisclosed, with the facts of a missing table or column folded under it.
//
// # Differences
//
// [Diff] compares reports by facts, not by words: a finding is new where what
// it is about was not wrong before. A failure that is undisclosed now is hidden
// and not resolved, and what a waiver covers or a newer template no longer
// judges is resolved for that reason and says so.
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
// HTML, the text and SARIF show every character that prints nothing, moves the
// cursor or turns the direction of writing as its code point, such as
// ‹U+202E›.
package report
