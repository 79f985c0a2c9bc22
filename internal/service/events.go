package service

import (
	"time"

	"github.com/google/uuid"
)

// The types of events. A type never changes its meaning: what is different gets a new one.
const (
	tenantCreated        = "tenant.created"
	tokenIssued          = "token.issued"
	tokenUsed            = "token.used"
	tokenRevoked         = "token.revoked"
	templatePublished    = "template.published"
	comparisonOpened     = "comparison.opened"
	comparisonAccepted   = "comparison.accepted"
	comparisonSubmitted  = "comparison.submitted"
	comparisonEvaluated  = "comparison.evaluated"
	comparisonCommitted  = "comparison.committed"
	comparisonDisclosed  = "comparison.disclosed"
	comparisonFailed     = "comparison.failed"
	comparisonMisconduct = "comparison.misconduct"
	comparisonDeleted    = "comparison.deleted"
)

// blob refers to bytes that lie in the store by their SHA-256, in hexadecimal digits.
type blob struct {
	Digest string `json:"digest"`
	Bytes  int64  `json:"bytes"`
}

type tenantCreatedBody struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

type tokenIssuedBody struct {
	ID      uuid.UUID  `json:"id"`
	Tenant  *uuid.UUID `json:"tenant,omitempty"`
	Role    Role       `json:"role"`
	Label   string     `json:"label,omitempty"`
	Hash    string     `json:"hash"` // SHA-256 of the token, in hexadecimal digits
	Once    bool       `json:"once,omitempty"`
	Expires time.Time  `json:"expires"`
}

type tokenBody struct {
	ID     uuid.UUID `json:"id"`
	Reason string    `json:"reason,omitempty"`
}

type templatePublishedBody struct {
	Slug       string `json:"slug"`
	Version    string `json:"version"`
	Title      string `json:"title,omitempty"`
	Visibility string `json:"visibility"`
	Digest     string `json:"digest"` // of the template, in hexadecimal digits
	Facts      int    `json:"facts"`
	Template   blob   `json:"template"`
	Files      []file `json:"files"`
	Policy     *blob  `json:"policy,omitempty"`
}

type file struct {
	Name string `json:"name"`
	blob
}

type comparisonOpenedBody struct {
	ID        uuid.UUID `json:"id"`
	Template  string    `json:"template"` // its digest, in hexadecimal digits
	Slug      string    `json:"slug"`
	Version   string    `json:"version"`
	TenantKey string    `json:"tenant_key"`
	Open      blob      `json:"open"`
	Offer     blob      `json:"offer"`
	Exchange  exchange  `json:"exchange"`
}

// exchange is what the sizes of an exchange follow from.
type exchange struct {
	ParameterSet    string `json:"parameter_set"`
	Bucket          int    `json:"bucket"` // padded number of the tenant's facts
	Columns         int    `json:"columns"`
	SubmissionBytes int64  `json:"submission_bytes"`
}

// takenBody says that a message of the tenant was taken and, but for a submission, answered.
type takenBody struct {
	ID     uuid.UUID `json:"id"`
	Took   blob      `json:"took"`
	Answer *blob     `json:"answer,omitempty"`
}

type comparisonEvaluatedBody struct {
	ID       uuid.UUID `json:"id"`
	Response blob      `json:"response"`
}

type comparisonDisclosedBody struct {
	takenBody
	Conformance string `json:"conformance"`
	Present     int    `json:"present"`
	Absent      int    `json:"absent"`
	Undisclosed int    `json:"undisclosed"`
	Report      blob   `json:"report"`
}

type comparisonEndedBody struct {
	ID     uuid.UUID `json:"id"`
	Reason string    `json:"reason"`
	// Accused, Offence and Evidence are those of a misconduct.
	Accused  string `json:"accused,omitempty"`
	Offence  string `json:"offence,omitempty"`
	Evidence *blob  `json:"evidence,omitempty"`
}
