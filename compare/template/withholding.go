package template

import (
	"go.yaml.in/yaml/v3"

	"github.com/veilschema/veil/compare/schema"
)

// Withholding is a tenant's policy of what it does not disclose. It decides by
// the fact alone, so the decision is made before anything is decrypted and
// says nothing about the outcome. The zero Withholding and a nil one withhold
// nothing.
//
//	withhold:
//	  - kind: check                 # no check constraint
//	  - table: "payroll*"           # nothing about these tables
//	    schema: hr
//
// A withheld table is not hidden by facts of others that name it: a foreign
// key or an inheritance fact of another table says in its detail where it
// points. Withholds therefore also withholds facts of these two kinds whose
// detail names a table that a selector with a table pattern, and without
// another restriction than schema, picks.
type Withholding struct {
	Selectors []Selector
}

const withholdingWhat = "withholding policy"

// ParseWithholding reads a tenant's withholding policy from YAML. An empty
// file withholds nothing. The error is a *[PolicyError] that lists all
// problems with their lines.
func ParseWithholding(yamlText []byte) (*Withholding, error) {
	var ps problems
	w := new(Withholding)
	if root := parseYAML(yamlText, &ps); root != nil {
		eachKey(root, "the file", &ps, func(key string, value *yaml.Node) {
			switch key {
			case "withhold":
				w.Selectors = parseSelectors(value, key, &ps)
			case "required", "optional", "forbidden", "any_of", "waivers", "visibility":
				ps.add(value.Line, "%q belongs in the policy of a template; a tenant's policy has only \"withhold\"", key)
			default:
				unknownKey(value.Line, key, "a tenant's policy", []string{"withhold"}, &ps)
			}
		})
	}
	if err := ps.err(withholdingWhat); err != nil {
		return nil, err
	}
	return w, nil
}

// Withholds reports whether the verdict on a fact is kept back.
func (w *Withholding) Withholds(f schema.Fact) bool {
	if w == nil {
		return false
	}
	for _, s := range w.Selectors {
		if s.Matches(f) {
			return true
		}
	}
	return false
}

// Idle returns the selectors that withhold none of the given facts. A selector
// that was meant to protect something and matches nothing is often a misspelt
// one, so callers show it to a person before disclosing.
func (w *Withholding) Idle(facts schema.Facts) []Selector {
	if w == nil {
		return nil
	}
	var idle []Selector
	for _, s := range w.Selectors {
		used := false
		for _, f := range facts {
			if used = s.Matches(f); used {
				break
			}
		}
		if !used {
			idle = append(idle, s)
		}
	}
	return idle
}
