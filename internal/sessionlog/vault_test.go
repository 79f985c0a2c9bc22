package sessionlog_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/adrg/xdg"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

func root(t testing.TB, fill byte) *keys.Root {
	t.Helper()
	r, err := keys.NewRoot(bytes.NewReader(bytes.Repeat([]byte{fill}, 32)))
	must(t, err)
	return r
}

func TestTheSecretOfAComparisonIsKeptUntilItIsForgotten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "comparisons")
	v := sessionlog.NewVault(dir, root(t, 1).SealingLock())
	first, err := v.New(rand.Reader, hash(1))
	must(t, err)
	second, err := v.New(rand.Reader, hash(2))
	must(t, err)
	if first.Equal(second) {
		t.Error("two comparisons have one secret")
	}
	again := sessionlog.NewVault(dir, root(t, 1).SealingLock()) // the next process
	if got, err := again.Secret(hash(1)); err != nil || !got.Equal(first) {
		t.Errorf("the secret came back differently: %v", err)
	}
	must(t, again.Forget(hash(1)))
	if _, err := again.Secret(hash(1)); !errors.Is(err, sessionlog.ErrForgotten) {
		t.Errorf("got %v, want ErrForgotten", err)
	}
	if err := again.Forget(hash(1)); !errors.Is(err, sessionlog.ErrForgotten) {
		t.Errorf("got %v, want ErrForgotten", err)
	}
	if got, err := again.Secret(hash(2)); err != nil || !got.Equal(second) {
		t.Errorf("the other comparison's secret went too: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %d files, %v, want the one that is kept", len(entries), err)
	}
}

func TestASecretIsMadeOnceForAComparison(t *testing.T) {
	v := sessionlog.NewVault(t.TempDir(), root(t, 1).SealingLock())
	secret, err := v.New(rand.Reader, hash(1))
	must(t, err)
	if _, err := v.New(rand.Reader, hash(1)); !errors.Is(err, keyfile.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	if got, err := v.Secret(hash(1)); err != nil || !got.Equal(secret) {
		t.Errorf("the first secret is not there any more: %v", err)
	}
}

func TestASecretOpensForItsTenantAndItsComparisonOnly(t *testing.T) {
	dir := t.TempDir()
	v := sessionlog.NewVault(dir, root(t, 1).SealingLock())
	_, err := v.New(rand.Reader, hash(1))
	must(t, err)
	stranger := sessionlog.NewVault(dir, root(t, 2).SealingLock())
	if _, err := stranger.Secret(hash(1)); !errors.Is(err, keys.ErrUnsealed) {
		t.Errorf("another tenant: got %v, want ErrUnsealed", err)
	}
	name := func(n uint32) string { h := hash(n); return filepath.Join(dir, hex.EncodeToString(h[:])+".secret") }
	must(t, os.Rename(name(1), name(2)))
	if _, err := v.Secret(hash(2)); !errors.Is(err, keys.ErrUnsealed) {
		t.Errorf("under another comparison's name: got %v, want ErrUnsealed", err)
	}
}

func TestAVaultWithoutALockKeepsNothing(t *testing.T) {
	dir := t.TempDir()
	v := sessionlog.NewVault(dir, keys.Lock{})
	if _, err := v.New(rand.Reader, hash(1)); err == nil {
		t.Error("a secret was kept without a lock")
	}
	if _, err := sessionlog.NewVault(dir, root(t, 1).SealingLock()).New(bytes.NewReader(nil), hash(1)); err == nil {
		t.Error("a secret was made of nothing")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got %d files, %v, want none", len(entries), err)
	}
}

func TestTheRecordLiesWhereXDGSays(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/somewhere/share")
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	if got, want := sessionlog.DefaultDir(), "/somewhere/share/veil/comparisons"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A tenant records a session before it sends anything in it, and a response before it decrypts it.
func Example() {
	dir, err := os.MkdirTemp("", "sessionlog")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of an example
	log, err := sessionlog.Open(filepath.Join(dir, sessionlog.LogName))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close() //nolint:errcheck // every record is on the disk already
	session, response, other := [32]byte{1}, [32]byte{2}, [32]byte{3}
	fmt.Println(log.MarkSession(session))
	fmt.Println(log.RecordResponse(session, response))
	fmt.Println(log.RecordResponse(session, response))
	fmt.Println(log.RecordResponse(session, other))
	fmt.Println(log.MarkSession(session))
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// another response to this session was decrypted already: a second one would give the key away
	// this session was begun before and is never begun again: open a new comparison
}
