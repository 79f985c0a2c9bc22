package expr

import (
	"errors"
	"fmt"
	"strings"
)

// longTypes are the words that start types of several words, and what may follow them.
var longTypes = map[string]map[string]bool{
	"character": wordSet("varying"),
	"bit":       wordSet("varying"),
	"double":    wordSet("precision"),
	"time":      wordSet("with without time zone"),
	"timestamp": wordSet("with without time zone"),
	"interval":  wordSet("year month day hour minute second to"),
}

// typeName reads a type: a name, its qualifier or further words, its modifier, and brackets for an array.
func (p *parser) typeName() (string, error) {
	first := p.take()
	if first.class != name {
		return "", fmt.Errorf("%q is no type", first.text)
	}
	var b strings.Builder
	var more map[string]bool
	if p.peek(0).is(".") && p.peek(1).class == name {
		p.take()
		schema, object := p.names.Qualified(first.text, p.take().text)
		b.WriteString(Quote(schema) + "." + Quote(object))
	} else {
		b.WriteString(first.spell())
		if !first.quoted {
			more = longTypes[first.text]
		}
	}
	if err := p.modifier(&b); err != nil {
		return "", err
	}
	for t := p.peek(0); t.class == name && !t.quoted && more[t.text]; t = p.peek(0) {
		b.WriteString(" " + p.take().text)
		if err := p.modifier(&b); err != nil {
			return "", err
		}
	}
	for p.peek(0).is("[") && p.peek(1).is("]") {
		p.take()
		p.take()
		b.WriteString("[]")
	}
	return b.String(), nil
}

// modifier reads (10,2) where it is next.
func (p *parser) modifier(b *strings.Builder) error {
	if !p.peek(0).is("(") {
		return nil
	}
	for {
		switch t := p.take(); {
		case t.class == end:
			return errors.New("the modifier of a type does not end")
		case t.is(")"):
			b.WriteByte(')')
			return nil
		default:
			b.WriteString(t.spell())
		}
	}
}

// withoutModifier returns a type without its modifier: numeric for numeric(10,2).
func withoutModifier(typ string) string {
	open := strings.IndexByte(typ, '(')
	if open < 0 || strings.IndexByte(typ[:open], '"') >= 0 {
		return typ
	}
	closing := strings.IndexByte(typ[open:], ')')
	if closing < 0 {
		return typ
	}
	return typ[:open] + typ[open+closing+1:]
}
