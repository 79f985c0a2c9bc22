package compare

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// # Record
//
//	"VJ" version=1 private:u32 nonce:24 ciphertext tag:16 message
//
// private is the length of nonce, ciphertext and tag together, and zero where
// nothing is sealed. Sealed are
//
//	with the open        nonce:32 facts:32 withheld, eight facts a byte, low bits first
//	with the commitment  the body of the disclosure
//
// The cipher is XChaCha20-Poly1305 with the message as associated data, the nonce
// a MAC over message and plaintext. So records are a function of the comparison as
// messages are, and no nonce serves two plaintexts, whatever was put back from a
// backup.
const (
	recordVersion = 1
	recordHeader  = 2 + 1 + 4
	sealedBytes   = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
)

// journalRecord is one record as it was read, checked in form only.
type journalRecord struct {
	sealed, message []byte
}

func (r journalRecord) encode() []byte {
	out := make([]byte, 0, recordHeader+len(r.sealed)+len(r.message))
	out = append(out, 'V', 'J', recordVersion)
	out = binary.BigEndian.AppendUint32(out, uint32(len(r.sealed)))
	return append(append(out, r.sealed...), r.message...)
}

func parseRecord(b []byte) (journalRecord, error) {
	switch {
	case len(b) < recordHeader || b[0] != 'V' || b[1] != 'J':
		return journalRecord{}, errors.New("this is no record of a comparison")
	case b[2] != recordVersion:
		return journalRecord{}, fmt.Errorf("the record has format version %d, want %d; update veil", b[2], recordVersion)
	case len(b) > maxRecordBytes:
		return journalRecord{}, fmt.Errorf("a record has at most %d bytes, this one %d", maxRecordBytes, len(b))
	}
	n, rest := binary.BigEndian.Uint32(b[3:]), b[recordHeader:]
	if n > maxPrivateBytes+sealedBytes || uint64(n) > uint64(len(rest)) || n > 0 && n < sealedBytes {
		return journalRecord{}, fmt.Errorf("the record announces %d sealed bytes, which it cannot have; it was cut or changed", n)
	}
	return journalRecord{sealed: rest[:n:n], message: rest[n:]}, nil
}

// sealer seals the private parts of one comparison's records.
type sealer struct{ encryption, nonces [32]byte }

// newSealer derives the keys from the root's storage key, the comparison's own
// secret and its id: without either of the first two nothing opens.
func newSealer(storage, secret []byte, comparison [32]byte) (s sealer, err error) {
	key, err := hkdf.Key(sha256.New, storage, secret, "veil/compare/journal/v1"+string(comparison[:]), 64)
	if err != nil {
		return s, fmt.Errorf("no key to seal with: %w", err)
	}
	defer clear(key)
	copy(s.encryption[:], key)
	copy(s.nonces[:], key[32:])
	return s, nil
}

func (s sealer) seal(message, private []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(s.encryption[:])
	if err != nil {
		return nil, err
	}
	nonce := s.nonce(message, private)
	return aead.Seal(nonce, nonce, private, message), nil
}

func (s sealer) open(message, sealed []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(s.encryption[:])
	if err != nil {
		return nil, err
	}
	if len(sealed) < sealedBytes {
		return nil, errors.New("what must be sealed beside the message is missing")
	}
	nonce := sealed[:chacha20poly1305.NonceSizeX]
	private, err := aead.Open(nil, nonce, sealed[len(nonce):], message)
	if err != nil {
		return nil, errors.New("what is sealed beside the message does not open: the record was changed, or belongs to another comparison or root key")
	}
	return private, nil
}

func (s sealer) nonce(message, private []byte) []byte {
	h := hmac.New(sha256.New, s.nonces[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(message))))
	h.Write(message)
	h.Write(private)
	return h.Sum(nil)[:chacha20poly1305.NonceSizeX:chacha20poly1305.NonceSizeX]
}

// beginning is what a tenant decided before its first message and must stand by:
// with it, everything that it sends is a function of what it receives.
type beginning struct {
	nonce, facts [32]byte
	withheld     []bool
}

func (b beginning) encode() []byte {
	out := append(append([]byte(nil), b.nonce[:]...), b.facts[:]...)
	packed := make([]byte, (len(b.withheld)+7)/8)
	for i, w := range b.withheld {
		if w {
			packed[i/8] |= 1 << (i % 8)
		}
	}
	return append(out, packed...)
}

func parseBeginning(private []byte, facts int) (b beginning, err error) {
	if want := 64 + (facts+7)/8; len(private) != want {
		return b, fmt.Errorf("the record of the beginning has %d bytes, want %d", len(private), want)
	}
	packed := private[copy(b.nonce[:], private):]
	packed = packed[copy(b.facts[:], packed):]
	b.withheld = make([]bool, facts)
	for i := range 8 * len(packed) {
		set := packed[i/8]>>(i%8)&1 == 1
		switch {
		case i < facts:
			b.withheld[i] = set
		case set:
			return b, fmt.Errorf("the record of the beginning withholds fact %d, which the template does not have", i)
		}
	}
	return b, nil
}

// factsDigest is a digest of a tenant's facts in whatever order.
func factsDigest(digests [][32]byte) [32]byte {
	sorted := slices.Clone(digests)
	slices.SortFunc(sorted, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	h.Write([]byte("veil/compare/facts/v1"))
	for _, d := range sorted {
		h.Write(d[:])
	}
	return [32]byte(h.Sum(nil))
}
