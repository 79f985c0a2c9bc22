package sessionlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/keyfile"
)

// journalExt ends the names of journals: 64 hexadecimal digits of the comparison before it.
const journalExt = ".journal"

// A record in a journal is its size in four bytes, big-endian, its bytes, and the SHA-256 over the checksum of the record before it, the size
// and the bytes. A crash in the middle of an append leaves a last record that is cut off; it was acted on by nobody, and is dropped.
const (
	journalHeader  = 4
	journalTrailer = sha256.Size
)

// Errors of journals that a caller may want to tell apart.
var (
	ErrNoJournal      = errors.New("there is no journal of this comparison: it was deleted, or begun on another machine; open a new comparison")
	ErrJournalExists  = errors.New("there is a journal of this comparison already: resume it, or open a new comparison")
	ErrDamagedJournal = errors.New("this journal is damaged, so that nobody knows what was sent: keep it, and open a new comparison")
)

// Journal keeps the records of comparisons from which a tenant goes on after its process died: one file a comparison. Its methods may be called from several
// goroutines. The [Log] of the same directory keeps other processes away: open it first.
type Journal struct {
	dir string

	mu   sync.Mutex
	open map[[32]byte]*journalFile // those that this process began or read; mu
}

var _ compare.Journal = (*Journal)(nil)

// journalFile is the file of one comparison.
type journalFile struct {
	file  *os.File
	size  int64 // of whole records
	chain [sha256.Size]byte
}

// NewJournal returns the journals in a directory, which is made with the first one.
func NewJournal(dir string) *Journal {
	return &Journal{dir: dir, open: make(map[[32]byte]*journalFile)}
}

// Close closes all files.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	for id, f := range j.open {
		errs = append(errs, f.file.Close())
		delete(j.open, id)
	}
	return errors.Join(errs...)
}

// Append keeps a record and returns when the disk has it. The first record of a comparison begins a journal, and fails with [ErrJournalExists] where
// there is one that this process has not read. After an error nothing is kept of the record, and it may come again.
func (j *Journal) Append(comparison [32]byte, record []byte) error {
	if len(record) == 0 || len(record) > maxJournalRecord {
		return fmt.Errorf("a record of %d bytes is not kept: it has 1 to %d", len(record), maxJournalRecord)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	f := j.open[comparison]
	if f == nil {
		var err error
		if f, err = j.begin(comparison); err != nil {
			return err
		}
		j.open[comparison] = f
	}
	return f.append(record)
}

// begin makes the file of a new comparison.
func (j *Journal) begin(comparison [32]byte) (*journalFile, error) {
	if err := os.MkdirAll(j.dir, dirMode); err != nil {
		return nil, fmt.Errorf("the journal's directory could not be made: %w", err)
	}
	path := j.path(comparison)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w (%s)", ErrJournalExists, path)
	}
	if err != nil {
		return nil, fmt.Errorf("the journal could not be made: %w", err)
	}
	if err := keyfile.SyncDir(j.dir); err != nil {
		return nil, errors.Join(fmt.Errorf("the journal could not be made: %w", err), file.Close(), os.Remove(path))
	}
	return &journalFile{file: file, chain: firstChain(comparison)}, nil
}

// firstChain makes a record of one comparison no record of another.
func firstChain(comparison [32]byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte("veil/journal/v1"), comparison[:]...))
}

func (f *journalFile) append(record []byte) error {
	framed := binary.BigEndian.AppendUint32(make([]byte, 0, journalHeader+len(record)+journalTrailer), uint32(len(record)))
	framed = append(framed, record...)
	chain := chained(f.chain, framed)
	framed = append(framed, chain[:]...)
	_, err := f.file.WriteAt(framed, f.size)
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("the record was not kept: %w", errors.Join(err, f.file.Truncate(f.size)))
	}
	f.size, f.chain = f.size+int64(len(framed)), chain
	return nil
}

