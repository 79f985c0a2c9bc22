package keys

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Kind says which secret is sealed.
type Kind uint8

// The kinds of sealed secrets.
const (
	KindUnknown    Kind = 0
	KindRoot       Kind = 1 // a tenant's root key
	KindIdentity   Kind = 2 // the seed of a signing identity
	KindComparison Kind = 3 // the deletable secret of one comparison
)

// String returns words that fit after an article.
func (k Kind) String() string {
	switch k {
	case KindRoot:
		return "tenant root key"
	case KindIdentity:
		return "signing identity"
	case KindComparison:
		return "comparison secret"
	default:
		return "secret of unknown kind"
	}
}

func (k Kind) valid() bool { return k >= KindRoot && k <= KindComparison }

// Errors of a sealed secret whose header already says that it does not fit.
var (
	ErrNotSealed = errors.New("this is not a sealed key of Veil")
	ErrOtherKind = errors.New("this sealed key holds something else")
	ErrOtherLock = errors.New("this sealed key opens with something else")
)

// The sealed form, byte by byte; numbers are big-endian:
//
//	 0  16  "veil sealed key\n"
//	16   1  version, 1
//	17   1  kind
//	18   1  method
//	19   4  Argon2id passes          \
//	23   4  Argon2id memory in KiB    > zero for a machine's key
//	27   1  Argon2id lanes           /
//	28  16  salt
//	44  24  nonce
//	68  32  the secret, encrypted
//	100 16  Poly1305 tag over all of it and the context
const (
	sealedMagic   = "veil sealed key\n"
	sealedVersion = 1
	saltSize      = 16
	headerSize    = len(sealedMagic) + 3 + 9 + saltSize + chacha20poly1305.NonceSizeX

	// SealedSize is the length of a sealed secret in bytes, the same for all kinds.
	SealedSize = headerSize + SecretSize + chacha20poly1305.Overhead
)

// Header is what a sealed secret says of itself in clear. Until the secret is opened nobody
// vouches for it.
type Header struct {
	Kind   Kind
	Method Method
	Cost   Cost // of MethodPassphrase; zero otherwise

	salt  [saltSize]byte
	nonce [chacha20poly1305.NonceSizeX]byte
}

// ParseHeader reads the header of a sealed secret, to know what to ask its owner for. The whole of the
// sealed bytes is given, because their length is checked with it. Every error is an [ErrNotSealed].
func ParseHeader(sealed []byte) (Header, error) {
	if len(sealed) != SealedSize || string(sealed[:len(sealedMagic)]) != sealedMagic {
		return Header{}, fmt.Errorf("%w, or not the whole of one", ErrNotSealed)
	}
	b := sealed[len(sealedMagic):headerSize]
	if b[0] != sealedVersion {
		return Header{}, fmt.Errorf("%w that this release reads: its version is %d, not %d", ErrNotSealed, b[0], sealedVersion)
	}
	h := Header{
		Kind:   Kind(b[1]),
		Method: Method(b[2]),
		Cost: Cost{
			Passes: binary.BigEndian.Uint32(b[3:]),
			Memory: binary.BigEndian.Uint32(b[7:]),
			Lanes:  b[11],
		},
	}
	copy(h.salt[:], b[12:])
	copy(h.nonce[:], b[12+saltSize:])
	if err := h.validate(); err != nil {
		return Header{}, fmt.Errorf("%w that this release opens: %w", ErrNotSealed, err)
	}
	return h, nil
}

// validate stands between the numbers in a header and the memory that they ask for.
func (h Header) validate() error {
	switch {
	case !h.Kind.valid():
		return fmt.Errorf("its kind is %d", uint8(h.Kind))
	case h.Method == MethodPassphrase:
		return h.Cost.validate()
	case h.Method != MethodKey:
		return fmt.Errorf("its method is %d", uint8(h.Method))
	case h.Cost != Cost{}:
		return errors.New("it has a cost without a passphrase")
	}
	return nil
}

func (h Header) append(b []byte) []byte {
	b = append(b, sealedMagic...)
	b = append(b, sealedVersion, byte(h.Kind), byte(h.Method))
	b = binary.BigEndian.AppendUint32(b, h.Cost.Passes)
	b = binary.BigEndian.AppendUint32(b, h.Cost.Memory)
	b = append(b, h.Cost.Lanes)
	b = append(b, h.salt[:]...)
	return append(b, h.nonce[:]...)
}
