package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/keys"
)

func TestASignatureHoldsForItsMessageDomainAndIdentityOnly(t *testing.T) {
	v := loadVectors(t)
	id := v.root(t).Identity()
	other, err := keys.NewIdentity(bytes.NewReader(bytes.Repeat([]byte{3}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("session 1")
	sig, err := id.Sign(keys.DomainResponse, message)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.Public().Verify(keys.DomainResponse, message, sig[:]); err != nil {
		t.Errorf("the signature does not hold: %v", err)
	}
	for name, err := range map[string]error{
		"another domain":   id.Public().Verify(keys.DomainSubmission, message, sig[:]),
		"another message":  id.Public().Verify(keys.DomainResponse, []byte("session 2"), sig[:]),
		"another identity": other.Public().Verify(keys.DomainResponse, message, sig[:]),
		"a cut signature":  id.Public().Verify(keys.DomainResponse, message, sig[:63]),
		"a long signature": id.Public().Verify(keys.DomainResponse, message, append(sig[:], 0)),
		"no signature":     id.Public().Verify(keys.DomainResponse, message, nil),
		"no identity":      keys.PublicIdentity{}.Verify(keys.DomainResponse, message, sig[:]),
	} {
		if !errors.Is(err, keys.ErrSignature) {
			t.Errorf("%s: got %v, want ErrSignature", name, err)
		}
	}
	for i := range sig {
		flipped := sig
		flipped[i] ^= 0x10
		if id.Public().Verify(keys.DomainResponse, message, flipped[:]) == nil {
			t.Errorf("the signature holds with byte %d changed", i)
		}
	}
}

func TestAValueThatIsNoDomainSignsAndVerifiesNothing(t *testing.T) {
	id := loadVectors(t).root(t).Identity()
	for _, d := range []keys.Domain{keys.DomainUnknown, 200} {
		if _, err := id.Sign(d, []byte("m")); err == nil {
			t.Errorf("domain %d signed", d)
		}
		if err := id.Public().Verify(d, []byte("m"), make([]byte, 64)); err == nil {
			t.Errorf("domain %d verified", d)
		}
	}
}

func TestASmallOrderKeyForWhichAnybodySignsIsRefused(t *testing.T) {
	// y = 1 is the neutral element: under it R = S*B holds for every message.
	neutral := [32]byte{1}
	signature := make([]byte, ed25519.SignatureSize)
	signature[0] = 1 // R neutral, S = 0
	if !ed25519.Verify(neutral[:], []byte("anything"), signature) {
		t.Fatal("the standard library refuses it already: this test tests nothing")
	}
	if err := keys.PublicIdentity(neutral).Verify(keys.DomainResponse, []byte("anything"), signature); err == nil {
		t.Error("a signature held that anybody can make")
	}
}

func TestPublicKeysOfSmallOrderAndSecondSpellingsAreRefused(t *testing.T) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	order8, _ := new(big.Int).SetString("5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)
	for name, y := range map[string]*big.Int{
		"zero": big.NewInt(0), "one": big.NewInt(1), "minus one": new(big.Int).Sub(p, big.NewInt(1)),
		"order eight": order8, "the other of order eight": new(big.Int).Sub(p, order8),
		"the prime": p, "the prime and two": new(big.Int).Add(p, big.NewInt(2)),
	} {
		for _, sign := range []byte{0, 0x80} {
			b := y.FillBytes(make([]byte, 32))
			slices.Reverse(b)
			b[31] |= sign
			if _, err := keys.PublicIdentityFromBytes(b); err == nil {
				t.Errorf("%s was taken for an identity (sign %#x)", name, sign)
			}
			if _, err := keys.ParsePublicIdentity(keys.PublicIdentity(b).String()); err == nil {
				t.Errorf("%s was taken for an identity in text (sign %#x)", name, sign)
			}
		}
	}
	if _, err := keys.PublicIdentityFromBytes(make([]byte, 31)); err == nil {
		t.Error("31 bytes were taken for an identity")
	}
}

func TestAnIdentityInTextIsReadBackAndNothingElseIs(t *testing.T) {
	text := loadVectors(t)["identity"]
	p, err := keys.ParsePublicIdentity(text)
	if err != nil || p.String() != text {
		t.Fatalf("got %s, %v, want %s", p, err, text)
	}
	bad := map[string]string{
		"nothing": "", "the prefix alone": "veil1", "upper case": strings.ToUpper(text), "a space before": " " + text,
		"a line end after": text + "\n", "a line end within": text[:20] + "\n" + text[20:], "a line end for a letter": text[:20] + "\n" + text[21:],
		"another version": "veil2" + text[5:], "cut": text[:len(text)-1], "longer": text + "a", "padding": text[:len(text)-1] + "=",
	}
	for i := 5; i < len(text); i++ {
		c := "a"
		if text[i] == 'a' {
			c = "b"
		}
		bad["a typing error at "+string(rune('0'+i))] = text[:i] + c + text[i+1:]
		if i+1 < len(text) && text[i] != text[i+1] {
			bad["letters swapped at "+string(rune('0'+i))] = text[:i] + text[i+1:i+2] + text[i:i+1] + text[i+2:]
		}
	}
	for name, s := range bad {
		if _, err := keys.ParsePublicIdentity(s); err == nil {
			t.Errorf("%s was taken for an identity: %q", name, s)
		}
	}
}

func TestEveryIdentityThatIsMadeIsReadBack(t *testing.T) {
	for i := range byte(64) { // both signs of x come up
		id, err := keys.NewIdentity(bytes.NewReader(bytes.Repeat([]byte{i}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		if p, err := keys.ParsePublicIdentity(id.String()); err != nil || p != id.Public() {
			t.Errorf("got %s, %v, want %s", p, err, id)
		}
	}
}

func TestAnIdentityGoesThroughJSON(t *testing.T) {
	p := loadVectors(t).root(t).Identity().Public()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back keys.PublicIdentity
	if err := json.Unmarshal(b, &back); err != nil || back != p {
		t.Errorf("got %s, %v, want %s", back, err, p)
	}
	if err := json.Unmarshal([]byte(`"veil1nonsense"`), &back); err == nil || back != p {
		t.Errorf("got %s, %v, want an error and the value unchanged", back, err)
	}
}

func TestAnIdentityPrintsItsPublicHalf(t *testing.T) {
	id := loadVectors(t).root(t).Identity()
	if id.String() != id.Public().String() {
		t.Errorf("got %s, want %s", id, id.Public())
	}
	f := id.Public().Fingerprint()
	if len(f) != 24 || strings.Count(f, "-") != 4 {
		t.Errorf("got the fingerprint %q, want five groups of four", f)
	}
}
