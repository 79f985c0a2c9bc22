package memento

import (
	"bytes"
	"io"
)

// What tests need of the formats.
var (
	EncodeRun = encodeRun
	DecodeRun = decodeRun
)

// WriteBackup writes a backup of rows that are COPY's already.
func WriteBackup(columns []string, rows []byte, n int64) ([]byte, error) {
	var b bytes.Buffer
	w, err := newBackupWriter(&b, columns)
	if err == nil {
		_, err = w.Write(rows)
	}
	if err == nil {
		err = w.end(n)
	}
	return b.Bytes(), err
}

// ReadBackup reads the rows of a backup and their number.
func ReadBackup(columns []string, r io.Reader) ([]byte, int64, error) {
	in, err := newBackupReader(r, columns)
	if err != nil {
		return nil, 0, err
	}
	rows, err := io.ReadAll(in)
	return rows, in.rows, err
}
