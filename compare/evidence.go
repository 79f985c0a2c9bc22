package compare

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

// # Evidence
//
//	"VEVD" version=1 offence:1 message:1 template messages... [second]
//
// template, every message and the second message of OffenceTwice are preceded by
// their length, u32. The messages are the transcript up to the offence. Whoever
// checks needs nothing else and trusts nobody: it reads the transcript by the
// same rules as the two sides, with every signature.
const evidenceVersion = 1

var evidenceMagic = [4]byte{'V', 'E', 'V', 'D'}

// evidence encodes an offence with the transcript so far.
func (s *session) evidence(m *Misconduct, second []byte) []byte {
	out := append([]byte(nil), evidenceMagic[:]...)
	out = append(out, evidenceVersion, byte(m.Offence), byte(m.Message))
	encoded, err := s.prepared.template.AppendBinary(nil)
	if err != nil {
		return nil // a prepared template encodes
	}
	parts := append([][]byte{encoded}, s.transcript()...)
	if second != nil {
		parts = append(parts[:m.Message+1], second) // the template and messages up to it
	}
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

// Finding is what evidence proves.
type Finding struct {
	// Accused is the side that broke the protocol; see Identity.
	Accused Role
	// Offence and Message say how, and with which message.
	Offence Offence
	Message Type
	// Cause is a phrase for people.
	Cause string
	// Tenant and Service are the keys of the two sides. Service is zero where
	// the offence comes before the offer.
	Tenant, Service keys.PublicIdentity
	// Template is the template that the comparison was about.
	Template *template.Template
}

// Identity returns the key of the accused. Evidence accuses this key and says
// nothing of whose it is: anybody can play both sides under keys of their own.
func (f *Finding) Identity() keys.PublicIdentity {
	if f.Accused == RoleTenant {
		return f.Tenant
	}
	return f.Service
}

// VerifyEvidence checks evidence from anybody. An error means that it proves
// nothing; what it says of the messages is then of no weight.
func VerifyEvidence(data []byte, workers int) (*Finding, error) {
	offence, at, parts, err := parseEvidence(data)
	if err != nil {
		return nil, fmt.Errorf("this evidence proves nothing: %w", err)
	}
	t, err := template.Parse(parts[0])
	if err != nil {
		return nil, fmt.Errorf("this evidence proves nothing: its template does not read: %w", err)
	}
	prepared, err := Prepare(t)
	if err != nil {
		return nil, fmt.Errorf("this evidence proves nothing: %w", err)
	}
	s := newSession(prepared, max(1, workers))
	read, err := s.replay(parts[1:])
	var m *Misconduct
	if !errors.As(err, &m) {
		return nil, fmt.Errorf("this evidence proves nothing: %w", errorOr(err, errors.New("the messages keep to the protocol")))
	}
	if m.Offence != offence || m.Message != at {
		return nil, fmt.Errorf("this evidence proves nothing of what it claims: it shows %s (%s), not %s (%s)", m.Offence, m.Message, offence, at)
	}
	if rest := len(parts) - 1 - read; rest > 0 {
		return nil, fmt.Errorf("this evidence proves nothing: %d messages follow the offence, which nobody checked", rest)
	}
	return &Finding{
		Accused: m.Accused, Offence: m.Offence, Message: m.Message, Cause: m.Cause.Error(),
		Tenant: s.open.tenant, Service: s.offer.service, Template: t,
	}, nil
}

// replay reads a transcript as a third party up to the first offence, and
// returns it with the number of messages read.
func (s *session) replay(messages [][]byte) (read int, err error) {
	for i, message := range messages {
		if err := s.replayOne(message); err != nil {
			return i + 1, err
		}
	}
	return len(messages), nil
}

func (s *session) replayOne(message []byte) error {
	e, err := parseEnvelope(message)
	if err != nil {
		return err
	}
	if err := s.take(e.kind, message); err != nil {
		return err
	}
	switch e.kind {
	case TypeSeed:
		return s.reexecute()
	case TypeDisclosure:
		return s.checkDisclosure()
	}
	return nil
}

func parseEvidence(data []byte) (o Offence, at Type, parts [][]byte, err error) {
	switch {
	case len(data) > MaxEvidenceBytes:
		return 0, 0, nil, fmt.Errorf("it has %d bytes, more than the %d allowed", len(data), MaxEvidenceBytes)
	case len(data) < 7 || [4]byte(data[:4]) != evidenceMagic:
		return 0, 0, nil, errors.New("it is not a file of evidence")
	case data[4] != evidenceVersion:
		return 0, 0, nil, fmt.Errorf("it has format version %d, want %d; update veil", data[4], evidenceVersion)
	}
	o, at, data = Offence(data[5]), Type(data[6]), data[7:]
	for len(data) > 0 {
		if len(parts) > int(typeCount)+1 {
			return 0, 0, nil, errors.New("it has more messages than a comparison")
		}
		if len(data) < 4 || uint64(binary.BigEndian.Uint32(data)) > uint64(len(data)-4) {
			return 0, 0, nil, errors.New("it was cut")
		}
		n := binary.BigEndian.Uint32(data)
		parts, data = append(parts, data[4:4+n]), data[4+n:]
	}
	if len(parts) < 2 {
		return 0, 0, nil, errors.New("it has no messages")
	}
	return o, at, parts, nil
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
