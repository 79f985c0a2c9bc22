package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

const (
	sarifVersion   = "2.1.0"
	sarifSchemaURI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

	// sarifFingerprint names how fingerprints are made; another way is
	// another name, so that readers never compare the two.
	sarifFingerprint = "veilFinding/v1"
)

// WriteSARIF writes the report as a SARIF 2.1.0 log of one run, for tools that
// gather findings of many programs and follow them over time:
//
//	finding, failed        kind fail, level by its severity
//	finding, undisclosed   kind open: nothing is known to be wrong
//	waiver that is used    as its finding would be, with a suppression that
//	                       gives reason, approver and last day
//	no finding at all      one result of kind pass with the summary
//
// Places are logical locations, since a database has no lines. A fingerprint
// is made of the template's slug and of what the finding is about, not of
// words, order or version, so the same finding of the next comparison has the
// same one. Names are shown as the text shows them. The same report gives the
// same bytes.
func (r *Report) WriteSARIF(w io.Writer) error {
	b := &sarifBuilder{report: r, own: newOwnFacts(r), places: make(map[sarifPlace]int)}
	enc := json.NewEncoder(w) // it escapes <, > and &, which a viewer may paste into a page
	enc.SetIndent("", "  ")
	if err := enc.Encode(sarifLog{Schema: sarifSchemaURI, Version: sarifVersion, Runs: []sarifRun{b.run()}}); err != nil {
		return fmt.Errorf("write the report as SARIF: %w", err)
	}
	return nil
}

// sarifBuilder makes the run of a report.
type sarifBuilder struct {
	report    *Report
	own       ownFacts
	places    map[sarifPlace]int // in locations
	locations []sarifLogicalLocation
	results   []sarifResult
}

func (b *sarifBuilder) run() sarifRun {
	r := b.report
	b.results = []sarifResult{}
	for i := range r.Findings {
		b.results = append(b.results, b.finding(&r.Findings[i]))
	}
	for i := range r.Waivers {
		if r.Waivers[i].State == WaiverUsed {
			b.results = append(b.results, b.waived(&r.Waivers[i]))
		}
	}
	if r.Verdict == template.Conforms && len(r.Findings) == 0 {
		b.results = append(b.results, b.passed())
	}
	name, version, _ := strings.Cut(visible(firstOf(r.Generator, "veil")), " ")
	return sarifRun{
		Tool: sarifTool{Driver: sarifDriver{
			Name: name, Version: version, FullDescription: sarifText{sarifMessage(notProven())}, Rules: sarifRules,
		}},
		// What stands before the last slash is what tools compare with earlier
		// runs; the version behind it may change without every finding being new.
		Automation: sarifAutomation{visible(r.Template.Slug) + "/" + visible(r.Template.Version)},
		Invocations: []sarifInvocation{{
			EndTimeUTC: r.CreatedAt.UTC().Format(time.RFC3339), Successful: true,
		}},
		ColumnKind:       "unicodeCodePoints",
		LogicalLocations: b.locations,
		Results:          b.results,
		Properties: sarifRunProperties{
			TemplateDigest: visible(r.Template.Digest), Verdict: r.Verdict.String(), Summary: visible(r.Summary), Counts: r.Counts,
		},
	}
}

// notProven says in one sentence what stands in full in [Limits].
func notProven() string {
	var titles []string
	for _, n := range Limits() {
		titles = append(titles, strings.ToLower(n.Title[:1])+n.Title[1:])
	}
	return "Compares a database schema with a template under encryption. A verdict does not prove: " + strings.Join(titles, "; ") + "."
}

func (b *sarifBuilder) finding(f *Finding) sarifResult {
	id, folded := b.own.identity(f), 0
	if id.what == aboutFact {
		folded = len(f.Facts)
	}
	x := newSarifResult(sarifRuleOf(f.Rule, f.Verdict, f.Kind), f.Verdict == schema.Undisclosed, f.Severity)
	parts := []string{visible(f.Title), "Expected: " + clip(visible(f.Expected), maxDetailRunes)}
	if folded > 0 {
		parts = append(parts, "With it: "+count(folded, "fact", "facts"))
	}
	if w := f.Expired; w != nil {
		parts = append(parts, "A waiver expired after "+visible(string(w.Expires))+": "+visible(w.Reason))
	}
	x.Message.Text = sarifMessage(sentences(append(parts, visible(f.Mend))...))
	x.Locations = b.at(owner{f.Schema, f.Table, f.Name}, f.Kind)
	x.Fingerprints = b.fingerprint(id)
	x.Properties = &sarifProperties{
		Severity: f.Severity.String(), Expected: visible(f.Expected), Mend: visible(f.Mend), SQL: visible(f.SQL), Folded: folded,
	}
	return x
}

