package keyfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/veilschema/veil/keys"
)

// Names of the environment variables that say what seals and opens keys.
const (
	EnvKey          = "VEIL_KEY"           // a sealing key
	EnvKeyFD        = "VEIL_KEY_FD"        // number of the descriptor to read a sealing key from
	EnvPassphraseFD = "VEIL_PASSPHRASE_FD" // number of the descriptor to read a passphrase from
)

// Prompter asks a person for a passphrase without showing it.
type Prompter interface {
	// Ask returns what was typed after the prompt, without the line end, or the context's error.
	Ask(ctx context.Context, prompt string) (keys.Secret, error)
}

// Sources says where passphrases and sealing keys come from. What was found once is used again: a file descriptor
// has nothing to give a second time. The zero value means this process's environment and terminal.
type Sources struct {
	Getenv   func(name string) string            // nil: the environment
	Unsetenv func(name string) error             // nil: the environment; called for EnvKey once it was read
	OpenFD   func(fd int) (io.ReadCloser, error) // nil: the process's descriptors
	Prompter Prompter                            // nil: the terminal

	found keys.Lock // the answer to all further questions
}

// ForNew returns the lock for a key that is being made; a person types the passphrase twice.
func (s *Sources) ForNew(ctx context.Context) (keys.Lock, error) {
	return s.lock(ctx, func() (keys.Secret, error) {
		first, err := s.ask(ctx, "Passphrase for the new key: ")
		if err != nil {
			return keys.Secret{}, err
		}
		if first.Empty() { // refuse before it is asked for again
			return first, nil
		}
		again, err := s.ask(ctx, "The same passphrase again: ")
		if err != nil {
			return keys.Secret{}, err
		}
		defer again.Wipe()
		if !first.Equal(again) {
			return keys.Secret{}, errors.New("the two passphrases differ: nothing was written, try again")
		}
		return first, nil
	})
}

// ForOpen returns the lock for the key file with this path and header. It fails where the file wants a passphrase and a
// sealing key is given, or the other way round.
func (s *Sources) ForOpen(ctx context.Context, path string, h keys.Header) (keys.Lock, error) {
	lock, err := s.lock(ctx, func() (keys.Secret, error) {
		if h.Method != keys.MethodPassphrase {
			return keys.Secret{}, fmt.Errorf("%s is sealed with a machine's sealing key: set %s or %s", path, EnvKey, EnvKeyFD)
		}
		return s.ask(ctx, "Passphrase of "+path+": ")
	})
	if err != nil {
		return keys.Lock{}, err
	}
	if lock.Method() != h.Method {
		return keys.Lock{}, fmt.Errorf("%w: %s is sealed with a %s, and the environment gives a %s",
			keys.ErrOtherLock, path, methodName(h.Method), methodName(lock.Method()))
	}
	return lock, nil
}

func methodName(m keys.Method) string {
	if m == keys.MethodKey {
		return "machine's sealing key"
	}
	return "passphrase"
}

// lock finds the one source that is set, else asks.
func (s *Sources) lock(ctx context.Context, ask func() (keys.Secret, error)) (keys.Lock, error) {
	if s.found.Method() != keys.MethodUnknown {
		return s.found, nil
	}
	if err := ctx.Err(); err != nil {
		return keys.Lock{}, err
	}
	lock, err := s.find(ask)
	if err == nil {
		s.found = lock
	}
	return lock, err
}

func (s *Sources) find(ask func() (keys.Secret, error)) (keys.Lock, error) {
	key, keyFD, passphraseFD := s.getenv(EnvKey), s.getenv(EnvKeyFD), s.getenv(EnvPassphraseFD)
	set := 0
	for _, v := range []string{key, keyFD, passphraseFD} {
		if v != "" {
			set++
		}
	}
	switch {
	case set > 1:
		return keys.Lock{}, fmt.Errorf("more than one of %s, %s and %s is set: keep the one that is meant", EnvKey, EnvKeyFD, EnvPassphraseFD)
	case key != "":
		defer func() { _ = s.unsetenv(EnvKey) }() // a name that cannot be unset was never set
		return keyLock(EnvKey, key)
	case keyFD != "":
		b, err := s.readFD(EnvKeyFD, keyFD)
		if err != nil {
			return keys.Lock{}, err
		}
		defer clear(b)
		return keyLock(EnvKeyFD, string(b))
	case passphraseFD != "":
		b, err := s.readFD(EnvPassphraseFD, passphraseFD)
		if err != nil {
			return keys.Lock{}, err
		}
		defer clear(b)
		return keys.PassphraseLock(keys.NewSecret(b))
	}
	passphrase, err := ask()
	if err != nil {
		return keys.Lock{}, err
	}
	return keys.PassphraseLock(passphrase)
}

func keyLock(source, text string) (keys.Lock, error) {
	key, err := keys.ParseSealingKey(text)
	if err != nil {
		return keys.Lock{}, fmt.Errorf("%s does not give a key: %w", source, err)
	}
	return keys.KeyLock(key)
}

// readFD reads a descriptor to its end and takes one line end away.
func (s *Sources) readFD(source, number string) ([]byte, error) {
	fd, err := strconv.Atoi(number)
	if err != nil || fd < 0 || fd == 1 || fd == 2 {
		return nil, fmt.Errorf("%s is %q: give the number of a file descriptor to read from, 0 or 3 and up", source, number)
	}
	from := s.OpenFD
	if from == nil {
		from = openFD
	}
	f, err := from(fd)
	if err != nil {
		return nil, fmt.Errorf("%s names descriptor %d, which cannot be read: %w", source, fd, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s names descriptor %d, which cannot be read: %w", source, fd, err)
	case len(b) > maxSource:
		return nil, fmt.Errorf("%s names descriptor %d, which gives more than %d bytes: this is no key", source, fd, maxSource)
	}
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r")), nil
}

func openFD(fd int) (io.ReadCloser, error) {
	f := os.NewFile(uintptr(fd), "descriptor "+strconv.Itoa(fd))
	if f == nil {
		return nil, os.ErrInvalid
	}
	return f, nil
}

func (s *Sources) getenv(name string) string {
	if s.Getenv != nil {
		return s.Getenv(name)
	}
	return os.Getenv(name)
}

func (s *Sources) unsetenv(name string) error {
	if s.Unsetenv != nil {
		return s.Unsetenv(name)
	}
	return os.Unsetenv(name)
}

func (s *Sources) ask(ctx context.Context, prompt string) (keys.Secret, error) {
	if s.Prompter != nil {
		return s.Prompter.Ask(ctx, prompt)
	}
	return Terminal{}.Ask(ctx, prompt)
}
