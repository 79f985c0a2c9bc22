package expr

import "strings"

// shape says what a node is.
type shape uint8

const (
	leaf     shape = iota // text is a spelt token or a dotted name
	group                 // kids in parentheses, separated by commas
	brackets              // kids in brackets
	array                 // ARRAY[kids]
	cast                  // the one kid cast to the type in text
	logic                 // kids joined by AND or OR, as text says
	sequence              // kids side by side
)

// node is a piece of a text with its structure.
type node struct {
	shape shape
	class class // of a leaf
	glued bool  // it hangs on the node before it: the arguments of a call, a subscript, a field
	text  string
	kids  []*node
}

func (n *node) isWord(text string) bool {
	return n.shape == leaf && n.class == word && n.text == text
}

// free says whether n is a pair of parentheses around one thing and serves no other purpose.
func (n *node) free() bool { return n.shape == group && !n.glued && len(n.kids) == 1 }

// inner returns what free parentheses are around, or n itself.
func (n *node) inner() *node {
	for n.free() {
		n = n.kids[0]
	}
	return n
}

// atom says whether n needs no parentheses wherever it stands.
func (n *node) atom() bool {
	return n.shape == leaf && (n.class == name || n.class == literal || n.class == number ||
		n.text == "true" || n.text == "false" || n.text == "NULL" || n.text == "VALUE")
}

// spacedWords are the keywords that a space parts from the parentheses that belong to them. It is only for the eye.
var spacedWords = wordSet("ANY ALL SOME IN EXISTS VALUES WITH RANGE LIST HASH AS USING OVER FILTER DISTINCT")

func (n *node) spaced() bool { return n.shape == leaf && n.class == word && spacedWords[n.text] }

// line joins the nodes that stand side by side.
func line(items []*node) *node {
	if len(items) == 1 {
		return items[0]
	}
	return &node{shape: sequence, kids: items}
}

// String prints the node in its canonical spelling.
func (n *node) String() string {
	var b strings.Builder
	n.print(&b)
	return b.String()
}

func (n *node) print(b *strings.Builder) {
	switch n.shape {
	case leaf:
		b.WriteString(n.text)
	case group:
		printList(b, "(", n.kids, ")")
	case brackets:
		printList(b, "[", n.kids, "]")
	case array:
		printList(b, "ARRAY[", n.kids, "]")
	case cast:
		n.kids[0].printOperand(b)
		b.WriteString("::" + n.text)
	case logic:
		for i, kid := range n.kids {
			if i > 0 {
				b.WriteString(" " + n.text + " ")
			}
			kid.print(b)
		}
	case sequence:
		for i, kid := range n.kids {
			if i > 0 && (!kid.glued || n.kids[i-1].spaced()) {
				b.WriteByte(' ')
			}
			kid.print(b)
		}
	}
}

// printOperand prints what is cast, as the server does: literals, NULL and arrays without parentheses, all else with.
func (n *node) printOperand(b *strings.Builder) {
	if n.shape == array || n.shape == leaf && (n.class == literal || n.text == "NULL") {
		n.print(b)
		return
	}
	b.WriteByte('(')
	n.print(b)
	b.WriteByte(')')
}

func printList(b *strings.Builder, open string, kids []*node, closing string) {
	b.WriteString(open)
	for i, kid := range kids {
		if i > 0 {
			b.WriteString(", ")
		}
		kid.print(b)
	}
	b.WriteString(closing)
}
