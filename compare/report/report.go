package report

import (
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// SchemaVersion is the version of the JSON form. It changes when a reader of
// the previous version could misread a report.
const SchemaVersion = "1"

// Report is a conformance report. Make one with [New]; its JSON is specified
// by [Schema].
type Report struct {
	SchemaVersion string               `json:"schema_version"`
	Generator     string               `json:"generator"`
	CreatedAt     time.Time            `json:"created_at"`
	Template      Template             `json:"template"`
	Verdict       template.Conformance `json:"verdict"`
	Summary       string               `json:"summary"` // one sentence for people
	Counts        Counts               `json:"counts"`
	Findings      []Finding            `json:"findings"` // worst first
	Waivers       []Waiver             `json:"waivers"`
	Limits        []Note               `json:"limits"`      // what the verdict does not prove
	NotChecked    []Note               `json:"not_checked"` // what no fact speaks of
	Learnt        Learnt               `json:"learnt"`
	Introspection *Introspection       `json:"introspection,omitempty"`
	Parties       Parties              `json:"parties"`
	Exchange      Exchange             `json:"exchange"`
	Probabilities ProbabilityList      `json:"probabilities"`
	TimingsMS     TimingsMS            `json:"timings_ms"`
	Verification  Verification         `json:"verification"`
	Facts         []Fact               `json:"facts"` // every judged fact, in the template's order
}

// Template says what was compared against.
type Template struct {
	Slug       string              `json:"slug"`
	Version    string              `json:"version"`
	Title      string              `json:"title"`
	Visibility template.Visibility `json:"visibility"`
	Digest     string              `json:"digest"`      // hexadecimal
	MerkleRoot string              `json:"merkle_root"` // hexadecimal; "" where the template has none
}

// Counts are the denominators by rule.
type Counts struct {
	Required  template.Counts      `json:"required"`
	Optional  template.Counts      `json:"optional"`
	Forbidden template.Counts      `json:"forbidden"`
	AnyOf     template.GroupCounts `json:"any_of"`
	Severity  SeverityCounts       `json:"severity"` // of findings
}

// SeverityCounts counts findings by severity.
type SeverityCounts struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Info     int `json:"info"`
}

// Fact is one judged fact with its verdict.
type Fact struct {
	schema.Fact
	Rule     template.Rule     `json:"rule"`
	Verdict  schema.Verdict    `json:"verdict"`
	Standing template.Standing `json:"standing"`
	AnyOf    string            `json:"any_of,omitempty"` // the group, for an alternative
}

// Finding is something that a person acts on or decides about. It is about one
// fact, about one any_of group (Group is set, and Facts are its alternatives),
// or about undisclosed facts of one table or schema (Facts are these).
type Finding struct {
	Severity Severity       `json:"severity"`
	Title    string         `json:"title"` // one clause for people
	Kind     schema.Kind    `json:"kind"`
	Schema   string         `json:"schema"`
	Table    string         `json:"table"`
	Name     string         `json:"name"`
	Expected string         `json:"expected"` // what the template asks for
	Rule     template.Rule  `json:"rule"`
	Verdict  schema.Verdict `json:"verdict"`
	Group    string         `json:"group,omitempty"`
	Mend     string         `json:"mend"`                     // what a person can do
	SQL      string         `json:"sql,omitempty"`            // where one statement is simple and loses nothing
	Expired  *Waiver        `json:"expired_waiver,omitempty"` // a waiver that covered it once
	Facts    []Fact         `json:"facts"`                    // folded under it; never the finding's own
}

// Waiver is a waiver of the template's policy and whether it was used.
type Waiver struct {
	Fact     *schema.Fact  `json:"fact,omitempty"`  // either a fact
	Group    string        `json:"group,omitempty"` // or a group
	Reason   string        `json:"reason"`
	Approver string        `json:"approver"`
	Expires  template.Date `json:"expires"` // the last day on which it counts
	State    WaiverState   `json:"state"`
}

// WaiverState says what came of a waiver.
type WaiverState string

// The states of a waiver.
const (
	WaiverUsed      WaiverState = "used"       // the requirement does not hold, and the waiver covers it
	WaiverNotNeeded WaiverState = "not_needed" // the requirement holds
	WaiverExpired   WaiverState = "expired"    // the requirement does not hold, and the waiver no longer counts
)

// Note is a statement with a heading.
type Note struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Learnt says what each side knows after the comparison.
type Learnt struct {
	Tenant  []string `json:"tenant"`
	Service []string `json:"service"`
}

// Probability is an upper bound on the probability of an event.
type Probability struct {
	Log2  float64 `json:"log2"`    // the bound's logarithm to base 2
	Bound string  `json:"at_most"` // "2^-34.2", rounded towards the larger probability
	Event string  `json:"event"`   // what it is the probability of
}

// ProbabilityList holds the stated bounds of a comparison.
type ProbabilityList struct {
	FalseMatch        Probability `json:"false_match"`
	ForgedVerdict     Probability `json:"forged_verdict"`
	DecryptionFailure Probability `json:"decryption_failure"`
}

// TimingsMS are durations in milliseconds with three decimals.
type TimingsMS struct {
	Introspect float64 `json:"introspect"`
	Facts      float64 `json:"facts"`
	Encrypt    float64 `json:"encrypt"`
	Evaluate   float64 `json:"evaluate"`
	Decrypt    float64 `json:"decrypt"`
	Verify     float64 `json:"verify"`
}
