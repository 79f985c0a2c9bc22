package compare

import (
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/veilschema/veil/he"
)

// evaluation is what the service computes for one submission: a pure function
// of template, session and seed.
type evaluation struct {
	layout   Layout
	elements []element
	places   *places
	// secrets keys the masks of the places, replies everything in package he.
	secrets, replies [32]byte
}

// newEvaluation derives everything random from the seed and the transcript up
// to and including the submission.
func newEvaluation(l Layout, elements []element, p *places, seed, transcript [32]byte) *evaluation {
	e := &evaluation{layout: l, elements: elements, places: p}
	for info, to := range map[string]*[32]byte{
		"veil/compare/places/v1":  &e.secrets,
		"veil/compare/replies/v1": &e.replies,
	} {
		key, err := hkdf.Key(sha256.New, seed[:], transcript[:], info, 32)
		if err != nil {
			panic(err) // 32 bytes are within HKDF's reach
		}
		copy(to[:], key)
	}
	return e
}

// run evaluates a submission.
func (e *evaluation) run(s *he.Submission, workers int) (*he.Response, error) {
	return he.Evaluate(s, he.Work{
		Layers: e.places.layers, Rows: rows, Seed: e.replies, Workers: workers,
		Matrix: func(layer int) he.Matrix { return newLayerMatrix(e, e.secretsOf(layer)) },
	})
}

// tokens returns for every template fact what a tenant can know only if the
// fact is present (s) and only if it is absent (alpha).
func (e *evaluation) tokens() (present, absent []uint64) {
	present, absent = make([]uint64, len(e.elements)), make([]uint64, len(e.elements))
	for layer := range e.places.layers {
		s := e.secretsOf(layer)
		for bin, i := range e.places.layer(layer) {
			if i != none {
				present[i], absent[i] = s.token[bin], s.alpha[bin]
			}
		}
	}
	return present, absent
}

// layer returns the facts of one layer by bin.
func (p *places) layer(l int) []int32 { return p.fact[l*p.bins : (l+1)*p.bins] }

// layerSecrets are the random values of one layer, by bin.
type layerSecrets struct {
	// y is the point a bin's polynomial is evaluated at.
	y []uint64
	// multiplier[o] is r, r*alpha and r'.
	multiplier [rows][]uint64
	// alpha and token are the two secrets of a place; token is s.
	alpha, token []uint64
	// veil is added to v, and alpha times it to w, at places without a fact.
	veil []uint64
	// stream continues with the masks of the groups.
	stream *he.Stream
}

// secretsOf draws the secrets of a layer in their pinned order: for every bin r,
// alpha, r' in [1, t), s in [0, t) and, at a place without a fact, a point in
// [2, t) and a veil in [0, t).
//
// Such a point could be 0 and the veil missing, as in the literature. But where a
// fact is absent, the tenant learns r and alpha by right; were every place like
// that but one, errors of the tenant's own, too large and yet decryptable, would
// tell it the rest of the one. Places without a fact have multipliers that it
// never learns: the point keeps every power of y full, the veil hides r. A point
// cannot probe, since it derives from a seed fixed before the tenant's nonce.
func (e *evaluation) secretsOf(layer int) *layerSecrets {
	f, n := e.layout.Set.Field(), e.layout.Bins
	s := &layerSecrets{
		y: make([]uint64, n), alpha: make([]uint64, n), token: make([]uint64, n), veil: make([]uint64, n),
		stream: he.NewStream(e.secrets, "layer", uint64(layer)),
	}
	for o := range s.multiplier {
		s.multiplier[o] = make([]uint64, n)
	}
	t, points := f.T(), e.places.point[layer*n:]
	for bin, i := range e.places.layer(layer) {
		r := s.stream.Below(t-1) + 1
		s.alpha[bin] = s.stream.Below(t-1) + 1
		s.multiplier[0][bin] = r
		s.multiplier[1][bin] = f.Mul(r, s.alpha[bin])
		s.multiplier[2][bin] = s.stream.Below(t-1) + 1
		s.token[bin] = s.stream.Below(t)
		if i == none {
			s.y[bin] = s.stream.Below(t-2) + 2
			s.veil[bin] = s.stream.Below(t)
		} else {
			s.y[bin] = points[bin]
		}
	}
	return s
}

// layerMatrix supplies the plaintext rows of one layer to the kernel.
type layerMatrix struct {
	layout  Layout
	secrets *layerSecrets
	// step is y^Groups by bin; power[o][slot] is the next column's multiplier.
	step  []he.Factor
	power [rows][]uint64
}

func newLayerMatrix(e *evaluation, s *layerSecrets) *layerMatrix {
	l, f := e.layout, e.layout.Set.Field()
	m := &layerMatrix{layout: l, secrets: s, step: make([]he.Factor, l.Bins)}
	for o := range m.power {
		m.power[o] = make([]uint64, l.Groups*l.Bins)
	}
	for bin, y := range s.y {
		factor, step := f.NewFactor(y), uint64(1)
		for g := range l.Groups {
			for o := range m.power {
				m.power[o][g*l.Bins+bin] = f.MulFactor(step, f.NewFactor(s.multiplier[o][bin]))
			}
			step = f.MulFactor(step, factor)
		}
		m.step[bin] = f.NewFactor(step)
	}
	return m
}

// Column writes multiplier * y^(k Groups + g) into slot g of every bin.
func (m *layerMatrix) Column(_ int, out [][]uint64) {
	f, n := m.layout.Set.Field(), m.layout.Bins
	for o, power := range m.power {
		clear(out[o][len(power):])
		for g := range m.layout.Groups {
			now, next := out[o][g*n:(g+1)*n], power[g*n:(g+1)*n]
			for bin, v := range next {
				now[bin], next[bin] = v, f.MulFactor(v, m.step[bin])
			}
		}
	}
}

// Constant writes the leading term multiplier * y^degree, the token and the veil
// into group 0, and masks that add up to zero over the groups of a bin, so that
// single slots of a place tell nothing.
func (m *layerMatrix) Constant(out [][]uint64) {
	f, n := m.layout.Set.Field(), m.layout.Bins
	for o, power := range m.power {
		first := out[o][:n]
		copy(first, power) // after the last column group 0 has come to y^degree
		clear(out[o][n:])
		for g := 1; g < m.layout.Groups; g++ {
			slots := out[o][g*n : (g+1)*n]
			for bin := range slots {
				mask := m.secrets.stream.Below(f.T())
				slots[bin] = mask
				first[bin] = f.Sub(first[bin], mask)
			}
		}
	}
	for bin, s := range m.secrets.token {
		veil := m.secrets.veil[bin]
		out[0][bin] = f.Add(out[0][bin], veil)
		out[1][bin] = f.Add(out[1][bin], f.Mul(m.secrets.alpha[bin], veil))
		out[2][bin] = f.Add(out[2][bin], s)
	}
}
