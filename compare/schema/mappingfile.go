package schema

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mappingFile is the form of a mapping file.
type mappingFile struct {
	Schemas map[string]string `yaml:"schemas"`
	Tables  map[string]string `yaml:"tables"`
	Columns map[string]string `yaml:"columns"`
}

// ParseMapping reads a mapping file, a YAML document such as
//
//	schemas:
//	  cdm: public
//	tables:
//	  cdm.person_old: person
//	columns:
//	  cdm.person_old.dob: birth_date
//
// Keys are names as the database has them, taken letter by letter; a part that has a dot or a double quote in it stands in
// double quotes, as in SQL. An empty file is the empty mapping. Unknown entries and entries given twice are errors.
func ParseMapping(file []byte) (Mapping, error) {
	if len(file) > maxMapping {
		return Mapping{}, fmt.Errorf("the mapping has %d bytes, at most %d are allowed", len(file), maxMapping)
	}
	var f mappingFile
	dec := yaml.NewDecoder(bytes.NewReader(file))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return Mapping{}, fmt.Errorf("the mapping is not understood: %w", plainYAML(err))
	}
	if err := dec.Decode(new(mappingFile)); !errors.Is(err, io.EOF) {
		return Mapping{}, errors.New("the mapping has more than one YAML document; want one")
	}
	m := Mapping{Schemas: f.Schemas}
	for key, to := range f.Tables {
		parts, err := splitName(key, 2)
		if err != nil {
			return Mapping{}, fmt.Errorf("the mapping's table %q is not understood: %w", key, err)
		}
		from := Relation{parts[0], parts[1]}
		if _, twice := m.Tables[from]; twice {
			return Mapping{}, fmt.Errorf("the mapping renames the table %s twice", quoteRelation(from))
		}
		put(&m.Tables, from, to)
	}
	for key, to := range f.Columns {
		parts, err := splitName(key, 3)
		if err != nil {
			return Mapping{}, fmt.Errorf("the mapping's column %q is not understood: %w", key, err)
		}
		from := ColumnName{parts[0], parts[1], parts[2]}
		if _, twice := m.Columns[from]; twice {
			return Mapping{}, fmt.Errorf("the mapping renames the column %q twice", key)
		}
		put(&m.Columns, from, to)
	}
	return m, nil
}

// yamlTrouble is what the YAML library says of a document that does not fit a Go type.
var yamlTrouble = regexp.MustCompile(`^line (\d+): (?:field (.*) not found in type .*|cannot unmarshal .*)$`)

// plainYAML says in one line and without Go's types what the YAML library found.
func plainYAML(err error) error {
	var t *yaml.TypeError
	if !errors.As(err, &t) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	list := make([]string, len(t.Errors))
	for i, text := range t.Errors {
		switch m := yamlTrouble.FindStringSubmatch(text); {
		case m == nil:
			list[i] = text
		case m[2] != "":
			list[i] = fmt.Sprintf("line %s: there is no entry %q, only schemas, tables and columns", m[1], m[2])
		default:
			list[i] = fmt.Sprintf("line %s: here belong pairs such as old: new", m[1])
		}
	}
	return errors.New(strings.Join(list, "; "))
}

func put[K comparable](m *map[K]string, key K, value string) {
	if *m == nil {
		*m = make(map[K]string)
	}
	(*m)[key] = value
}

// splitName splits a dotted name into want parts.
func splitName(s string, want int) ([]string, error) {
	var parts []string
	for {
		part, rest, err := cutPart(s)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, part); rest == "" {
			break
		}
		s = rest[1:]
	}
	if len(parts) != want {
		return nil, fmt.Errorf("it has %d parts between dots, want %d", len(parts), want)
	}
	return parts, nil
}

// cutPart returns the part before the first dot of s, and the rest from that dot on.
func cutPart(s string) (part, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s, '.')
		if end < 0 {
			end = len(s)
		}
		if part = s[:end]; part == "" || strings.Contains(part, `"`) {
			return "", "", fmt.Errorf("%q is no name", part)
		}
		return part, s[end:], nil
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
		case i+1 < len(s) && s[i+1] == '"':
			i++
		case i == 1 || i+1 < len(s) && s[i+1] != '.':
			return "", "", fmt.Errorf("%s is no name", s)
		default:
			return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:], nil
		}
	}
	return "", "", errors.New("a double quote is missing")
}

func compareRelations(a, b Relation) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
}

func compareColumnNames(a, b ColumnName) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column))
}
