package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PublicIdentity is the public half of an [Identity]: an Ed25519 public key of 32 bytes, comparable and
// usable as a map key. It prints as text of the form veil1…, 61 characters.
type PublicIdentity [ed25519.PublicKeySize]byte

const (
	// identityPrefix stands before every identity in text; its digit is the version of the form.
	identityPrefix = "veil1"
	// checksumSize makes key and checksum 35 bytes, which are 56 characters of base32 and no spare bit,
	// so that every identity has one spelling. A mistyped one passes once in 2^24.
	checksumSize = 3
	// identityTextSize is the length of an identity in text.
	identityTextSize = len(identityPrefix) + (ed25519.PublicKeySize+checksumSize)*8/5
)

// identityText is base32 (RFC 4648) in lower case, which survives being read out over a telephone.
var identityText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// errNotIdentity answers everything that is not an identity in text.
var errNotIdentity = fmt.Errorf("this is not an identity: one is %s and %d characters more, copied whole",
	identityPrefix, identityTextSize-len(identityPrefix))

// ParsePublicIdentity is the strict inverse of [PublicIdentity.String]: it takes the one spelling of an
// identity and nothing around it, refuses typing errors by the checksum, and keys that anybody could sign for.
func ParsePublicIdentity(text string) (PublicIdentity, error) {
	encoded, ok := strings.CutPrefix(text, identityPrefix)
	if !ok || len(text) != identityTextSize {
		return PublicIdentity{}, errNotIdentity
	}
	b, err := identityText.DecodeString(encoded)
	if err != nil || identityText.EncodeToString(b) != encoded { // the decoder skips line ends and stops at 0xff
		return PublicIdentity{}, errNotIdentity
	}
	p := PublicIdentity(b[:ed25519.PublicKeySize])
	if !bytes.Equal(b[ed25519.PublicKeySize:], p.checksum()) {
		return PublicIdentity{}, errors.New("this identity has a typing error in it: its checksum does not fit")
	}
	if err := p.validate(); err != nil {
		return PublicIdentity{}, err
	}
	return p, nil
}

// PublicIdentityFromBytes takes the 32 bytes of an identity out of a message, with the checks of
// [ParsePublicIdentity] that are not about text.
func PublicIdentityFromBytes(b []byte) (PublicIdentity, error) {
	if len(b) != ed25519.PublicKeySize {
		return PublicIdentity{}, fmt.Errorf("an identity has %d bytes, got %d", ed25519.PublicKeySize, len(b))
	}
	p := PublicIdentity(b)
	return p, p.validate()
}

// String returns the identity as text: the prefix, then key and checksum in base32.
func (p PublicIdentity) String() string {
	return identityPrefix + identityText.EncodeToString(append(p[:], p.checksum()...))
}

// MarshalText returns the text of [PublicIdentity.String].
func (p PublicIdentity) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is [ParsePublicIdentity].
func (p *PublicIdentity) UnmarshalText(text []byte) error {
	parsed, err := ParsePublicIdentity(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}

var (
	_ encoding.TextMarshaler   = PublicIdentity{}
	_ encoding.TextUnmarshaler = (*PublicIdentity)(nil)
)

// Fingerprint returns five groups of four characters for two people to compare: the first 100 bits of
// a hash of the key, too many to find a second key for.
func (p PublicIdentity) Fingerprint() string {
	sum := sha256.Sum256(append([]byte("veil/v1/identity/fingerprint"), p[:]...))
	text := identityText.EncodeToString(sum[:])
	return strings.Join([]string{text[0:4], text[4:8], text[8:12], text[12:16], text[16:20]}, "-")
}

func (p PublicIdentity) checksum() []byte {
	sum := sha256.Sum256(append([]byte("veil/v1/identity/checksum"), p[:]...))
	return sum[:checksumSize]
}

// smallOrder are the y coordinates, little-endian and without the sign bit, of the eight points of the
// curve whose order divides eight: 0, 1, -1 and the two of order eight. Under such a key a signature
// can be made that holds for many messages, by anybody.
var smallOrder = [...]PublicIdentity{
	{},
	{0: 0x01},
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
	{
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
	{
		0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	},
}

// curvePrime is 2^255 - 19, little-endian.
var curvePrime = PublicIdentity{
	0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
}

// validate refuses a coordinate that is not below the prime (a second spelling of another key) and the
// points of small order. That the point lies on the curve shows when a signature is verified.
func (p PublicIdentity) validate() error {
	y := p
	y[31] &= 0x7f
	if !y.less(curvePrime) || slices.Contains(smallOrder[:], y) {
		return errors.New("this identity is not one that Veil makes: anybody could sign for such a key")
	}
	return nil
}

// less compares two little-endian numbers, which are public.
func (p PublicIdentity) less(q PublicIdentity) bool {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != q[i] {
			return p[i] < q[i]
		}
	}
	return false
}
