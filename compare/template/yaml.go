package template

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The readers below walk the tree of nodes instead of decoding into structs:
// every problem gets its line, all problems are found and not the first one,
// and aliases, with which a small file becomes a large one, are never
// expanded.

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// yamlParser finds the errors of the library's parser, which unlike those of its scanner count lines from 0.
var yamlParser = regexp.MustCompile(`^did not find expected (',' or|key|'-' indicator)`)

// parseYAML returns the root mapping of a policy file, nil for an empty file
// or where ps says what is wrong.
func parseYAML(text []byte, ps *problems) *yaml.Node {
	if len(text) > MaxPolicyBytes {
		ps.add(0, "the file has %d bytes, more than the %d that are read", len(text), MaxPolicyBytes)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		ps.addYAML(err, bytes.ContainsAny(text, "*?"))
		return nil
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		ps.add(0, "the file holds more than one YAML document; keep the first and remove what follows its \"---\"")
		return nil
	}
	root := doc.Content[0]
	if isNull(root) {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		ps.add(root.Line, "the file must be a mapping with keys such as %q, got %s", "optional:", nodeKind(root))
		return nil
	}
	if !checkTree(root, 0, ps) {
		return nil
	}
	return root
}

func (ps *problems) addYAML(err error, patterns bool) {
	line, what := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits only; an overflow gives no line
		what = m[2]
	}
	if line > 0 && yamlParser.MatchString(what) {
		line++ // the library counts these from 0
	}
	hint := ""
	if patterns {
		hint = `; write patterns with * and ? in quotes, as in table: "claim*"`
	}
	ps.add(line, "this is not YAML: %s%s", what, hint)
}

// checkTree refuses what no policy needs: aliases, anchors and deep nesting.
func checkTree(n *yaml.Node, depth int, ps *problems) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		ps.add(n.Line, "anchors and aliases (& and *) are not used in policies; write the value out, and put patterns in quotes, as in table: \"*\"")
		return false
	case depth > MaxPolicyDepth:
		ps.add(n.Line, "lists and mappings are nested more than %d deep", MaxPolicyDepth)
		return false
	}
	ok := true
	for _, c := range n.Content {
		ok = checkTree(c, depth+1, ps) && ok
	}
	return ok
}

// eachKey calls f for every key of a mapping and reports keys that appear
// twice or are not text. what names the mapping in messages.
func eachKey(n *yaml.Node, what string, ps *problems, f func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		ps.add(n.Line, "%s must be a mapping such as {kind: column, table: patient}, got %s", what, nodeKind(n))
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			ps.add(key.Line, "a key of %s must be text, got %s", what, nodeKind(key))
			continue
		}
		if first, dup := seen[key.Value]; dup {
			ps.add(key.Line, "the key %q stands twice in %s, first in line %d; merge the two", key.Value, what, first)
			continue
		}
		seen[key.Value] = key.Line
		f(key.Value, value)
	}
}

// eachItem calls f for every entry of a list.
func eachItem(n *yaml.Node, what string, ps *problems, f func(*yaml.Node)) {
	switch {
	case isNull(n):
	case n.Kind != yaml.SequenceNode:
		ps.add(n.Line, "%s must be a list, each entry after a \"-\", got %s", what, nodeKind(n))
	case len(n.Content) > MaxPolicyEntries:
		ps.add(n.Line, "%s has %d entries, more than the %d that are read", what, len(n.Content), MaxPolicyEntries)
	default:
		for _, c := range n.Content {
			f(c)
		}
	}
}

// text returns a scalar as it is written: yes, 12 and 2027-03-31 are text
// here, whatever YAML would make of them.
func text(n *yaml.Node, what string, ps *problems) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		ps.add(n.Line, "%s must be text, got %s", what, nodeKind(n))
		return ""
	}
	return n.Value
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func nodeKind(n *yaml.Node) string {
	switch {
	case isNull(n):
		return "nothing"
	case n.Kind == yaml.ScalarNode:
		return "a single value"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	}
	return "something else"
}

// unknownKey reports a key that nothing reads, with the nearest that is read.
func unknownKey(line int, key, what string, known []string, ps *problems) {
	for _, k := range known {
		if nearly(key, k) {
			ps.add(line, "%s has no key %q; did you mean %q?", what, key, k)
			return
		}
	}
	ps.add(line, "%s has no key %q; its keys are %s", what, key, strings.Join(known, ", "))
}

// nearly reports whether two words differ by case, dashes, a plural s or one
// character.
func nearly(a, b string) bool {
	norm := func(s string) string {
		return strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(s), "-", "_"), "s")
	}
	a, b = norm(a), norm(b)
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(b) < 4 || len(b)-len(a) > 1:
		return false
	case len(a) == len(b):
		return a[i+1:] == b[i+1:]
	default:
		return a[i:] == b[i+1:]
	}
}
