package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// DifferenceVersion is the version of the JSON form of a [Difference]. It
// changes when a reader of the previous version could misread one.
const DifferenceVersion = "1"

// Difference is what changed between two reports under one template. Make one
// with [Diff].
//
// A finding is the same one in both reports where it is about the same fact or
// any_of group, whatever words and place it has. Undisclosed facts of one
// table are compared one by one and gathered again. That a fact is now
// withheld, folded under a missing table or no longer judged is never called
// resolved without saying so.
type Difference struct {
	SchemaVersion string `json:"schema_version"`
	Slug          string `json:"template"`
	Before        Side   `json:"before"`
	After         Side   `json:"after"`

	New        []DifferentFinding `json:"new"`        // of the report after: nothing was wrong about it before
	Revealed   []DifferentFinding `json:"revealed"`   // of the report after: it fails, and was undisclosed before
	Hidden     []DifferentFinding `json:"hidden"`     // of the report before: it failed, and is undisclosed now
	Resolved   []DifferentFinding `json:"resolved"`   // of the report before: nothing is wrong about it now
	Persisting []Finding          `json:"persisting"` // of the report after: it was there before

	Changes    []Change `json:"changes"`     // facts judged in both of which something differs
	OnlyBefore []Fact   `json:"only_before"` // facts that only the template before judges
	OnlyAfter  []Fact   `json:"only_after"`  // facts that only the template after judges
	Unchanged  int      `json:"unchanged"`   // facts judged in both with the same verdict, rule and standing
}

// Side is what a difference says of one of the two reports.
type Side struct {
	Version   string               `json:"version"` // of the template
	Digest    string               `json:"digest"`  // of the template, hexadecimal
	CreatedAt time.Time            `json:"created_at"`
	Verdict   template.Conformance `json:"verdict"`
}

// DifferentFinding is a finding that stands in one report only.
type DifferentFinding struct {
	Finding
	Because Because `json:"because"`
}

// Because says why a finding stands in one report and not in the other.
type Because string

// The reasons.
const (
	BecauseVerdict Because = "verdict" // the verdict changed
	BecauseWaiver  Because = "waiver"  // a waiver covers it in the other report
	BecauseRule    Because = "rule"    // the verdict is the same and the template asks for something else
	BecauseJudged  Because = "judged"  // the other report's template does not judge it
)

// Change is a fact that both reports judge and of which something differs.
type Change struct {
	schema.Fact
	Before State `json:"before"`
	After  State `json:"after"`
}

// State is what a report says of a fact.
type State struct {
	Rule     template.Rule     `json:"rule"`
	Verdict  schema.Verdict    `json:"verdict"`
	Standing template.Standing `json:"standing"`
}

// OtherTemplateError says that two reports are about different templates.
type OtherTemplateError struct{ Before, After Template }

// Error names both templates.
func (e *OtherTemplateError) Error() string {
	return fmt.Sprintf("the reports are about two templates, %s and %s; compare two reports about the same one",
		visible(e.Before.Slug), visible(e.After.Slug))
}

// Diff compares two reports about the same template, whose versions may
// differ. It fails with [OtherTemplateError] where the templates' slugs differ,
// and where a report lists a fact twice. Neither report is changed; the
// difference shares their facts.
//
// Diff(b, a) is Diff(a, b) read backwards: new and resolved change places, and
// so do revealed and hidden.
func Diff(before, after *Report) (*Difference, error) {
	if before.Template.Slug != after.Template.Slug {
		return nil, &OtherTemplateError{before.Template, after.Template}
	}
	b, err := newSide("before", before)
	if err != nil {
		return nil, err
	}
	a, err := newSide("after", after)
	if err != nil {
		return nil, err
	}
	d := &Difference{
		SchemaVersion: DifferenceVersion, Slug: after.Template.Slug, Before: describeSide(before), After: describeSide(after),
		Changes: []Change{}, OnlyBefore: onlyIn(before, a), OnlyAfter: onlyIn(after, b),
	}
	d.New, d.Revealed, d.Persisting = a.compare(b)
	d.Resolved, d.Hidden, _ = b.compare(a)
	for _, f := range after.Facts {
		old, ok := b.own.byFact[f.Fact]
		switch {
		case !ok:
		case stateOf(old) == stateOf(f):
			d.Unchanged++
		default:
			d.Changes = append(d.Changes, Change{f.Fact, stateOf(old), stateOf(f)})
		}
	}
	return d, nil
}

// Worse reports whether the report after has findings that the one before did
// not have, or shows failures that were undisclosed.
func (d *Difference) Worse() bool { return len(d.New)+len(d.Revealed) > 0 }

// Empty reports whether the two reports say the same of the same facts.
func (d *Difference) Empty() bool {
	return len(d.New)+len(d.Revealed)+len(d.Hidden)+len(d.Resolved)+len(d.Changes)+len(d.OnlyBefore)+len(d.OnlyAfter) == 0
}

// JSON returns the difference as indented JSON; the same difference gives the
// same bytes.
func (d *Difference) JSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("write the difference as JSON: %w", err)
	}
	return out.Bytes(), nil
}

func describeSide(r *Report) Side {
	return Side{Version: r.Template.Version, Digest: r.Template.Digest, CreatedAt: r.CreatedAt, Verdict: r.Verdict}
}

func stateOf(f Fact) State { return State{f.Rule, f.Verdict, f.Standing} }

// onlyIn returns the facts of a report that the other does not judge.
func onlyIn(r *Report, other *side) []Fact {
	list := []Fact{}
	for _, f := range r.Facts {
		if _, ok := other.own.byFact[f.Fact]; !ok {
			list = append(list, f)
		}
	}
	return list
}
