package keyfile

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/adrg/xdg"

	"github.com/veilschema/veil/keys"
)

// DefaultPath returns where a tenant's key lies unless told otherwise: veil/tenant.key in XDG_DATA_HOME,
// which is ~/.local/share if it is not set.
func DefaultPath() string { return filepath.Join(xdg.DataHome, "veil", "tenant.key") }

// DefaultIdentityPath returns where a service's identity lies unless told otherwise: veil/service.key in XDG_DATA_HOME.
func DefaultIdentityPath() string { return filepath.Join(xdg.DataHome, "veil", "service.key") }

// CreateRoot makes a tenant's root key from random and writes it, sealed, to a new file.
func CreateRoot(ctx context.Context, path string, random io.Reader, from *Sources) (*keys.Root, error) {
	return create(ctx, path, random, from, keys.NewRoot, keys.SealRoot)
}

// OpenRoot reads a tenant's root key from its file.
func OpenRoot(ctx context.Context, path string, from *Sources) (*keys.Root, error) {
	return open(ctx, path, from, keys.KindRoot, keys.OpenRoot)
}

// CreateIdentity makes a signing identity from random and writes it, sealed, to a new file.
func CreateIdentity(ctx context.Context, path string, random io.Reader, from *Sources) (*keys.Identity, error) {
	return create(ctx, path, random, from, keys.NewIdentity, keys.SealIdentity)
}

// OpenIdentity reads a signing identity from its file.
func OpenIdentity(ctx context.Context, path string, from *Sources) (*keys.Identity, error) {
	return open(ctx, path, from, keys.KindIdentity, keys.OpenIdentity)
}

// Inspect returns what a key file says of itself without opening it.
func Inspect(path string) (keys.Header, error) {
	b, err := Read(path)
	if err != nil {
		return keys.Header{}, err
	}
	h, err := keys.ParseHeader(b)
	if err != nil {
		return keys.Header{}, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// create makes a key and its file. The key is wiped where there comes no file.
func create[K interface{ Wipe() }](
	ctx context.Context, path string, random io.Reader, from *Sources,
	fresh func(io.Reader) (K, error), seal func(io.Reader, keys.Lock, K) ([]byte, error),
) (K, error) {
	var none K
	if err := absent(path); err != nil { // before a person chooses a passphrase for nothing
		return none, err
	}
	lock, err := from.ForNew(ctx)
	if err != nil {
		return none, err
	}
	key, err := fresh(random)
	if err != nil {
		return none, err
	}
	sealed, err := seal(random, lock, key)
	if err == nil {
		err = Create(path, sealed)
	}
	if err != nil {
		key.Wipe()
		return none, err
	}
	return key, nil
}

// open reads a file, finds what opens it, and opens it. What it is for is checked before a person is asked.
func open[K any](
	ctx context.Context, path string, from *Sources, kind keys.Kind, unseal func([]byte, keys.Lock) (K, error),
) (K, error) {
	var none K
	b, err := Read(path)
	if err != nil {
		return none, err
	}
	h, err := keys.ParseHeader(b)
	switch {
	case err != nil:
		return none, fmt.Errorf("%s: %w", path, err)
	case h.Kind != kind:
		return none, fmt.Errorf("%s: %w: it holds a %s, and a %s is asked for", path, keys.ErrOtherKind, h.Kind, kind)
	}
	lock, err := from.ForOpen(ctx, path, h)
	if err != nil {
		return none, err
	}
	key, err := unseal(b, lock)
	if err != nil {
		from.found = keys.Lock{} // a person may try again
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
