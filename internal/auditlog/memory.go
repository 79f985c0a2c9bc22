package auditlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// remembered reads the last checkpoint that this machine signed; nil where it signed none.
func remembered(path string, policy *checkpoint.Policy) (*tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("what was signed last cannot be read: %w", err)
	}
	c, err := policy.Open(text)
	if err != nil {
		return nil, fmt.Errorf("the file %s, which remembers what was signed last, cannot be used (%w); find out who changed it, and put it back from a backup that is as new as the database", path, err)
	}
	return &c.Tree, nil
}

// remember writes what was signed, whole or not at all, before anybody sees it.
func remember(path string, signed []byte) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, ".checkpoint-*")
	if err != nil {
		return fmt.Errorf("the checkpoint was not remembered, and so not published: %w", err)
	}
	_, err = file.Write(signed)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err == nil {
		err = keyfile.SyncDir(dir)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("the checkpoint was not remembered, and so not published: %w", err)
	}
	return nil
}
