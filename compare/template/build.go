package template

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
)

// Build makes a template of what its DDL has and what its policy asks; a nil
// policy is the default one. The error is a *[PolicyError] where the policy
// does not fit the facts, and lists everything that does not fit.
// A confidential policy gives [ErrConfidential].
func Build(meta Meta, facts schema.Facts, p *Policy) (*Template, error) {
	return build(meta, facts, p, nil)
}

// Compile is [ParsePolicy] and [Build] in one, so that problems of both kinds
// are listed together.
func Compile(meta Meta, facts schema.Facts, policyYAML []byte) (*Template, error) {
	p, ps := parsePolicy(policyYAML)
	return build(meta, facts, p, ps)
}

func build(meta Meta, facts schema.Facts, p *Policy, ps problems) (*Template, error) {
	if p == nil {
		p = new(Policy)
	}
	b := newBuilder(facts, p, ps)
	b.own()
	b.alternatives()
	b.forbidden()
	b.waivers()
	b.orphans()
	if err := b.ps.err(policyWhat); err != nil {
		return nil, err
	}
	t := &Template{
		Slug: meta.Slug, Version: meta.Version, Title: meta.Title,
		Visibility: cmp.Or(p.Visibility, VisibilityPublic),
		Judged:     b.judged(), AnyOf: b.groups, Files: slices.Clone(meta.Files),
	}
	slices.SortFunc(t.AnyOf, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(t.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	if err := t.CheckComparable(); err != nil {
		return nil, err
	}
	if err := t.Validate(); err != nil {
		return nil, fmt.Errorf("template %q: %w", meta.Slug, err)
	}
	var err error
	if t.MerkleRoot, err = t.Root(); err != nil {
		return nil, fmt.Errorf("template %q: %w", meta.Slug, err)
	}
	return t, nil
}

// builder gives each fact its one rule. Literal facts are kept with the line
// that named them, for messages about clashes.
type builder struct {
	facts  schema.Facts // the DDL's
	policy *Policy
	rules  map[schema.Fact]*Judged
	lines  map[schema.Fact]int
	groups []Group
	ps     problems
}

func newBuilder(facts schema.Facts, p *Policy, ps problems) *builder {
	return &builder{
		facts: facts, policy: p, ps: ps,
		rules: make(map[schema.Fact]*Judged, len(facts)),
		lines: make(map[schema.Fact]int),
	}
}

// own judges the facts of the DDL: required, unless an optional selector picks
// them and no required one does.
func (b *builder) own() {
	if len(b.facts) == 0 && len(b.policy.Forbidden) == 0 && len(b.policy.AnyOf) == 0 {
		b.ps.add(0, "the template's DDL has no facts and its policy names none, so there is nothing to judge")
	}
	requiredHit := make([]bool, len(b.policy.Required))
	optionalHit := make([]bool, len(b.policy.Optional))
	for _, f := range b.facts {
		rule := RuleRequired
		if matchAny(b.policy.Optional, f, optionalHit) {
			rule = RuleOptional
		}
		if matchAny(b.policy.Required, f, requiredHit) {
			rule = RuleRequired
		}
		b.rules[f] = &Judged{Fact: f, Rule: rule}
	}
	b.unmatched("required", b.policy.Required, requiredHit)
	b.unmatched("optional", b.policy.Optional, optionalHit)
}

// matchAny marks every selector that picks f, not only the first.
func matchAny(selectors []Selector, f schema.Fact, hit []bool) bool {
	any := false
	for i, s := range selectors {
		if s.Matches(f) {
			hit[i], any = true, true
		}
	}
	return any
}

func (b *builder) unmatched(list string, selectors []Selector, hit []bool) {
	for i, s := range selectors {
		if !hit[i] {
			b.ps.add(s.Line, "%s selects %s, which matches no fact of the template's DDL; "+
				"look at the facts with \"veil facts\" and correct the selector or remove it", list, s)
		}
	}
}

// alternatives moves the facts of any_of groups out of their plain rule.
func (b *builder) alternatives() {
	lines := make(map[string]int)
	for _, g := range b.policy.AnyOf {
		if first, dup := lines[g.Name]; dup {
			b.ps.add(g.Line, "the any_of group %q stands twice, first in line %d; merge the two or rename one", g.Name, first)
			continue
		}
		lines[g.Name] = g.Line
		b.groups = append(b.groups, Group{Name: g.Name})
		for _, l := range g.Facts {
			if first, dup := b.lines[l.Fact]; dup {
				b.ps.add(l.Line, "%s is an alternative already in line %d; a fact belongs to one group, once", show(l.Fact), first)
				continue
			}
			b.lines[l.Fact] = l.Line
			b.rules[l.Fact] = &Judged{Fact: l.Fact, Rule: RuleAnyOf, AnyOf: g.Name}
		}
	}
}

// forbidden adds the facts that must be absent. None of them may be judged
// another way.
func (b *builder) forbidden() {
	for _, l := range b.policy.Forbidden {
		switch j := b.rules[l.Fact]; {
		case j == nil:
			b.rules[l.Fact] = &Judged{Fact: l.Fact, Rule: RuleForbidden}
			b.lines[l.Fact] = l.Line
		case j.Rule == RuleForbidden:
			b.ps.add(l.Line, "%s is forbidden twice, first in line %d; remove one", show(l.Fact), b.lines[l.Fact])
		case j.Rule == RuleAnyOf:
			b.ps.add(l.Line, "%s is forbidden and an alternative of the any_of group %q in line %d; remove one",
				show(l.Fact), j.AnyOf, b.lines[l.Fact])
		default:
			b.ps.add(l.Line, "%s is forbidden and %s, because the template's own DDL has it; remove one", show(l.Fact), j.Rule)
		}
	}
}

func (b *builder) waivers() {
	for i := range b.policy.Waivers {
		w := &b.policy.Waivers[i]
		if w.Group != "" {
			b.waiveGroup(w)
		} else {
			b.waiveFact(w)
		}
	}
}

func (b *builder) waiveGroup(w *WaiverEntry) {
	i := slices.IndexFunc(b.groups, func(g Group) bool { return g.Name == w.Group })
	switch {
	case i < 0:
		b.ps.add(w.Line, "a waiver names the any_of group %q, which the policy does not have", w.Group)
	case b.groups[i].Waiver != nil:
		b.ps.add(w.Line, "the any_of group %q is waived twice; keep one waiver", w.Group)
	default:
		b.groups[i].Waiver = &w.Waiver
	}
}

func (b *builder) waiveFact(w *WaiverEntry) {
	switch j := b.rules[w.Fact]; {
	case j == nil:
		b.ps.add(w.Line, "a waiver names %s, which is not judged: neither the template's DDL nor its policy has it; "+
			"spell it as \"veil facts\" prints it or remove the waiver", show(w.Fact))
	case j.Rule == RuleOptional:
		b.ps.add(w.Line, "a waiver names %s, which is optional and cannot fail; remove the waiver", show(w.Fact))
	case j.Rule == RuleAnyOf:
		b.ps.add(w.Line, "a waiver names %s, which is an alternative; waive its group with \"group: %s\"", show(w.Fact), j.AnyOf)
	case j.Waiver != nil:
		b.ps.add(w.Line, "%s is waived twice; keep one waiver", show(w.Fact))
	default:
		j.Waiver = &w.Waiver
	}
}

// orphans finds tables that are optional while something in them is required:
// a tenant without the table would fail although the policy lets it go.
func (b *builder) orphans() {
	optional := make(map[[2]string]bool)
	for f, j := range b.rules {
		if f.Kind == schema.KindTable && j.Rule == RuleOptional {
			optional[[2]string{f.Schema, f.Table}] = true
		}
	}
	if len(optional) == 0 {
		return
	}
	for _, f := range b.facts { // in order, so that messages are
		key := [2]string{f.Schema, f.Table}
		if optional[key] && b.rules[f].Rule == RuleRequired {
			delete(optional, key)
			table := schema.Fact{Kind: schema.KindTable, Schema: f.Schema, Table: f.Table}
			b.ps.add(b.selectorLine(table), "%s is optional but %s is required, so a tenant without the table would fail; "+
				"select by table without kind to make all of it optional", show(table), show(f))
		}
	}
}

// selectorLine returns the line of the first optional selector that picks f.
func (b *builder) selectorLine(f schema.Fact) int {
	for _, s := range b.policy.Optional {
		if s.Matches(f) {
			return s.Line
		}
	}
	return 0
}

func (b *builder) judged() []Judged {
	list := make([]Judged, 0, len(b.rules))
	for _, j := range b.rules {
		list = append(list, *j)
	}
	slices.SortFunc(list, func(x, y Judged) int { return schema.Compare(x.Fact, y.Fact) })
	return list
}

// show writes a fact for a message: one line, nothing invisible, not endless.
func show(f schema.Fact) string {
	const most = 200
	s := fmt.Sprintf("%q", f.String())
	s = s[1 : len(s)-1]
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return "the fact [" + s + "]"
}
