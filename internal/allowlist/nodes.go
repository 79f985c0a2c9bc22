package allowlist

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// nodesText is the allow-list of kinds and fields of the parse tree.
//
//go:embed nodes.txt
var nodesText string

// grammar is what nodesText says.
type grammar struct {
	kinds map[string]map[protowire.Number]fieldSpec
	nodes map[protowire.Number]string // the kind behind each number of a Node
}

// fieldSpec says how to read a field.
type fieldSpec struct {
	name string
	form byte           // '=' number, '$' text, '*' node, '>' node of a kind
	kind string         // of a form '>'
	enum map[int]string // names of a number's values, or nil
}

// readGrammar reads nodesText once. It is part of the program, so it cannot be wrong for one
// file and right for another; a test reads all of it.
var readGrammar = sync.OnceValues(func() (*grammar, error) {
	g := &grammar{kinds: map[string]map[protowire.Number]fieldSpec{}, nodes: map[protowire.Number]string{}}
	enums := map[string]map[int]string{}
	lines := strings.Split(nodesText, "\n")
	for _, line := range lines { // enums first, for fields name them
		if words := strings.Fields(line); len(words) > 1 && words[0] == "enum" {
			values := map[int]string{}
			for _, w := range words[2:] {
				name, number, _ := strings.Cut(w, "=")
				n, err := strconv.Atoi(number)
				if err != nil {
					return nil, fmt.Errorf("nodes.txt, %q: %w", w, err)
				}
				values[n] = name
			}
			enums[words[1]] = values
		}
	}
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" || words[0] == "enum" {
			continue
		}
		fields := map[protowire.Number]fieldSpec{}
		for _, w := range words[1:] {
			number, spec, err := readField(w, enums)
			if err != nil {
				return nil, fmt.Errorf("nodes.txt, %q: %w", w, err)
			}
			fields[number] = spec
			if words[0] == "Node" {
				g.nodes[number] = spec.name
			}
		}
		g.kinds[words[0]] = fields
	}
	return g, nil
})

// readField reads "name=12", "name=12$", "name=12*", "name=12>Kind" or "name=12:Enum".
func readField(w string, enums map[string]map[int]string) (protowire.Number, fieldSpec, error) {
	name, rest, _ := strings.Cut(w, "=")
	spec := fieldSpec{name: name, form: '='}
	digits := strings.TrimRight(rest, "$*")
	if i := strings.IndexAny(rest, ">:"); i >= 0 {
		digits = rest[:i]
		if rest[i] == '>' {
			spec.form, spec.kind = '>', rest[i+1:]
		} else if spec.enum = enums[rest[i+1:]]; spec.enum == nil {
			return 0, spec, fmt.Errorf("enum %s has no line", rest[i+1:])
		}
	} else if len(rest) > len(digits) {
		spec.form = rest[len(digits)]
	}
	n, err := strconv.Atoi(digits)
	return protowire.Number(n), spec, err
}
