package expr

import "strings"

// subquery are the keywords that make AND and OR beside them belong to a part of the line only.
var subquery = wordSet("BETWEEN SELECT WHERE CASE ON HAVING JOIN WHEN")

// joinLogic finds AND and OR in a line and makes one node of their operands, nested ones included. OR binds weaker, which
// only matters for text that no server printed.
func joinLogic(items []*node) *node {
	ops := 0
	for _, item := range items {
		switch {
		case item.isWord("AND") || item.isWord("OR"):
			ops++
		case item.shape == leaf && item.class == word && subquery[item.text]:
			return line(items)
		}
	}
	if ops == 0 {
		return line(items)
	}
	return splitLogic(items, "OR", func(part []*node) *node {
		return splitLogic(part, "AND", line)
	})
}

// splitLogic splits items at op and makes each part a node. An operand that is missing leaves the line as it is.
func splitLogic(items []*node, op string, makePart func([]*node) *node) *node {
	var parts [][]*node
	start := 0
	for i := 0; i <= len(items); i++ {
		if i < len(items) && !items[i].isWord(op) {
			continue
		}
		if i == start {
			return line(items)
		}
		parts = append(parts, items[start:i])
		start = i + 1
	}
	if len(parts) == 1 {
		return makePart(parts[0])
	}
	joined := &node{shape: logic, text: op}
	for _, part := range parts {
		kid := makePart(part)
		switch inner := kid.inner(); {
		case inner.shape == logic && inner.text == op:
			joined.kids = append(joined.kids, inner.kids...)
		case kid.shape == logic:
			joined.kids = append(joined.kids, &node{shape: group, kids: []*node{kid}})
		default:
			joined.kids = append(joined.kids, kid)
		}
	}
	return joined
}

// newCast casts n to a type, dropping what changes nothing.
func newCast(n *node, typ string, names Names) *node {
	n = n.inner()
	elem, isArray := strings.CutSuffix(typ, "[]")
	switch {
	case n.shape == array && isArray && len(n.kids) == 0:
		n = &node{class: literal, text: "'{}'"}
	case n.shape == array && isArray && len(n.kids)*len(elem) <= maxSpread:
		return castElements(n, typ, elem, names)
	case n.shape == cast && n.text == typ:
		return n
	case n.shape == cast && anyText[n.text] && anyText[typ] && n.kids[0].class == literal && n.kids[0].shape == leaf:
		n = n.kids[0]
	case n.shape == leaf && n.class == literal && registered[typ]:
		spelling, needsCast := spellRegistered(names, n.text, typ)
		if n = (&node{class: literal, text: spelling}); !needsCast {
			return &node{class: word, text: spelling}
		}
	}
	return &node{shape: cast, text: typ, kids: []*node{n}}
}

// anyText are the types between which a string literal is cast without a change.
var anyText = map[string]bool{"text": true, "character varying": true}

// castElements casts each element of an array instead of the array, as the server does when it reads its own text again.
func castElements(n *node, typ, elem string, names Names) *node {
	kids := make([]*node, len(n.kids))
	for i, kid := range n.kids {
		if in := kid.inner(); in.shape == array {
			kids[i] = newCast(in, typ, names)
		} else {
			kids[i] = newCast(kid, elem, names)
		}
	}
	return &node{shape: array, kids: kids}
}
