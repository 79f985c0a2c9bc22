package template

import (
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/veilschema/veil/compare/schema"
)

// Policy is what a template asks beside having the facts of its DDL. It comes
// from [ParsePolicy]; the zero Policy and a nil one require every fact of the
// DDL and judge nothing else.
type Policy struct {
	Visibility Visibility // VisibilityUnknown means public
	Required   []Selector // exceptions from Optional
	Optional   []Selector
	Forbidden  []Literal
	AnyOf      []Alternatives
	Waivers    []WaiverEntry

	visibilityLine int
}

// Literal is one fact that a policy names.
type Literal struct {
	Line int // where it stands in its file
	Fact schema.Fact
}

// Alternatives is an any_of group as a policy names it. Its facts may be in
// the DDL or not.
type Alternatives struct {
	Line  int
	Name  string
	Facts []Literal
}

// WaiverEntry waives one fact, or one any_of group where Group is not "".
type WaiverEntry struct {
	Line   int
	Fact   schema.Fact
	Group  string
	Waiver Waiver
}

const policyWhat = "policy"

var (
	policyKeys  = []string{"visibility", "required", "optional", "forbidden", "any_of", "waivers"}
	literalKeys = []string{"kind", "schema", "table", "name", "detail"}
	groupKeys   = []string{"name", "facts"}
	waiverKeys  = []string{"fact", "group", "reason", "approver", "expires"}
)

// ParsePolicy reads a template's policy from YAML; the package comment shows
// one. An empty file is the default policy. The error is a *[PolicyError] that
// lists all problems with their lines. Whether the policy fits a schema is
// found by [Build].
func ParsePolicy(yamlText []byte) (*Policy, error) {
	p, ps := parsePolicy(yamlText)
	if err := ps.err(policyWhat); err != nil {
		return nil, err
	}
	return p, nil
}

// parsePolicy returns what could be read, together with what is wrong.
func parsePolicy(yamlText []byte) (*Policy, problems) {
	var ps problems
	p := new(Policy)
	if root := parseYAML(yamlText, &ps); root != nil {
		eachKey(root, "the file", &ps, func(key string, value *yaml.Node) { p.parseKey(key, value, &ps) })
	}
	return p, ps
}

func (p *Policy) parseKey(key string, value *yaml.Node, ps *problems) {
	switch key {
	case "visibility":
		p.parseVisibility(value, ps)
	case "required":
		p.Required = parseSelectors(value, key, ps)
	case "optional":
		p.Optional = parseSelectors(value, key, ps)
	case "forbidden":
		eachItem(value, key, ps, func(item *yaml.Node) {
			if l, ok := parseLiteral(item, "an entry of forbidden", ps); ok {
				p.Forbidden = append(p.Forbidden, l)
			}
		})
	case "any_of":
		eachItem(value, key, ps, func(item *yaml.Node) { p.parseGroup(item, ps) })
	case "waivers":
		eachItem(value, key, ps, func(item *yaml.Node) { p.parseWaiver(item, ps) })
	case "withhold", "follow_up":
		ps.add(value.Line, "%q belongs in a tenant's policy and not in a template's", key)
	default:
		unknownKey(value.Line, key, "a policy", policyKeys, ps)
	}
}

func (p *Policy) parseVisibility(n *yaml.Node, ps *problems) {
	before := len(*ps)
	name := text(n, "visibility", ps)
	if len(*ps) > before {
		return
	}
	v, ok := parseVisibility(name)
	if !ok {
		ps.add(n.Line, "visibility is %q; it must be public or confidential", name)
		return
	}
	p.Visibility, p.visibilityLine = v, n.Line
}

// parseLiteral reads one fact without wildcards.
func parseLiteral(n *yaml.Node, what string, ps *problems) (Literal, bool) {
	l := Literal{Line: n.Line}
	before := len(*ps)
	eachKey(n, what, ps, func(key string, value *yaml.Node) {
		switch key {
		case "kind":
			l.Fact.Kind, _ = parseKind(value, ps)
		case "schema":
			l.Fact.Schema = parseName(value, key, ps)
		case "table":
			l.Fact.Table = parseName(value, key, ps)
		case "name":
			l.Fact.Name = parseName(value, key, ps)
		case "detail":
			l.Fact.Detail = text(value, key, ps)
		default:
			unknownKey(value.Line, key, what, literalKeys, ps)
		}
	})
	if len(*ps) > before {
		return l, false
	}
	if l.Fact.Kind == schema.KindUnknown {
		ps.add(n.Line, "%s has no kind; the kinds are %s", what, kindList())
		return l, false
	}
	if err := l.Fact.Validate(); err != nil {
		ps.add(n.Line, "%s is not a fact: %v", what, err)
		return l, false
	}
	if spelling, ok := canonicalType(l.Fact); ok {
		ps.add(n.Line, "%s has the type %q, which facts spell %q; write it so, or it can never be present", what, l.Fact.Detail, spelling)
		return l, false
	}
	return l, true
}

