package keys

import "fmt"

// Domain says what kind of message a signature is over, so that a signature over one kind never
// passes for one over another. The list is closed, like that of the labels.
type Domain uint8

// The kinds of messages that are signed, in the order of the protocol.
const (
	DomainUnknown    Domain = iota
	DomainOpen              // tenant: who it is and what it pins
	DomainOffer             // service: commits to its half of the salt and to the evaluation seed
	DomainAccept            // tenant: its nonce
	DomainSession           // service: its half of the salt, which completes the session
	DomainSubmission        // tenant: encrypted facts
	DomainResponse          // service: what it evaluated
	DomainCommitment        // tenant: the hash of its disclosure
	DomainSeed              // service: the evaluation seed, opened
	DomainDisclosure        // tenant: the verdicts and their tokens
	DomainVerdict           // service: what it accepted
	DomainTemplate          // operator: a published template
	DomainEvidence          // either side: that the other one cheated
	DomainLog               // service: the key that signs the checkpoints of its log
	domainCount             // not a domain
)

// domainNames are the bytes that stand before a signed message.
var domainNames = [domainCount]string{
	DomainOpen:       "veil/v1/sign/open",
	DomainOffer:      "veil/v1/sign/offer",
	DomainAccept:     "veil/v1/sign/accept",
	DomainSession:    "veil/v1/sign/session",
	DomainSubmission: "veil/v1/sign/submission",
	DomainResponse:   "veil/v1/sign/response",
	DomainCommitment: "veil/v1/sign/commitment",
	DomainSeed:       "veil/v1/sign/seed",
	DomainDisclosure: "veil/v1/sign/disclosure",
	DomainVerdict:    "veil/v1/sign/verdict",
	DomainTemplate:   "veil/v1/sign/template",
	DomainEvidence:   "veil/v1/sign/evidence",
	DomainLog:        "veil/v1/sign/log",
}

// String returns the bytes that stand before a signed message, and "" for a value that is no domain.
func (d Domain) String() string {
	if d >= domainCount {
		return ""
	}
	return domainNames[d]
}

// message returns what Ed25519 signs: the domain preceded by its length, then the message.
func (d Domain) message(message []byte) ([]byte, error) {
	name := d.String()
	if name == "" {
		return nil, fmt.Errorf("signature domain %d does not exist in this release", uint8(d))
	}
	return append(appendField(make([]byte, 0, 4+len(name)+len(message)), []byte(name)), message...), nil
}
