package keys_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/veilschema/veil/keys"
)

func FuzzParsePublicIdentity(f *testing.F) {
	v := loadVectors(f)
	for _, seed := range []string{"", "veil1", v["identity"], strings.ToUpper(v["identity"]), v["identity"] + "\n", keys.PublicIdentity{}.String()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := keys.ParsePublicIdentity(text)
		if err != nil {
			if p != (keys.PublicIdentity{}) {
				t.Errorf("an identity came with the error %v", err)
			}
			return
		}
		if p.String() != text {
			t.Errorf("%q is a second spelling of %q", text, p)
		}
		if _, err := keys.PublicIdentityFromBytes(p[:]); err != nil {
			t.Errorf("the text is taken and its bytes are not: %v", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	v := loadVectors(f)
	f.Add(v.bytes(f, "sealed_comparison"))
	f.Add(v.bytes(f, "sealed_root"))
	f.Add([]byte("veil sealed key\n"))
	f.Add([]byte{})
	lock, err := keys.KeyLock(keys.NewSecret(v.bytes(f, "machine_key")))
	if err != nil {
		f.Fatal(err)
	}
	known := string(v.bytes(f, "sealed_comparison"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, headerErr := keys.ParseHeader(b)
		if headerErr != nil && !errors.Is(headerErr, keys.ErrNotSealed) {
			t.Errorf("got %v, want ErrNotSealed", headerErr)
		}
		s, err := keys.Open(b, lock, keys.KindComparison, []byte(v["context"]))
		if err == nil && string(b) != known {
			t.Error("forged bytes opened")
		}
		if err != nil && !s.Empty() {
			t.Errorf("a secret came with the error %v", err)
		}
		if headerErr != nil && err == nil {
			t.Error("it opens although its header is refused")
		}
	})
}

func FuzzParseSealingKey(f *testing.F) {
	f.Add(strings.Repeat("0f", 32))
	f.Add(strings.Repeat("-", 42) + "8")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := keys.ParseSealingKey(text)
		if (err == nil) != (s.Len() == keys.SecretSize) {
			t.Errorf("got %d bytes and %v", s.Len(), err)
		}
	})
}
