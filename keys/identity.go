package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
)

// SignatureSize is the length of a signature in bytes.
const SignatureSize = ed25519.SignatureSize

// ErrSignature answers every signature that does not hold.
var ErrSignature = errors.New("the signature does not belong to this message and identity")

// Identity is a private signing identity: an Ed25519 key (RFC 8032). It prints as little as a [Secret].
type Identity struct {
	seed   Secret
	public PublicIdentity
}

// NewIdentity makes an identity from random, which must be cryptographically secure. Services have
// such a one; a tenant's comes from [Root.Identity].
func NewIdentity(random io.Reader) (*Identity, error) {
	seed, err := RandomSecret(random)
	if err != nil {
		return nil, fmt.Errorf("no signing identity was made: %w", err)
	}
	defer seed.Wipe()
	return identityFromSeed(seed), nil
}

// SealIdentity returns the identity in its sealed form, of kind [KindIdentity].
func SealIdentity(random io.Reader, lock Lock, id *Identity) ([]byte, error) {
	return Seal(random, lock, KindIdentity, nil, id.seed)
}

// OpenIdentity is the inverse of [SealIdentity]; its errors are those of [Open].
func OpenIdentity(sealed []byte, lock Lock) (*Identity, error) {
	seed, err := Open(sealed, lock, KindIdentity, nil)
	if err != nil {
		return nil, err
	}
	defer seed.Wipe()
	return identityFromSeed(seed), nil
}

// identityFromSeed expands an Ed25519 seed of 32 bytes, of which it keeps a copy.
func identityFromSeed(seed Secret) *Identity {
	private := ed25519.NewKeyFromSeed(seed.Expose())
	defer clear(private)
	id := &Identity{seed: NewSecret(seed.Expose())}
	copy(id.public[:], private[ed25519.SeedSize:])
	return id
}

// Public returns the half that others verify with.
func (id *Identity) Public() PublicIdentity { return id.public }

// Sign signs a message under a domain; the same message gives the same signature. It fails only for a
// value that is no domain.
func (id *Identity) Sign(domain Domain, message []byte) ([SignatureSize]byte, error) {
	m, err := domain.message(message)
	if err != nil {
		return [SignatureSize]byte{}, err
	}
	private := ed25519.NewKeyFromSeed(id.seed.Expose())
	defer clear(private)
	return [SignatureSize]byte(ed25519.Sign(private, m)), nil
}

// Wipe overwrites the private key.
func (id *Identity) Wipe() { id.seed.Wipe() }

// String returns the public half.
func (id *Identity) String() string { return id.public.String() }

// Verify reports with a nil error that the identity signed this message under this domain, and with
// [ErrSignature] that it did not.
func (p PublicIdentity) Verify(domain Domain, message, signature []byte) error {
	m, err := domain.message(message)
	if err != nil {
		return err
	}
	if p.validate() != nil || len(signature) != SignatureSize || !ed25519.Verify(p[:], m, signature) {
		return ErrSignature
	}
	return nil
}
