package diff

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
)

// Mark says how a tenant stands to one thing in a template.
type Mark uint8

// The marks.
const (
	MarkUnknown Mark = iota // the zero value, never in a view
	Same                    // both have it
	Missing                 // the template asks for it and the tenant does not have it
	Extra                   // the tenant has it and the template does not ask for it or forbids it
	Undisclosed             // the tenant does not say
)

var markNames = [...]string{"unknown", "same", "missing", "extra", "undisclosed"}

// String returns the mark's name.
func (m Mark) String() string {
	if int(m) < len(markNames) {
		return markNames[m]
	}
	return fmt.Sprintf("mark(%d)", uint8(m))
}

// MarshalText returns the mark's name; the zero value has none.
func (m Mark) MarshalText() ([]byte, error) {
	if m == MarkUnknown || int(m) >= len(markNames) {
		return nil, fmt.Errorf("mark %d has no name", uint8(m))
	}
	return []byte(markNames[m]), nil
}

// Sign returns the character that a text diff begins a line with: a space for
// Same, "+" for Missing, "-" for Extra, "?" for Undisclosed.
func (m Mark) Sign() byte {
	switch m {
	case Same:
		return ' '
	case Missing:
		return '+'
	case Extra:
		return '-'
	}
	return '?'
}

// mark says what an edit means where the verdict on its element is v.
func mark(o Op, v schema.Verdict) Mark {
	switch {
	case v == schema.Undisclosed && o != Insert:
		return Undisclosed
	case o == Insert || o == Keep && v == schema.Absent:
		return Missing
	case o == Delete:
		return Extra
	}
	return Same
}
