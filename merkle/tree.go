package merkle

import "crypto/sha256"

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Label is the place of a leaf: 256 bits, the first one is the highest bit of the first byte.
type Label [sha256.Size]byte

// bit returns bit i of a label, counted from the root.
func (l Label) bit(i int) byte { return l[i/8] >> (7 - i%8) & 1 }

// shares says whether two labels begin with the same bits.
func (l Label) shares(m Label, bits int) bool {
	for i := range bits {
		if l.bit(i) != m.bit(i) {
			return false
		}
	}
	return true
}

// What the hash of a leaf and of an inner node begins with. They are not those of RFC 6962, whose trees are below the leaves.
const (
	leafPrefix = 0x02
	nodePrefix = 0x03
)

// empty is the hash of a subtree without leaves.
var empty Hash

func leafHash(label Label, commitment Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = leafPrefix
	copy(b[1:], label[:])
	copy(b[1+sha256.Size:], commitment[:])
	return sha256.Sum256(b[:])
}

func nodeHash(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodePrefix
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// node is a subtree with at least one leaf: a leaf, or an inner node with at least two leaves below it. Nodes never change.
type node struct {
	hash  Hash
	child [2]*node // both nil for a leaf
	leaf  leaf     // of a leaf
}

type leaf struct {
	label      Label
	commitment Hash
}

func newLeaf(label Label, commitment Hash) *node {
	return &node{hash: leafHash(label, commitment), leaf: leaf{label, commitment}}
}

func (n *node) isLeaf() bool { return n.child[0] == nil && n.child[1] == nil }

func hashOf(n *node) Hash {
	if n == nil {
		return empty
	}
	return n.hash
}

// join makes the subtree above two; one with a single leaf is that leaf.
func join(child [2]*node) *node {
	switch left, right := child[0], child[1]; {
	case left == nil && (right == nil || right.isLeaf()):
		return right
	case right == nil && left.isLeaf():
		return left
	}
	return &node{hash: nodeHash(hashOf(child[0]), hashOf(child[1])), child: child}
}

// Tree is a set of labels with commitments. The zero Tree is empty. Trees never change: Set and Delete return another one, which shares all but
// one path with the first.
type Tree struct {
	root *node
	size int
}

// Root returns the hash of the tree.
func (t Tree) Root() Hash { return hashOf(t.root) }

// Len returns the number of leaves.
func (t Tree) Len() int { return t.size }

// Get returns the commitment of a label.
func (t Tree) Get(label Label) (commitment Hash, ok bool) {
	n := t.root
	for depth := 0; n != nil; depth++ {
		if n.isLeaf() {
			return n.leaf.commitment, n.leaf.label == label
		}
		n = n.child[label.bit(depth)]
	}
	return Hash{}, false
}

// Set returns the tree in which a label has a commitment, whether or not it had one before.
func (t Tree) Set(label Label, commitment Hash) Tree {
	size := t.size
	if _, ok := t.Get(label); !ok {
		size++
	}
	return Tree{set(t.root, label, commitment, 0), size}
}

func set(n *node, label Label, commitment Hash, depth int) *node {
	if n == nil || n.isLeaf() && n.leaf.label == label {
		return newLeaf(label, commitment)
	}
	var child [2]*node
	if n.isLeaf() { // it goes down by a bit
		child[n.leaf.label.bit(depth)] = n
	} else {
		child = n.child
	}
	at := label.bit(depth)
	child[at] = set(child[at], label, commitment, depth+1)
	return &node{hash: nodeHash(hashOf(child[0]), hashOf(child[1])), child: child}
}

// Delete returns the tree without a label, and whether it had it.
func (t Tree) Delete(label Label) (Tree, bool) {
	if _, ok := t.Get(label); !ok {
		return t, false
	}
	return Tree{remove(t.root, label, 0), t.size - 1}, true
}

func remove(n *node, label Label, depth int) *node {
	if n.isLeaf() {
		return nil
	}
	child := n.child
	at := label.bit(depth)
	child[at] = remove(child[at], label, depth+1)
	return join(child)
}

// Prove proves what the tree says of a label: its commitment, or that it has none.
func (t Tree) Prove(label Label) *Proof {
	p := &Proof{Kind: AbsenceByEmpty}
	n := t.root
	for depth := 0; n != nil; depth++ {
		if n.isLeaf() {
			p.Kind = Inclusion
			if n.leaf.label != label {
				p.Kind, p.Label, p.Commitment = AbsenceByLeaf, n.leaf.label, n.leaf.commitment
			}
			return p
		}
		at := label.bit(depth)
		p.Siblings = append(p.Siblings, hashOf(n.child[1-at]))
		n = n.child[at]
	}
	return p
}

// Leaf is a leaf of a tree, without what opens it.
type Leaf struct {
	Label      Label
	Commitment Hash
}

// Leaves returns the leaves in the order of their labels. The tree can be made of them again.
func (t Tree) Leaves() []Leaf {
	out := make([]Leaf, 0, t.size)
	var walk func(*node)
	walk = func(n *node) {
		switch {
		case n == nil:
		case n.isLeaf():
			out = append(out, Leaf{Label: n.leaf.label, Commitment: n.leaf.commitment})
		default:
			walk(n.child[0])
			walk(n.child[1])
		}
	}
	walk(t.root)
	return out
}