// waived makes the result that a waiver keeps from being a finding.
func (b *sarifBuilder) waived(w *Waiver) sarifResult {
	x := b.waivedGroup(w.Group)
	if w.Fact != nil {
		x = b.waivedFact(*w.Fact)
	}
	x.Suppressions = []sarifSuppression{{
		Kind: "external", Status: "accepted",
		Justification: visible(fmt.Sprintf("%s (approved by %s, until %s)", w.Reason, w.Approver, w.Expires)),
	}}
	return x
}

func (b *sarifBuilder) waivedFact(fact schema.Fact) sarifResult {
	f := b.own.judged(fact)
	open := f.Verdict == schema.Undisclosed
	x := newSarifResult(sarifRuleOf(f.Rule, f.Verdict, f.Kind), open, severityOf(f.Kind, f.Rule, f.Standing))
	want := clip(visible(expected(fact)), maxDetailRunes)
	if f.Rule == template.RuleForbidden {
		want = forbiddenPrefix + want
	}
	x.Message.Text = sarifMessage(sentences("Waived: "+visible(describe(fact)), "Expected: "+want))
	x.Locations = b.at(owner{f.Schema, f.Table, f.Name}, f.Kind)
	x.Fingerprints = b.fingerprint(identity{what: aboutFact, rule: f.Rule, fact: fact})
	return x
}

func (b *sarifBuilder) waivedGroup(name string) sarifResult {
	var first Fact
	alternatives := b.own.groups[name]
	if len(alternatives) > 0 {
		first = alternatives[0]
	}
	x := newSarifResult(ruleAnyOfID, undecided(alternatives), severityOf(first.Kind, template.RuleAnyOf, template.Failed))
	x.Message.Text = sarifMessage("Waived: the alternatives " + visible(schema.Quote(name)) + ", of which one is expected.")
	x.Locations = b.at(owner{first.Schema, first.Table, first.Name}, first.Kind)
	x.Fingerprints = b.fingerprint(identity{what: aboutGroup, group: name})
	return x
}

func (b *sarifBuilder) passed() sarifResult {
	x := newSarifResult(ruleConformsID, true, Info)
	x.Kind = "pass"
	x.Message.Text = sarifMessage(visible(b.report.Summary))
	x.Fingerprints = b.fingerprint(identity{what: aboutTemplate})
	return x
}

// newSarifResult keeps to the standard's rule that what is no failure has no
// level.
func newSarifResult(rule string, open bool, s Severity) sarifResult {
	x := sarifResult{RuleID: rule, RuleIndex: -1, Kind: "fail", Level: sarifLevel(s)}
	if i, ok := sarifRuleIndex[rule]; ok { // a file that was edited may speak of no kind
		x.RuleIndex = i
	}
	if open {
		x.Kind, x.Level = "open", "none"
	}
	return x
}

// sarifLevel maps the five severities to the three levels of the standard.
func sarifLevel(s Severity) string {
	switch s {
	case Critical, High:
		return "error"
	case Low, Info:
		return "note"
	}
	return "warning"
}

func (b *sarifBuilder) fingerprint(id identity) map[string]string {
	return map[string]string{sarifFingerprint: id.fingerprint(b.report.Template.Slug)}
}

// sentences joins parts, each of which gets a full stop.
func sentences(parts ...string) string {
	var list []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, strings.TrimSuffix(p, ".")+".")
		}
	}
	return strings.Join(list, " ")
}

// sarifMessage makes plain text a message of SARIF, in which braces hold
// arguments unless they are doubled and [text](target) is a link.
var sarifMessage = strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace
