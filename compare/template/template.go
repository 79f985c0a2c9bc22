package template

import (
	"errors"
	"fmt"

	"github.com/veilschema/veil/compare/schema"
)

// ErrConfidential is returned for a confidential template. Its tenants could
// not re-execute the evaluation, and the auditor's attestation that stands in
// for that does not exist yet.
var ErrConfidential = errors.New("confidential templates cannot be compared yet, because a tenant could not check " +
	"the evaluation without an auditor's attestation; set visibility to public or wait until attestation exists")

// Template is what a comparison judges against. Templates come from [Build],
// [Compile] or [Parse], which guarantee what [Template.Validate] checks; they
// are not changed afterwards and may be shared between goroutines.
type Template struct {
	Slug       string     // short name, [a-z0-9] and inner - _ . of at most MaxSlug bytes
	Version    string     // the publisher's version, free text without spaces
	Title      string     // one line for people; may be empty
	Visibility Visibility // who may read it

	// Judged holds every fact that is judged, sorted by schema.Compare,
	// each fact once. Verdicts are given in this order.
	Judged []Judged

	// AnyOf holds the groups of alternatives, sorted by name.
	AnyOf []Group

	// Files holds what the template was published from, sorted by name.
	Files []File

	// MerkleRoot commits to the template's tables; 32 zero bytes where the
	// template was not published with one.
	MerkleRoot [32]byte
}

// Judged is one fact with the rule that it is judged by.
type Judged struct {
	Fact   schema.Fact
	Rule   Rule
	AnyOf  string  // the group's name, set exactly when Rule is RuleAnyOf
	Waiver *Waiver // nil where the fact is not waived; only with RuleRequired and RuleForbidden
}

// Group is a set of alternatives of which one has to be present. Its members
// are the judged facts whose AnyOf is its name.
type Group struct {
	Name   string
	Waiver *Waiver // nil where the group is not waived
}

// Waiver lets a fact or a group fail until a day.
type Waiver struct {
	Reason   string // why failing is acceptable
	Approver string // who accepted it: a role or an office, as the policy says
	Expires  Date   // the last day on which the waiver counts
}

// Active reports whether the waiver counts on the given day.
func (w *Waiver) Active(today Date) bool { return w != nil && today <= w.Expires }

// File is one file that a template was made of.
type File struct {
	Name   string // path with slashes, relative to the template's directory
	Size   uint64 // bytes
	SHA256 [32]byte
}

// Meta is what a template says of itself beside its facts.
type Meta struct {
	Slug    string
	Version string
	Title   string
	Files   []File // in any order
}

// Facts returns the judged facts in the template's order. They are what the
// evaluating side tests.
func (t *Template) Facts() schema.Facts {
	facts := make(schema.Facts, len(t.Judged))
	for i, j := range t.Judged {
		facts[i] = j.Fact
	}
	return facts
}

// Index returns the place of a fact in Judged.
func (t *Template) Index(f schema.Fact) (int, bool) {
	lo, hi := 0, len(t.Judged)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if schema.Compare(t.Judged[mid].Fact, f) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(t.Judged) && t.Judged[lo].Fact == f
}

// Members returns the places in Judged of a group's alternatives.
func (t *Template) Members(group string) []int {
	var at []int
	for i, j := range t.Judged {
		if j.Rule == RuleAnyOf && j.AnyOf == group {
			at = append(at, i)
		}
	}
	return at
}

// CheckComparable reports why the template cannot be compared against:
// ErrConfidential for a confidential one, nil otherwise.
func (t *Template) CheckComparable() error {
	if t.Visibility == VisibilityConfidential {
		return fmt.Errorf("template %s %s: %w", t.Slug, t.Version, ErrConfidential)
	}
	return nil
}
