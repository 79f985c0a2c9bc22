package sessionlog

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
)

// Errors that a caller may want to tell apart.
var (
	ErrSessionUsed    = errors.New("this session was begun before and is never begun again: open a new comparison")
	ErrUnknownSession = errors.New("this session was never begun here")
	ErrOtherResponse  = errors.New("another response to this session was decrypted already: a second one would give the key away")
	ErrLocked         = errors.New("another process uses this session log: wait until it ends")
	ErrDamaged        = errors.New("this session log is damaged, so that nobody knows which sessions were used: keep it, and make a new tenant key with a new log")
	ErrUnusable       = errors.New("this session log takes no more records since a write failed: mend the disk and start again")
)

// Log is the record of sessions and responses. Its methods may be called from several goroutines.
type Log struct {
	mu      sync.Mutex
	f       *os.File              // guarded by mu; nil once closed
	size    int64                 // guarded by mu; bytes of whole records
	sum     [sha256.Size]byte     // guarded by mu; checksum of the last record
	seen    map[[32]byte][32]byte // guarded by mu; sessions and their response's digest
	answers map[[32]byte]struct{} // guarded by mu; sessions that have a response
	broken  error                 // guarded by mu; why nothing is appended any more
	dropped int                   // bytes of a torn record, set once
}

// Open opens the log at path, or makes an empty one with mode 0600, and holds it alone until [Log.Close]. It fails with
// [ErrLocked] while another process, or this one, has it open, and with [ErrDamaged] for a file that is not a log or was changed
// anywhere but in its last, unfinished record. A symbolic link is refused.
func Open(path string) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return nil, fmt.Errorf("the directory of the session log %s was not made: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, fileMode)
	if err != nil {
		return nil, fmt.Errorf("the session log %s cannot be opened: %w", path, err)
	}
	l := &Log{f: f, seen: map[[32]byte][32]byte{}, answers: map[[32]byte]struct{}{}}
	if err := l.start(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// start locks the file, reads it, and cuts a torn record off.
func (l *Log) start(path string) error {
	if err := unix.Flock(int(l.f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("%s: %w", path, ErrLocked)
		}
		return fmt.Errorf("the session log %s cannot be locked: %w", path, err)
	}
	info, err := l.f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("the session log %s cannot be looked at: %w", path, err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("the session log %s is no regular file of mode 0600: change it to that", path)
	case info.Size() > maxRecords*recordSize:
		return fmt.Errorf("the session log %s has %d bytes, over the limit of %d: start a new tenant key with a new log",
			path, info.Size(), maxRecords*recordSize)
	}
	if err := l.load(info.Size()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if l.dropped > 0 {
		if err := l.f.Truncate(l.size); err != nil {
			return fmt.Errorf("the unfinished record of the session log %s was not cut off: %w", path, err)
		}
	}
	// The name and the cut must be as durable as the records that come after them.
	if err := errors.Join(l.f.Sync(), keyfile.SyncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("the session log %s is not durable: %w", path, err)
	}
	return nil
}

// load reads all records of a file of the given size in bytes.
func (l *Log) load(size int64) error {
	in := bufio.NewReader(io.NewSectionReader(l.f, 0, size))
	var b [recordSize]byte
	for l.size < size {
		n, err := io.ReadFull(in, b[:])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("the session log cannot be read: %w", err)
		}
		r, sum, err := parseRecord(b[:n], l.count(), l.sum)
		last := l.size+int64(n) == size
		switch {
		case errors.Is(err, errTorn) && last && beginsLikeRecord(b[:n]):
			l.dropped = n
			return nil
		case err == nil:
			err = l.admit(r)
		}
		if err != nil {
			return fmt.Errorf("%w (record %d: %w)", ErrDamaged, l.count(), err)
		}
		l.remember(r)
		l.size, l.sum = l.size+recordSize, sum
	}
	return nil
}

// MarkSession records durably that a session begins, before anything is sent in it. It fails with
// [ErrSessionUsed] if the session was begun before, by whatever process.
func (l *Log) MarkSession(session [32]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(record{event: eventSession, session: session})
}

// RecordResponse records durably the digest of the one response that will be decrypted in a session. It fails with
// [ErrUnknownSession] if the session was not begun, and with [ErrOtherResponse] if another digest is on record. The
// same digest again is no error: an interrupted comparison goes on with the response that it had.
func (l *Log) RecordResponse(session, digest [32]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, answered := l.answers[session]; answered && l.seen[session] == digest && l.f != nil {
		return nil
	}
	return l.add(record{event: eventResponse, session: session, digest: digest})
}

// Response returns the digest on record for a session: whether the session was begun, and whether it was answered.
func (l *Log) Response(session [32]byte) (digest [32]byte, begun, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	digest, begun = l.seen[session]
	_, answered = l.answers[session]
	return digest, begun, answered
}

// Dropped returns the number of bytes of an unfinished record that [Open] cut off, 0 if the last process ended well.
func (l *Log) Dropped() int { return l.dropped }

// Close gives the file free. No method adds a record afterwards.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	if err != nil {
		return fmt.Errorf("the session log was not closed: %w", err)
	}
	return nil
}

// admit says whether the rules let a record follow those that are there.
func (l *Log) admit(r record) error {
	_, begun := l.seen[r.session]
	_, answered := l.answers[r.session]
	switch {
	case r.event == eventSession && begun:
		return ErrSessionUsed
	case r.event == eventResponse && !begun:
		return ErrUnknownSession
	case r.event == eventResponse && answered:
		return ErrOtherResponse
	}
	return nil
}

func (l *Log) remember(r record) {
	l.seen[r.session] = r.digest
	if r.event == eventResponse {
		l.answers[r.session] = struct{}{}
	}
}

// add appends a record that the rules admit and returns when the disk has it.
func (l *Log) add(r record) error {
	switch {
	case l.f == nil:
		return fmt.Errorf("the session log is closed: %w", fs.ErrClosed)
	case l.broken != nil:
		return fmt.Errorf("%w (%w)", ErrUnusable, l.broken)
	}
	if err := l.admit(r); err != nil {
		return err
	}
	if l.count() >= maxRecords {
		return fmt.Errorf("the session log is full with %d records: start a new tenant key with a new log", maxRecords)
	}
	r.number = l.count()
	b := r.append(make([]byte, 0, recordSize), l.sum)
	if _, err := l.f.WriteAt(b, l.size); err != nil {
		// Part of the record may be there. It is cut off, or else found torn when the log is opened.
		if cutErr := l.f.Truncate(l.size); cutErr != nil {
			l.broken = errors.Join(err, cutErr)
		}
		return fmt.Errorf("the session was not recorded, and nothing may be sent in it: %w", err)
	}
	if err := l.f.Sync(); err != nil {
		// After a failed fsync the kernel may have dropped the page: what the disk holds is unknown,
		// and a second fsync that succeeds says nothing of it.
		l.broken = err
		return fmt.Errorf("the session was not recorded, and nothing may be sent in it: %w", err)
	}
	l.size, l.sum = l.size+recordSize, [sha256.Size]byte(b[bodySize:])
	l.remember(r)
	return nil
}

// count returns the number of whole records.
func (l *Log) count() uint64 { return uint64(l.size / recordSize) }
