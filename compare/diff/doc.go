// Package diff shows a tenant's schema beside a template: what both have, what
// is missing, what the tenant has besides, and what it keeps to itself.
//
// # Model
//
// Everything rests on one function over slices. [Slices] takes an equality
// function and nothing else of its elements, so the same code compares names,
// which only the tenant may see, and places in the template with the verdicts on
// them, which are all that the service has:
//
//	tenant's facts, by name ────────┐
//	                                ├─▶ Slices ─▶ TableView ─▶ WriteText
//	template's facts, by verdict ───┘             OrderView
//
// A diff goes from the tenant to the template, as provisioning does: "+" is what
// the template asks for and the tenant lacks, "-" what the tenant has and the
// template does not ask for or forbids, "?" what the tenant does not disclose.
//
// # Two algorithms in one
//
// A shortest script of deletions and insertions keeps as many elements as can be
// kept, and these are a longest common subsequence: for slices of n and m
// elements the script has n + m - 2k edits exactly where the subsequence has k
// elements. [Slices] is the algorithm of Myers ("An O(ND) Difference Algorithm
// and Its Variations", Algorithmica 1986) from znkr.io/diff, and [LCS] is what it
// keeps. A second algorithm could find nothing better; the tests hold both
// against the textbook's table of n times m numbers.
//
// # Views
//
// [Tables] and [ColumnOrder] are for the tenant's side and for people who may
// see its names; renames of a mapping are applied first and shown. [TablesByVerdict]
// and [ColumnOrderByVerdict] take nothing of a tenant but verdicts. What a
// follow-up comparison found is given to them as facts that are known besides.
//
// The order of columns is no fact and is judged nowhere. ColumnOrder finds the
// columns that stay in their order and calls the others moved.
package diff