func parseName(n *yaml.Node, key string, ps *problems) string {
	before := len(*ps)
	source := text(n, key, ps)
	if len(*ps) > before {
		return ""
	}
	name, err := literalName(source)
	switch {
	case errors.Is(err, errTrailingBackslash):
		ps.add(n.Line, "the %s %q %v", key, source, err)
	case err != nil:
		ps.add(n.Line, "the %s %q %v, but unknown names cannot be enumerated: a comparison tests one literal fact at a time, "+
			"so name each fact, or put a backslash before a character that is meant literally", key, source, err)
	}
	return name
}

func (p *Policy) parseGroup(n *yaml.Node, ps *problems) {
	g := Alternatives{Line: n.Line}
	before := len(*ps)
	eachKey(n, "an any_of group", ps, func(key string, value *yaml.Node) {
		switch key {
		case "name":
			g.Name = label(value, "the name of an any_of group", MaxGroupName, ps)
		case "facts":
			eachItem(value, "facts", ps, func(item *yaml.Node) {
				if l, ok := parseLiteral(item, "an alternative", ps); ok {
					g.Facts = append(g.Facts, l)
				}
			})
		default:
			unknownKey(value.Line, key, "an any_of group", groupKeys, ps)
		}
	})
	if len(*ps) > before {
		return
	}
	switch {
	case g.Name == "":
		ps.add(n.Line, "an any_of group has no name; reports and waivers refer to it by name")
	case len(g.Facts) < 2:
		ps.add(n.Line, "the any_of group %q has %d of the 2 or more facts that make alternatives", g.Name, len(g.Facts))
	case len(g.Facts) > MaxAlternatives:
		ps.add(n.Line, "the any_of group %q has %d facts, more than the %d that are allowed", g.Name, len(g.Facts), MaxAlternatives)
	default:
		p.AnyOf = append(p.AnyOf, g)
	}
}

func (p *Policy) parseWaiver(n *yaml.Node, ps *problems) {
	w := WaiverEntry{Line: n.Line}
	before, hasFact := len(*ps), false
	eachKey(n, "a waiver", ps, func(key string, value *yaml.Node) {
		switch key {
		case "fact":
			l, _ := parseLiteral(value, "the fact of a waiver", ps)
			w.Fact, hasFact = l.Fact, true
		case "group":
			w.Group = label(value, "the group of a waiver", MaxGroupName, ps)
		case "reason":
			w.Waiver.Reason = label(value, "the reason of a waiver", MaxReason, ps)
		case "approver":
			w.Waiver.Approver = label(value, "the approver of a waiver", MaxApprover, ps)
		case "expires":
			w.Waiver.Expires = expiry(value, ps)
		default:
			unknownKey(value.Line, key, "a waiver", waiverKeys, ps)
		}
	})
	if len(*ps) > before {
		return
	}
	if hasFact == (w.Group != "") {
		ps.add(n.Line, "a waiver names either a fact or a group, exactly one of the two")
	}
	for _, need := range []struct{ key, value string }{
		{"reason", w.Waiver.Reason}, {"approver", w.Waiver.Approver}, {"expires", string(w.Waiver.Expires)},
	} {
		if need.value == "" {
			ps.add(n.Line, "a waiver has no %q; every waiver says why, who accepted it, and until when", need.key)
		}
	}
	if len(*ps) == before {
		p.Waivers = append(p.Waivers, w)
	}
}

func expiry(n *yaml.Node, ps *problems) Date {
	before := len(*ps)
	s := text(n, "the expiry of a waiver", ps)
	if len(*ps) > before {
		return ""
	}
	d, err := ParseDate(s)
	if err != nil {
		ps.add(n.Line, "the expiry of a waiver is malformed: %v", err)
	}
	return d
}

// label reads text for people: trimmed, not empty, of bounded size.
func label(n *yaml.Node, what string, limit int, ps *problems) string {
	before := len(*ps)
	s := strings.TrimSpace(text(n, what, ps))
	switch {
	case len(*ps) > before:
	case s == "":
		ps.add(n.Line, "%s is empty", what)
	case len(s) > limit:
		ps.add(n.Line, "%s has %d bytes, more than the %d that are allowed", what, len(s), limit)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		ps.add(n.Line, "%s is not valid text", what)
	default:
		return s
	}
	return ""
}
