package bundle

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/keys"
)

// MaxBytes is how large a bundle may be.
const MaxBytes = 1 << 30

const (
	magic   = "veil bundle\n"
	version = 1
)

// part numbers the parts of a file.
type part byte

const (
	partLog part = 1 + iota
	partCheckpoints
	partLeaves
	partEntries
	partTemplate
	partTranscript
	partReport
	partProofs
	partEnd // not a part
)

var partNames = [partEnd]string{
	partLog: "log", partCheckpoints: "checkpoints", partLeaves: "leaves", partEntries: "entries", partTemplate: "template",
	partTranscript: "transcript", partReport: "report", partProofs: "proofs",
}

func (p part) String() string {
	if p == 0 || p >= partEnd {
		return fmt.Sprintf("part %d", byte(p))
	}
	return partNames[p]
}

// Log says whose log it is: the service's identity vouches for the key that signs checkpoints.
type Log struct {
	// Service is the identity that tenants pin.
	Service keys.PublicIdentity `json:"service"`
	// Key is the key of the log's checkpoints, as signed notes write it.
	Key string `json:"key"`
	// Signature is the identity's over the key and the witnesses' keys, a line each, under [keys.DomainLog].
	Signature []byte `json:"signature"`
	// Witnesses are the keys of those who were asked to cosign. Whom a reader believes is the reader's to say.
	Witnesses []string `json:"witnesses"`
}

// Vouch makes the statement of a service.
func Vouch(id *keys.Identity, key string, witnesses []string) (Log, error) {
	l := Log{Service: id.Public(), Key: key, Witnesses: slices.Concat([]string{}, witnesses)}
	signature, err := id.Sign(keys.DomainLog, l.signed())
	l.Signature = signature[:]
	return l, err
}

// signed is what the service signs.
func (l *Log) signed() []byte {
	return []byte(strings.Join(slices.Concat([]string{l.Key}, l.Witnesses, []string{""}), "\n"))
}

// Verify says whether the service vouches for the keys.
func (l *Log) Verify() error { return l.Service.Verify(keys.DomainLog, l.signed(), l.Signature) }

// Entry is an entry of the log.
type Entry struct {
	Index int64
	Data  []byte
}

// Bundle is what a file holds.
type Bundle struct {
	Log         Log
	Checkpoints [][]byte
	Leaves      []byte
	Entries     []Entry
	Template    []byte
	Transcript  [][]byte
	Report      []byte
	Proofs      [][]byte
}

// Encode writes a bundle.
func (b *Bundle) Encode() ([]byte, error) {
	statement, err := json.Marshal(b.Log)
	if err != nil {
		return nil, fmt.Errorf("the bundle cannot be written: %w", err)
	}
	out := append([]byte(magic), version)
	for p := partLog; p < partEnd; p++ {
		data := b.part(p, statement)
		if len(data) == 0 {
			continue
		}
		out = binary.BigEndian.AppendUint64(append(out, byte(p)), uint64(len(data)))
		out = append(out, data...)
	}
	if len(out) > MaxBytes {
		return nil, fmt.Errorf("the bundle has %d bytes, more than the %d that one may have", len(out), MaxBytes)
	}
	return out, nil
}

func (b *Bundle) part(p part, statement []byte) []byte {
	switch p {
	case partLog:
		return statement
	case partCheckpoints:
		return appendList(nil, b.Checkpoints)
	case partLeaves:
		return b.Leaves
	case partEntries:
		var items [][]byte
		for _, e := range b.Entries {
			items = append(items, append(binary.BigEndian.AppendUint64(nil, uint64(e.Index)), e.Data...))
		}
		return appendList(nil, items)
	case partTemplate:
		return b.Template
	case partTranscript:
		return appendList(nil, b.Transcript)
	case partReport:
		return b.Report
	}
	return appendList(nil, b.Proofs)
}

func appendList(out []byte, items [][]byte) []byte {
	for _, item := range items {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(item))), item...)
	}
	return out
}

// Is says whether a file begins as a bundle does.
func Is(file []byte) bool { return bytes.HasPrefix(file, []byte(magic)) }

// Parse reads what [Bundle.Encode] writes, and nothing else. The bundle keeps parts of the file.
func Parse(file []byte) (*Bundle, error) {
	switch {
	case len(file) > MaxBytes:
		return nil, fmt.Errorf("the file has %d bytes, at most %d are read", len(file), MaxBytes)
	case !Is(file) || len(file) <= len(magic):
		return nil, errors.New("the file is no bundle")
	case file[len(magic)] != version:
		return nil, fmt.Errorf("the bundle has version %d, want %d; update the older side", file[len(magic)], version)
	}
	b, last := &Bundle{}, part(0)
	for rest := file[len(magic)+1:]; len(rest) > 0; {
		at := len(file) - len(rest)
		if len(rest) < 9 {
			return nil, fmt.Errorf("the bundle is cut at byte %d", at)
		}
		p, size := part(rest[0]), binary.BigEndian.Uint64(rest[1:])
		if p <= last || p >= partEnd {
			return nil, fmt.Errorf("the bundle has %s at byte %d, where it has no place", p, at)
		}
		rest = rest[9:]
		if size == 0 || size > uint64(len(rest)) {
			return nil, fmt.Errorf("the %s of the bundle say at byte %d that they have %d bytes; the file was cut or changed", p, at, size)
		}
		if err := b.read(p, rest[:size:size]); err != nil {
			return nil, fmt.Errorf("the %s of the bundle, at byte %d: %w", p, at, err)
		}
		rest, last = rest[size:], p
	}
	return b, nil
}

func (b *Bundle) read(p part, data []byte) (err error) {
	switch p {
	case partLog:
		return b.readLog(data)
	case partCheckpoints:
		b.Checkpoints, err = parseList(data)
	case partLeaves:
		if b.Leaves = data; len(data)%tlog.HashSize != 0 {
			err = fmt.Errorf("%d bytes are no list of hashes", len(data))
		}
	case partEntries:
		err = b.readEntries(data)
	case partTemplate:
		b.Template = data
	case partTranscript:
		b.Transcript, err = parseList(data)
	case partReport:
		b.Report = data
	case partProofs:
		b.Proofs, err = parseList(data)
	}
	return err
}

func (b *Bundle) readLog(data []byte) error {
	if err := json.Unmarshal(data, &b.Log); err != nil {
		return err
	}
	again, err := json.Marshal(b.Log)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return errors.New("it is not written in the one way there is")
	}
	return nil
}

func (b *Bundle) readEntries(data []byte) error {
	items, err := parseList(data)
	if err != nil {
		return err
	}
	b.Entries = make([]Entry, len(items))
	for i, item := range items {
		if len(item) < 8 || item[0]>>7 != 0 {
			return fmt.Errorf("item %d is no entry", i)
		}
		b.Entries[i] = Entry{Index: int64(binary.BigEndian.Uint64(item)), Data: item[8:]}
		if i > 0 && b.Entries[i].Index <= b.Entries[i-1].Index {
			return fmt.Errorf("item %d is out of order", i)
		}
	}
	return nil
}

func parseList(data []byte) (out [][]byte, err error) {
	for len(data) > 0 {
		if len(data) < 4 || uint64(binary.BigEndian.Uint32(data)) > uint64(len(data)-4) {
			return nil, fmt.Errorf("item %d is cut", len(out))
		}
		n := binary.BigEndian.Uint32(data)
		out, data = append(out, data[4:4+n:4+n]), data[4+n:]
	}
	return out, nil
}
