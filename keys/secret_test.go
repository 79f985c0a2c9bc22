package keys_test

import (
	"bytes"
	"crypto/rand"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/veilschema/veil/keys"
)

// marked returns a secret that is easy to find in what was printed.
func marked(t *testing.T) keys.Secret {
	t.Helper()
	return keys.NewSecret(bytes.Repeat([]byte("PQRSTUVW"), 4))
}

// spellings are the ways in which printers spell the bytes of marked.
func spellings() []string {
	b := []byte("PQRSTUVW")
	return []string{
		"PQRS", "pqrs", hex.EncodeToString(b[:4]), strings.ToUpper(hex.EncodeToString(b[4:])),
		"UFFSU1RVVlc", "80 81 82", "80,81,82", "0x50, 0x51", "0x50 0x51", "50 51 52", "'P'", "120 121 122", "1010000 1010001",
	}
}

func mustNotShow(t *testing.T, how, printed string) {
	t.Helper()
	for _, s := range spellings() {
		if strings.Contains(printed, s) {
			t.Errorf("%s shows the secret as %q: %s", how, s, printed)
		}
	}
}

// holders are all the things that hold a secret, and the shapes in which they get printed by accident.
func holders(t *testing.T) map[string]any {
	t.Helper()
	secret := marked(t)
	root, err := keys.NewRoot(bytes.NewReader(secret.Expose()))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := keys.NewIdentity(bytes.NewReader(secret.Expose()))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := keys.KeyLock(secret)
	if err != nil {
		t.Fatal(err)
	}
	type exported struct{ S keys.Secret }
	type hidden struct{ s keys.Secret }
	return map[string]any{
		"a secret": secret, "a pointer": &secret, "a slice": []keys.Secret{secret},
		"a map": map[string]keys.Secret{"k": secret}, "a field": exported{secret}, "an unexported field": hidden{secret},
		"a pointer to a field": &hidden{secret}, "an interface": []any{secret},
		"a root key": root, "an identity": identity, "an identity by value": *identity, "a lock": lock, "a pointer to a lock": &lock,
		"a root key by value": *root,
	}
}

func TestASecretShowsInNoVerbOfFmt(t *testing.T) {
	for name, v := range holders(t) {
		for verb := '!'; verb <= '~'; verb++ {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "+#", "# ", "100", ".3", "100.50"} {
				format := "%" + flags + string(verb)
				mustNotShow(t, format+" of "+name, fmt.Sprintf(format, v))
			}
		}
		mustNotShow(t, "Sprint of "+name, fmt.Sprint(v))
		mustNotShow(t, "an error about "+name, fmt.Errorf("it was %v", v).Error())
	}
}

func TestASecretShowsInNoLog(t *testing.T) {
	for name, v := range holders(t) {
		var out bytes.Buffer
		handlers := map[string]slog.Handler{
			"text": slog.NewTextHandler(&out, nil), "json": slog.NewJSONHandler(&out, nil),
		}
		for format, h := range handlers {
			out.Reset()
			slog.New(h).With("with", v).Info("message", "key", v, slog.Group("group", "key", v))
			mustNotShow(t, "a "+format+" log of "+name, out.String())
		}
	}
}

func TestASecretShowsInNoEncoding(t *testing.T) {
	encoders := map[string]func(io.Writer, any) error{
		"json": func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
		"gob":  func(w io.Writer, v any) error { return gob.NewEncoder(w).Encode(v) },
		"xml":  func(w io.Writer, v any) error { return xml.NewEncoder(w).Encode(v) },
		"yaml": func(w io.Writer, v any) (err error) { //nolint:nonamedreturns // the recovered panic is the result
			defer func() { // yaml panics on what it cannot encode
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			return yaml.NewEncoder(w).Encode(v)
		},
	}
	for name, v := range holders(t) {
		for format, encode := range encoders {
			var out bytes.Buffer
			if err := encode(&out, v); err != nil {
				mustNotShow(t, "the error of "+format+" of "+name, err.Error())
			}
			mustNotShow(t, format+" of "+name, out.String())
		}
	}
	if err := gob.NewEncoder(io.Discard).Encode(marked(t)); err == nil {
		t.Error("gob encoded a secret: somebody would read it back as something else")
	}
}

func TestASecretShowsInNoDifferenceBetweenValues(t *testing.T) {
	type hidden struct{ S keys.Secret }
	other := keys.NewSecret(bytes.Repeat([]byte("qrstuvwx"), 4))
	diff := cmp.Diff(hidden{marked(t)}, hidden{other})
	if diff == "" {
		t.Error("cmp takes two different secrets for the same")
	}
	mustNotShow(t, "cmp.Diff", diff)
}

func TestSecretsAreEqualByTheirBytes(t *testing.T) {
	a, b := keys.NewSecret([]byte("one")), keys.NewSecret([]byte("one"))
	other, longer := keys.NewSecret([]byte("two")), keys.NewSecret([]byte("one and more"))
	switch {
	case !a.Equal(b), !a.Equal(a):
		t.Error("equal bytes are not equal")
	case a.Equal(other), a.Equal(longer), longer.Equal(a):
		t.Error("different bytes are equal")
	case a.Equal(keys.Secret{}), (keys.Secret{}).Equal(keys.Secret{}):
		t.Error("a secret that is not there equals something")
	}
}

func TestWipingEmptiesAllCopiesAndClearsTheBytes(t *testing.T) {
	secret := marked(t)
	copied, b := secret, secret.Expose()
	secret.Wipe()
	if !secret.Empty() || !copied.Empty() || copied.Len() != 0 {
		t.Error("a copy outlived the wiping")
	}
	if !bytes.Equal(b, make([]byte, len(b))) {
		t.Errorf("the bytes are still there: %q", b)
	}
	secret.Wipe() // twice does no harm
	defer func() {
		if recover() == nil {
			t.Error("a wiped secret was exposed as if it were a key")
		}
	}()
	secret.Expose()
}

func TestASecretKeepsItsOwnCopy(t *testing.T) {
	b := []byte("a key")
	secret := keys.NewSecret(b)
	clear(b)
	if got := string(secret.Expose()); got != "a key" {
		t.Errorf("got %q, want the bytes as they were given", got)
	}
	_ = append(secret.Expose(), "more"...)
	if secret.Len() != 5 {
		t.Errorf("appending to the exposed bytes changed the secret to %d bytes", secret.Len())
	}
}

func TestAReaderWithoutRandomnessMakesNoKey(t *testing.T) {
	cause := errors.New("drained")
	short := io.MultiReader(bytes.NewReader(make([]byte, 31)), failing{cause})
	if _, err := keys.RandomSecret(short); !errors.Is(err, cause) {
		t.Errorf("got %v, want the reader's error", err)
	}
	if _, err := keys.NewRoot(failing{cause}); !errors.Is(err, cause) {
		t.Errorf("got %v, want the reader's error", err)
	}
	if _, err := keys.NewIdentity(failing{cause}); !errors.Is(err, cause) {
		t.Errorf("got %v, want the reader's error", err)
	}
	if s, err := keys.RandomSecret(rand.Reader); err != nil || s.Len() != keys.SecretSize {
		t.Errorf("got %d bytes and %v, want %d bytes", s.Len(), err, keys.SecretSize)
	}
}

// failing is a reader that has nothing to give.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
