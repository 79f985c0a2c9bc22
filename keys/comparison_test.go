package keys_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/veilschema/veil/keys"
)

// all returns every secret of a comparison under a name, HE seed included.
func all(t *testing.T, c *keys.Comparison) map[string]keys.Secret {
	t.Helper()
	he, err := c.TakeHESeed()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]keys.Secret{"HE key": he, "commitment nonce": c.CommitNonce()}
}

func newComparison(t *testing.T, root *keys.Root, session, nonce, secret byte) *keys.Comparison {
	t.Helper()
	c, err := root.Comparison([32]byte{session}, [32]byte{nonce}, keys.NewSecret(bytes.Repeat([]byte{secret}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNoTwoSecretsAreTheSame(t *testing.T) {
	v := loadVectors(t)
	root := v.root(t)
	other, err := keys.NewRoot(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{string(root.StorageKey().Expose()): "storage", string(v.bytes(t, "root")): "root key"}
	for name, c := range map[string]*keys.Comparison{
		"the comparison":    newComparison(t, root, 1, 1, 1),
		"another session":   newComparison(t, root, 2, 1, 1),
		"another nonce":     newComparison(t, root, 1, 2, 1),
		"another secret":    newComparison(t, root, 1, 1, 2),
		"another root key":  newComparison(t, other, 1, 1, 1),
		"session for nonce": newComparison(t, root, 1, 0, 1),
		"nonce for session": newComparison(t, root, 0, 1, 1),
	} {
		for what, s := range all(t, c) {
			if before, ok := seen[string(s.Expose())]; ok {
				t.Errorf("%s of %s equals %s", what, name, before)
			}
			seen[string(s.Expose())] = what + " of " + name
		}
	}
	if want := 2 + 7*2; len(seen) != want {
		t.Errorf("got %d different secrets, want %d", len(seen), want)
	}
}

func TestTheSameComparisonGivesTheSameSecretsAgain(t *testing.T) {
	root := loadVectors(t).root(t)
	again := all(t, newComparison(t, root, 1, 2, 3))
	for what, s := range all(t, newComparison(t, root, 1, 2, 3)) {
		if !s.Equal(again[what]) {
			t.Errorf("%s came out differently the second time", what)
		}
	}
}

func TestTheHEKeyIsGivenOutOnce(t *testing.T) {
	c := newComparison(t, loadVectors(t).root(t), 1, 2, 3)
	if _, err := c.TakeHESeed(); err != nil {
		t.Fatal(err)
	}
	if s, err := c.TakeHESeed(); !errors.Is(err, keys.ErrHEKeyTaken) || !s.Empty() {
		t.Errorf("got %v, want ErrHEKeyTaken and no key", err)
	}
}

func TestADeletedSecretOpensNothing(t *testing.T) {
	root := loadVectors(t).root(t)
	wiped := keys.NewSecret(make([]byte, 32))
	wiped.Wipe()
	for name, secret := range map[string]keys.Secret{
		"none": {}, "wiped": wiped, "short": keys.NewSecret(make([]byte, 31)), "long": keys.NewSecret(make([]byte, 33)),
	} {
		if _, err := root.Comparison([32]byte{1}, [32]byte{2}, secret); err == nil {
			t.Errorf("a comparison came about with a secret that is %s", name)
		}
	}
}

func TestWipingLeavesNoKeyBehind(t *testing.T) {
	root := loadVectors(t).root(t)
	c := newComparison(t, root, 1, 2, 3)
	nonce, id := c.CommitNonce(), root.Identity()
	c.Wipe()
	root.Wipe()
	if nonce.Empty() || id.Public() == (keys.PublicIdentity{}) {
		t.Error("what was derived before went with the key")
	}
	for name, use := range map[string]func(){
		"the comparison": func() { c.CommitNonce() }, "the root key": func() { root.StorageKey() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s still derives after it was wiped", name)
				}
			}()
			use()
		}()
	}
}
