package keyfile_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
)

// terminal opens a pseudo-terminal: what is written to the person's end is typed at the other.
func terminal(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { person.Close() }) //nolint:errcheck // of a test
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { tty.Close() }) //nolint:errcheck // of a test
	return person, tty
}

// echoes reports whether the terminal shows what is typed.
func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// eventually waits for a condition, at most five seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

type asked struct {
	secret keys.Secret
	err    error
}

func ask(ctx context.Context, tty *os.File) chan asked {
	done := make(chan asked, 1)
	go func() {
		s, err := keyfile.AskOn(ctx, tty, "Passphrase: ")
		done <- asked{s, err}
	}()
	return done
}

func TestThePassphraseIsNotShownWhileItIsTyped(t *testing.T) {
	person, tty := terminal(t)
	done := ask(t.Context(), tty)
	eventually(t, "the terminal hides what is typed", func() bool { return !echoes(t, tty) })
	if _, err := person.WriteString("open sesame\n"); err != nil {
		t.Fatal(err)
	}
	got := <-done
	if got.err != nil || !got.secret.Equal(keys.NewSecret([]byte("open sesame"))) {
		t.Errorf("got another passphrase, %v", got.err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal still hides what is typed")
	}
	b := make([]byte, 1024)
	n, err := person.Read(b)
	if shown := string(b[:n]); err != nil || !strings.Contains(shown, "Passphrase: ") || strings.Contains(shown, "sesame") {
		t.Errorf("the person saw %q, %v, want the prompt and no passphrase", shown, err)
	}
}

func TestInterruptingThePromptLeavesTheTerminalAsItWas(t *testing.T) {
	_, tty := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := ask(ctx, tty)
	eventually(t, "the terminal hides what is typed", func() bool { return !echoes(t, tty) })
	cancel()
	if got := <-done; !errors.Is(got.err, context.Canceled) {
		t.Errorf("got %v, want the context's error", got.err)
	}
	if !echoes(t, tty) {
		t.Error("the person's shell would show nothing of what is typed")
	}
}
