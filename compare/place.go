package compare

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/bits"

	"github.com/veilschema/veil/he"
)

// element is a fact under one session: a value of [2, t) and two different
// candidate bins.
type element struct {
	x    uint64
	bins [2]int32
}

// mapper maps facts to elements: HMAC-SHA256 of the fact's digest under a key
// that neither side chose alone.
type mapper struct {
	layout Layout
	key    []byte
}

// newMapper derives the key from both halves of the salt and the session hash.
func newMapper(l Layout, half, nonce, session [32]byte) mapper {
	salt := append(half[:], nonce[:]...)
	key, err := hkdf.Key(sha256.New, salt, session[:], "veil/compare/elements/v1", 32)
	if err != nil {
		panic(err) // 32 bytes are within HKDF's reach
	}
	return mapper{layout: l, key: key}
}

// elements maps facts given by their digests.
func (m mapper) elements(digests [][32]byte, workers int) []element {
	out := make([]element, len(digests))
	spread(len(digests), workers, func(from, to int) {
		mac := hmac.New(sha256.New, m.key)
		var sum [sha256.Size]byte
		for i := from; i < to; i++ {
			out[i] = m.element(mac, digests[i], &sum)
		}
	})
	return out
}

func (m mapper) element(mac hash.Hash, digest [32]byte, sum *[sha256.Size]byte) element {
	mac.Reset()
	mac.Write(digest[:])
	mac.Sum(sum[:0])
	// 128 bits modulo t-2: off uniform by less than 2^-76.
	x := bits.Rem64(binary.BigEndian.Uint64(sum[0:]), binary.BigEndian.Uint64(sum[8:]), m.layout.Set.T()-2)
	n := uint64(m.layout.Bins)
	first, _ := bits.Mul64(binary.BigEndian.Uint64(sum[16:]), n)
	step, _ := bits.Mul64(binary.BigEndian.Uint64(sum[24:]), n-1)
	second := (first + 1 + step) % n
	return element{x: x + 2, bins: [2]int32{int32(first), int32(second)}}
}

// none marks a place without a fact.
const none = -1

// places puts every template fact into one place (layer, bin) of its two
// candidate bins.
type places struct {
	bins   int
	layers int
	// fact is the index of the fact at layer*bins+bin, or none.
	fact []int32
	// point is that fact's element, looked up once: the elements of a large
	// template do not fit the processor's near caches.
	point []uint64
}

// place assigns template facts to the fewest layers it can: facts are edges
// between their two bins, and a bin of capacity k takes k of them. Greedy
// insertion into the less loaded bin, then augmenting paths, breadth first, in
// a fixed order, so both sides get the same. It begins with that many layers.
func place(elements []element, bins, layers int) (*places, error) {
	for ; layers*rows <= he.MaxReplies; layers++ {
		p := &places{bins: bins, layers: layers, fact: make([]int32, layers*bins)}
		for i := range p.fact {
			p.fact[i] = none
		}
		if p.insertAll(elements) {
			p.spread()
			p.lookUp(elements)
			return p, nil
		}
	}
	return nil, fmt.Errorf("%d template facts do not fit %d layers: %w", len(elements), he.MaxReplies/rows, ErrNewSalt)
}

func (p *places) insertAll(elements []element) bool {
	load := make([]int32, p.bins)
	search := newPathSearch(p.bins)
	for i, e := range elements {
		bin := e.bins[0]
		if load[e.bins[1]] < load[bin] {
			bin = e.bins[1]
		}
		if int(load[bin]) == p.layers {
			free, ok := search.find(p, elements, load, e)
			if !ok {
				return false
			}
			bin = search.shift(p, elements, load, free)
		}
		p.fact[int(load[bin])*p.bins+int(bin)] = int32(i)
		load[bin]++
	}
	return true
}

// spread moves the facts of bin b up by b layers, in a circle. Insertion fills
// the lower layers first; afterwards places without a fact are equally many in
// every layer, as layerSecrets wants them.
func (p *places) spread() {
	column := make([]int32, p.layers)
	for bin := range p.bins {
		for l := range column {
			column[(l+bin)%p.layers] = p.fact[l*p.bins+bin]
		}
		for l, fact := range column {
			p.fact[l*p.bins+bin] = fact
		}
	}
}

// lookUp fills in the points.
func (p *places) lookUp(elements []element) {
	p.point = make([]uint64, len(p.fact))
	for at, i := range p.fact {
		if i != none {
			p.point[at] = elements[i].x
		}
	}
}

// pathSearch finds a chain of facts to move so that a full bin gets room.
type pathSearch struct {
	// seen[b] is the number of the search that last reached bin b; via[b] the
	// place of the fact that would move into b, none at a start.
	seen  []int32
	via   []int32
	round int32
	queue []int32
}

func newPathSearch(bins int) *pathSearch {
	return &pathSearch{seen: make([]int32, bins), via: make([]int32, bins)}
}

// find returns a bin with room that is reachable from the bins of e.
func (s *pathSearch) find(p *places, elements []element, load []int32, e element) (int32, bool) {
	s.round++
	s.queue = s.queue[:0]
	for _, b := range e.bins {
		s.reach(b, none)
	}
	for next := 0; next < len(s.queue); next++ {
		b := s.queue[next]
		if int(load[b]) < p.layers {
			return b, true
		}
		for l := range p.layers {
			at := l*p.bins + int(b)
			s.reach(elements[p.fact[at]].other(b), int32(at))
		}
	}
	return 0, false
}

func (s *pathSearch) reach(bin, via int32) {
	if s.seen[bin] != s.round {
		s.seen[bin], s.via[bin] = s.round, via
		s.queue = append(s.queue, bin)
	}
}

// shift moves facts along the path that ends in free and returns the bin at its
// start, which then has room.
func (s *pathSearch) shift(p *places, elements []element, load []int32, free int32) int32 {
	for s.via[free] != none {
		at := s.via[free]
		from := at % int32(p.bins)
		p.fact[int(load[free])*p.bins+int(free)] = p.fact[at]
		load[free]++
		load[from]--
		last := load[from]*int32(p.bins) + from
		p.fact[at] = p.fact[last]
		p.fact[last] = none
		free = from
	}
	return free
}

// other returns the candidate bin that is not b.
func (e element) other(b int32) int32 {
	if e.bins[0] == b {
		return e.bins[1]
	}
	return e.bins[0]
}
