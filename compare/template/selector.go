package template

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/veilschema/veil/compare/schema"
)

// Selector picks facts by kind and by patterns of their names. All that it
// names must match. Selectors come from [ParsePolicy] and [ParseWithholding];
// the zero Selector picks nothing.
type Selector struct {
	Line  int // where it stands in its file
	kinds []schema.Kind
	parts [3]pattern // schema, table, name
}

// selectorParts names the parts of a selector that are patterns.
var selectorParts = [3]string{"schema", "table", "name"}

var selectorKeys = []string{"kind", "schema", "table", "name"}

// Matches reports whether the selector picks a fact.
func (s Selector) Matches(f schema.Fact) bool {
	if s.empty() || len(s.kinds) > 0 && !slices.Contains(s.kinds, f.Kind) {
		return false
	}
	return s.parts[0].match(f.Schema) && s.parts[1].match(f.Table) && s.parts[2].match(f.Name)
}

// String writes the selector as a policy does.
func (s Selector) String() string {
	var parts []string
	switch len(s.kinds) {
	case 0:
	case 1:
		parts = append(parts, "kind: "+s.kinds[0].String())
	default:
		names := make([]string, len(s.kinds))
		for i, k := range s.kinds {
			names[i] = k.String()
		}
		parts = append(parts, "kind: ["+strings.Join(names, ", ")+"]")
	}
	for i, p := range s.parts {
		if !p.isZero() {
			parts = append(parts, fmt.Sprintf("%s: %q", selectorParts[i], p.source))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (s Selector) empty() bool {
	return len(s.kinds) == 0 && s.parts[0].isZero() && s.parts[1].isZero() && s.parts[2].isZero()
}

// parseSelectors reads a list of selectors; entries with problems are left
// out.
func parseSelectors(n *yaml.Node, what string, ps *problems) []Selector {
	var list []Selector
	eachItem(n, what, ps, func(item *yaml.Node) {
		if s, ok := parseSelector(item, what, ps); ok {
			list = append(list, s)
		}
	})
	return list
}

func parseSelector(n *yaml.Node, what string, ps *problems) (Selector, bool) {
	s := Selector{Line: n.Line}
	before := len(*ps)
	eachKey(n, "an entry of "+what, ps, func(key string, value *yaml.Node) {
		switch i := slices.Index(selectorParts[:], key); {
		case key == "kind":
			s.kinds = parseKinds(value, ps)
		case i >= 0:
			s.parts[i] = parseSelectorPart(value, key, ps)
		case key == "detail":
			ps.add(value.Line, "%s selects by kind, schema, table and name, not by detail", what)
		default:
			unknownKey(value.Line, key, "an entry of "+what, selectorKeys, ps)
		}
	})
	if len(*ps) == before && s.empty() {
		ps.add(n.Line, "an entry of %s names nothing; name at least one of kind, schema, table and name", what)
	}
	return s, len(*ps) == before
}

func parseSelectorPart(n *yaml.Node, key string, ps *problems) pattern {
	before := len(*ps)
	source := text(n, key, ps)
	if len(*ps) > before {
		return pattern{}
	}
	if source == "" {
		ps.add(n.Line, "the pattern for %s is empty; leave it out to match every %[1]s", key)
		return pattern{}
	}
	p, err := parsePattern(source)
	if err != nil {
		ps.add(n.Line, "the pattern %q for %s %v", source, key, err)
	}
	return p
}

// parseKinds reads one kind or a list of kinds.
func parseKinds(n *yaml.Node, ps *problems) []schema.Kind {
	var kinds []schema.Kind
	add := func(n *yaml.Node) {
		if k, ok := parseKind(n, ps); ok {
			kinds = append(kinds, k)
		}
	}
	if n.Kind != yaml.SequenceNode {
		add(n)
		return kinds
	}
	if len(n.Content) == 0 {
		ps.add(n.Line, "the list of kinds is empty; leave kind out to match every kind")
	}
	eachItem(n, "kind", ps, add)
	return kinds
}

func parseKind(n *yaml.Node, ps *problems) (schema.Kind, bool) {
	before := len(*ps)
	name := text(n, "kind", ps)
	if len(*ps) > before {
		return schema.KindUnknown, false
	}
	k, err := schema.ParseKind(name)
	if err != nil {
		ps.add(n.Line, "%q is no kind of fact; the kinds are %s", name, kindList())
		return schema.KindUnknown, false
	}
	return k, true
}

func kindList() string {
	var names []string
	for _, k := range schema.Kinds() {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}
