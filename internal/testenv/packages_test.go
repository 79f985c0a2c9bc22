package testenv_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/testenv"
)

// TestEveryPackageHasAComment reads the whole repository: a package comment is where a reader
// starts.
func TestEveryPackageHasAComment(t *testing.T) {
	root := testenv.Root(t)
	documented := make(map[string]bool) // by folder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "out" || name == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		want := "Package " + file.Name.Name + " "
		if file.Name.Name == "main" {
			want = "Command "
		}
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || strings.HasPrefix(file.Doc.Text(), want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(documented) < 3 {
		t.Errorf("only %d packages were found", len(documented))
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("the package in %s has no comment that begins with its name", dir)
		}
	}
}
