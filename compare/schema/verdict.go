package schema

import "fmt"

// Verdict is what a comparison says about one fact of a template.
type Verdict uint8

// The verdicts.
const (
	VerdictUnknown Verdict = 0
	Present        Verdict = 1 // the tenant's schema has the fact
	Absent         Verdict = 2 // the tenant's schema does not have it
	Undisclosed    Verdict = 3 // the tenant's policy keeps it back
)

var verdictNames = [...]string{Present: "present", Absent: "absent", Undisclosed: "undisclosed"}

// String returns the verdict's name as reports write it.
func (v Verdict) String() string {
	if !v.known() {
		return fmt.Sprintf("unknown verdict %d", uint8(v))
	}
	return verdictNames[v]
}

// ParseVerdict returns the verdict that [Verdict.String] calls name.
func ParseVerdict(name string) (Verdict, error) {
	for v := Present; v.known(); v++ {
		if verdictNames[v] == name {
			return v, nil
		}
	}
	return VerdictUnknown, fmt.Errorf("%q is no verdict; want present, absent or undisclosed", name)
}

// MarshalText returns the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) {
	if !v.known() {
		return nil, fmt.Errorf("verdict %d has no name", uint8(v))
	}
	return []byte(verdictNames[v]), nil
}

// UnmarshalText reads a verdict's name.
func (v *Verdict) UnmarshalText(text []byte) error {
	verdict, err := ParseVerdict(string(text))
	if err != nil {
		return err
	}
	*v = verdict
	return nil
}

func (v Verdict) known() bool { return v > VerdictUnknown && int(v) < len(verdictNames) }
