package keys

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Method says what opens a sealed secret.
type Method uint8

// The ways to lock a sealed secret.
const (
	MethodUnknown    Method = 0
	MethodPassphrase Method = 1 // a person's passphrase, through Argon2id
	MethodKey        Method = 2 // a machine's sealing key, through HKDF
)

// String returns "passphrase", "key" or "unknown".
func (m Method) String() string {
	switch m {
	case MethodPassphrase:
		return "passphrase"
	case MethodKey:
		return "key"
	default:
		return "unknown"
	}
}

// Cost is the work that Argon2id puts into one guess of a passphrase. The zero value stands for
// [DefaultCost].
type Cost struct {
	Passes uint32 // times the memory is filled
	Memory uint32 // KiB
	Lanes  uint8  // threads that fill it together
}

// DefaultCost is the second recommended choice of RFC 9106: 3 passes over 64 MiB in 4 lanes,
// for machines that have no 2 GiB to spare for it.
var DefaultCost = Cost{Passes: 3, Memory: 64 << 10, Lanes: 4}

// validate holds the cost against limits.go.
func (c Cost) validate() error {
	switch {
	case c.Passes < minArgonPasses || c.Passes > maxArgonPasses:
		return fmt.Errorf("its Argon2id passes are %d, outside of %d to %d", c.Passes, minArgonPasses, maxArgonPasses)
	case c.Memory < minArgonMemory || c.Memory > maxArgonMemory:
		return fmt.Errorf("its Argon2id memory is %d KiB, outside of %d to %d", c.Memory, minArgonMemory, maxArgonMemory)
	case c.Lanes < minArgonLanes || c.Lanes > maxArgonLanes:
		return fmt.Errorf("its Argon2id lanes are %d, outside of %d to %d", c.Lanes, minArgonLanes, maxArgonLanes)
	}
	return nil
}

// Lock is what a secret is sealed and opened with. The zero value locks nothing and is refused.
type Lock struct {
	method Method
	secret Secret // passphrase, or sealing key of 32 bytes
	cost   Cost   // of a passphrase, when sealing; opening goes by the header
}

// PassphraseLock locks with a passphrase, taken byte for byte, and the default cost. An empty one and one longer
// than [MaxPassphrase] are refused.
func PassphraseLock(passphrase Secret) (Lock, error) {
	return PassphraseLockAt(passphrase, DefaultCost)
}

// PassphraseLockAt is [PassphraseLock] at another cost, which matters for sealing alone; a cost
// outside of limits.go is refused.
func PassphraseLockAt(passphrase Secret, cost Cost) (Lock, error) {
	if cost == (Cost{}) {
		cost = DefaultCost
	}
	switch err := cost.validate(); {
	case passphrase.Empty():
		return Lock{}, errors.New("the passphrase is empty: choose one that nobody guesses")
	case passphrase.Len() > MaxPassphrase:
		return Lock{}, fmt.Errorf("the passphrase has %d bytes, over the limit of %d", passphrase.Len(), MaxPassphrase)
	case err != nil:
		return Lock{}, fmt.Errorf("the cost of the passphrase is refused: %w", err)
	}
	return Lock{method: MethodPassphrase, secret: passphrase, cost: cost}, nil
}

// KeyLock locks with a machine's sealing key of exactly 32 uniform bytes.
func KeyLock(key Secret) (Lock, error) {
	if key.Len() != SecretSize {
		return Lock{}, fmt.Errorf("a sealing key has %d bytes, got %d", SecretSize, key.Len())
	}
	return Lock{method: MethodKey, secret: key}, nil
}

// Method returns what the lock opens with.
func (l Lock) Method() Method { return l.method }

// String returns the method and nothing of the secret.
func (l Lock) String() string { return l.method.String() + " lock" }

// Wipe overwrites the passphrase or sealing key.
func (l Lock) Wipe() { l.secret.Wipe() }

// ParseSealingKey reads a machine's sealing key from text: 64 hexadecimal digits, or 43 characters of
// base64url without padding, with nothing around it.
func ParseSealingKey(text string) (Secret, error) {
	var b []byte
	var err error
	switch {
	case len(text) == hex.EncodedLen(SecretSize):
		b, err = hex.DecodeString(text)
	case len(text) == base64.RawURLEncoding.EncodedLen(SecretSize) && !strings.ContainsAny(text, "\r\n"): // which the decoder skips
		b, err = base64.RawURLEncoding.Strict().DecodeString(text)
	default:
		err = errors.New("it has another length")
	}
	if err != nil || len(b) != SecretSize { // the cause would quote the key
		return Secret{}, errors.New("this is not a sealing key: one is 32 random bytes as 64 hexadecimal digits or 43 characters of base64url")
	}
	defer clear(b)
	return NewSecret(b), nil
}

// stretch turns the lock's secret into the key of one sealed file. The header was validated.
func (l Lock) stretch(h Header) Secret {
	if l.method == MethodKey {
		return derive(l.secret, labelMachineSeal, h.salt[:])
	}
	b := argon2.IDKey(l.secret.Expose(), h.salt[:], h.Cost.Passes, h.Cost.Memory, h.Cost.Lanes, SecretSize)
	defer clear(b)
	return NewSecret(b)
}
