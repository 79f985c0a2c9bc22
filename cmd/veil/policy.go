package main

import (
	"bytes"

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

// splitPolicy separates the tenant's part of a policy file, its top-level entry
// "withhold", from the template's. Lines of the other part become empty, so that
// errors name the right ones. What does not read as YAML is left to the parser
// of the template's part to explain.
func splitPolicy(text []byte) (templates, tenants []byte) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return text, nil
	}
	entries := doc.Content[0].Content
	for i := 0; i < len(entries); i += 2 {
		if entries[i].Value != "withhold" {
			continue
		}
		if len(entries) == 2 {
			return nil, text
		}
		from, to := entries[i].Line-1, bytes.Count(text, []byte("\n"))+1
		if i+2 < len(entries) {
			to = entries[i+2].Line - 1
		}
		return blank(text, from, to, true), blank(text, from, to, false)
	}
	return text, nil
}

// blank empties the lines [from, to), or all others.
func blank(text []byte, from, to int, inside bool) []byte {
	lines := bytes.Split(text, []byte("\n"))
	for i := range lines {
		if (i >= from && i < to) == inside {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, []byte("\n"))
}
