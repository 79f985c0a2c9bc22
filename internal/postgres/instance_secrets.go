package postgres

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// secrets are the passwords of an instance's roles, 130 random bits each in the alphabet A-Z
// and 2-7, which needs no quoting anywhere.
type secrets struct {
	Admin string `json:"admin"`
	Owner string `json:"owner"`
	App   string `json:"app"`
}

// String keeps the passwords out of logs and error texts.
func (secrets) String() string { return "(passwords)" }

// readSecrets reads the passwords, or draws them for a folder without data. They are on the
// disk before the data are.
func (h *home) readSecrets() (secrets, error) {
	path := h.in(secretsName)
	b, err := readSmall(path)
	if err == nil {
		s, err := parseSecrets(b)
		if err != nil {
			return secrets{}, fmt.Errorf("%s, which holds the passwords of the private PostgreSQL, is damaged (%w); restore it from a backup", path, err)
		}
		return s, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return secrets{}, fmt.Errorf("the passwords of the private PostgreSQL cannot be read: %w", err)
	}
	if _, err := os.Lstat(h.data()); !errors.Is(err, fs.ErrNotExist) {
		return secrets{}, fmt.Errorf("%s, which holds the passwords of the private PostgreSQL, is missing although there are data; restore it from a backup", path)
	}
	s := secrets{Admin: rand.Text(), Owner: rand.Text(), App: rand.Text()}
	b, err = json.Marshal(s)
	if err == nil {
		err = h.writeDurably(secretsName, append(b, '\n'))
	}
	if err != nil {
		return secrets{}, fmt.Errorf("the passwords of the private PostgreSQL cannot be written: %w", err)
	}
	return s, nil
}

func parseSecrets(b []byte) (s secrets, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(&s) != nil { // its error would quote the file
		return secrets{}, errors.New("it is not the JSON that was written")
	}
	for _, p := range []string{s.Admin, s.Owner, s.App} {
		if len(p) < len(rand.Text()) || strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			return secrets{}, errors.New("a password is missing or not one that was drawn")
		}
	}
	return s, nil
}

// writeDurably puts a file of mode 0600 into the folder, all of it or nothing.
func (h *home) writeDurably(name string, b []byte) error {
	fresh := h.in(name + ".new")
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return errors.Join(os.Rename(fresh, h.in(name)), syncFolder(h.path))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
