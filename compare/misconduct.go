package compare

import "fmt"

// Offence is a way to break the protocol that a third party can be shown. The
// zero value is none.
type Offence uint8

// The offences, by number on the wire.
const (
	OffenceUnknown Offence = iota
	// OffenceMalformed is a signed message whose body is not what its type is.
	OffenceMalformed
	// OffenceTerms is a signed message that departs from what was agreed
	// before it: another template, another layout.
	OffenceTerms
	// OffenceOpening is a salt, seed or disclosure that does not open its
	// commitment.
	OffenceOpening
	// OffenceEvaluation is a response that is not the evaluation of the
	// submission against the template under the seed.
	OffenceEvaluation
	// OffenceVerdict is a disclosure with a verdict that was not decrypted.
	OffenceVerdict
	// OffenceTwice is two different messages where the protocol has one.
	OffenceTwice
)

var offences = [...]string{
	"unknown", "malformed message", "terms not kept", "opening that does not fit its commitment",
	"false evaluation", "false verdict", "two answers to one message",
}

// String returns the offence as a phrase.
func (o Offence) String() string {
	if int(o) < len(offences) {
		return offences[o]
	}
	return fmt.Sprintf("offence %d", uint8(o))
}

// Misconduct is the error for a proven offence. Evidence convinces whoever
// trusts neither side: see VerifyEvidence.
type Misconduct struct {
	Accused  Role
	Offence  Offence
	Message  Type
	Cause    error
	Evidence []byte
}

// Error says who did what.
func (m *Misconduct) Error() string {
	return fmt.Sprintf("the %s broke the protocol: %s (%s): %v; the evidence convinces a third party, keep it", m.Accused, m.Offence, m.Message, m.Cause)
}

// Unwrap returns the cause.
func (m *Misconduct) Unwrap() error { return m.Cause }

// misconduct accuses the sender of a message.
func misconduct(o Offence, t Type, cause error) *Misconduct {
	return &Misconduct{Accused: t.Sender(), Offence: o, Message: t, Cause: cause}
}
