package exchange

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
)

// placeExt ends the names of places: 64 hexadecimal digits of the comparison before it.
const placeExt = ".place"

// Place says where an unfinished comparison is held. It has nothing secret.
type Place struct {
	// Comparison is the tenant's own id, under which journal and vault have it: 64 hexadecimal digits.
	Comparison string `json:"comparison"`
	// Tenant is the key that opened it (keys.PublicIdentity as text).
	Tenant string `json:"tenant"`
	// Server is the service's address, Reference the template (slug@version), Digest the template's in hexadecimal digits.
	Server    string `json:"server"`
	Reference string `json:"template"`
	Digest    string `json:"digest"`
	// Key is the idempotency key of the open, ID what the service calls the comparison; nil before its answer is kept.
	Key      uuid.UUID `json:"key"`
	ID       uuid.UUID `json:"id"`
	OpenedAt time.Time `json:"opened_at"`
	// Done is set before anything of a comparison that ended is deleted; Keep says that its secret stays.
	Done bool `json:"done,omitempty"`
	Keep bool `json:"keep,omitempty"`
}

// id is the comparison's id in bytes. It was checked when the place was read.
func (p *Place) id() (id [32]byte) {
	data, err := hex.DecodeString(p.Comparison)
	if err == nil && len(data) == len(id) {
		id = [32]byte(data)
	}
	return id
}

// Places lists the unfinished comparisons of a state folder, oldest first.
func Places(dir string) ([]Place, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the unfinished comparisons cannot be listed: %w", err)
	}
	var out []Place
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), placeExt)
		if id, err := hex.DecodeString(digits); !ok || err != nil || len(id) != 32 {
			continue
		}
		p, err := readPlace(filepath.Join(dir, e.Name()))
		if err == nil && p.Comparison != digits {
			err = errors.New("it is the file of another comparison")
		}
		if err != nil {
			return nil, fmt.Errorf("the file %s, which says where a comparison is held, cannot be used: %w; move it away to go on without that comparison", filepath.Join(dir, e.Name()), err)
		}
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Place) int { return a.OpenedAt.Compare(b.OpenedAt) })
	return out, nil
}

func readPlace(path string) (*Place, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxPlace+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return parsePlace(data)
}

func parsePlace(data []byte) (*Place, error) {
	if len(data) > maxPlace {
		return nil, fmt.Errorf("it is larger than %d bytes", maxPlace)
	}
	var p Place
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, err
	}
	if id, err := hex.DecodeString(p.Comparison); err != nil || len(id) != 32 || p.Key == uuid.Nil || p.Server == "" || p.Reference == "" {
		return nil, errors.New("it is not complete")
	}
	return &p, nil
}

// writePlace keeps a place durably, whole or not at all.
func writePlace(dir string, p Place) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, "place-*")
	if err != nil {
		return fmt.Errorf("where the comparison is held was not kept: %w", err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), placePath(dir, p))
	}
	if err == nil {
		err = keyfile.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("where the comparison is held was not kept: %w", errors.Join(err, removeIfThere(file.Name())))
	}
	return nil
}

func placePath(dir string, p Place) string { return filepath.Join(dir, p.Comparison+placeExt) }

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
