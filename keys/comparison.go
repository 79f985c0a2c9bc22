package keys

import (
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

// TakeHESeed returns the 32-byte seed of everything that package he draws for the comparison's submission, once: one
// key encrypts one submission and decrypts one response. A second call fails with [ErrHEKeyTaken].
// Across processes the record of used sessions refuses the same thing.
func (c *Comparison) TakeHESeed() (Secret, error) {
	if c.taken.Swap(true) {
		return Secret{}, ErrHEKeyTaken
	}
	return c.derive(labelHEKey), nil
}

// CommitNonce returns the nonce that hides the commitment to a disclosure until it is opened.
func (c *Comparison) CommitNonce() Secret { return c.derive(labelCommitNonce) }

// Wipe overwrites the comparison's key. Secrets that it gave out stay usable.
func (c *Comparison) Wipe() { c.key.Wipe() }

// String returns "[secret]".
func (*Comparison) String() string { return redacted }

// derive binds a purpose to the session and its nonce.
func (c *Comparison) derive(purpose label) Secret {
	return derive(c.key, purpose, c.context[0][:], c.context[1][:])
}
