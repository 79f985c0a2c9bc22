package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// derive expands a uniform key into the secret of one purpose: HKDF-Expand of RFC 5869 with the label
// and the context as info. Expanding without extracting first is section 3.3 of the RFC: each key that
// comes here is uniform already, the root key, an extracted one, or a machine's sealing key.
func derive(key Secret, purpose label, context ...[]byte) Secret {
	info := appendField(nil, []byte(purpose.String()))
	for _, c := range context {
		info = appendField(info, c)
	}
	b, err := hkdf.Expand(sha256.New, key.Expose(), string(info), SecretSize)
	if err != nil {
		panic("keys: HKDF refused a length of 32 bytes: " + err.Error()) // its one error is a length over 8,160 bytes
	}
	defer clear(b)
	return NewSecret(b)
}

// extract joins two keys into one that is uniform for whoever lacks either (HKDF-Extract of RFC 5869).
func extract(salt, input Secret) Secret {
	b, err := hkdf.Extract(sha256.New, input.Expose(), salt.Expose())
	if err != nil {
		panic("keys: HKDF refused a key of 32 bytes: " + err.Error()) // refused are short keys in FIPS mode only
	}
	defer clear(b)
	return NewSecret(b)
}

// appendField appends a piece of context and, before it, its length in four bytes, big-endian.
func appendField(b, field []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
	return append(b, field...)
}
