package keys_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/veilschema/veil/keys"
)

// vectors are known answers, computed by testdata/vectors.py with other code.
type vectors map[string]string

func loadVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v vectors) bytes(t testing.TB, name string) []byte {
	t.Helper()
	b, err := hex.DecodeString(v[name])
	if err != nil || len(b) == 0 {
		t.Fatalf("the vector %s is not there: %v", name, err)
	}
	return b
}

func (v vectors) array(t testing.TB, name string) [32]byte { return [32]byte(v.bytes(t, name)) }

func (v vectors) root(t testing.TB) *keys.Root {
	t.Helper()
	root, err := keys.NewRoot(bytes.NewReader(v.bytes(t, "root")))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func (v vectors) comparison(t testing.TB) *keys.Comparison {
	t.Helper()
	c, err := v.root(t).Comparison(v.array(t, "session"), v.array(t, "nonce"), keys.NewSecret(v.bytes(t, "secret")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDerivedSecretsAreTheKnownOnes(t *testing.T) {
	v := loadVectors(t)
	c := v.comparison(t)
	he, err := c.TakeHESeed()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]keys.Secret{
		"storage": v.root(t).StorageKey(), "merkle": v.root(t).CommitmentSeed(), "log": v.root(t).LogSeed(), "attestation": v.root(t).AttestationSeed(), "he_key": he, "commit_nonce": c.CommitNonce(),
	} {
		if hex.EncodeToString(got.Expose()) != v[name] {
			t.Errorf("%s: got %x, want %s", name, got.Expose(), v[name])
		}
	}
}

func TestIdentityAndSignatureAreTheKnownOnes(t *testing.T) {
	v := loadVectors(t)
	id := v.root(t).Identity()
	if got := id.Public().String(); got != v["identity"] {
		t.Errorf("identity: got %s, want %s", got, v["identity"])
	}
	if got := id.Public().Fingerprint(); got != v["fingerprint"] {
		t.Errorf("fingerprint: got %s, want %s", got, v["fingerprint"])
	}
	sig, err := id.Sign(keys.DomainSubmission, []byte(v["message"]))
	if err != nil || hex.EncodeToString(sig[:]) != v["signature_submission"] {
		t.Errorf("signature: got %x, %v, want %s", sig, err, v["signature_submission"])
	}
}

func TestSealedSecretsAreTheKnownOnes(t *testing.T) {
	v := loadVectors(t)
	random := func() *bytes.Reader { return bytes.NewReader(v.bytes(t, "seal_random")) }

	person, err := keys.PassphraseLock(keys.NewSecret([]byte(v["passphrase"])))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.SealRoot(random(), person, v.root(t))
	if err != nil || hex.EncodeToString(sealed) != v["sealed_root"] {
		t.Errorf("root key: got %x, %v, want %s", sealed, err, v["sealed_root"])
	}
	machine, err := keys.KeyLock(keys.NewSecret(v.bytes(t, "machine_key")))
	if err != nil {
		t.Fatal(err)
	}
	secret := keys.NewSecret(v.bytes(t, "secret"))
	sealed, err = keys.Seal(random(), machine, keys.KindComparison, []byte(v["context"]), secret)
	if err != nil || hex.EncodeToString(sealed) != v["sealed_comparison"] {
		t.Errorf("comparison secret: got %x, %v, want %s", sealed, err, v["sealed_comparison"])
	}
	opened, err := keys.Open(v.bytes(t, "sealed_comparison"), machine, keys.KindComparison, []byte(v["context"]))
	if err != nil || !opened.Equal(secret) {
		t.Errorf("the known sealed secret does not open: %v", err)
	}
}
