package compare

import (
	"crypto/sha256"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/keys"
)

// Result is what a finished comparison says, the same on both sides.
type Result struct {
	// Session is the session hash.
	Session [32]byte
	// Tenant and Service are the two sides' identities.
	Tenant, Service keys.PublicIdentity
	// Anchor stands for the tenant's schema commitment (merkle.Anchor). That the
	// submission encrypts what was committed to, only an opening shows.
	Anchor [32]byte
	// Verdicts are in the order of the template's judged facts.
	Verdicts []schema.Verdict
	// Layout and Layers describe the exchange.
	Layout Layout
	Layers int
	// UploadBytes and DownloadBytes count all messages of either side.
	UploadBytes, DownloadBytes int
	// ResponseDigest is SHA-256 of the response message.
	ResponseDigest [32]byte
}

func (s *session) result() *Result {
	r := &Result{
		Session: s.chains[TypeSalt], Tenant: s.open.tenant, Service: s.offer.service, Anchor: s.anchor,
		Verdicts: s.disclosure.verdicts, Layout: s.layout, Layers: s.places.layers,
		ResponseDigest: sha256.Sum256(s.messages[TypeResponse]),
	}
	for t, m := range s.messages {
		if Type(t).Sender() == RoleTenant {
			r.UploadBytes += len(m)
		} else {
			r.DownloadBytes += len(m)
		}
	}
	return r
}

func (s *session) transcript() [][]byte {
	return append([][]byte(nil), s.messages[TypeOpen:s.last+1]...)
}
