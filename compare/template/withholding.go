package template

import (
	"slices"

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
// A foreign key, a partition and an inheriting table name another table in
// their detail, and a verdict on them would tell that the other table exists.
// So a selector of whole tables, one with a table pattern and neither kind nor
// name, also withholds the facts of these kinds that point at its tables.
// Selectors by kind or name withhold just what they pick: who withholds the
// tables as a kind and discloses their columns has told which tables exist.
//
// A tenant may let the service ask what it has instead, where a column is there
// and its type or its default is not the template's:
//
//	follow_up: [type, default]
//
// Such a follow-up comparison ([FollowUp]) tells, column by column, which of a list of likely
// alternatives is there or that none is. Without the key nothing more is
// asked than the template. What is withheld stays withheld in a follow-up: the selectors
// decide there as they do here.
type Withholding struct {
	Selectors []Selector
	// FollowUp are the kinds of facts for which follow-up comparisons are allowed;
	// none by default.
	FollowUp []schema.Kind
}

const withholdingWhat = "withholding policy"

var withholdingKeys = []string{"withhold", "follow_up"}

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
			case "follow_up":
				w.FollowUp = parseFollowUp(value, &ps)
			case "required", "optional", "forbidden", "any_of", "waivers", "visibility":
				ps.add(value.Line, "%q belongs in the policy of a template; a tenant's policy has only \"withhold\" and \"follow_up\"", key)
			default:
				unknownKey(value.Line, key, "a tenant's policy", withholdingKeys, &ps)
			}
		})
	}
	if err := ps.err(withholdingWhat); err != nil {
		return nil, err
	}
	return w, nil
}

// parseFollowUp reads the kinds that a follow-up may ask about.
func parseFollowUp(n *yaml.Node, ps *problems) []schema.Kind {
	var kinds []schema.Kind
	eachItem(n, "follow_up", ps, func(item *yaml.Node) {
		before := len(*ps)
		name := text(item, "an entry of follow_up", ps)
		k, err := schema.ParseKind(name)
		switch {
		case len(*ps) > before:
		case err != nil || !followable(k):
			ps.add(item.Line, "follow_up allows questions about %q, but only type and default can be asked about", name)
		case slices.Contains(kinds, k):
			ps.add(item.Line, "follow_up lists %q twice; remove one", name)
		default:
			kinds = append(kinds, k)
		}
	})
	return kinds
}

// AllowsFollowUp reports whether the tenant lets a follow-up comparison ask which
// fact of that kind it has instead of the template's. A nil Withholding
// allows nothing.
func (w *Withholding) AllowsFollowUp(k schema.Kind) bool {
	return w != nil && followable(k) && slices.Contains(w.FollowUp, k)
}

// Withholds reports whether the verdict on a fact is kept back.
func (w *Withholding) Withholds(f schema.Fact) bool {
	if w == nil {
		return false
	}
	for _, s := range w.Selectors {
		if s.Matches(f) || s.wholeTables() && s.matchesTarget(f) {
			return true
		}
	}
	return false
}

// wholeTables reports whether the selector picks all there is of its tables.
func (s Selector) wholeTables() bool {
	return len(s.kinds) == 0 && !s.parts[1].isZero() && s.parts[2].isZero()
}

func (s Selector) matchesTarget(f schema.Fact) bool {
	to, ok := f.Target()
	return ok && s.parts[0].match(to.Schema) && s.parts[1].match(to.Name)
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
