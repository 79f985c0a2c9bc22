package keyfile_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/adrg/xdg"
	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
)

// typist answers prompts in turn, and counts them.
type typist struct {
	answers []string
	prompts []string
}

func (p *typist) Ask(_ context.Context, prompt string) (keys.Secret, error) {
	p.prompts = append(p.prompts, prompt)
	if len(p.prompts) > len(p.answers) {
		return keys.Secret{}, errors.New("nobody answers")
	}
	return keys.NewSecret([]byte(p.answers[len(p.prompts)-1])), nil
}

// sources are those of a process with this environment, these descriptors and this person.
func sources(env map[string]string, fds map[int]string, answers ...string) (*keyfile.Sources, *typist) {
	p := &typist{answers: answers}
	return &keyfile.Sources{
		Getenv:   func(name string) string { return env[name] },
		Unsetenv: func(name string) error { delete(env, name); return nil },
		OpenFD: func(fd int) (io.ReadCloser, error) {
			s, ok := fds[fd]
			if !ok {
				return nil, os.ErrInvalid
			}
			delete(fds, fd) // it gives once
			return io.NopCloser(strings.NewReader(s)), nil
		},
		Prompter: p,
	}, p
}

var keyText = strings.Repeat("5a", 32)

func TestAKeyIsMadeAndOpenedFromEverySource(t *testing.T) {
	for name, test := range map[string]struct {
		env     map[string]string
		fds     map[int]string
		answers []string
		method  keys.Method
	}{
		"VEIL_KEY":               {env: map[string]string{keyfile.EnvKey: keyText}, method: keys.MethodKey},
		"VEIL_KEY_FD":            {env: map[string]string{keyfile.EnvKeyFD: "3"}, fds: map[int]string{3: keyText + "\n"}, method: keys.MethodKey},
		"VEIL_PASSPHRASE_FD":     {env: map[string]string{keyfile.EnvPassphraseFD: "0"}, fds: map[int]string{0: "open sesame\r\n"}, method: keys.MethodPassphrase},
		"a passphrase of spaces": {env: map[string]string{keyfile.EnvPassphraseFD: "0"}, fds: map[int]string{0: "  "}, method: keys.MethodPassphrase},
		"the terminal":           {answers: []string{"open sesame", "open sesame"}, method: keys.MethodPassphrase},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tenant.key")
			from, _ := sources(test.env, test.fds, test.answers...)
			root, err := keyfile.CreateRoot(t.Context(), path, rand.Reader, from)
			if err != nil {
				t.Fatal(err)
			}
			if h, err := keyfile.Inspect(path); err != nil || h.Method != test.method || h.Kind != keys.KindRoot {
				t.Errorf("got the header %v, %v, want method %v", h, err, test.method)
			}
			again, err := keyfile.OpenRoot(t.Context(), path, from) // with the answer of before
			if err != nil || again.Identity().Public() != root.Identity().Public() {
				t.Errorf("it came back differently: %v", err)
			}
		})
	}
}

func TestAPersonTypesTwiceToMakeAndOnceToOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service.key")
	from, person := sources(nil, nil, "open sesame", "open sesame")
	made, err := keyfile.CreateIdentity(t.Context(), path, rand.Reader, from)
	if err != nil || len(person.prompts) != 2 {
		t.Fatalf("got %d prompts and %v, want 2", len(person.prompts), err)
	}
	from, person = sources(nil, nil, "close sesame", "open sesame")
	if _, err := keyfile.OpenIdentity(t.Context(), path, from); !errors.Is(err, keys.ErrUnsealed) {
		t.Errorf("got %v, want ErrUnsealed", err)
	}
	got, err := keyfile.OpenIdentity(t.Context(), path, from) // the person tries again
	if err != nil || len(person.prompts) != 2 || got.Public() != made.Public() {
		t.Errorf("got %d prompts and %v, want 2", len(person.prompts), err)
	}
	if !strings.Contains(person.prompts[0], path) {
		t.Errorf("the prompt %q does not say which file", person.prompts[0])
	}
	if _, err := keyfile.OpenRoot(t.Context(), path, from); !errors.Is(err, keys.ErrOtherKind) {
		t.Errorf("got %v, want ErrOtherKind", err)
	}
	if len(person.prompts) != 2 {
		t.Error("a person was asked for a file that is not the right one anyway")
	}
}