func chained(before [sha256.Size]byte, framed []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(before[:])
	h.Write(framed)
	return [sha256.Size]byte(h.Sum(nil))
}

// Records returns the records of a comparison in order, and lets it go on. It fails with [ErrNoJournal] where there are none and with [ErrDamagedJournal] where
// anything but the end is not what was written. An unfinished record at the end is cut off.
func (j *Journal) Records(comparison [32]byte) ([][]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	path := j.path(comparison)
	f := j.open[comparison]
	if f == nil {
		file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w (%s)", ErrNoJournal, path)
		}
		if err != nil {
			return nil, fmt.Errorf("the journal cannot be read: %w", err)
		}
		f = &journalFile{file: file}
	}
	records, err := f.read(comparison)
	if err != nil {
		delete(j.open, comparison)
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.file.Close())
	}
	j.open[comparison] = f
	return records, nil
}

// read reads all whole records and cuts off what follows them.
func (f *journalFile) read(comparison [32]byte) ([][]byte, error) {
	info, err := f.file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxJournalBytes {
		return nil, fmt.Errorf("%w: it is no file of at most %d bytes", ErrDamagedJournal, maxJournalBytes)
	}
	data := make([]byte, info.Size())
	if _, err := f.file.ReadAt(data, 0); err != nil && len(data) > 0 {
		return nil, err
	}
	records, size, chain, err := parseJournal(comparison, data)
	if err != nil {
		return nil, err
	}
	if f.size, f.chain = size, chain; size < info.Size() {
		if err := errors.Join(f.file.Truncate(size), f.file.Sync()); err != nil {
			return nil, fmt.Errorf("an unfinished record could not be cut off: %w", err)
		}
	}
	return records, nil
}

// parseJournal reads whole records. What follows the last one has to be the beginning of one, shorter than the whole.
func parseJournal(comparison [32]byte, data []byte) (records [][]byte, size int64, chain [sha256.Size]byte, err error) {
	chain = firstChain(comparison)
	for rest := data; len(rest) > 0; {
		if len(rest) < journalHeader {
			return records, size, chain, nil
		}
		n := int(binary.BigEndian.Uint32(rest))
		if n == 0 || n > maxJournalRecord {
			return nil, 0, chain, fmt.Errorf("%w: record %d claims %d bytes", ErrDamagedJournal, len(records)+1, n)
		}
		whole := journalHeader + n + journalTrailer
		if len(rest) < whole {
			return records, size, chain, nil
		}
		next := chained(chain, rest[:whole-journalTrailer])
		if !bytes.Equal(next[:], rest[whole-journalTrailer:whole]) {
			if len(rest) == whole { // written out of order as the machine died
				return records, size, chain, nil
			}
			return nil, 0, chain, fmt.Errorf("%w: record %d is not what was written", ErrDamagedJournal, len(records)+1)
		}
		records = append(records, bytes.Clone(rest[journalHeader:journalHeader+n]))
		rest, size, chain = rest[whole:], size+int64(whole), next
	}
	return records, size, chain, nil
}

// Comparisons lists those that have a journal, in the order of their names.
func (j *Journal) Comparisons() ([][32]byte, error) {
	entries, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the journals cannot be listed: %w", err)
	}
	var out [][32]byte
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), journalExt)
		if id, err := hex.DecodeString(digits); ok && err == nil && len(id) == 32 {
			out = append(out, [32]byte(id))
		}
	}
	return out, nil
}

// Forget deletes the journal of a comparison. It is no error where there is none.
func (j *Journal) Forget(comparison [32]byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if f := j.open[comparison]; f != nil {
		delete(j.open, comparison)
		if err := f.file.Close(); err != nil {
			return err
		}
	}
	if err := os.Remove(j.path(comparison)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the journal could not be deleted: %w", err)
	}
	return nil
}

func (j *Journal) path(comparison [32]byte) string {
	return filepath.Join(j.dir, hex.EncodeToString(comparison[:])+journalExt)
}
