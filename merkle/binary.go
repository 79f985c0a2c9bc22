package merkle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// What a statement's binary form is about: its second byte.
const (
	aboutTable   = 1
	aboutColumn  = 2
	aboutNoTable = 3
)

// AppendBinary appends the binary form: version and what the statement is about, a byte each; schema and name of the table, the label's proof and the
// path in the tree, each after its size in four bytes, highest first; and then, of a table, its seed, its facts after their size, the number of its
// columns in four bytes and each column's name and content after their sizes. Of a column, its name and content after their sizes, its salt, its index
// in four bytes, the length of its path in one, the path, and the two hashes that open the commitment. Of no table, nothing more.
//
// It writes nothing that [ParseStatementBinary] would not read.
func (s *Statement) AppendBinary(b []byte) ([]byte, error) {
	if err := s.checkVersion(); err != nil {
		return b, err
	}
	if err := s.checkBinary(); err != nil {
		return b, err
	}
	before := len(b)
	out := append(b, statementVersion, s.about())
	out = appendField(s.Name.append(out), string(s.LabelProof))
	out = appendField(out, string(s.Proof))
	switch {
	case s.Table != nil:
		out = s.Table.appendBinary(out)
	case s.Column != nil:
		out = s.Column.appendBinary(out)
	}
	if size := len(out) - before; size > MaxStatementBytes {
		return b, fmt.Errorf("the statement has %d bytes, at most %d are read", size, MaxStatementBytes)
	}
	return out, nil
}

func (s *Statement) about() byte {
	switch {
	case s.Table != nil:
		return aboutTable
	case s.Column != nil:
		return aboutColumn
	}
	return aboutNoTable
}

// checkBinary refuses what has no place in the binary form, alike when it is written and when it was read. Whether the statement is true is not
// asked here.
func (s *Statement) checkBinary() error {
	if len(s.LabelProof) != 0 && len(s.LabelProof) != LabelProofSize {
		return fmt.Errorf("the proof of a label has %d bytes, want %d, or none for a template's", len(s.LabelProof), LabelProofSize)
	}
	if _, err := ParseProof(s.Proof); err != nil {
		return err
	}
	names := []string{s.Name.Schema, s.Name.Table}
	switch {
	case s.Table != nil && s.Column != nil:
		return errTwoSubjects
	case s.Table != nil:
		if err := s.checkSubject(s.Table.Table.Name); err != nil {
			return err
		}
		if _, err := s.Table.Table.content(); err != nil {
			return err
		}
		for _, c := range s.Table.Table.Columns {
			names = append(names, c.Name)
		}
	case s.Column != nil:
		if err := checkPlace(s.Column.Index, len(s.Column.Path)); err != nil {
			return err
		}
		names = append(names, s.Column.Name)
	}
	return checkNames(names)
}

func checkNames(names []string) error {
	for _, name := range names {
		if len(name) > maxName {
			return fmt.Errorf("a name has %d bytes, at most %d are possible", len(name), maxName)
		}
		if !utf8.ValidString(name) {
			return fmt.Errorf("the name %q is not written in UTF-8", name)
		}
	}
	return nil
}

func (o *Opening) appendBinary(b []byte) []byte {
	b = appendField(append(b, o.Seed[:]...), string(o.Table.Facts))
	b = binary.BigEndian.AppendUint32(b, uint32(len(o.Table.Columns)))
	for _, c := range o.Table.Columns {
		b = c.appendBinary(b)
	}
	return b
}

func (c *ShownColumn) appendBinary(b []byte) []byte {
	b = append(c.Column.appendBinary(b), c.Salt[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(c.Index))
	b = append(b, byte(len(c.Path)))
	for _, h := range c.Path {
		b = append(b, h[:]...)
	}
	return append(append(b, c.Key[:]...), c.Facts[:]...)
}

func (c *Column) appendBinary(b []byte) []byte {
	return appendField(appendField(b, c.Name), string(c.Canonical))
}

// ParseStatementBinary reads the binary form: nothing that [Statement.AppendBinary] does not write. It takes memory in proportion to the bytes given, and
// never to a number that they claim.
func ParseStatementBinary(b []byte) (*Statement, error) {
	if len(b) > MaxStatementBytes {
		return nil, fmt.Errorf("the statement has %d bytes, at most %d are read", len(b), MaxStatementBytes)
	}
	r := &reader{rest: b}
	s := r.statement()
	if r.err == nil && len(r.rest) > 0 {
		r.fail(fmt.Errorf("%d bytes follow the statement", len(r.rest)))
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := s.checkBinary(); err != nil {
		return nil, err
	}
	if s.Table != nil {
		var err error
		if s.Table, err = newOpening(s.Table.Table, s.Table.Seed); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// reader takes values off the front of a buffer. After the first error every value is zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) statement() *Statement {
	s := &Statement{Version: int(r.byte())}
	if err := s.checkVersion(); err != nil {
		r.fail(err)
	}
	about := r.byte()
	s.Name = TableName{Schema: r.text(maxName), Table: r.text(maxName)}
	s.LabelProof, s.Proof = r.field(LabelProofSize), r.field(maxProofBytes)
	switch about {
	case aboutTable:
		s.Table = r.opening(s.Name)
	case aboutColumn:
		s.Column = r.shownColumn()
	case aboutNoTable:
	default:
		r.fail(fmt.Errorf("the statement is about something of kind %d, which this release does not know", about))
	}
	return s
}

func (r *reader) opening(name TableName) *Opening {
	o := &Opening{Table: Table{Name: name}, Seed: r.hash()}
	o.Table.Facts = r.field(MaxStatementBytes)
	const least = 8 // bytes of a column without name and content
	n := r.uint32()
	if n > 1<<maxColumnDepth || int(n) > len(r.rest)/least {
		r.fail(fmt.Errorf("the table is said to have %d columns in %d bytes", n, len(r.rest)))
	}
	for i := uint32(0); i < n && r.err == nil; i++ {
		o.Table.Columns = append(o.Table.Columns, r.column())
	}
	return o
}

func (r *reader) shownColumn() *ShownColumn {
	c := &ShownColumn{Column: r.column(), Salt: r.hash(), Index: int(r.uint32())}
	depth := int(r.byte())
	if err := checkPlace(c.Index, depth); err != nil {
		r.fail(err)
	}
	for i := 0; i < depth && r.err == nil; i++ {
		c.Path = append(c.Path, r.hash())
	}
	c.Key, c.Facts = r.hash(), r.hash()
	return c
}

func (r *reader) column() Column {
	return Column{Name: r.text(maxName), Canonical: r.field(MaxStatementBytes)}
}

var errStatementShort = errors.New("the statement ends too early")

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// bytes takes n bytes, which are still those of the buffer.
func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.rest) < n {
		r.fail(errStatementShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) hash() (h Hash) {
	copy(h[:], r.bytes(len(h)))
	return h
}

// sized takes what stands after its size in four bytes.
func (r *reader) sized(limit int) []byte {
	n := r.uint32()
	if uint64(n) > uint64(limit) {
		r.fail(fmt.Errorf("a part of the statement is said to have %d bytes, at most %d are allowed there", n, limit))
		return nil
	}
	return r.bytes(int(n))
}

// field copies what it takes, so that nobody changes a statement by the buffer that it was read from.
func (r *reader) field(limit int) []byte { return append([]byte(nil), r.sized(limit)...) }

func (r *reader) text(limit int) string { return string(r.sized(limit)) }
