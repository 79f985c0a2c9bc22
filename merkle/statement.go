package merkle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Statement is what a tenant shows of a schema that it committed to: that a table is exactly this one, that a column of a table is, or that there is
// no table of a name. The zero value states nothing.
type Statement struct {
	// Version is that of the form, 1.
	Version int `json:"version"`
	// Name is the table that it is about.
	Name TableName `json:"name"`
	// LabelProof proves the table's label (80 bytes), Proof is the binary form of the path in the tree.
	LabelProof []byte `json:"label_proof"`
	Proof      []byte `json:"proof"`
	// Table opens the whole table, Column one column. Neither is there where the statement is that there is no such table.
	Table  *Opening     `json:"table,omitempty"`
	Column *ShownColumn `json:"column,omitempty"`
}

// ShownColumn opens one column, and nothing of the others.
type ShownColumn struct {
	Column
	Salt  Hash   `json:"salt"`
	Index int    `json:"index"`
	Path  []Hash `json:"path"`
	// Key and Facts open the table's commitment to the root of its columns.
	Key   Hash `json:"key"`
	Facts Hash `json:"facts"`
}

// statementVersion is that of both forms, JSON and binary. Another form has another one.
const statementVersion = 1

// ShowTable states all of a table.
func (c *Committer) ShowTable(in *Commitments, name TableName) (*Statement, error) {
	o := in.Openings[name]
	if o == nil {
		return nil, fmt.Errorf("the table %s is not among those committed to, or its opening was deleted", name)
	}
	s, err := c.state(in, name)
	if err == nil {
		s.Table = o
	}
	return s, err
}

// ShowColumn states one column of a table.
func (c *Committer) ShowColumn(in *Commitments, name TableName, column string) (*Statement, error) {
	o := in.Openings[name]
	if o == nil {
		return nil, fmt.Errorf("the table %s is not among those committed to, or its opening was deleted", name)
	}
	s, err := c.state(in, name)
	if err != nil {
		return nil, err
	}
	for _, one := range o.Table.Columns {
		if one.Name != column {
			continue
		}
		shown := &ShownColumn{Column: one, Salt: o.salt(column), Key: o.key(), Facts: o.facts()}
		shown.Index, shown.Path, err = o.columns.prove(columnLeaf(shown.Salt, one))
		s.Column = shown
		return s, err
	}
	return nil, fmt.Errorf("the table %s has no column %q", name, column)
}

// ShowNoTable states that there is no table of a name.
func (c *Committer) ShowNoTable(in *Commitments, name TableName) (*Statement, error) {
	label, _, err := c.labels.Label(name)
	if err != nil {
		return nil, err
	}
	if _, there := in.Tree.Get(label); there {
		return nil, fmt.Errorf("the table %s is among those committed to", name)
	}
	return c.state(in, name)
}

// state makes the part that all statements have.
func (c *Committer) state(in *Commitments, name TableName) (*Statement, error) {
	label, labelProof, err := c.labels.Label(name)
	if err != nil {
		return nil, err
	}
	proof, err := in.Tree.Prove(label).AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	return &Statement{Version: statementVersion, Name: name, LabelProof: labelProof, Proof: proof}, nil
}

// Verify checks a statement against the root of the tree and the labels' key, both of which the caller has from somewhere else: a statement that
// brings its own proves nothing.
func (s *Statement) Verify(root Hash, key PublicLabelKey) error {
	if err := s.checkVersion(); err != nil {
		return err
	}
	label, err := key.Verify(s.Name, s.LabelProof)
	if err != nil {
		return err
	}
	return s.verifyAt(root, label)
}

func (s *Statement) checkVersion() error {
	if s.Version != statementVersion {
		return fmt.Errorf("the statement has version %d, want %d; update the older side", s.Version, statementVersion)
	}
	return nil
}

// verifyAt checks a statement about the table with a label.
func (s *Statement) verifyAt(root Hash, label Label) error {
	proof, err := ParseProof(s.Proof)
	if err != nil {
		return err
	}
	switch {
	case s.Table != nil && s.Column != nil:
		return errTwoSubjects
	case s.Table != nil:
		if err := s.checkSubject(s.Table.Table.Name); err != nil {
			return err
		}
		o, err := newOpening(s.Table.Table, s.Table.Seed)
		if err != nil {
			return err
		}
		return VerifyInclusion(root, label, o.Commitment(), proof)
	case s.Column != nil:
		c := s.Column
		columns, err := columnRoot(columnLeaf(c.Salt, c.Column), c.Index, c.Path)
		if err != nil {
			return err
		}
		return VerifyInclusion(root, label, commitment(c.Key, s.Name, columns, c.Facts), proof)
	}
	return VerifyAbsence(root, label, proof)
}

var errTwoSubjects = errors.New("the statement is about a table and about a column; one of them is too much")

// checkSubject refuses the opening of another table than the one that the statement is about.
func (s *Statement) checkSubject(opened TableName) error {
	if opened != s.Name {
		return fmt.Errorf("the statement is about %s and opens %s", s.Name, opened)
	}
	return nil
}

// String says for people what a statement states.
func (s *Statement) String() string {
	switch {
	case s.Table != nil:
		return fmt.Sprintf("the table %s is this one, with %d columns", s.Name, len(s.Table.Table.Columns))
	case s.Column != nil:
		return fmt.Sprintf("the table %s has the column %s as it stands here", s.Name, s.Column.Name)
	}
	return fmt.Sprintf("there is no table %s", s.Name)
}

// ParseStatement reads the JSON of a statement. Unknown members are refused, because nobody would have checked them.
func ParseStatement(text []byte) (*Statement, error) {
	if len(text) > MaxStatementBytes {
		return nil, fmt.Errorf("the statement has %d bytes, at most %d are read", len(text), MaxStatementBytes)
	}
	var s Statement
	if err := readJSON(text, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// ParseShown reads what [Shown.Encode] writes, and nothing else.
func ParseShown(text []byte) (*Shown, error) {
	if len(text) > MaxStatementBytes {
		return nil, fmt.Errorf("the proof has %d bytes, at most %d are read", len(text), MaxStatementBytes)
	}
	var s Shown
	if err := readJSON(text, &s); err != nil {
		return nil, err
	}
	again, err := s.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, text) {
		return nil, errors.New("the proof is written in another way than the one there is; it was changed")
	}
	return &s, nil
}

func readJSON(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the statement cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the statement")
	}
	return nil
}

// MarshalText writes a hash in hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText reads 64 lower-case hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) || hex.EncodeToString(raw) != string(text) {
		return fmt.Errorf("a hash is %d hexadecimal digits in lower case", 2*len(h))
	}
	copy(h[:], raw)
	return nil
}
