package keys

import (
	"fmt"
	"io"
)

// Root is a tenant's root key: 32 uniform bytes, made once, from which everything else follows. It
// prints as little as a [Secret].
type Root struct{ key Secret }

// NewRoot makes a root key from random, which must be cryptographically secure.
func NewRoot(random io.Reader) (*Root, error) {
	key, err := RandomSecret(random)
	if err != nil {
		return nil, fmt.Errorf("no root key was made: %w", err)
	}
	return &Root{key: key}, nil
}

// SealRoot returns the root key in its sealed form, of kind [KindRoot].
func SealRoot(random io.Reader, lock Lock, r *Root) ([]byte, error) {
	return Seal(random, lock, KindRoot, nil, r.key)
}

// OpenRoot is the inverse of [SealRoot]; its errors are those of [Open].
func OpenRoot(sealed []byte, lock Lock) (*Root, error) {
	key, err := Open(sealed, lock, KindRoot, nil)
	if err != nil {
		return nil, err
	}
	return &Root{key: key}, nil
}

// Identity returns the tenant's signing identity, the same one each time.
func (r *Root) Identity() *Identity {
	seed := derive(r.key, labelIdentity)
	defer seed.Wipe()
	return identityFromSeed(seed)
}

// SealingLock returns the lock under which the tenant's own machine keeps the secrets of comparisons.
func (r *Root) SealingLock() Lock {
	return Lock{method: MethodKey, secret: derive(r.key, labelSealing)}
}

// StorageKey returns the key for local state of the tenant other than keys.
func (r *Root) StorageKey() Secret { return derive(r.key, labelStorage) }

// CommitmentSeed returns the seed of the tenant's schema commitments (package merkle).
func (r *Root) CommitmentSeed() Secret { return derive(r.key, labelMerkle) }

// AttestationSeed returns the seed of the Ed25519 key by which the key's owner signs attestations in the formats of other tools, which know no domains
// of ours.
func (r *Root) AttestationSeed() Secret { return derive(r.key, labelAttest) }

// LogSeed returns the seed of the Ed25519 key by which a service signs the checkpoints of its log.
func (r *Root) LogSeed() Secret { return derive(r.key, labelLog) }

// Wipe overwrites the root key. Comparisons and identities made from it stay usable.
func (r *Root) Wipe() { r.key.Wipe() }

// String returns "[secret]".
func (*Root) String() string { return redacted }
