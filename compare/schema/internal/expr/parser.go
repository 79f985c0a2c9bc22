package expr

import (
	"errors"
	"fmt"
	"strings"
)

// parser groups tokens into a tree, simplifying on the way up.
type parser struct {
	tokens []token
	names  Names
	depth  int
	field  bool // the next name is the field of EXTRACT(field FROM ...) and so no column
}

// parse returns the tree of a text: its parts between top-level commas.
func parse(text string, names Names) ([]*node, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, names: names}
	list, err := p.list("")
	if err != nil {
		return nil, err
	}
	if t := p.peek(0); t.class != end {
		return nil, fmt.Errorf("%q closes nothing", t.text)
	}
	return list, nil
}

func (p *parser) peek(ahead int) token {
	if ahead >= len(p.tokens) {
		return token{}
	}
	return p.tokens[ahead]
}

func (p *parser) take() token {
	t := p.peek(0)
	if t.class != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// list reads what stands between commas, up to the closing mark and with it; "" is the end of the text.
func (p *parser) list(closing string) ([]*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("brackets nest deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	if closing != "" && p.peek(0).is(closing) {
		p.take()
		return nil, nil
	}
	var list []*node
	for {
		n, err := p.line()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		switch t := p.peek(0); {
		case t.is(","):
			p.take()
		case t.class == end && closing == "":
			return list, nil
		case closing != "" && t.is(closing):
			p.take()
			return list, nil
		case t.class == end:
			return nil, fmt.Errorf("%q is missing", closing)
		default:
			return nil, fmt.Errorf("%q closes nothing", t.text)
		}
	}
}

// line reads nodes side by side, up to a comma, a closing mark or the end.
func (p *parser) line() (*node, error) {
	var items []*node
	for {
		t := p.peek(0)
		if t.class == end || t.is(",") || t.is(")") || t.is("]") {
			break
		}
		var err error
		if items, err = p.item(items); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 {
		return nil, errors.New("nothing stands where an expression should")
	}
	return joinLogic(items), nil
}

// item reads the next node and appends it to items, or makes it part of the last of them.
func (p *parser) item(items []*node) ([]*node, error) {
	switch t := p.peek(0); {
	case t.is("("):
		return p.parentheses(items)
	case t.is("["):
		return p.subscript(items)
	case t.is("::"):
		return p.cast(items)
	case t.is(".") && len(items) > 0:
		p.take()
		field := p.take()
		if field.class != name && !field.operator() {
			return nil, errors.New("no name follows a dot")
		}
		return append(items, &node{class: name, glued: true, text: "." + field.spell()}), nil
	case t.class == name:
		return append(items, p.name()), nil
	default:
		p.take()
		return append(items, &node{class: t.class, text: t.spell()}), nil
	}
}

// loosens are the keywords after which parentheses only group. After any other word they belong to it: ANY (...), ROW(...).
var loosens = wordSet(`AND OR NOT WHEN THEN ELSE WHERE FROM TO ZONE ESCAPE FOR BY LIMIT OFFSET SELECT HAVING PLACING
	RETURNING ON`)

func (p *parser) parentheses(items []*node) ([]*node, error) {
	p.take()
	p.field = len(items) > 0 && items[len(items)-1].isWord("EXTRACT")
	kids, err := p.list(")")
	if err != nil {
		return nil, err
	}
	n := &node{shape: group, kids: kids}
	if len(items) > 0 {
		last := items[len(items)-1]
		n.glued = last.shape == leaf && (last.class == name || last.class == word && !loosens[last.text])
	}
	if !n.free() {
		return append(items, n), nil
	}
	if kid := n.kids[0]; kid.free() {
		n = kid
	}
	if next := p.peek(0); n.kids[0].atom() && !next.is(".") && !next.is("[") {
		n = n.kids[0]
	}
	return append(items, n), nil
}

func (p *parser) subscript(items []*node) ([]*node, error) {
	p.take()
	kids, err := p.list("]")
	if err != nil {
		return nil, err
	}
	last := len(items) - 1
	if last >= 0 && items[last].isWord("ARRAY") {
		items[last] = &node{shape: array, kids: kids}
		return items, nil
	}
	return append(items, &node{shape: brackets, kids: kids, glued: last >= 0}), nil
}

// cast reads a type and casts the last node, together with all that it hangs on.
func (p *parser) cast(items []*node) ([]*node, error) {
	p.take()
	typ, err := p.typeName()
	if err != nil {
		return nil, err
	}
	first := len(items) - 1
	for first > 0 && items[first].glued {
		first--
	}
	if first < 0 {
		return nil, fmt.Errorf("nothing is cast to %s", typ)
	}
	n := newCast(line(items[first:]), typ, p.names)
	return append(items[:first:first], n), nil
}

// name reads a name with its qualifiers.
func (p *parser) name() *node {
	chain := []token{p.take()}
	for p.peek(0).is(".") && (p.peek(1).class == name || p.peek(1).operator()) {
		p.take()
		chain = append(chain, p.take())
	}
	return &node{class: name, text: p.spellName(chain)}
}

func (p *parser) spellName(chain []token) string {
	field := p.field
	p.field = false
	if len(chain) == 1 {
		only := chain[0]
		if field || p.peek(0).is("(") {
			return only.spell()
		}
		if to := p.names.Column(only.text); to != only.text {
			return Quote(to)
		}
		return only.spell()
	}
	spelt := make([]string, len(chain))
	for i, t := range chain {
		if spelt[i] = t.text; t.class == name {
			spelt[i] = Quote(t.text)
		}
	}
	qualifier, object := p.names.Qualified(chain[0].text, chain[1].text)
	if spelt[0] = Quote(qualifier); chain[1].class == name {
		spelt[1] = Quote(object)
	}
	return strings.Join(spelt, ".")
}
