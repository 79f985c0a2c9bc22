package pins_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/veilschema/veil/internal/pins"
	"github.com/veilschema/veil/keys"
)

const server = "https://veil.example.org"

func key(t *testing.T) keys.PublicIdentity {
	t.Helper()
	root, err := keys.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return root.Identity().Public()
}

func TestWhatIsPinnedAtFirstUseIsHeldAgainstEveryLaterOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	one, other := key(t), key(t)
	if first, err := pins.Open(dir).Service(server, one); err != nil || !first {
		t.Fatalf("first use: %t, %v", first, err)
	}
	if first, err := pins.Open(dir).Service(server, one); err != nil || first {
		t.Errorf("the same again: %t, %v", first, err)
	}
	_, err := pins.Open(dir).Service(server, other)
	changed, ok := errors.AsType[*pins.Changed](err)
	if !ok || changed.Had != one.String() || changed.Got != other.String() {
		t.Fatalf("another key: got %v", err)
	}
	if known, ok, err := pins.Open(dir).Known(server); !ok || err != nil || known.String() != one.String() {
		t.Errorf("known: %v %t %v", known, ok, err)
	}
	if _, ok, err := pins.Open(dir).Known(server + ":8420"); ok || err != nil {
		t.Errorf("a service that was never used is known: %v", err)
	}
	if first, err := pins.Open(dir).Service(server+":8420", other); err != nil || !first {
		t.Errorf("another service: %t, %v", first, err)
	}
	if err := os.Remove(changed.Path); err != nil {
		t.Fatal(err)
	}
	if first, err := pins.Open(dir).Service(server, other); err != nil || !first {
		t.Errorf("after a person removed the pin: %t, %v", first, err)
	}
}

func TestATemplateIsPinnedByServiceAndName(t *testing.T) {
	p := pins.Open(t.TempDir())
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, c := range []struct {
		server, reference, digest string
		first, changed            bool
	}{
		{server, "omop@5.4", a, true, false},
		{server, "omop@5.4", a, false, false},
		{server, "omop@5.4", b, false, true},
		{server, "omop@5.3", b, true, false},
		{server + ".", "omop@5.4", b, true, false},
	} {
		first, err := p.Template(c.server, c.reference, c.digest)
		_, changed := errors.AsType[*pins.Changed](err)
		if first != c.first || changed != c.changed || !changed && err != nil {
			t.Errorf("%s %s %.2s: first %t, %v", c.server, c.reference, c.digest, first, err)
		}
	}
}

func TestADamagedPinIsNoFirstUse(t *testing.T) {
	dir := t.TempDir()
	p := pins.Open(dir)
	if _, err := p.Service(server, key(t)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "pins", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for _, text := range []string{"", "{", `{"server":"https://other"}`, `{"server":"` + server + `"}`} {
		if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if first, err := p.Service(server, key(t)); err == nil || first {
			t.Errorf("%q is taken for a first use", text)
		}
		if _, ok, err := p.Known(server); err == nil || ok {
			t.Errorf("%q is taken for nothing known", text)
		}
	}
}

func TestOfManyAtOnceOnlyOneIsFirst(t *testing.T) {
	dir := t.TempDir()
	candidates := []keys.PublicIdentity{key(t), key(t), key(t), key(t)}
	var wait sync.WaitGroup
	var mu sync.Mutex
	firsts, changes := 0, 0
	for _, k := range candidates {
		wait.Go(func() {
			first, err := pins.Open(dir).Service(server, k)
			mu.Lock()
			defer mu.Unlock()
			if _, changed := errors.AsType[*pins.Changed](err); changed {
				changes++
			} else if err != nil {
				t.Error(err)
			}
			if first {
				firsts++
			}
		})
	}
	wait.Wait()
	if firsts != 1 || changes != len(candidates)-1 {
		t.Errorf("%d were first, %d were refused", firsts, changes)
	}
}
