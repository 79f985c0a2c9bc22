package memento

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
)

// A backup is text:
//
//	veil-backup 1 {"columns":["id","name"]}   the columns, in order
//	1\tAnna                                   a row a line, as COPY writes it
//	2\t\N
//	\.                                        no row, since COPY writes a backslash as two
//	{"rows":2,"sha256":"..."}                 of all bytes before this line
//
// So a backup that was cut off or changed is known before anything is done with it.
const (
	backupMagic = "veil-backup 1 "
	backupEnd   = `\.`
)

// ErrDamaged is the cause of errors about a file that is not what was written.
var ErrDamaged = errors.New("it is damaged: it is not, or not all of, what was written")

type backupHead struct {
	Columns []string `json:"columns"`
}

type backupTail struct {
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// backupWriter writes a backup; what is written to it between the head and the tail are rows.
type backupWriter struct {
	w   io.Writer
	sum hash.Hash
}

var _ io.Writer = (*backupWriter)(nil)

// Write adds bytes to the backup.
func (b *backupWriter) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	b.sum.Write(p[:n])
	return n, err
}

func newBackupWriter(w io.Writer, columns []string) (*backupWriter, error) {
	b := &backupWriter{w: w, sum: sha256.New()}
	if columns == nil {
		columns = []string{}
	}
	head, err := json.Marshal(backupHead{columns})
	if err == nil && len(head) > maxLineBytes {
		err = fmt.Errorf("the names of its columns have %d bytes, over the limit of %d", len(head), maxLineBytes)
	}
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(b, "%s%s\n", backupMagic, head)
	return b, err
}

func (b *backupWriter) end(rows int64) error {
	if _, err := io.WriteString(b, backupEnd+"\n"); err != nil {
		return err
	}
	tail, err := json.Marshal(backupTail{rows, hex.EncodeToString(b.sum.Sum(nil))})
	if err != nil {
		return err
	}
	_, err = b.w.Write(append(tail, '\n'))
	return err
}

// backupReader reads the rows of a backup; after the last it checks the tail, and fails with [ErrDamaged] rather than
// io.EOF where that does not fit.
type backupReader struct {
	r         *bufio.Reader
	sum       hash.Hash
	rows      int64
	lineStart bool
	rest      []byte // of what was read from r and not yet given away
	end       error
}

var _ io.Reader = (*backupReader)(nil)

// newBackupReader reads the head, which must name these columns.
func newBackupReader(r io.Reader, columns []string) (*backupReader, error) {
	b := &backupReader{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New(), lineStart: true}
	line, err := b.line()
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(string(line), backupMagic)
	var head backupHead
	if !ok || decodeStrict([]byte(text), &head) != nil {
		return nil, fmt.Errorf("it does not begin as a backup: %w", ErrDamaged)
	}
	if !slices.Equal(head.Columns, columns) {
		return nil, fmt.Errorf("it is a backup of the columns %s, and not of %s", idents("", head.Columns), idents("", columns))
	}
	b.sum.Write(line)
	b.sum.Write([]byte{'\n'})
	return b, nil
}

// line reads the first or last line, without its end.
func (b *backupReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := b.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLineBytes:
			return nil, ErrDamaged
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF):
			return nil, ErrDamaged
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// Read gives rows.
func (b *backupReader) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.end != nil {
			return 0, b.end
		}
		b.next()
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// next reads a row, a piece of a long one, or the end.
func (b *backupReader) next() {
	part, err := b.r.ReadSlice('\n')
	whole := err == nil
	switch {
	case err != nil && errors.Is(err, io.EOF):
		b.end = ErrDamaged
		return
	case err != nil && !errors.Is(err, bufio.ErrBufferFull):
		b.end = err
		return
	}
	b.sum.Write(part)
	if b.lineStart && string(part) == backupEnd+"\n" {
		b.end = b.finish()
		return
	}
	b.lineStart, b.rest = whole, part
	if whole {
		b.rows++
	}
}

func (b *backupReader) finish() error {
	sum := hex.EncodeToString(b.sum.Sum(nil))
	line, err := b.line()
	if err != nil {
		return err
	}
	var tail backupTail
	if err := decodeStrict(line, &tail); err != nil || tail.Rows != b.rows || tail.SHA256 != sum {
		return ErrDamaged
	}
	if _, err := b.r.ReadByte(); !errors.Is(err, io.EOF) {
		return ErrDamaged
	}
	return io.EOF
}

// decodeStrict reads one JSON value and nothing else.
func decodeStrict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
