package keys

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
)

// ErrHEKeyTaken answers a second request for the HE key of one comparison.
var ErrHEKeyTaken = errors.New("the HE key of this comparison is in use already: open a new comparison")

// Comparison derives the secrets of one comparison, and of no other: root key, comparison secret,
// session hash and tenant nonce all enter. The same four give the same secrets again, which is how an
// interrupted comparison is resumed and how its owner opens it to an auditor; without the comparison
// secret nobody does.
type Comparison struct {
	key     Secret
	context [2][SecretSize]byte // session hash and tenant nonce
	taken   atomic.Bool         // the HE key was given out
}

// Comparison returns the secrets of the comparison with the given session hash and the tenant's nonce in it.
// The secret is one of [RandomSecret], drawn for this comparison, and refused at any other length.
func (r *Root) Comparison(session, nonce [SecretSize]byte, secret Secret) (*Comparison, error) {
	if secret.Len() != SecretSize {
		return nil, errors.New("the secret of this comparison is not there: what was deleted cannot be opened again")
	}
	salt := derive(r.key, labelComparison)
	defer salt.Wipe()
	return &Comparison{key: extract(salt, secret), context: [2][SecretSize]byte{session, nonce}}, nil
}

// TakeHESeed returns the 32-byte seed of the comparison's secret HE key, once: one key encrypts one
// submission and decrypts one response. A second call fails with [ErrHEKeyTaken]. Across processes the
// record of used sessions refuses the same thing.
func (c *Comparison) TakeHESeed() (Secret, error) {
	if c.taken.Swap(true) {
		return Secret{}, ErrHEKeyTaken
	}
	return c.derive(labelHEKey), nil
}

// PublicSeed returns the seed from which the public halves of a submission's ciphertexts are expanded. It is sent in
// clear. The digest is that of the whole plaintext of the submission: two plaintexts under one
// public half would give away their difference, so that they must never share a seed.
func (c *Comparison) PublicSeed(plaintext [SecretSize]byte) [SecretSize]byte {
	s := c.derive(labelPublicSeed, plaintext[:])
	defer s.Wipe()
	return [SecretSize]byte(s.Expose()) // public from here on
}

// EncryptionSeed returns the seed of the error in the ciphertext with the given index, whose
// plaintext has the given digest: one seed never encrypts two plaintexts.
func (c *Comparison) EncryptionSeed(index uint32, plaintext [SecretSize]byte) Secret {
	return c.derive(labelEncryption, binary.BigEndian.AppendUint32(nil, index), plaintext[:])
}

// PublicKeySeed returns the seed of the error in the comparison's public HE key.
func (c *Comparison) PublicKeySeed() Secret { return c.derive(labelPublicKey) }

// Blinding returns the seed of the factors rho that blind the openings of absent facts.
func (c *Comparison) Blinding() Secret { return c.derive(labelBlinding) }

// CommitNonce returns the nonce that hides the commitment to a disclosure until it is opened.
func (c *Comparison) CommitNonce() Secret { return c.derive(labelCommitNonce) }

// Wipe overwrites the comparison's key. Secrets that it gave out stay usable.
func (c *Comparison) Wipe() { c.key.Wipe() }

// String returns "[secret]".
func (*Comparison) String() string { return redacted }

// derive binds a purpose to the session and its nonce.
func (c *Comparison) derive(purpose label, context ...[]byte) Secret {
	return derive(c.key, purpose, append([][]byte{c.context[0][:], c.context[1][:]}, context...)...)
}
