package schema

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Fact is one statement about the structure of a database. It is comparable and usable as a map key:
// two facts are the same fact exactly when they are equal.
//
// Names are what the catalog holds, byte for byte, after the caller's [Mapping]: not quoted, not folded
// and not normalised.
type Fact struct {
	Kind   Kind   `json:"kind"`
	Schema string `json:"schema"` // "" for an extension, which belongs to the whole database
	Table  string `json:"table"`  // "" for a fact of no table: an enum, a view, a function, ...
	Name   string `json:"name"`   // the column, or the object's name; "" where a name is no fact (keys, checks, indexes)
	Detail string `json:"detail"` // everything else in one canonical spelling; "" where there is nothing else
}

// factVersion starts the binary form of every fact. Another spelling of details is another version.
const factVersion = 1

// factDomain separates digests of facts from all other digests.
const factDomain = "veil/fact/v1\x00"

// AppendBinary appends the canonical binary form of f to b: the version byte, the kind's number, then schema,
// table, name and detail, each as its size in bytes (four bytes, big endian) and its UTF-8 text.
// A fact that [Fact.Validate] refuses is refused here too.
func (f Fact) AppendBinary(b []byte) ([]byte, error) {
	if err := f.Validate(); err != nil {
		return b, err
	}
	return f.append(b), nil
}

func (f Fact) append(b []byte) []byte {
	b = append(b, factVersion, byte(f.Kind))
	for _, field := range [...]string{f.Schema, f.Table, f.Name, f.Detail} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	return b
}

// ParseFact reads one fact from the start of b and returns it with the rest of b. It is the strict inverse
// of [Fact.AppendBinary]: it accepts nothing that AppendBinary does not write.
func ParseFact(b []byte) (Fact, []byte, error) {
	if len(b) < 2 {
		return Fact{}, b, fmt.Errorf("a fact has at least 2 bytes, got %d", len(b))
	}
	if b[0] != factVersion {
		return Fact{}, b, fmt.Errorf("fact version is %d, want %d", b[0], factVersion)
	}
	f, rest := Fact{Kind: Kind(b[1])}, b[2:]
	for _, field := range []struct {
		name string
		max  uint32
		to   *string
	}{
		{"schema", maxName, &f.Schema},
		{"table", maxName, &f.Table},
		{"name", maxName, &f.Name},
		{"detail", maxDetail, &f.Detail},
	} {
		var err error
		if *field.to, rest, err = parseField(rest, field.max); err != nil {
			return Fact{}, b, fmt.Errorf("%s of a fact: %w", field.name, err)
		}
	}
	if err := f.Validate(); err != nil {
		return Fact{}, b, err
	}
	return f, rest, nil
}

func parseField(b []byte, limit uint32) (string, []byte, error) {
	if len(b) < 4 {
		return "", b, fmt.Errorf("its size takes 4 bytes, got %d", len(b))
	}
	size, b := binary.BigEndian.Uint32(b), b[4:]
	if size > limit {
		return "", b, fmt.Errorf("it has %d bytes, at most %d are allowed", size, limit)
	}
	if uint32(len(b)) < size {
		return "", b, fmt.Errorf("it ends after %d of %d bytes", len(b), size)
	}
	return string(b[:size]), b[size:], nil
}

// Digest returns SHA-256 over the domain "veil/fact/v1", a zero byte and the canonical binary form.
// It is meant for facts that [Fact.Validate] accepts.
func (f Fact) Digest() [sha256.Size]byte {
	return sha256.Sum256(f.append([]byte(factDomain)))
}

// Validate says whether f is well formed: a known kind, the fields that the kind uses and no others, valid UTF-8
// without zero bytes, nothing over the limits.
func (f Fact) Validate() error {
	if !f.Kind.known() {
		return fmt.Errorf("a fact has the %s", f.Kind)
	}
	for _, field := range [...]struct {
		name, text string
		max        int
	}{
		{"schema", f.Schema, maxName}, {"table", f.Table, maxName}, {"name", f.Name, maxName}, {"detail", f.Detail, maxDetail},
	} {
		switch {
		case len(field.text) > field.max:
			return fmt.Errorf("the %s of a %s fact has %d bytes, at most %d are allowed", field.name, f.Kind, len(field.text), field.max)
		case !utf8.ValidString(field.text) || strings.IndexByte(field.text, 0) >= 0:
			return fmt.Errorf("the %s of a %s fact is not valid text: %q", field.name, f.Kind, field.text)
		}
	}
	return f.validateShape()
}

func (f Fact) validateShape() error {
	want := shapes[f.Kind]
	for _, field := range [...]struct {
		name, text string
		want       need
	}{
		{"schema", f.Schema, want.schema}, {"table", f.Table, want.table}, {"name", f.Name, want.name}, {"detail", f.Detail, want.detail},
	} {
		switch {
		case field.want == must && field.text == "":
			return fmt.Errorf("a %s fact needs a %s", f.Kind, field.name)
		case field.want == none && field.text != "":
			return fmt.Errorf("a %s fact has no %s, got %q", f.Kind, field.name, field.text)
		}
	}
	return nil
}

// String returns the fact as one line for a person.
func (f Fact) String() string {
	var b strings.Builder
	b.WriteString(f.Kind.String())
	sep := byte(' ')
	for _, name := range [...]string{f.Schema, f.Table, f.Name} {
		if name != "" {
			b.WriteByte(sep)
			b.WriteString(Quote(name))
			sep = '.'
		}
	}
	if f.Detail != "" {
		b.WriteString(": ")
		b.WriteString(f.Detail)
	}
	return b.String()
}

// Compare orders facts by schema, table, kind, name and detail, so that what belongs to one table stands together. It returns a
// negative number, zero or a positive number.
func Compare(a, b Fact) int {
	return cmp.Or(
		strings.Compare(a.Schema, b.Schema),
		strings.Compare(a.Table, b.Table),
		cmp.Compare(a.Kind, b.Kind),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Detail, b.Detail),
	)
}

// need says whether a kind of fact uses a field.
type need uint8

const (
	none need = iota // always empty
	may              // empty or not
	must             // never empty
)

// shape is which fields a kind of fact uses.
type shape struct{ schema, table, name, detail need }

var shapes = func() [len(kindNames)]shape {
	var (
		column  = shape{must, must, must, none} // nothing but the column
		columnD = shape{must, must, must, must} // a column and something about it
		tableD  = shape{must, must, none, must} // a table and something about it
		object  = shape{must, none, must, must} // an object of a schema
	)
	return [len(kindNames)]shape{
		KindTable:        {must, must, none, none},
		KindColumn:       column,
		KindColumnType:   columnD,
		KindNotNull:      column,
		KindDefault:      columnD,
		KindIdentity:     columnD,
		KindGenerated:    columnD,
		KindPrimaryKey:   tableD,
		KindUnique:       tableD,
		KindForeignKey:   tableD,
		KindCheck:        tableD,
		KindExclusion:    tableD,
		KindIndex:        tableD,
		KindPartitionKey: tableD,
		KindEnum:         object,
		KindDomain:       object,
		KindSequence:     {must, may, must, must}, // table and column when a column owns it
		KindView:         object,
		KindExtension:    {none, none, must, none},
		KindTrigger:      columnD, // name is the trigger's
		KindFunction:     object,
		KindRowSecurity:  {must, must, may, must}, // name is the policy's
		KindPartition:    tableD,
		KindInheritance:  tableD,
		KindCollation:    columnD,
		KindComposite:    object,
		KindRange:        object,
	}
}()
