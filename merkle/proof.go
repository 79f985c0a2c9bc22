package merkle

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kind says what a proof proves. The zero value is no kind.
type Kind uint8

// The kinds.
const (
	KindUnknown    Kind = 0
	Inclusion      Kind = 1 // the label has the commitment
	AbsenceByLeaf  Kind = 2 // another label's leaf is where the label would be
	AbsenceByEmpty Kind = 3 // nothing is where the label would be
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Inclusion:
		return "inclusion"
	case AbsenceByLeaf:
		return "absence, by another leaf"
	case AbsenceByEmpty:
		return "absence, by an empty place"
	}
	return fmt.Sprintf("unknown kind %d", uint8(k))
}

// Proof is a path from the root to where a label is, or would be.
type Proof struct {
	Kind Kind
	// Siblings are the hashes beside the path, from the root on; 32 zero bytes for a subtree without leaves.
	Siblings []Hash
	// Label and Commitment are those of the other leaf, where the kind is AbsenceByLeaf; otherwise zero.
	Label      Label
	Commitment Hash
}

// VerifyInclusion says whether a proof shows that a tree with a root has a commitment for a label.
func VerifyInclusion(root Hash, label Label, commitment Hash, p *Proof) error {
	if p.Kind != Inclusion {
		return fmt.Errorf("the proof is one of %s, not of inclusion", p.Kind)
	}
	return p.leadsTo(root, label, leafHash(label, commitment))
}

// VerifyAbsence says whether a proof shows that a tree with a root has nothing for a label.
func VerifyAbsence(root Hash, label Label, p *Proof) error {
	switch p.Kind {
	case AbsenceByEmpty:
		return p.leadsTo(root, label, empty)
	case AbsenceByLeaf:
		if p.Label == label {
			return errors.New("the leaf that is said to be another one's is the label's own")
		}
		if len(p.Siblings) <= MaxDepth && !p.Label.shares(label, len(p.Siblings)) {
			return errors.New("the other leaf does not stand where the label would be: their bits differ above it")
		}
		return p.leadsTo(root, label, leafHash(p.Label, p.Commitment))
	}
	return fmt.Errorf("the proof is one of %s, not of absence", p.Kind)
}

// leadsTo computes the root from the end of the path.
func (p *Proof) leadsTo(root Hash, label Label, end Hash) error {
	if err := p.check(); err != nil {
		return err
	}
	for i := len(p.Siblings) - 1; i >= 0; i-- {
		if label.bit(i) == 0 {
			end = nodeHash(end, p.Siblings[i])
		} else {
			end = nodeHash(p.Siblings[i], end)
		}
	}
	if end != root {
		return errors.New("the path does not lead to the root")
	}
	return nil
}

// check refuses paths that no tree has.
func (p *Proof) check() error {
	depth := len(p.Siblings)
	switch {
	case depth > MaxDepth:
		return fmt.Errorf("the path has %d steps, at most %d are possible", depth, MaxDepth)
	case p.Kind != AbsenceByLeaf && (p.Label != Label{} || p.Commitment != Hash{}):
		return errors.New("the proof has another leaf, which its kind has not")
	case depth > 0 && p.Siblings[depth-1] == empty:
		return errors.New("the path goes on below a subtree of one leaf, which is that leaf")
	}
	return nil
}

// proofVersion begins the binary form. Another form has another one.
const proofVersion = 1

// AppendBinary appends the binary form: version and kind, a byte each; the number of siblings, two bytes; a bit for each sibling, set for those of 32
// zero bytes, the first one highest, filled up to bytes with zeros; the other siblings; and the other leaf's label and commitment, where there is one.
func (p *Proof) AppendBinary(b []byte) ([]byte, error) {
	if err := p.check(); err != nil {
		return b, err
	}
	if p.Kind < Inclusion || p.Kind > AbsenceByEmpty {
		return b, fmt.Errorf("a proof of %s has no binary form", p.Kind)
	}
	b = append(b, proofVersion, byte(p.Kind))
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Siblings)))
	bitmap := make([]byte, (len(p.Siblings)+7)/8)
	for i, s := range p.Siblings {
		if s == empty {
			bitmap[i/8] |= 1 << (7 - i%8)
		}
	}
	b = append(b, bitmap...)
	for _, s := range p.Siblings {
		if s != empty {
			b = append(b, s[:]...)
		}
	}
	if p.Kind == AbsenceByLeaf {
		b = append(append(b, p.Label[:]...), p.Commitment[:]...)
	}
	return b, nil
}

// ParseProof reads the binary form: nothing that [Proof.AppendBinary] does not write.
func ParseProof(b []byte) (*Proof, error) {
	p, rest, err := parseProof(b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow the proof", len(rest))
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

var errShort = errors.New("the proof ends too early")

func parseProof(b []byte) (*Proof, []byte, error) {
	if len(b) < 4 {
		return nil, nil, errShort
	}
	if b[0] != proofVersion {
		return nil, nil, fmt.Errorf("the proof has version %d, want %d; update the older side", b[0], proofVersion)
	}
	p := &Proof{Kind: Kind(b[1])}
	if p.Kind < Inclusion || p.Kind > AbsenceByEmpty {
		return nil, nil, fmt.Errorf("the proof is one of %s", p.Kind)
	}
	depth := int(binary.BigEndian.Uint16(b[2:]))
	if depth > MaxDepth {
		return nil, nil, fmt.Errorf("the path has %d steps, at most %d are possible", depth, MaxDepth)
	}
	b, err := p.parseSiblings(b[4:], depth)
	if err != nil {
		return nil, nil, err
	}
	if p.Kind == AbsenceByLeaf {
		if len(b) < len(p.Label)+len(p.Commitment) {
			return nil, nil, errShort
		}
		copy(p.Label[:], b)
		copy(p.Commitment[:], b[len(p.Label):])
		b = b[len(p.Label)+len(p.Commitment):]
	}
	return p, b, p.check()
}

func (p *Proof) parseSiblings(b []byte, depth int) ([]byte, error) {
	size := (depth + 7) / 8
	if len(b) < size {
		return nil, errShort
	}
	bitmap, b := b[:size], b[size:]
	if depth%8 != 0 && bitmap[size-1]<<(depth%8) != 0 {
		return nil, errors.New("bits are set beyond the last sibling")
	}
	for i := range depth {
		var s Hash
		if bitmap[i/8]>>(7-i%8)&1 == 0 {
			if len(b) < len(s) {
				return nil, errShort
			}
			copy(s[:], b)
			if b = b[len(s):]; s == empty {
				return nil, errors.New("a sibling of 32 zero bytes is written out")
			}
		}
		p.Siblings = append(p.Siblings, s)
	}
	return b, nil
}
