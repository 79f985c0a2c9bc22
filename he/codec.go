package he

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// # Wire format
//
//	submission  "VHES" version=1 set columns:u16 seed:32 zero column...
//	response    "VHER" version=1 set replies:u16 reply...
//	zero,column residues mod each prime in turn, N values each, packed at the
//	            prime's width, in the transform's domain
//	reply       N coefficients of c0 at replyBits0, then N of c1 at replyBits1
//
// In the transform's domain position j holds the value at the root
// g^((q-1)/2N) to the power 2 rev(j) + 1, rev the reversal of log2 N bits and g
// the smallest primitive root above 2.
//
// Integers are big-endian; packed values fill a byte from its low bits up. The
// length follows from set and count and is checked before anything is
// allocated; every residue is checked to be below its prime. N is a multiple of
// 64, so packed vectors end on a byte and there is no padding to forge.
const (
	wireVersion           = 1
	submissionHeaderBytes = 4 + 1 + 1 + 2 + 32
	responseHeaderBytes   = 4 + 1 + 1 + 2
)

var (
	submissionMagic = [4]byte{'V', 'H', 'E', 'S'}
	responseMagic   = [4]byte{'V', 'H', 'E', 'R'}
)

// Submission is what a tenant sends: encrypted columns and a public key. It
// holds nothing secret. Immutable.
type Submission struct {
	params *Parameters
	// seed expands to the second components of every ciphertext and of the
	// public key.
	seed [32]byte
	// zero is the first component of the public key, [prime][N], transformed.
	zero [][]uint64
	// columns are the first components, [column][prime][N], transformed.
	columns [][][]uint64
}

// Parameters returns the set the submission is encrypted under.
func (s *Submission) Parameters() *Parameters { return s.params }

// Columns returns the number of encrypted columns.
func (s *Submission) Columns() int { return len(s.columns) }

// AppendBinary appends the submission's wire form. It never fails.
func (s *Submission) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, submissionMagic[:]...)
	b = append(b, wireVersion, byte(s.params.id))
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.columns)))
	b = append(b, s.seed[:]...)
	b = s.params.appendResidues(b, s.zero)
	for _, c := range s.columns {
		b = s.params.appendResidues(b, c)
	}
	return b, nil
}

// ParseSubmission reads a submission of exactly that many columns under p.
func ParseSubmission(p *Parameters, columns int, data []byte) (*Submission, error) {
	if columns < 1 || columns > MaxColumns {
		return nil, fmt.Errorf("a submission has 1 to %d columns, not %d", MaxColumns, columns)
	}
	rest, err := p.checkHeader("submission", submissionMagic, columns, p.SubmissionBytes(columns), data)
	if err != nil {
		return nil, err
	}
	s := &Submission{params: p, columns: make([][][]uint64, columns)}
	rest = rest[copy(s.seed[:], rest):]
	if s.zero, rest, err = p.parseResidues(rest); err != nil {
		return nil, fmt.Errorf("submission, public key: %w", err)
	}
	for k := range s.columns {
		if s.columns[k], rest, err = p.parseResidues(rest); err != nil {
			return nil, fmt.Errorf("submission, column %d: %w", k, err)
		}
	}
	return s, nil
}

// reply is one switched ciphertext: coefficients of replyBits0 and replyBits1
// bits.
type reply struct{ c0, c1 []uint64 }

// Response is what the service sends back. Immutable.
type Response struct {
	params  *Parameters
	replies []reply
}

// Replies returns the number of replies.
func (r *Response) Replies() int { return len(r.replies) }

// AppendBinary appends the response's wire form. It never fails.
func (r *Response) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, responseMagic[:]...)
	b = append(b, wireVersion, byte(r.params.id))
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.replies)))
	for _, x := range r.replies {
		b = appendPacked(b, x.c0, r.params.replyBits0)
		b = appendPacked(b, x.c1, r.params.replyBits1)
	}
	return b, nil
}

// ParseResponse reads a response of exactly that many replies under p.
func ParseResponse(p *Parameters, replies int, data []byte) (*Response, error) {
	if replies < 1 || replies > MaxReplies {
		return nil, fmt.Errorf("a response has 1 to %d replies, not %d", MaxReplies, replies)
	}
	rest, err := p.checkHeader("response", responseMagic, replies, p.ResponseBytes(replies), data)
	if err != nil {
		return nil, err
	}
	r := &Response{params: p, replies: make([]reply, replies)}
	for i := range r.replies {
		r.replies[i].c0, rest = parsePacked(rest, p.n, p.replyBits0)
		r.replies[i].c1, rest = parsePacked(rest, p.n, p.replyBits1)
	}
	return r, nil
}

// checkHeader checks everything up to the count and the exact length, and
// returns what follows the count.
func (p *Parameters) checkHeader(what string, magic [4]byte, count, length int, data []byte) ([]byte, error) {
	switch {
	case len(data) != length:
		return nil, fmt.Errorf("%s has %d bytes, want %d; it was cut or made under other parameters", what, len(data), length)
	case [4]byte(data[:4]) != magic:
		return nil, fmt.Errorf("%s does not begin with %q; it is something else", what, magic[:])
	case data[4] != wireVersion:
		return nil, fmt.Errorf("%s has format version %d, want %d; update the older side", what, data[4], wireVersion)
	case SetID(data[5]) != p.id:
		return nil, fmt.Errorf("%s is under parameter set %d, want %s", what, data[5], p)
	}
	if got := int(binary.BigEndian.Uint16(data[6:])); got != count {
		return nil, fmt.Errorf("%s counts %d parts, want %d", what, got, count)
	}
	return data[8:], nil
}

func (p *Parameters) appendResidues(b []byte, residues [][]uint64) []byte {
	for i, r := range residues {
		b = appendPacked(b, r, bits.Len64(p.primes[i]))
	}
	return b
}

func (p *Parameters) parseResidues(b []byte) ([][]uint64, []byte, error) {
	out := make([][]uint64, len(p.primes))
	for i, q := range p.primes {
		out[i], b = parsePacked(b, p.n, bits.Len64(q))
		for j, v := range out[i] {
			if v >= q {
				return nil, nil, fmt.Errorf("residue %d is not below prime %d; the bytes were altered", j, i)
			}
		}
	}
	return out, b, nil
}

// packedBytes returns the bytes of n values of width bits, a multiple of 8: n is
// one of 64.
func packedBytes(n, width int) int { return n / 8 * width }

// appendPacked appends values < 2^width, 1 <= width <= 64, low bits first.
func appendPacked(b []byte, values []uint64, width int) []byte {
	word, used := uint64(0), 0
	for _, v := range values {
		word |= v << used
		used += width
		if used >= 64 {
			b = binary.LittleEndian.AppendUint64(b, word)
			used -= 64
			word = v >> (width - used) // 0 where used is 0: width-used is then width < 64, or 64
		}
	}
	return b
}

// parsePacked reads n values of width bits and returns the rest. The caller has
// checked the length.
func parsePacked(b []byte, n, width int) ([]uint64, []byte) {
	values := make([]uint64, n)
	mask := ^uint64(0) >> (64 - width)
	length := packedBytes(n, width)
	src, rest := b[:length], b[length:]
	word, have := uint64(0), 0
	for i := range values {
		v := word
		if have < width {
			next := binary.LittleEndian.Uint64(src)
			src = src[8:]
			v |= next << have
			word = next >> (width - have)
			have += 64
		} else {
			word >>= width
		}
		have -= width
		values[i] = v & mask
	}
	return values, rest
}
