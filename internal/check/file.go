package check

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/veilschema/veil/compare/template"
)

// ReadFile reads a file of at most limit bytes, whatever kind of file it is. What
// it is for is named in errors.
func ReadFile(what, path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the %s cannot be read: %w", what, err)
	case int64(len(data)) > limit:
		return nil, refusef("the %s %s has more than %d MiB, the most that is read", what, path, limit>>20)
	}
	return data, nil
}

// addFile describes a file of DDL as a template lists it: without its folders, or
// behind its place where the name is taken.
func addFile(files []template.File, path string, text []byte) []template.File {
	name := filepath.Base(path)
	if slices.ContainsFunc(files, func(f template.File) bool { return f.Name == name }) {
		name = fmt.Sprintf("%d/%s", len(files)+1, name)
	}
	return append(files, template.File{Name: name, Size: uint64(len(text)), SHA256: sha256.Sum256(text)})
}
