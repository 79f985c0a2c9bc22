package he

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// streamBuffer is the number of 64-bit words drawn from the cipher at a time.
const streamBuffer = 512

// Stream is a keyed stream of uniform words: AES-256 in counter mode (NIST SP
// 800-38A) under a key of its own. The same key, label and index give the same
// words on every machine. Not safe for concurrent use.
type Stream struct {
	ctr  cipher.Stream
	raw  [streamBuffer * 8]byte
	next int
}

// NewStream derives a stream from a 32-byte key, a label that names its purpose
// and an index: its AES key is HMAC-SHA256(key, "veil/he/stream" || len(label)
// || label || index). Distinct labels or indices give independent streams.
func NewStream(key [32]byte, label string, index uint64) *Stream {
	derived := deriveKey(key, label, index)
	block, err := aes.NewCipher(derived[:])
	if err != nil {
		panic(err) // 32 bytes are an AES-256 key
	}
	s := &Stream{ctr: cipher.NewCTR(block, make([]byte, aes.BlockSize))}
	s.next = len(s.raw)
	return s
}

func deriveKey(key [32]byte, label string, index uint64) (derived [32]byte) {
	mac := hmac.New(sha256.New, key[:])
	message := append([]byte("veil/he/stream"), byte(len(label)))
	message = append(message, label...)
	mac.Write(binary.BigEndian.AppendUint64(message, index))
	mac.Sum(derived[:0])
	return derived
}

// Uint64 returns the next 64 uniform bits, read little-endian.
func (s *Stream) Uint64() uint64 {
	if s.next == len(s.raw) {
		clear(s.raw[:])
		s.ctr.XORKeyStream(s.raw[:], s.raw[:])
		s.next = 0
	}
	w := binary.LittleEndian.Uint64(s.raw[s.next:])
	s.next += 8
	return w
}

// Below returns a uniform value in [0, bound), bound > 0, by rejection.
func (s *Stream) Below(bound uint64) uint64 {
	mask := ^uint64(0) >> bits.LeadingZeros64(bound-1|1)
	for {
		if v := s.Uint64() & mask; v < bound {
			return v
		}
	}
}

// uniform fills dst with values uniform in [0, bound).
func (s *Stream) uniform(dst []uint64, bound uint64) {
	for i := range dst {
		dst[i] = s.Below(bound)
	}
}

// ternary fills dst with values uniform in {-1, 0, 1}, two bits a try, the
// fourth pattern rejected.
func (s *Stream) ternary(dst []int8) {
	word, left := uint64(0), 0
	for i := 0; i < len(dst); {
		if left == 0 {
			word, left = s.Uint64(), 32
		}
		if v := word & 3; v < 3 {
			dst[i] = int8(v) - 1
			i++
		}
		word >>= 2
		left--
	}
}

// eta is the parameter of the centred binomial error: the difference of two
// sums of 21 bits, standard deviation sqrt(10.5) = 3.24.
const eta = 21

// binomial fills dst with centred binomial errors, one word each.
func (s *Stream) binomial(dst []int8) {
	const mask = 1<<eta - 1
	for i := range dst {
		w := s.Uint64()
		dst[i] = int8(bits.OnesCount64(w&mask) - bits.OnesCount64(w>>eta&mask))
	}
}

// flood returns v = x + F with x uniform in [-F, F], F given as two words: a
// 128-bit draw under a mask, rejected above 2F.
func (s *Stream) flood(hi, lo uint64) (uint64, uint64) {
	topHi, topLo := hi<<1|lo>>63, lo<<1
	maskHi, maskLo := ^uint64(0), ^uint64(0)
	if topHi == 0 {
		maskHi, maskLo = 0, maskLo>>bits.LeadingZeros64(topLo)
	} else {
		maskHi >>= bits.LeadingZeros64(topHi)
	}
	for {
		l := s.Uint64() & maskLo
		h := uint64(0)
		if maskHi != 0 {
			h = s.Uint64() & maskHi
		}
		if h < topHi || h == topHi && l <= topLo {
			return h, l
		}
	}
}
