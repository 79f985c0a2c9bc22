package template

import (
	"encoding"
	"fmt"
	"slices"
)

var (
	_ encoding.TextUnmarshaler = (*Rule)(nil)
	_ encoding.TextUnmarshaler = (*Visibility)(nil)
	_ encoding.TextUnmarshaler = (*Conformance)(nil)
	_ encoding.TextUnmarshaler = (*Standing)(nil)
)

// MarshalText returns the rule's name; the zero value has none.
func (r Rule) MarshalText() ([]byte, error) { return marshalName(r, ruleNames[:], "rule") }

// UnmarshalText reads a rule's name.
func (r *Rule) UnmarshalText(b []byte) error { return unmarshalName(r, b, ruleNames[:], "rule") }

// MarshalText returns the visibility's name; the zero value has none.
func (v Visibility) MarshalText() ([]byte, error) {
	return marshalName(v, visibilityNames[:], "visibility")
}

// UnmarshalText reads a visibility's name.
func (v *Visibility) UnmarshalText(b []byte) error {
	return unmarshalName(v, b, visibilityNames[:], "visibility")
}

// MarshalText returns the outcome's name; the zero value has none.
func (c Conformance) MarshalText() ([]byte, error) {
	return marshalName(c, conformanceNames[:], "conformance")
}

// UnmarshalText reads an outcome's name.
func (c *Conformance) UnmarshalText(b []byte) error {
	return unmarshalName(c, b, conformanceNames[:], "conformance")
}

// MarshalText returns the standing's name; the zero value has none.
func (s Standing) MarshalText() ([]byte, error) { return marshalName(s, standingNames[:], "standing") }

// UnmarshalText reads a standing's name.
func (s *Standing) UnmarshalText(b []byte) error {
	return unmarshalName(s, b, standingNames[:], "standing")
}

// marshalName returns the name of an enumerated value. Place 0 of names is the
// invalid zero value's.
func marshalName[E ~uint8](e E, names []string, what string) ([]byte, error) {
	if e == 0 || int(e) >= len(names) {
		return nil, fmt.Errorf("%s %d has no name", what, uint8(e))
	}
	return []byte(names[e]), nil
}

func unmarshalName[E ~uint8](e *E, b []byte, names []string, what string) error {
	i := slices.Index(names, string(b))
	if i <= 0 {
		return fmt.Errorf("%q is no %s", b, what)
	}
	*e = E(i)
	return nil
}
