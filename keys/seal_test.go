package keys_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/veilschema/veil/keys"
)

// cheap is the least cost that is allowed: tests seal often.
var cheap = keys.Cost{Passes: 1, Memory: 8 << 10, Lanes: 1}

func passphrase(t testing.TB, text string) keys.Lock {
	t.Helper()
	lock, err := keys.PassphraseLockAt(keys.NewSecret([]byte(text)), cheap)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func machine(t testing.TB, fill byte) keys.Lock {
	t.Helper()
	lock, err := keys.KeyLock(keys.NewSecret(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func sealed(t testing.TB, lock keys.Lock) (keys.Secret, []byte) {
	t.Helper()
	secret, err := keys.RandomSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := keys.Seal(rand.Reader, lock, keys.KindRoot, []byte("context"), secret)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != keys.SealedSize {
		t.Fatalf("got %d bytes, want %d", len(b), keys.SealedSize)
	}
	return secret, b
}

func TestASealedSecretOpensWithWhatSealedIt(t *testing.T) {
	for name, lock := range map[string]keys.Lock{"passphrase": passphrase(t, "open sesame"), "sealing key": machine(t, 1)} {
		secret, b := sealed(t, lock)
		got, err := keys.Open(b, lock, keys.KindRoot, []byte("context"))
		if err != nil || !got.Equal(secret) {
			t.Errorf("%s: got another secret, %v", name, err)
		}
		if bytes.Contains(b, secret.Expose()) {
			t.Errorf("%s: the secret stands in clear in its sealed form", name)
		}
		h, err := keys.ParseHeader(b)
		if err != nil || h.Kind != keys.KindRoot || h.Method != lock.Method() {
			t.Errorf("%s: the header says %v, %v", name, h, err)
		}
	}
}

func TestASealedSecretOpensWithNothingElse(t *testing.T) {
	person, program := passphrase(t, "open sesame"), machine(t, 1)
	_, byPerson := sealed(t, person)
	_, byProgram := sealed(t, program)
	open := func(b []byte, lock keys.Lock, kind keys.Kind, context string) error {
		got, err := keys.Open(b, lock, kind, []byte(context))
		if err != nil && !got.Empty() {
			t.Error("a secret came with an error")
		}
		return err
	}
	tests := map[string]struct{ got, want error }{
		"another passphrase":           {open(byPerson, passphrase(t, "open sesam"), keys.KindRoot, "context"), keys.ErrUnsealed},
		"another sealing key":          {open(byProgram, machine(t, 2), keys.KindRoot, "context"), keys.ErrUnsealed},
		"another context":              {open(byProgram, program, keys.KindRoot, "contexts"), keys.ErrUnsealed},
		"no context":                   {open(byProgram, program, keys.KindRoot, ""), keys.ErrUnsealed},
		"another kind":                 {open(byProgram, program, keys.KindIdentity, "context"), keys.ErrOtherKind},
		"a passphrase for a key":       {open(byProgram, person, keys.KindRoot, "context"), keys.ErrOtherLock},
		"a sealing key for passphrase": {open(byPerson, program, keys.KindRoot, "context"), keys.ErrOtherLock},
		"no bytes":                     {open(nil, program, keys.KindRoot, "context"), keys.ErrNotSealed},
		"a text":                       {open([]byte("-----BEGIN PRIVATE KEY-----"), program, keys.KindRoot, "context"), keys.ErrNotSealed},
	}
	for name, test := range tests {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: got %v, want %v", name, test.got, test.want)
		}
	}
}

func TestEveryTruncationOfASealedSecretFails(t *testing.T) {
	for name, lock := range map[string]keys.Lock{"passphrase": passphrase(t, "open sesame"), "sealing key": machine(t, 1)} {
		_, b := sealed(t, lock)
		for n := range b {
			if _, err := keys.Open(b[:n], lock, keys.KindRoot, []byte("context")); !errors.Is(err, keys.ErrNotSealed) {
				t.Errorf("%s, %d bytes: got %v, want ErrNotSealed", name, n, err)
			}
		}
		if _, err := keys.Open(append(b, 0), lock, keys.KindRoot, []byte("context")); !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s, a byte more: got %v, want ErrNotSealed", name, err)
		}
	}
}

func TestEveryFlippedBitOfASealedSecretFails(t *testing.T) {
	for name, lock := range map[string]keys.Lock{"passphrase": passphrase(t, "open sesame"), "sealing key": machine(t, 1)} {
		_, b := sealed(t, lock)
		step := 1
		if testing.Short() && lock.Method() == keys.MethodPassphrase {
			step = 37 // each flip costs one Argon2id
		}
		for bit := 0; bit < len(b)*8; bit += step {
			flipped := bytes.Clone(b)
			flipped[bit/8] ^= 1 << (bit % 8)
			_, err := keys.Open(flipped, lock, keys.KindRoot, []byte("context"))
			if err == nil {
				t.Fatalf("%s: it opens with bit %d of byte %d flipped", name, bit%8, bit/8)
			}
			header := errors.Is(err, keys.ErrNotSealed) || errors.Is(err, keys.ErrOtherKind) || errors.Is(err, keys.ErrOtherLock)
			if !header && !errors.Is(err, keys.ErrUnsealed) {
				t.Errorf("%s, byte %d: got %v, which is none of the errors that are promised", name, bit/8, err)
			}
			if header && bit/8 >= 28 {
				t.Errorf("%s, byte %d: got %v, want ErrUnsealed: salt, nonce and secret are free", name, bit/8, err)
			}
		}
	}
}

func TestAHeaderThatAsksForTooMuchIsRefusedBeforeAnythingIsAllocated(t *testing.T) {
	lock := passphrase(t, "open sesame")
	_, b := sealed(t, lock)
	for name, change := range map[string]func([]byte){
		"4 TiB of memory":           func(b []byte) { binary.BigEndian.PutUint32(b[23:], 0xffffffff) },
		"over 512 MiB":              func(b []byte) { binary.BigEndian.PutUint32(b[23:], 512<<10+1) },
		"under 8 MiB":               func(b []byte) { binary.BigEndian.PutUint32(b[23:], 8<<10-1) },
		"4 thousand million passes": func(b []byte) { binary.BigEndian.PutUint32(b[19:], 0xffffffff) },
		"no pass":                   func(b []byte) { binary.BigEndian.PutUint32(b[19:], 0) },
		"255 lanes":                 func(b []byte) { b[27] = 255 },
		"no lane":                   func(b []byte) { b[27] = 0 },
	} {
		changed := bytes.Clone(b)
		change(changed)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := keys.Open(changed, lock, keys.KindRoot, []byte("context"))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s: got %v, want ErrNotSealed", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 {
			t.Errorf("%s: %d bytes were allocated before it was refused", name, got)
		}
	}
}

func TestACostInAMachinesHeaderIsRefused(t *testing.T) {
	_, b := sealed(t, machine(t, 1))
	b[22] = 1
	if _, err := keys.ParseHeader(b); !errors.Is(err, keys.ErrNotSealed) {
		t.Errorf("got %v, want ErrNotSealed: the header has two spellings", err)
	}
}

func TestAWrongPassphraseAndADamagedFileReadTheSame(t *testing.T) {
	lock := passphrase(t, "open sesame")
	_, b := sealed(t, lock)
	_, wrong := keys.Open(b, passphrase(t, "close sesame"), keys.KindRoot, []byte("context"))
	b[len(b)-1] ^= 1
	_, damaged := keys.Open(b, lock, keys.KindRoot, []byte("context"))
	if wrong == nil || damaged == nil || wrong.Error() != damaged.Error() {
		t.Errorf("got %q and %q, want the same sentence", wrong, damaged)
	}
}

func TestLocksAreRefusedThatWouldNotLock(t *testing.T) {
	long := keys.NewSecret(make([]byte, keys.MaxPassphrase+1))
	some := keys.NewSecret([]byte("some"))
	tests := map[string]func() (keys.Lock, error){
		"an empty passphrase":   func() (keys.Lock, error) { return keys.PassphraseLock(keys.NewSecret(nil)) },
		"a file for passphrase": func() (keys.Lock, error) { return keys.PassphraseLock(long) },
		"no passes":             func() (keys.Lock, error) { return keys.PassphraseLockAt(some, keys.Cost{Memory: 8 << 10, Lanes: 1}) },
		"little memory": func() (keys.Lock, error) {
			return keys.PassphraseLockAt(some, keys.Cost{Passes: 3, Memory: 1024, Lanes: 1})
		},
		"a short key": func() (keys.Lock, error) { return keys.KeyLock(some) },
		"no key":      func() (keys.Lock, error) { return keys.KeyLock(keys.Secret{}) },
	}
	for name, make := range tests {
		lock, err := make()
		if err == nil {
			t.Errorf("%s was taken for a lock", name)
		}
		if _, err := keys.Seal(rand.Reader, lock, keys.KindRoot, nil, keys.NewSecret(bytes.Repeat([]byte{1}, 32))); err == nil {
			t.Errorf("%s sealed a secret", name)
		}
	}
}

func TestASealRefusesWhatItCouldNotOpenAgain(t *testing.T) {
	lock, secret := machine(t, 1), keys.NewSecret(make([]byte, 32))
	for name, seal := range map[string]func() ([]byte, error){
		"a short secret": func() ([]byte, error) {
			return keys.Seal(rand.Reader, lock, keys.KindRoot, nil, keys.NewSecret([]byte{1}))
		},
		"no secret": func() ([]byte, error) { return keys.Seal(rand.Reader, lock, keys.KindRoot, nil, keys.Secret{}) },
		"no kind":   func() ([]byte, error) { return keys.Seal(rand.Reader, lock, keys.KindUnknown, nil, secret) },
		"a long context": func() ([]byte, error) {
			return keys.Seal(rand.Reader, lock, keys.KindRoot, make([]byte, keys.MaxContext+1), secret)
		},
		"no randomness": func() ([]byte, error) {
			return keys.Seal(failing{errors.New("drained")}, lock, keys.KindRoot, nil, secret)
		},
	} {
		if b, err := seal(); err == nil || b != nil {
			t.Errorf("%s: got %d bytes and %v, want an error", name, len(b), err)
		}
	}
}

func TestRootKeyAndIdentitySurviveSealing(t *testing.T) {
	lock := machine(t, 7)
	root := loadVectors(t).root(t)
	b, err := keys.SealRoot(rand.Reader, lock, root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.OpenRoot(b, lock)
	if err != nil || again.Identity().Public() != root.Identity().Public() {
		t.Errorf("the root key came back differently: %v", err)
	}
	if _, err := keys.OpenIdentity(b, lock); !errors.Is(err, keys.ErrOtherKind) {
		t.Errorf("got %v, want ErrOtherKind: a root key is no identity", err)
	}
	id, err := keys.NewIdentity(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = keys.SealIdentity(rand.Reader, lock, id); err != nil {
		t.Fatal(err)
	}
	same, err := keys.OpenIdentity(b, lock)
	if err != nil || same.Public() != id.Public() {
		t.Errorf("the identity came back differently: %v", err)
	}
	if _, err := same.Sign(keys.DomainOffer, nil); err != nil {
		t.Errorf("the identity does not sign any more: %v", err)
	}
	if _, err := keys.OpenRoot(b, lock); !errors.Is(err, keys.ErrOtherKind) {
		t.Errorf("got %v, want ErrOtherKind: an identity is no root key", err)
	}
}

func TestATenantsOwnLockKeepsItsComparisonSecrets(t *testing.T) {
	root := loadVectors(t).root(t)
	secret, b := sealed(t, root.SealingLock())
	got, err := keys.Open(b, root.SealingLock(), keys.KindRoot, []byte("context"))
	if err != nil || !got.Equal(secret) {
		t.Errorf("the root key's own lock does not open what it sealed: %v", err)
	}
}

func TestASealingKeyIsReadFromTwoSpellingsAndNoOther(t *testing.T) {
	b := bytes.Repeat([]byte{0xfb, 0xef}, 16)
	for _, text := range []string{hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.RawURLEncoding.EncodeToString(b)} {
		if got, err := keys.ParseSealingKey(text); err != nil || !got.Equal(keys.NewSecret(b)) {
			t.Errorf("%s: got another key, %v", text, err)
		}
	}
	h, u := hex.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b)
	for _, text := range []string{
		"", "key", h[1:], h + "0", "g" + h[1:], " " + h[1:], u + "=", u[:42] + "\n", u[:42] + "=", u[:20] + "\n" + u[20:42],
		base64.StdEncoding.EncodeToString(b), u[:42] + "9", strings.Repeat("-", 64),
	} {
		if _, err := keys.ParseSealingKey(text); err == nil {
			t.Errorf("%q was taken for a sealing key", text)
		} else if len(text) > 8 && strings.Contains(err.Error(), text[2:8]) {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestNamesOfKindsAndMethodsAreForPeople(t *testing.T) {
	for got, want := range map[string]string{
		keys.KindRoot.String(): "tenant root key", keys.KindIdentity.String(): "signing identity",
		keys.KindComparison.String(): "comparison secret", keys.Kind(9).String(): "secret of unknown kind",
		keys.MethodPassphrase.String(): "passphrase", keys.MethodKey.String(): "key", keys.MethodUnknown.String(): "unknown",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
