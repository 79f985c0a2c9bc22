package keyfile

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/veilschema/veil/keys"
)

// Terminal asks on the terminal of this process, whatever stdin and stdout are.
type Terminal struct{}

var _ Prompter = Terminal{}

// Ask implements [Prompter]. When the context ends, as on Ctrl-C, the terminal shows again what is typed.
func (Terminal) Ask(ctx context.Context, prompt string) (keys.Secret, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return keys.Secret{}, fmt.Errorf("there is no terminal to ask for a passphrase: set %s, %s or %s (%w)",
			EnvPassphraseFD, EnvKeyFD, EnvKey, err)
	}
	defer tty.Close() //nolint:errcheck // only the prompt was written
	return ask(ctx, tty, prompt)
}

// ask reads a line from a terminal without echo.
func ask(ctx context.Context, tty *os.File, prompt string) (keys.Secret, error) {
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return keys.Secret{}, fmt.Errorf("the terminal does not hide what is typed: %w", err)
	}
	if _, err := fmt.Fprint(tty, prompt); err != nil {
		return keys.Secret{}, fmt.Errorf("the terminal takes no prompt: %w", err)
	}
	type answer struct {
		b   []byte
		err error
	}
	// A read of a terminal cannot be cancelled: when the context ends first, this goroutine stays in
	// its read until the process ends, which is what a context that ends here is about.
	answers := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		answers <- answer{b, err}
	}()
	defer fmt.Fprintln(tty) // the person's line end was not shown
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		return keys.Secret{}, ctx.Err()
	case a := <-answers:
		defer clear(a.b)
		if a.err != nil {
			return keys.Secret{}, fmt.Errorf("the passphrase was not read: %w", a.err)
		}
		return keys.NewSecret(a.b), nil
	}
}
