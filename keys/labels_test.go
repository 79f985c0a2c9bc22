package keys

import (
	"strings"
	"testing"
)

func TestEveryLabelAndDomainHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	check := func(name, prefix string, value uint8) {
		t.Helper()
		switch {
		case !strings.HasPrefix(name, prefix):
			t.Errorf("value %d is named %q, want a name that begins with %q", value, name, prefix)
		case seen[name]:
			t.Errorf("%q stands for two purposes", name)
		}
		seen[name] = true
	}
	for l := labelUnknown + 1; l < labelCount; l++ {
		check(l.String(), "veil/v1/", uint8(l))
	}
	for d := DomainUnknown + 1; d < domainCount; d++ {
		check(d.String(), "veil/v1/sign/", uint8(d))
	}
	if labelUnknown.String()+labelCount.String()+DomainUnknown.String()+Domain(255).String() != "" {
		t.Error("a value that is no label or domain has a name")
	}
}

func TestContextsOfDifferentShapeDeriveDifferentSecrets(t *testing.T) {
	key := NewSecret(make([]byte, SecretSize))
	seen := map[string]string{}
	for name, context := range map[string][][]byte{
		"nothing": nil, "one empty": {{}}, "two empty": {{}, {}},
		"ab": {[]byte("ab")}, "a and b": {[]byte("a"), []byte("b")}, "ab and empty": {[]byte("ab"), {}}, "empty and ab": {{}, []byte("ab")},
	} {
		s := string(derive(key, labelStorage, context...).Expose())
		if other, ok := seen[s]; ok {
			t.Errorf("the contexts %q and %q derive the same secret", name, other)
		}
		seen[s] = name
	}
}
