package compare

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/veilschema/veil/keys"
)

// Type is the kind of a message, in the order of the protocol. The zero value
// is no message.
type Type uint8

// The messages of a comparison; each kind occurs once.
const (
	TypeUnknown    Type = iota
	TypeOpen            // tenant: who, which template, how large
	TypeOffer           // service: layout, commitments to its half of the salt and to the seed
	TypeAccept          // tenant: its nonce
	TypeSalt            // service: its half of the salt
	TypeSubmission      // tenant: the encrypted facts
	TypeResponse        // service: the evaluation
	TypeCommitment      // tenant: the hash of its disclosure
	TypeSeed            // service: the seed of the evaluation
	TypeDisclosure      // tenant: the verdicts
	TypeVerdict         // service: that it accepts them
	typeCount
)

var types = [typeCount]struct {
	name   string
	sender Role
	domain keys.Domain
}{
	TypeOpen:       {"open", RoleTenant, keys.DomainOpen},
	TypeOffer:      {"offer", RoleService, keys.DomainOffer},
	TypeAccept:     {"accept", RoleTenant, keys.DomainAccept},
	TypeSalt:       {"salt", RoleService, keys.DomainSession},
	TypeSubmission: {"submission", RoleTenant, keys.DomainSubmission},
	TypeResponse:   {"response", RoleService, keys.DomainResponse},
	TypeCommitment: {"commitment", RoleTenant, keys.DomainCommitment},
	TypeSeed:       {"seed", RoleService, keys.DomainSeed},
	TypeDisclosure: {"disclosure", RoleTenant, keys.DomainDisclosure},
	TypeVerdict:    {"verdict", RoleService, keys.DomainVerdict},
}

// String returns the message's name, such as "submission".
func (t Type) String() string {
	if t == TypeUnknown || t >= typeCount {
		return fmt.Sprintf("message type %d", uint8(t))
	}
	return types[t].name
}

// Sender returns who sends messages of this type.
func (t Type) Sender() Role {
	if t >= typeCount {
		return RoleUnknown
	}
	return types[t].sender
}

// Role is one of the two sides. The zero value is neither.
type Role uint8

// The two sides of a comparison.
const (
	RoleUnknown Role = iota
	RoleTenant
	RoleService
)

// String returns "tenant" or "service".
func (r Role) String() string {
	switch r {
	case RoleTenant:
		return "tenant"
	case RoleService:
		return "service"
	}
	return "unknown role"
}

// # Envelope
//
//	"VM" version=1 type:1 length:u32 body signature:64
//
// The signature is Ed25519 under the type's domain over the chain hash
//
//	h_0 = SHA-256("veil/compare/chain/v1")
//	h_i = SHA-256(h_{i-1} || type || length || body)
//
// so that a message says everything that was said before it, and one of another
// session, or out of order, does not verify.
const (
	envelopeVersion = 1
	envelopeHeader  = 2 + 1 + 1 + 4
	envelopeBytes   = envelopeHeader + keys.SignatureSize
)

// chain is the running hash over all messages.
type chain [32]byte

func newChain() chain { return sha256.Sum256([]byte("veil/compare/chain/v1")) }

// next returns the chain after a message.
func (c chain) next(t Type, body []byte) chain {
	h := sha256.New()
	h.Write(c[:])
	h.Write(binary.BigEndian.AppendUint32([]byte{byte(t)}, uint32(len(body))))
	h.Write(body)
	var out chain
	h.Sum(out[:0])
	return out
}

// envelope is one message as it came, checked in form only.
type envelope struct {
	kind      Type
	body      []byte
	signature []byte
}

// seal signs a body as the next message of the chain and returns the message
// and the chain after it.
func (c chain) seal(t Type, body []byte, id *keys.Identity) ([]byte, chain, error) {
	if len(body) > MaxMessageBytes-envelopeBytes {
		return nil, c, fmt.Errorf("the %s has %d bytes, more than the %d a message may have", t, len(body), MaxMessageBytes)
	}
	next := c.next(t, body)
	signature, err := id.Sign(types[t].domain, next[:])
	if err != nil {
		return nil, c, fmt.Errorf("signing the %s: %w", t, err)
	}
	message := make([]byte, 0, envelopeBytes+len(body))
	message = append(message, 'V', 'M', envelopeVersion, byte(t))
	message = binary.BigEndian.AppendUint32(message, uint32(len(body)))
	message = append(message, body...)
	return append(message, signature[:]...), next, nil
}

// parseEnvelope checks a message's form: the whole of it, nothing after it.
func parseEnvelope(message []byte) (envelope, error) {
	switch {
	case len(message) < envelopeBytes:
		return envelope{}, fmt.Errorf("a message has at least %d bytes, this one %d; it was cut", envelopeBytes, len(message))
	case len(message) > MaxMessageBytes:
		return envelope{}, fmt.Errorf("a message has at most %d bytes, this one %d", MaxMessageBytes, len(message))
	case message[0] != 'V' || message[1] != 'M':
		return envelope{}, fmt.Errorf("this is not a message of the comparison protocol")
	case message[2] != envelopeVersion:
		return envelope{}, fmt.Errorf("the message has format version %d, want %d; update the older side", message[2], envelopeVersion)
	case Type(message[3]) == TypeUnknown || Type(message[3]) >= typeCount:
		return envelope{}, fmt.Errorf("message type %d is unknown; update the older side", message[3])
	}
	length := binary.BigEndian.Uint32(message[4:])
	if uint64(length) != uint64(len(message)-envelopeBytes) {
		return envelope{}, fmt.Errorf("the message announces a body of %d bytes and has %d; it was cut", length, len(message)-envelopeBytes)
	}
	body := message[envelopeHeader : envelopeHeader+int(length)]
	return envelope{kind: Type(message[3]), body: body, signature: message[envelopeHeader+int(length):]}, nil
}

// receive checks that a message is the next one of this chain, of the wanted
// type and signed by its sender, and returns its body and the chain after it.
func (c chain) receive(message []byte, want Type, sender keys.PublicIdentity) ([]byte, chain, error) {
	e, err := parseEnvelope(message)
	if err != nil {
		return nil, c, fmt.Errorf("%s refused: %w", want, err)
	}
	if e.kind != want {
		return nil, c, fmt.Errorf("%s refused: it is a message of type %s; the sides are out of step", want, e.kind)
	}
	next := c.next(e.kind, e.body)
	if err := sender.Verify(types[e.kind].domain, next[:], e.signature); err != nil {
		return nil, c, fmt.Errorf("%s refused: it was altered, belongs to another session or comes from somebody else: %w", want, err)
	}
	return e.body, next, nil
}
