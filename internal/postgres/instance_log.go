package postgres

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// openLog opens the server log for appending, as the server does it, and says how long it is.
func (h *home) openLog() (*os.File, int64, error) {
	if err := h.trimLog(); err != nil {
		return nil, 0, err
	}
	f, err := os.OpenFile(h.in(logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("the server log cannot be opened: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// trimLog bounds the log: when it is too long, its end becomes server.log.1 and it is emptied.
// The server keeps the file open, hence no renaming; a line written in between is lost.
func (h *home) trimLog() error {
	info, err := os.Lstat(h.in(logName))
	if err != nil || info.Size() <= maxLogBytes {
		return nil //nolint:nilerr // a log that is not there yet is not too long
	}
	b := h.logSince(info.Size() - maxLogBytes)
	return errors.Join(h.writeDurably(logName+".1", b), os.Truncate(h.in(logName), 0))
}

// logSince is what the log holds from an offset on, at most maxLogBytes; nothing where it
// cannot be read, for it only explains other errors.
func (h *home) logSince(offset int64) []byte {
	f, err := os.Open(h.in(logName))
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // it was only read
	b, _ := io.ReadAll(io.NewSectionReader(f, offset, maxLogBytes))
	return b
}
