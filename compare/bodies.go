package compare

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// protocolVersion is the version of the messages' bodies.
const protocolVersion = 1

// openBody: version:u16 comparison:32 tenant:32 template:32 minimum:1 bucket:u32.
type openBody struct {
	comparison [32]byte
	tenant     keys.PublicIdentity
	template   [32]byte
	minimum    he.SetID
	bucket     uint32
}

const openBytes = 2 + 32 + 32 + 32 + 1 + 4

func (b openBody) encode() []byte {
	out := binary.BigEndian.AppendUint16(nil, protocolVersion)
	out = append(out, b.comparison[:]...)
	out = append(out, b.tenant[:]...)
	out = append(out, b.template[:]...)
	out = append(out, byte(b.minimum))
	return binary.BigEndian.AppendUint32(out, b.bucket)
}

func parseOpen(body []byte) (b openBody, err error) {
	if len(body) != openBytes {
		return b, fmt.Errorf("the open message has %d bytes, want %d", len(body), openBytes)
	}
	if v := binary.BigEndian.Uint16(body); v != protocolVersion {
		return b, fmt.Errorf("the other side speaks protocol version %d, this one %d; update the older one", v, protocolVersion)
	}
	body = body[2:]
	body = body[copy(b.comparison[:], body):]
	body = body[copy(b.tenant[:], body):]
	body = body[copy(b.template[:], body):]
	b.minimum = he.SetID(body[0])
	b.bucket = binary.BigEndian.Uint32(body[1:])
	return b, nil
}

// offerBody: service:32 set:1 groups:u16 columns:u16 salt commitment:32 seed
// commitment:32.
type offerBody struct {
	service                        keys.PublicIdentity
	set                            he.SetID
	groups, columns                uint16
	saltCommitment, seedCommitment [32]byte
}

const offerBytes = 32 + 1 + 2 + 2 + 32 + 32

func (b offerBody) encode() []byte {
	out := append([]byte(nil), b.service[:]...)
	out = append(out, byte(b.set))
	out = binary.BigEndian.AppendUint16(out, b.groups)
	out = binary.BigEndian.AppendUint16(out, b.columns)
	out = append(out, b.saltCommitment[:]...)
	return append(out, b.seedCommitment[:]...)
}

func parseOffer(body []byte) (b offerBody, err error) {
	if len(body) != offerBytes {
		return b, fmt.Errorf("the offer has %d bytes, want %d", len(body), offerBytes)
	}
	body = body[copy(b.service[:], body):]
	b.set = he.SetID(body[0])
	b.groups = binary.BigEndian.Uint16(body[1:])
	b.columns = binary.BigEndian.Uint16(body[3:])
	body = body[5:]
	body = body[copy(b.saltCommitment[:], body):]
	copy(b.seedCommitment[:], body)
	return b, nil
}

// commit is the service's commitment to one of its secret values: bound to the
// open message through the chain, hiding because the value is 32 random bytes.
func commit(purpose string, opened chain, value [32]byte) [32]byte {
	h := sha256.New()
	h.Write([]byte("veil/compare/commit/v1/" + purpose))
	h.Write(opened[:])
	h.Write(value[:])
	return [32]byte(h.Sum(nil))
}

// value32 reads a body that is one 32-byte value: nonce, salt half, commitment
// or seed.
func value32(t Type, body []byte) (v [32]byte, err error) {
	if len(body) != len(v) {
		return v, fmt.Errorf("the %s has %d bytes, want %d", t, len(body), len(v))
	}
	return [32]byte(body), nil
}

// submissionBody: anchor:32 encrypted facts. The anchor stands for the tenant's
// schema commitment (merkle.Anchor).
func submissionBody(anchor [32]byte, s *he.Submission) ([]byte, error) {
	p := s.Parameters()
	body := make([]byte, 0, len(anchor)+p.SubmissionBytes(s.Columns()))
	return s.AppendBinary(append(body, anchor[:]...))
}

func parseSubmission(l Layout, body []byte) (anchor [32]byte, s *he.Submission, err error) {
	if len(body) < len(anchor) {
		return anchor, nil, fmt.Errorf("the submission has %d bytes and no room for its header", len(body))
	}
	body = body[copy(anchor[:], body):]
	s, err = he.ParseSubmission(l.Set, l.Columns, body)
	return anchor, s, err
}
