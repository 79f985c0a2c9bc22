package merkle_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"slices"

	"filippo.io/edwards25519"

	"github.com/veilschema/veil/merkle"
)

// What follows is written from the formulas in the package's documentation, with nothing of the package but its types.

func field[T string | []byte](x T) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(x))), x...)
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func naiveKey(k []byte, use string, context []byte) []byte {
	return mac(k, []byte("veil/v1/merkle/"), field(use), context)
}

func naiveName(n merkle.TableName) []byte { return slices.Concat(field(n.Schema), field(n.Table)) }

func naiveContent(t merkle.Table) []byte {
	out := naiveName(t.Name)
	for _, c := range t.Columns {
		out = slices.Concat(out, field(c.Name), field(c.Canonical))
	}
	return slices.Concat(out, field(t.Facts))
}

// naiveTable is a table with the seed that its keys follow from.
type naiveTable struct {
	merkle.Table
	seed []byte
}

func (t naiveTable) key(use, context string) []byte { return naiveKey(t.seed, use, []byte(context)) }

func (t naiveTable) leaf(c merkle.Column) []byte {
	return sum([]byte{0}, t.key("column", c.Name), field(c.Name), field(c.Canonical))
}

// leaves are those of the columns, and others up to a power of two, sorted.
func (t naiveTable) leaves() (out [][]byte) {
	for _, c := range t.Columns {
		out = append(out, t.leaf(c))
	}
	for i := 0; len(out) == 0 || len(out)&(len(out)-1) != 0; i++ {
		out = append(out, t.key("decoy", fmt.Sprint(i)))
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}

// rfcRoot is MTH of RFC 6962, section 2.1, for a power of two of leaves that are hashed already.
func rfcRoot(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := len(leaves) / 2
	return sum([]byte{1}, rfcRoot(leaves[:k]), rfcRoot(leaves[k:]))
}

// rfcPath is PATH of RFC 6962, section 2.1.1, for the same.
func rfcPath(m int, leaves [][]byte) [][]byte {
	if len(leaves) == 1 {
		return nil
	}
	k := len(leaves) / 2
	if m < k {
		return append(rfcPath(m, leaves[:k]), rfcRoot(leaves[k:]))
	}
	return append(rfcPath(m-k, leaves[k:]), rfcRoot(leaves[:k]))
}

func (t naiveTable) commitment() []byte {
	return mac(t.key("commitment", ""), []byte("veil/v1/merkle/table\x00"), naiveName(t.Name), rfcRoot(t.leaves()), t.key("facts", string(t.Facts)))
}

func sum(parts ...[]byte) []byte {
	h := sha256.Sum256(slices.Concat(parts...))
	return h[:]
}

// naiveTenant has the keys that follow from a committer's seed.
type naiveTenant struct{ labels, secret []byte }

func newNaiveTenant(seed []byte) naiveTenant {
	return naiveTenant{labels: naiveKey(seed, "labels", nil), secret: naiveKey(seed, "openings", nil)}
}

func (n naiveTenant) open(t merkle.Table) naiveTable {
	return naiveTable{Table: t, seed: naiveKey(n.secret, "seed", naiveContent(t))}
}

func naivePublic(t merkle.Table) naiveTable {
	return naiveTable{Table: t, seed: naiveKey(make([]byte, 32), "public", naiveContent(t))}
}

func naivePublicLabel(n merkle.TableName) []byte {
	return sum([]byte("veil/v1/merkle/public-label\x00"), naiveName(n))
}

// dummy is the leaf that is no table and has a number.
func (n naiveTenant) dummy(i int) (label, commitment []byte) {
	number := []byte(fmt.Sprint(i))
	return naiveKey(n.secret, "dummy label", number), naiveKey(n.secret, "dummy", number)
}

// label is the first half of the output of the function over a name.
func (n naiveTenant) label(name merkle.TableName) (label, proof, public []byte) {
	output, proof, public := naiveVRF(n.labels, slices.Concat([]byte("veil/v1/merkle/label\x00"), naiveName(name)), false)
	return output[:32], proof, public
}

// naiveVRF is ECVRF_prove with ECVRF-EDWARDS25519-SHA512-TAI: of RFC 9381, section 5.1, or of the draft before it, draft-irtf-cfrg-vrf-10, where the
// challenge is not over the public key.
func naiveVRF(seed, alpha []byte, rfc bool) (output, proof, public []byte) {
	hashed := sha512.Sum512(seed)
	x := must(new(edwards25519.Scalar).SetBytesWithClamping(hashed[:32]))
	public = new(edwards25519.Point).ScalarBaseMult(x).Bytes()

	var h *edwards25519.Point
	for ctr := byte(0); h == nil; ctr++ { // section 5.4.1.1, try and increment
		try := long([]byte{3, 1}, public, alpha, []byte{ctr, 0})
		if point, err := new(edwards25519.Point).SetBytes(try[:32]); err == nil {
			h = new(edwards25519.Point).MultByCofactor(point)
		}
	}
	gamma := new(edwards25519.Point).ScalarMult(x, h)
	k := must(new(edwards25519.Scalar).SetUniformBytes(long(hashed[32:], h.Bytes()))) // section 5.4.2.2
	kB, kH := new(edwards25519.Point).ScalarBaseMult(k), new(edwards25519.Point).ScalarMult(k, h)
	points := slices.Concat(h.Bytes(), gamma.Bytes(), kB.Bytes(), kH.Bytes()) // section 5.4.3
	if rfc {
		points = append(slices.Clone(public), points...)
	}
	c := long([]byte{3, 2}, points, []byte{0})[:16]
	challenge := must(new(edwards25519.Scalar).SetCanonicalBytes(append(slices.Clone(c), make([]byte, 16)...)))
	s := new(edwards25519.Scalar).MultiplyAdd(challenge, x, k)

	output = long([]byte{3, 3}, new(edwards25519.Point).MultByCofactor(gamma).Bytes(), []byte{0}) // section 5.2
	return output, slices.Concat(gamma.Bytes(), c, s.Bytes()), public
}

func long(parts ...[]byte) []byte {
	h := sha512.Sum512(slices.Concat(parts...))
	return h[:]
}

// tree is all of a tenant's leaves.
func (n naiveTenant) tree(tables []merkle.Table) naive {
	out := naive{}
	for _, t := range tables {
		label, _, _ := n.label(t.Name)
		out[merkle.Label(label)] = merkle.Hash(n.open(t).commitment())
	}
	for i := 0; len(out) < 16 || len(out)&(len(out)-1) != 0; i++ {
		label, commitment := n.dummy(i)
		out[merkle.Label(label)] = merkle.Hash(commitment)
	}
	return out
}

// What a proof is about.
const (
	inclusion      = 1
	absenceByLeaf  = 2
	absenceByEmpty = 3
)

// what says which leaf ends the path to a label, if any.
func (n naive) what(label merkle.Label) (kind byte, other merkle.Label) {
	if _, ok := n[label]; ok {
		return inclusion, label
	}
	depth := len(n.siblings(label))
	for l := range n {
		if begins(l, bits(label, depth)) {
			return absenceByLeaf, l
		}
	}
	return absenceByEmpty, other
}

// proof is the binary form of a proof.
func (n naive) proof(label merkle.Label) []byte {
	kind, other := n.what(label)
	siblings := n.siblings(label)
	out := binary.BigEndian.AppendUint16([]byte{1, kind}, uint16(len(siblings)))
	bitmap, full := make([]byte, (len(siblings)+7)/8), []byte(nil)
	for i, s := range siblings {
		if s == (merkle.Hash{}) {
			bitmap[i/8] += 128 >> (i % 8)
		} else {
			full = append(full, s[:]...)
		}
	}
	out = slices.Concat(out, bitmap, full)
	if kind == absenceByLeaf {
		commitment := n[other]
		out = slices.Concat(out, other[:], commitment[:])
	}
	return out
}

// statement is the part of the binary form that all statements have.
func naiveStatement(about byte, name merkle.TableName, labelProof, proof []byte) []byte {
	return slices.Concat([]byte{1, about}, naiveName(name), field(labelProof), field(proof))
}

// whole is what a statement of a whole table ends with.
func (t naiveTable) whole() []byte {
	out := slices.Concat(t.seed, field(t.Facts), binary.BigEndian.AppendUint32(nil, uint32(len(t.Columns))))
	for _, c := range t.Columns {
		out = slices.Concat(out, field(c.Name), field(c.Canonical))
	}
	return out
}

// column is what a statement of one column ends with.
func (t naiveTable) column(c merkle.Column) []byte {
	leaves := t.leaves()
	index := slices.IndexFunc(leaves, func(l []byte) bool { return bytes.Equal(l, t.leaf(c)) })
	path := rfcPath(index, leaves)
	return slices.Concat(field(c.Name), field(c.Canonical), t.key("column", c.Name), binary.BigEndian.AppendUint32(nil, uint32(index)),
		[]byte{byte(len(path))}, slices.Concat(path...), t.key("commitment", ""), t.key("facts", string(t.Facts)))
}
