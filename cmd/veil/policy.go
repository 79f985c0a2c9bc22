package main

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/veilschema/veil/compare/template"
)

// policies are what policy files say.
type policies struct {
	template *template.Policy
	path     string // of the template's
	tenant   *template.Withholding
}

// readPolicies reads policy files: at most one of the template's and one of the
// tenant's, or one file that holds both.
func readPolicies(paths []string) (p policies, err error) {
	for _, path := range paths {
		text, err := readInput("policy file", path)
		if err != nil {
			return p, err
		}
		templates, tenants := splitPolicy(text)
		if templates != nil {
			if p.template != nil {
				return p, usagef("%s is a second policy of the template; put all of it into one file", path)
			}
			if p.template, err = template.ParsePolicy(templates); err != nil {
				return p, usagef("%s: %w", path, err)
			}
			p.path = path
		}
		if tenants != nil {
			if p.tenant != nil {
				return p, usagef("%s is a second policy of the tenant; put all of it into one file", path)
			}
			if p.tenant, err = template.ParseWithholding(tenants); err != nil {
				return p, usagef("%s: %w", path, err)
			}
		}
	}
	return p, nil
}

// tenantKeys are the top-level entries of a policy file that are the tenant's.
var tenantKeys = []string{"withhold", "follow_up"}

// splitPolicy separates the tenant's part of a policy file, its top-level entries
// "withhold" and "follow_up", from the template's. Lines of the other part become empty, so that
// errors name the right ones. What does not read as YAML is left to the parser
// of the template's part to explain.
func splitPolicy(text []byte) (templates, tenants []byte) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return text, nil
	}
	entries := doc.Content[0].Content
	lines := bytes.Split(text, []byte("\n"))
	theirs := make([]bool, len(lines)) // the tenant's, line by line
	keys := 0
	for i := 0; i < len(entries); i += 2 {
		if !slices.Contains(tenantKeys, entries[i].Value) {
			continue
		}
		keys++
		from, to := entries[i].Line-1, len(lines)
		if i+2 < len(entries) {
			to = entries[i+2].Line - 1
		}
		for at := from; at < to; at++ {
			theirs[at] = true
		}
	}
	switch {
	case keys == 0:
		return text, nil
	case 2*keys == len(entries):
		return nil, text
	}
	return keep(lines, theirs, false), keep(lines, theirs, true)
}

// keep empties the lines that are not the wanted part's.
func keep(lines [][]byte, theirs []bool, wanted bool) []byte {
	kept := make([][]byte, len(lines))
	for i, line := range lines {
		if theirs[i] == wanted {
			kept[i] = line
		}
	}
	return bytes.Join(kept, []byte("\n"))
}
