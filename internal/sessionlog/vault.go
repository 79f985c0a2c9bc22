package sessionlog

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/adrg/xdg"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
)

// DefaultDir returns where a tenant's record lies unless told otherwise: veil/comparisons in
// XDG_DATA_HOME. The log is the file [LogName] in it, secrets lie beside it.
func DefaultDir() string { return filepath.Join(xdg.DataHome, "veil", "comparisons") }

// LogName is the name of the log in its directory.
const LogName = "sessions.log"

// ErrForgotten says that there is no secret of a comparison, because it was forgotten or never made here.
var ErrForgotten = errors.New("the secret of this comparison is not here: it was deleted, and the comparison cannot be opened again")

// Vault keeps the secret of each comparison in a sealed file of its own, so that each can be deleted alone.
type Vault struct {
	dir  string
	lock keys.Lock
}

// NewVault returns the vault in a directory, which is made with its first secret. The lock is that of
// [keys.Root.SealingLock].
func NewVault(dir string, lock keys.Lock) *Vault { return &Vault{dir: dir, lock: lock} }

// New draws the secret of a comparison from random and keeps it durably. An id is used once: a second call fails
// with [keyfile.ErrExists].
func (v *Vault) New(random io.Reader, comparison [32]byte) (keys.Secret, error) {
	secret, err := keys.RandomSecret(random)
	if err != nil {
		return keys.Secret{}, err
	}
	// The id is the context: a file under another comparison's name does not open.
	sealed, err := keys.Seal(random, v.lock, keys.KindComparison, comparison[:], secret)
	if err == nil {
		err = keyfile.Create(v.path(comparison), sealed)
	}
	if err != nil {
		secret.Wipe()
		return keys.Secret{}, err
	}
	return secret, nil
}

// Secret returns the secret of a comparison, to resume or open it. It fails with [ErrForgotten] where there is none.
func (v *Vault) Secret(comparison [32]byte) (keys.Secret, error) {
	path := v.path(comparison)
	sealed, err := keyfile.Read(path)
	if errors.Is(err, keyfile.ErrMissing) {
		return keys.Secret{}, fmt.Errorf("%w (%s)", ErrForgotten, path)
	}
	if err != nil {
		return keys.Secret{}, err
	}
	secret, err := keys.Open(sealed, v.lock, keys.KindComparison, comparison[:])
	if err != nil {
		return keys.Secret{}, fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}

// Forget deletes the secret of a comparison, after which nobody opens the comparison, with the limits of
// [keyfile.Destroy]: backups and copies on the way of the disk are beyond it. It fails with [ErrForgotten] where there is none.
func (v *Vault) Forget(comparison [32]byte) error {
	err := keyfile.Destroy(v.path(comparison))
	if errors.Is(err, keyfile.ErrMissing) {
		return fmt.Errorf("%w (%s)", ErrForgotten, v.path(comparison))
	}
	return err
}

func (v *Vault) path(comparison [32]byte) string {
	return filepath.Join(v.dir, hex.EncodeToString(comparison[:])+".secret")
}
