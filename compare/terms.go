package compare

import (
	"errors"

	"github.com/veilschema/veil/keys"
)

// Terms are what an offer settles.
type Terms struct {
	// Tenant is the key of the side that opened.
	Tenant keys.PublicIdentity
	// Layout says how its facts will lie in slots.
	Layout Layout
	// SubmissionBytes is the size of the one submission that will be taken, in bytes.
	SubmissionBytes int
}

// Terms returns what the offer settled. It fails before [Evaluator.Offer].
func (e *Evaluator) Terms() (Terms, error) {
	s := e.session
	if s.last < TypeOffer {
		return Terms{}, errors.New("nothing is settled before the offer")
	}
	const anchor = 32 // of the schema commitment
	body := anchor + s.layout.Set.SubmissionBytes(s.layout.Columns)
	return Terms{Tenant: s.open.tenant, Layout: s.layout, SubmissionBytes: envelopeHeader + body + keys.SignatureSize}, nil
}