func TestNoFileComesFromASourceThatDoesNotSeal(t *testing.T) {
	fd := func(name, number string) map[string]string { return map[string]string{name: number} }
	for name, test := range map[string]struct {
		env     map[string]string
		fds     map[int]string
		answers []string
		says    string
	}{
		"passphrases that differ":  {answers: []string{"one", "two"}, says: "differ"},
		"an empty passphrase":      {answers: []string{"", ""}, says: "empty"},
		"an empty descriptor":      {env: fd(keyfile.EnvPassphraseFD, "3"), fds: map[int]string{3: "\n"}, says: "empty"},
		"nobody at the terminal":   {says: "nobody answers"},
		"a key that is none":       {env: fd(keyfile.EnvKey, "password"), says: "VEIL_KEY does not give a key"},
		"a descriptor without key": {env: fd(keyfile.EnvKeyFD, "3"), fds: map[int]string{3: "password"}, says: "VEIL_KEY_FD does not give a key"},
		"a closed descriptor":      {env: fd(keyfile.EnvKeyFD, "9"), says: "cannot be read"},
		"a word for a descriptor":  {env: fd(keyfile.EnvKeyFD, "stdin"), says: "number"},
		"stdout":                   {env: fd(keyfile.EnvPassphraseFD, "1"), says: "number"},
		"a negative descriptor":    {env: fd(keyfile.EnvPassphraseFD, "-1"), says: "number"},
		"a film for a passphrase":  {env: fd(keyfile.EnvPassphraseFD, "3"), fds: map[int]string{3: strings.Repeat("x", 1<<20)}, says: "more than"},
		"two sources at once": {
			env: map[string]string{keyfile.EnvKey: keyText, keyfile.EnvPassphraseFD: "3"}, fds: map[int]string{3: "p"}, says: "more than one",
		},
	} {
		dir := t.TempDir()
		from, _ := sources(test.env, test.fds, test.answers...)
		_, err := keyfile.CreateRoot(t.Context(), filepath.Join(dir, "k"), rand.Reader, from)
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, test.says)
		}
		if err != nil && strings.Contains(err.Error(), "password") {
			t.Errorf("%s: the error quotes the secret: %v", name, err)
		}
		mustHold(t, dir)
	}
}

func TestNobodyIsAskedForAPassphraseInVain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	from, person := sources(nil, nil, "p", "p")
	if _, err := keyfile.OpenRoot(t.Context(), path, from); !errors.Is(err, keyfile.ErrMissing) {
		t.Errorf("got %v, want ErrMissing", err)
	}
	if err := keyfile.Create(path, payload); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.CreateRoot(t.Context(), path, rand.Reader, from); !errors.Is(err, keyfile.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	if _, err := keyfile.OpenRoot(t.Context(), path, from); !errors.Is(err, keys.ErrNotSealed) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrNotSealed and the path", err)
	}
	if len(person.prompts) != 0 {
		t.Errorf("a person was asked %q", person.prompts)
	}
}

func TestASourceThatDoesNotFitTheFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	machine, person := filepath.Join(dir, "machine"), filepath.Join(dir, "person")
	byKey, _ := sources(map[string]string{keyfile.EnvKey: keyText}, nil)
	if _, err := keyfile.CreateRoot(t.Context(), machine, rand.Reader, byKey); err != nil {
		t.Fatal(err)
	}
	byPassphrase, _ := sources(nil, nil, "p", "p")
	if _, err := keyfile.CreateRoot(t.Context(), person, rand.Reader, byPassphrase); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.OpenRoot(t.Context(), person, byKey); !errors.Is(err, keys.ErrOtherLock) {
		t.Errorf("got %v, want ErrOtherLock", err)
	}
	nothing, typist := sources(nil, nil, "p")
	_, err := keyfile.OpenRoot(t.Context(), machine, nothing)
	if err == nil || !strings.Contains(err.Error(), keyfile.EnvKey) || len(typist.prompts) != 0 {
		t.Errorf("got %v, want an error that names %s, and no prompt", err, keyfile.EnvKey)
	}
}

func TestTheKeyLeavesTheEnvironmentOnceItWasRead(t *testing.T) {
	t.Setenv(keyfile.EnvKey, keyText)
	var from keyfile.Sources
	if _, err := from.ForNew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, there := os.LookupEnv(keyfile.EnvKey); there {
		t.Error("children of this process would inherit the key")
	}
}

func TestAKeyIsReadFromADescriptorOfThisProcess(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(keyText + "\n"); err != nil {
		t.Fatal(err)
	}
	w.Close() //nolint:errcheck // the reader sees the end
	// A descriptor of its own, since the source closes the one that it is given.
	fd := dup(t, r)
	from := keyfile.Sources{Getenv: func(name string) string {
		return map[string]string{keyfile.EnvKeyFD: strconv.Itoa(fd)}[name]
	}}
	lock, err := from.ForNew(t.Context())
	if err != nil || lock.Method() != keys.MethodKey {
		t.Fatalf("got %v, %v, want a sealing key", lock, err)
	}
	want, err := hex.DecodeString(keyText)
	if err != nil {
		t.Fatal(err)
	}
	wantLock, err := keys.KeyLock(keys.NewSecret(want))
	if err != nil {
		t.Fatal(err)
	}
	root, err := keys.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.SealRoot(rand.Reader, lock, root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.OpenRoot(sealed, wantLock); err != nil {
		t.Errorf("the descriptor gave another key: %v", err)
	}
}

func dup(t *testing.T, f *os.File) int {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestAnEndedContextAsksNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	from, person := sources(nil, nil, "p", "p")
	if _, err := from.ForNew(ctx); !errors.Is(err, context.Canceled) || len(person.prompts) != 0 {
		t.Errorf("got %v and %d prompts, want the context's error and none", err, len(person.prompts))
	}
}

func TestKeysLieWhereXDGSays(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/somewhere/share")
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	if got, want := keyfile.DefaultPath(), "/somewhere/share/veil/tenant.key"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := keyfile.DefaultIdentityPath(), "/somewhere/share/veil/service.key"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
