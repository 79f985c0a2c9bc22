package report

import (
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// Severity says how much a finding matters. This is the only scale; reports
// print the meaning beside it.
type Severity uint8

// The severities, worst first.
const (
	SeverityUnknown Severity = iota // the zero value, never in a report
	Critical                        // data cannot be stored or read as the template says, or something forbidden is there
	High                            // a protection is missing: wrong or unauthorised data can get in
	Medium                          // the database behaves differently: defaults, numbering, order, triggers
	Low                             // the same data and rules, but another physical layout or speed
	Info                            // nothing is known to be wrong: undisclosed
)

// severities holds name and meaning of each severity by its number.
var severities = [...]struct{ name, meaning string }{
	Critical: {"critical", "Data cannot be stored or read as the template says, or something forbidden is there."},
	High:     {"high", "A protection is missing: wrong or unauthorised data can get in."},
	Medium:   {"medium", "The database behaves differently: defaults, numbering, triggers, versions of helpers."},
	Low:      {"low", "The same data under the same rules, but another physical layout or speed."},
	Info:     {"info", "Nothing is known to be wrong: the verdict is undisclosed."},
}

// Severities lists the scale, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Info} }

// String returns the severity's name.
func (s Severity) String() string {
	if s == SeverityUnknown || int(s) >= len(severities) {
		return fmt.Sprintf("unknown severity %d", uint8(s))
	}
	return severities[s].name
}

// Meaning returns one sentence that says what the severity stands for.
func (s Severity) Meaning() string {
	if s == SeverityUnknown || int(s) >= len(severities) {
		return ""
	}
	return severities[s].meaning
}

// MarshalText returns the severity's name; the zero value has none.
func (s Severity) MarshalText() ([]byte, error) {
	if s == SeverityUnknown || int(s) >= len(severities) {
		return nil, fmt.Errorf("severity %d has no name", uint8(s))
	}
	return []byte(severities[s].name), nil
}

// UnmarshalText reads a severity's name.
func (s *Severity) UnmarshalText(b []byte) error {
	all := Severities()
	i := slices.IndexFunc(all, func(x Severity) bool { return x.String() == string(b) })
	if i < 0 {
		return fmt.Errorf("%q is no severity", b)
	}
	*s = all[i]
	return nil
}

// kindSeverity says how much a missing fact of a kind matters.
var kindSeverity = map[schema.Kind]Severity{
	schema.KindTable:        Critical,
	schema.KindColumn:       Critical,
	schema.KindColumnType:   Critical,
	schema.KindEnum:         Critical,
	schema.KindDomain:       Critical,
	schema.KindComposite:    Critical,
	schema.KindRange:        Critical,
	schema.KindView:         Critical,
	schema.KindFunction:     Critical,
	schema.KindNotNull:      High,
	schema.KindPrimaryKey:   High,
	schema.KindUnique:       High,
	schema.KindForeignKey:   High,
	schema.KindCheck:        High,
	schema.KindExclusion:    High,
	schema.KindRowSecurity:  High,
	schema.KindTrigger:      Medium,
	schema.KindDefault:      Medium,
	schema.KindIdentity:     Medium,
	schema.KindGenerated:    Medium,
	schema.KindSequence:     Medium,
	schema.KindExtension:    Medium,
	schema.KindCollation:    Medium,
	schema.KindInheritance:  Medium,
	schema.KindIndex:        Low,
	schema.KindPartitionKey: Low,
	schema.KindPartition:    Low,
}

// severityOf returns the severity of one failed or undecided fact. A kind that
// the table does not have is taken for a serious one.
func severityOf(k schema.Kind, r template.Rule, s template.Standing) Severity {
	switch {
	case s == template.Undecided:
		return Info
	case r == template.RuleForbidden:
		return Critical
	}
	if sev, ok := kindSeverity[k]; ok {
		return sev
	}
	return Critical
}
