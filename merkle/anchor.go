package merkle

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// anchorDomain keeps anchors apart from all else that is hashed.
const anchorDomain = "veil/v1/merkle/anchor\x00"

// Anchor is the one value that stands for a tenant's commitment in one comparison: SHA-256 over the domain "veil/v1/merkle/anchor", a zero byte, the
// labels' key, the root of the tree and a blind. It stands in the signed header of a submission, so that neither the root nor the key under which
// labels are unique can be another one later. The blind is another one in each comparison, so that whoever sees two anchors does not see whether the
// schema changed between them.
func Anchor(key PublicLabelKey, root, blind Hash) Hash {
	return sha256.Sum256(slices.Concat([]byte(anchorDomain), key[:], root[:], blind[:]))
}

// Blind is the blind of a comparison, whose id nobody else has twice.
func (c *Committer) Blind(comparison [32]byte) Hash { return derive(c.secret, "blind", comparison[:]) }

// Anchor returns the value that stands for what a committer committed to, in a comparison.
func (c *Committer) Anchor(in *Commitments, comparison [32]byte) (Hash, error) {
	key, err := c.Labels()
	if err != nil {
		return Hash{}, err
	}
	return Anchor(key, in.Tree.Root(), c.Blind(comparison)), nil
}

// Shown is a statement with what leads from it to an anchor. It proves nothing until it is held against an anchor that comes from somewhere else.
type Shown struct {
	// Labels is the key of the labels, Root the root of the tree, Blind that of the comparison.
	Labels    PublicLabelKey `json:"labels"`
	Root      Hash           `json:"root"`
	Blind     Hash           `json:"blind"`
	Statement *Statement     `json:"statement"`
}

// Show adds to a statement what leads to its anchor in a comparison.
func (c *Committer) Show(in *Commitments, comparison [32]byte, s *Statement) (*Shown, error) {
	key, err := c.Labels()
	if err != nil {
		return nil, err
	}
	return &Shown{Labels: key, Root: in.Tree.Root(), Blind: c.Blind(comparison), Statement: s}, nil
}

// Verify checks a statement against the anchor of a submission.
func (s *Shown) Verify(anchor Hash) error {
	if s.Statement == nil {
		return errors.New("the proof states nothing")
	}
	if Anchor(s.Labels, s.Root, s.Blind) != anchor {
		return errors.New("the proof belongs to another schema, another state of it, or another comparison than this commitment")
	}
	return s.Statement.Verify(s.Root, s.Labels)
}

// Encode writes the proof as JSON, in one way.
func (s *Shown) Encode() ([]byte, error) {
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("the proof cannot be written: %w", err)
	}
	return append(out, '\n'), nil
}

// MarshalText writes the key in hexadecimal digits.
func (k PublicLabelKey) MarshalText() ([]byte, error) { return Hash(k).MarshalText() }

// UnmarshalText reads 64 lower-case hexadecimal digits.
func (k *PublicLabelKey) UnmarshalText(text []byte) error { return (*Hash)(k).UnmarshalText(text) }
