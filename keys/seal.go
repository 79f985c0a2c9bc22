package keys

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrUnsealed answers every sealed secret that does not open: nobody can tell a wrong passphrase from
// a damaged file, so nothing says which.
var ErrUnsealed = errors.New("the key does not open: the passphrase or sealing key is wrong, or the file is damaged")

// Seal encrypts a secret of [SecretSize] bytes under a lock into [SealedSize] bytes. The context, at most
// [MaxContext] bytes and not stored, says what the secret belongs to: it opens under the same context only.
// Salt and nonce are read from random.
func Seal(random io.Reader, lock Lock, kind Kind, context []byte, secret Secret) ([]byte, error) {
	if err := checkSealing(lock, kind, context); err != nil {
		return nil, err
	}
	if secret.Len() != SecretSize {
		return nil, fmt.Errorf("a sealed secret has %d bytes, got %d", SecretSize, secret.Len())
	}
	h := Header{Kind: kind, Method: lock.method, Cost: lock.cost}
	for _, b := range [][]byte{h.salt[:], h.nonce[:]} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("the source of randomness gave nothing to seal with: %w", err)
		}
	}
	key := lock.stretch(h)
	defer key.Wipe()
	aead, err := chacha20poly1305.NewX(key.Expose())
	if err != nil {
		return nil, fmt.Errorf("the key was not sealed: %w", err)
	}
	header := h.append(make([]byte, 0, SealedSize))
	return aead.Seal(header, h.nonce[:], secret.Expose(), associated(header, context)), nil
}

// Open is the inverse of [Seal]. It fails with [ErrNotSealed] for bytes that are no sealed secret of this release and
// for costs outside of limits.go, with [ErrOtherKind] and [ErrOtherLock] where the header says that kind or lock are
// others, all before any work is done, and with [ErrUnsealed] for everything that shows in decryption.
func Open(sealed []byte, lock Lock, kind Kind, context []byte) (Secret, error) {
	if err := checkSealing(lock, kind, context); err != nil {
		return Secret{}, err
	}
	h, err := ParseHeader(sealed)
	switch {
	case err != nil:
		return Secret{}, err
	case h.Kind != kind:
		return Secret{}, fmt.Errorf("%w: it holds a %s, and a %s is asked for", ErrOtherKind, h.Kind, kind)
	case h.Method != lock.method:
		return Secret{}, fmt.Errorf("%w: it is sealed with a %s, and a %s was given", ErrOtherLock, h.Method, lock.method)
	}
	key := lock.stretch(h)
	defer key.Wipe()
	aead, err := chacha20poly1305.NewX(key.Expose())
	if err != nil {
		return Secret{}, fmt.Errorf("the key was not opened: %w", err)
	}
	b, err := aead.Open(nil, h.nonce[:], sealed[headerSize:], associated(sealed[:headerSize], context))
	if err != nil {
		return Secret{}, ErrUnsealed
	}
	defer clear(b)
	return NewSecret(b), nil
}

// checkSealing refuses what no sealed secret can have.
func checkSealing(lock Lock, kind Kind, context []byte) error {
	switch {
	case lock.method == MethodUnknown || lock.secret.Empty():
		return errors.New("there is neither a passphrase nor a sealing key to seal or open with")
	case !kind.valid():
		return fmt.Errorf("sealed secrets of kind %d do not exist in this release", uint8(kind))
	case len(context) > MaxContext:
		return fmt.Errorf("the context of a sealed secret has %d bytes, over the limit of %d", len(context), MaxContext)
	}
	return nil
}

// associated is what the tag covers besides the secret: the header, whose length is fixed, then the context.
func associated(header, context []byte) []byte {
	return append(slices.Clone(header), context...)
}
