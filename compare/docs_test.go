package compare_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestTheProtocolsDocumentNamesTestsThatExist: every claim there stands on a test
// of this package or of package he.
func TestTheProtocolsDocumentNamesTestsThatExist(t *testing.T) {
	document, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources []byte
	for _, pattern := range []string{"*_test.go", "../he/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, source...)
		}
	}
	named := regexp.MustCompile("`(Test|Fuzz)[A-Za-z0-9_]+`").FindAllString(string(document), -1)
	if len(named) < 50 {
		t.Errorf("the document names %d tests, which is too few to be true", len(named))
	}
	for _, name := range named {
		name = name[1 : len(name)-1]
		if !regexp.MustCompile(`(?m)^func ` + name + `\(`).Match(sources) {
			t.Errorf("docs/protocol.md names %s, which does not exist", name)
		}
	}
}
