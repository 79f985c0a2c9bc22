package keys

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a secret shows of itself.
const redacted = "[secret]"

// Secret is a string of secret bytes. It does not print: every verb of fmt, JSON, text and YAML
// marshalling and slog show "[secret]", and binary and gob encoding are refused, because a redacted
// copy that somebody stores is a lost key. Copies of a Secret share their bytes, so that wiping one wipes all.
//
// The zero value holds nothing; it is what [Secret.Wipe] leaves behind.
type Secret struct {
	// A closure and not a slice: fmt, and any other printer that walks by reflection, prints the
	// unexported fields of a struct around a Secret without asking its methods, and finds the address
	// of some code. A func also makes == between secrets, which is not constant time, a compile error.
	held func() *holder
}

// holder is shared by all copies of a Secret.
type holder struct{ b []byte }

// NewSecret returns a secret with a copy of b, which stays the caller's to clear. It is empty if b is.
func NewSecret(b []byte) Secret {
	if len(b) == 0 {
		return Secret{}
	}
	h := &holder{b: append(make([]byte, 0, len(b)), b...)}
	return Secret{held: func() *holder { return h }}
}

// RandomSecret returns a secret of [SecretSize] bytes read from random, which must be
// cryptographically secure. It fails only if the reader does.
func RandomSecret(random io.Reader) (Secret, error) {
	var b [SecretSize]byte
	defer clear(b[:])
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return Secret{}, fmt.Errorf("the source of randomness gave no %d bytes for a key: %w", SecretSize, err)
	}
	return NewSecret(b[:]), nil
}

// Expose returns the bytes themselves, not a copy: the one way out. The caller neither changes nor
// keeps them. Exposing an empty or wiped secret panics, since a computation that went on with no key,
// or with one of zeros, would look as if it had worked.
func (s Secret) Expose() []byte {
	if s.Empty() {
		panic("keys: an empty or wiped secret was exposed")
	}
	b := s.held().b
	return b[:len(b):len(b)]
}

// Empty reports whether the secret holds nothing, as the zero value and after [Secret.Wipe].
func (s Secret) Empty() bool { return s.held == nil || len(s.held().b) == 0 }

// Len returns the length in bytes.
func (s Secret) Len() int {
	if s.Empty() {
		return 0
	}
	return len(s.held().b)
}

// Equal compares in constant time; only the lengths may show. Two empty secrets are not equal: an
// absent key must never pass for a right one.
func (s Secret) Equal(other Secret) bool {
	if s.Empty() || other.Empty() {
		return false
	}
	return subtle.ConstantTimeCompare(s.held().b, other.held().b) == 1
}

// Wipe overwrites the bytes with zeros and leaves this secret and all its copies empty. It must not run
// while another goroutine uses the secret.
func (s Secret) Wipe() {
	if s.Empty() {
		return
	}
	h := s.held()
	clear(h.b)
	h.b = nil
}

// errSecretEncoded answers encoders whose output somebody would read back.
var errSecretEncoded = errors.New("a secret is not encoded: seal it instead")

// Format implements [fmt.Formatter] for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns "[secret]".
func (Secret) String() string { return redacted }

// GoString returns "[secret]".
func (Secret) GoString() string { return redacted }

// MarshalText returns "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalBinary refuses; encoding/gob asks it.
func (Secret) MarshalBinary() ([]byte, error) { return nil, errSecretEncoded }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

var (
	_ fmt.Formatter  = Secret{}
	_ slog.LogValuer = Secret{}
)
