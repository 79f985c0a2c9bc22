// Package pins keeps what a tenant trusted at first use: the key of a service, and the digest of a template under a name. What is pinned and
// comes back as something else is a [Changed], and nothing is sent after it.
//
// # Model
//
//	server            ─▶ pins/<hash>.json   the service's key
//	server, reference ─▶ pins/<hash>.json   the template's digest
//
// Each pin is a file of its own that is made once and never written again. That the file system lets only one of two processes make it is the
// whole of the locking. A person who knows that a change is right removes the file that the error names.
//
// First use is a risk that nobody can compute away: whoever answers the first time is trusted. Who has the key or the digest from elsewhere gives
// them before, with [Pins.Service] and [Pins.Template] all the same.
package pins

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
)

// maxPin is how many bytes the file of a pin has at most.
const maxPin = 4096

// Pins are those of one tenant's state folder.
type Pins struct{ dir string }

// Open returns the pins of a state folder, whose subfolder is made with the first of them.
func Open(state string) *Pins { return &Pins{filepath.Join(state, "pins")} }

// pin is what a file has.
type pin struct {
	Server string `json:"server"`
	// Template is slug@version; empty for the service's own key.
	Template string `json:"template,omitempty"`
	// Value is the key as text, or the digest as 64 hexadecimal digits.
	Value string    `json:"value"`
	Since time.Time `json:"since"`
}

// Changed says that a service shows something else than it did before.
type Changed struct {
	// What it is of: "key", or "template SLUG@VERSION".
	What, Server string
	// Had is what was pinned, Got what was shown now.
	Had, Got string
	// Since is when it was pinned, Path the file of the pin.
	Since time.Time
	Path  string
}

// Error says what a person has to find out before going on.
func (c *Changed) Error() string {
	return fmt.Sprintf("the %s of the service at %s is not the one of %s any more: it was %s and is %s; ask its operator over another way, and only where the change is right remove %s",
		c.What, c.Server, c.Since.Format(time.DateOnly), c.Had, c.Got, c.Path)
}

// Service pins the key of a service at its first use, and says whether this was it. It fails with *[Changed] where another key is pinned.
func (p *Pins) Service(server string, key keys.PublicIdentity) (first bool, err error) {
	return p.hold("key", pin{Server: server, Value: key.String()})
}

// Template pins the digest (64 hexadecimal digits) of a template under its reference (slug@version) at its first use, and says whether this
// was it. It fails with *[Changed] where another digest is pinned.
func (p *Pins) Template(server, reference, digest string) (first bool, err error) {
	return p.hold("template "+reference, pin{Server: server, Template: reference, Value: digest})
}

// Known returns the key that is pinned for a service.
func (p *Pins) Known(server string) (key keys.PublicIdentity, ok bool, err error) {
	had, err := p.read(pin{Server: server})
	if errors.Is(err, fs.ErrNotExist) {
		return key, false, nil
	}
	if err == nil {
		key, err = keys.ParsePublicIdentity(had.Value)
	}
	return key, err == nil, err
}

// hold makes a pin, or holds a value against the one that is there.
func (p *Pins) hold(what string, now pin) (first bool, err error) {
	now.Since = time.Now().UTC().Truncate(time.Second)
	had, err := p.read(now)
	if errors.Is(err, fs.ErrNotExist) {
		if err = p.create(now); err == nil {
			return true, nil
		}
		if errors.Is(err, fs.ErrExist) { // another process was quicker
			had, err = p.read(now)
		}
	}
	if err != nil {
		return false, err
	}
	if had.Value != now.Value {
		return false, &Changed{What: what, Server: now.Server, Had: had.Value, Got: now.Value, Since: had.Since, Path: p.path(now)}
	}
	return false, nil
}

func (p *Pins) read(of pin) (*pin, error) {
	path := p.path(of)
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var had pin
	if err == nil {
		var data []byte
		data, err = io.ReadAll(io.LimitReader(file, maxPin))
		if err = errors.Join(err, file.Close()); err == nil {
			err = json.Unmarshal(data, &had)
		}
	}
	if err == nil && (had.Server != of.Server || had.Template != of.Template || had.Value == "") {
		err = errors.New("it is not the pin of this service or template")
	}
	if err != nil {
		return nil, fmt.Errorf("what was trusted before cannot be read from %s: %w; restore the file from a backup, or remove it once you know the right value from elsewhere", path, err)
	}
	return &had, nil
}

// create makes a pin durable, whole, and only where there is none.
func (p *Pins) create(now pin) error {
	data, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("what is trusted from now on was not kept: %w", err)
	}
	temporary := filepath.Join(p.dir, "."+rand.Text())
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err == nil {
		_, err = file.Write(append(data, '\n'))
		err = errors.Join(err, file.Sync(), file.Close())
		if err == nil {
			err = os.Link(temporary, p.path(now))
		}
		err = errors.Join(err, os.Remove(temporary))
	}
	if err == nil {
		err = errors.Join(keyfile.SyncDir(p.dir), keyfile.SyncDir(filepath.Dir(p.dir)))
	}
	if err != nil {
		return fmt.Errorf("what is trusted from now on was not kept: %w", err)
	}
	return nil
}

// path is a pin's file. Names of servers and templates are of all kinds, and file names are not.
func (p *Pins) path(of pin) string {
	return filepath.Join(p.dir, fmt.Sprintf("%x", sha256.Sum256([]byte(of.Server+"\x00"+of.Template)))[:32]+".json")
}
