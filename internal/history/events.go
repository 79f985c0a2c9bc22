package history

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// The types of events. A type never changes its meaning: what is different gets a new one.
const (
	TenantCreated        = "tenant.created"
	TokenIssued          = "token.issued"
	TokenUsed            = "token.used"
	TokenRevoked         = "token.revoked"
	TemplatePublished    = "template.published"
	ComparisonOpened     = "comparison.opened"
	ComparisonAccepted   = "comparison.accepted"
	ComparisonSubmitted  = "comparison.submitted"
	ComparisonEvaluated  = "comparison.evaluated"
	ComparisonCommitted  = "comparison.committed"
	ComparisonDisclosed  = "comparison.disclosed"
	ComparisonFailed     = "comparison.failed"
	ComparisonMisconduct = "comparison.misconduct"
	ComparisonDeleted    = "comparison.deleted"
)

// Envelope is the body of every event.
type Envelope struct {
	// By is the token under which it was done, zero for the service itself.
	By uuid.UUID `json:"by"`
	// Request is the SHA-256 of the command, so that another one under the same id shows.
	Request string          `json:"request,omitempty"`
	Data    json.RawMessage `json:"data"`
}

// Blob refers to bytes that lie in the store by their SHA-256, in hexadecimal digits.
type Blob struct {
	Digest string `json:"digest"`
	Bytes  int64  `json:"bytes"`
}

// TenantCreatedBody says that a tenant was created.
type TenantCreatedBody struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

// TokenIssuedBody says that a token was issued, of which only the hash is known.
type TokenIssuedBody struct {
	ID      uuid.UUID  `json:"id"`
	Tenant  *uuid.UUID `json:"tenant,omitempty"`
	Role    string     `json:"role"`
	Label   string     `json:"label,omitempty"`
	Hash    string     `json:"hash"` // SHA-256 of the token, in hexadecimal digits
	Once    bool       `json:"once,omitempty"`
	Expires time.Time  `json:"expires"`
}

// TokenBody says that a token was used or revoked.
type TokenBody struct {
	ID     uuid.UUID `json:"id"`
	Reason string    `json:"reason,omitempty"`
}

// TemplatePublishedBody says that a template was published, and of what.
type TemplatePublishedBody struct {
	Slug       string `json:"slug"`
	Version    string `json:"version"`
	Title      string `json:"title,omitempty"`
	Visibility string `json:"visibility"`
	Digest     string `json:"digest"` // of the template, in hexadecimal digits
	Facts      int    `json:"facts"`
	Template   Blob   `json:"template"`
	Files      []File `json:"files"`
	Policy     *Blob  `json:"policy,omitempty"`
}

// File is a file that a template was published from.
type File struct {
	Name string `json:"name"`
	Blob
}

// ComparisonOpenedBody says that a comparison was opened and what was offered.
type ComparisonOpenedBody struct {
	ID        uuid.UUID `json:"id"`
	Template  string    `json:"template"` // its digest, in hexadecimal digits
	Slug      string    `json:"slug"`
	Version   string    `json:"version"`
	TenantKey string    `json:"tenant_key"`
	Open      Blob      `json:"open"`
	Offer     Blob      `json:"offer"`
	Exchange  Exchange  `json:"exchange"`
}

// Exchange is what the sizes of an exchange follow from.
type Exchange struct {
	ParameterSet    string `json:"parameter_set"`
	Bucket          int    `json:"bucket"` // padded number of the tenant's facts
	Columns         int    `json:"columns"`
	SubmissionBytes int64  `json:"submission_bytes"`
}

// TakenBody says that a message of the tenant was taken and, but for a submission, answered.
type TakenBody struct {
	ID     uuid.UUID `json:"id"`
	Took   Blob      `json:"took"`
	Answer *Blob     `json:"answer,omitempty"`
}

// ComparisonEvaluatedBody says that a submission was evaluated.
type ComparisonEvaluatedBody struct {
	ID       uuid.UUID `json:"id"`
	Response Blob      `json:"response"`
}

// ComparisonDisclosedBody says that the verdicts were disclosed and accepted, and what they come to.
type ComparisonDisclosedBody struct {
	TakenBody
	Conformance string `json:"conformance"`
	Present     int    `json:"present"`
	Absent      int    `json:"absent"`
	Undisclosed int    `json:"undisclosed"`
	Report      Blob   `json:"report"`
}

// ComparisonEndedBody says that a comparison ended without verdicts, or was deleted.
type ComparisonEndedBody struct {
	ID     uuid.UUID `json:"id"`
	Reason string    `json:"reason"`
	// Accused, Offence and Evidence are those of a misconduct.
	Accused  string `json:"accused,omitempty"`
	Offence  string `json:"offence,omitempty"`
	Evidence *Blob  `json:"evidence,omitempty"`
}
