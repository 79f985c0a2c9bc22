package allowlist

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// node is a part of a parse tree. A nil node is one that is not there, and has nothing.
type node struct {
	kind   string
	fields []field
}

// field is a value of a node; a list is several fields of one name.
type field struct {
	name   string
	number uint64
	text   string
	child  *node // nil also for the empty places of a list
}

// unlisted is the error for a tree with a part that nodes.txt does not have.
type unlisted struct{ what string }

func (u *unlisted) Error() string { return u.what + " is nothing that a template may have" }

var errTree = errors.New("the SQL parser answered with a tree that cannot be read; the program and its parser do not fit together")

// readTree decodes a message of the given kind.
func readTree(kind string, b []byte) (*node, error) {
	g, err := readGrammar()
	if err != nil {
		return nil, err
	}
	return g.message(kind, b, 0)
}

func (g *grammar) message(kind string, b []byte, depth int) (*node, error) {
	specs, ok := g.kinds[kind]
	if !ok {
		return nil, &unlisted{kind}
	}
	if depth > maxTreeDepth {
		return nil, errTree
	}
	n := &node{kind: kind}
	for len(b) > 0 {
		number, wire, size := protowire.ConsumeTag(b)
		if size < 0 {
			return nil, errTree
		}
		b = b[size:]
		spec, ok := specs[number]
		if !ok {
			return nil, &unlisted{fmt.Sprintf("field %d of %s", number, kind)}
		}
		f, size, err := g.field(spec, wire, b, depth)
		if err != nil {
			return nil, err
		}
		b = b[size:]
		n.fields = append(n.fields, f)
	}
	return n, nil
}

// field reads one value and says how many bytes it has.
func (g *grammar) field(spec fieldSpec, wire protowire.Type, b []byte, depth int) (field, int, error) {
	f := field{name: spec.name}
	if spec.form == '=' {
		v, size := protowire.ConsumeVarint(b)
		if wire != protowire.VarintType || size < 0 {
			return f, 0, errTree
		}
		f.number, f.text = v, spec.enum[int(v)]
		return f, size, nil
	}
	v, size := protowire.ConsumeBytes(b)
	if wire != protowire.BytesType || size < 0 {
		return f, 0, errTree
	}
	var err error
	switch spec.form {
	case '$':
		f.text = string(v)
	case '>':
		f.child, err = g.message(spec.kind, v, depth+1)
	case '*':
		f.child, err = g.any(v, depth+1)
	}
	return f, size, err
}

// any reads a Node, which says its kind by the number of its only field.
func (g *grammar) any(b []byte, depth int) (*node, error) {
	if len(b) == 0 {
		return nil, nil // an empty place, such as the lower bound of a[:2]
	}
	number, wire, size := protowire.ConsumeTag(b)
	if size < 0 || wire != protowire.BytesType {
		return nil, errTree
	}
	v, n := protowire.ConsumeBytes(b[size:])
	if n < 0 || size+n != len(b) {
		return nil, errTree
	}
	kind, ok := g.nodes[number]
	if !ok {
		return nil, errTree
	}
	return g.message(kind, v, depth)
}

// get is the first field of the name, or nil.
func (n *node) get(name string) *field {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i]
		}
	}
	return nil
}

// text is a text field, or the name of an enum's value; "" where it is not there.
func (n *node) text(name string) string {
	if f := n.get(name); f != nil {
		return f.text
	}
	return ""
}

// number is a number field, 0 where it is not there.
func (n *node) number(name string) int {
	if f := n.get(name); f != nil {
		return int(f.number)
	}
	return 0
}

// flag is a boolean field.
func (n *node) flag(name string) bool { return n.number(name) != 0 }

// child is a node field, or nil.
func (n *node) child(name string) *node {
	if f := n.get(name); f != nil {
		return f.child
	}
	return nil
}

// list is a list of nodes without its empty places.
func (n *node) list(name string) []*node {
	if n == nil {
		return nil
	}
	var list []*node
	for i := range n.fields {
		if f := &n.fields[i]; f.name == name && f.child != nil {
			list = append(list, f.child)
		}
	}
	return list
}

// names are the texts of a list of String nodes: the parts of a qualified name. Other nodes in
// it (an asterisk, a subscript) count as "".
func (n *node) names(list string) []string {
	var names []string
	for _, c := range n.list(list) {
		names = append(names, c.text("sval"))
	}
	return names
}

// value is the text of a constant or a name: of a String, Integer, Float or Boolean, an A_Const, or a
// TypeName of one part, by all of which the grammar passes options. It is false for anything else.
func (n *node) value() (string, bool) {
	if n == nil {
		return "", false
	}
	switch n.kind {
	case "String":
		return n.text("sval"), true
	case "Float":
		return n.text("fval"), true
	case "Integer":
		return fmt.Sprint(int32(n.number("ival"))), true
	case "Boolean":
		return fmt.Sprint(n.flag("boolval")), true
	case "TypeName":
		names := n.names("names")
		return last(names), len(names) == 1
	case "A_Const":
		for _, f := range n.fields {
			if f.child != nil {
				return f.child.value()
			}
		}
	}
	return "", false
}

// last is the last part of a name, or "".
func last(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}
