package client

import (
	"time"

	"github.com/google/uuid"
)

// Self is who asks, and whom.
type Self struct {
	Role   string     `json:"role"`
	Tenant *uuid.UUID `json:"tenant"`
	// Service is the key under which the service signs (keys.PublicIdentity as text).
	Service string `json:"service"`
	Version string `json:"version"`
}

// Tenant is somebody who compares.
type Tenant struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// Token is a token without what it says.
type Token struct {
	ID        uuid.UUID  `json:"id"`
	Tenant    *uuid.UUID `json:"tenant,omitempty"`
	Role      string     `json:"role"`
	Label     string     `json:"label,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// Issued is a token that is shown this once.
type Issued struct {
	Token
	Secret Secret `json:"-"`
}

// TokenRequest asks for a token.
type TokenRequest struct {
	Role    string    `json:"role"`
	Tenant  uuid.UUID `json:"tenant,omitzero"`
	Label   string    `json:"label,omitempty"`
	Expires time.Time `json:"expires"`
}

// Template is what there is to know of a published template, but its text.
type Template struct {
	Slug        string    `json:"slug"`
	Version     string    `json:"version"`
	Title       string    `json:"title,omitempty"`
	Visibility  string    `json:"visibility"`
	Digest      string    `json:"digest"` // 64 hexadecimal digits
	Facts       int       `json:"facts"`
	Bytes       int64     `json:"bytes"`
	PublishedAt time.Time `json:"published_at"`
}

// Draft is what a template is published from.
type Draft struct {
	Slug    string `json:"slug"`
	Version string `json:"version"`
	Title   string `json:"title"`
	Files   []File `json:"files"`
	Policy  []byte `json:"policy,omitempty"`
}

// File is DDL, by its name without folders.
type File struct {
	Name string `json:"name"`
	Text []byte `json:"text"`
}

// Comparison is where a comparison is. Digests are SHA-256 in hexadecimal digits; sizes are in bytes.
type Comparison struct {
	ID              uuid.UUID `json:"id"`
	Tenant          uuid.UUID `json:"tenant"`
	Template        string    `json:"template"`
	Slug            string    `json:"slug"`
	Version         string    `json:"version"`
	TenantKey       string    `json:"tenant_key"`
	ParameterSet    string    `json:"parameter_set"`
	Bucket          int       `json:"bucket"`
	Columns         int       `json:"columns"`
	SubmissionBytes int64     `json:"submission_bytes"`
	State           string    `json:"state"`
	Reason          string    `json:"reason,omitempty"`
	Accused         string    `json:"accused,omitempty"`
	Offence         string    `json:"offence,omitempty"`
	Conformance     string    `json:"conformance,omitempty"`
	Present         int       `json:"present,omitempty"`
	Absent          int       `json:"absent,omitempty"`
	Undisclosed     int       `json:"undisclosed,omitempty"`
	OpenedAt        time.Time `json:"opened_at"`
	ChangedAt       time.Time `json:"changed_at"`
}

// Ended says whether nothing more happens.
func (c Comparison) Ended() bool {
	switch c.State {
	case "disclosed", "failed", "misconduct", "deleted":
		return true
	}
	return false
}
