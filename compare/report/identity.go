package report

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// about says what sort of thing a finding is about.
type about uint8

const (
	aboutFact        about = iota + 1 // one fact that fails
	aboutGroup                        // an any_of group
	aboutUndisclosed                  // what is undisclosed of a table, or of what is in no table
	aboutTemplate                     // the template as a whole
)

// identity is what makes a finding the same one in two reports, whatever words
// they use for it. Only the fields of its sort are set.
type identity struct {
	what  about
	rule  template.Rule // of the fact
	fact  schema.Fact   // of undisclosed ones: schema and table
	group string
}

// fingerprint digests an identity under a template's slug.
func (id identity) fingerprint(slug string) string {
	b := append([]byte("veil/report/finding/v1\x00"), byte(id.what), byte(id.rule), byte(id.fact.Kind))
	for _, s := range [...]string{slug, id.fact.Schema, id.fact.Table, id.fact.Name, id.fact.Detail, id.group} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ownFacts finds the fact that a finding is about. A finding names it and says
// what is expected; the fact itself stands in the report's list.
type ownFacts struct {
	byFact map[schema.Fact]Fact
	byName map[schema.Fact][]Fact // by the fact without its detail
	groups map[string][]Fact      // the alternatives of each any_of group
}

func newOwnFacts(r *Report) ownFacts {
	o := ownFacts{
		byFact: make(map[schema.Fact]Fact, len(r.Facts)),
		byName: make(map[schema.Fact][]Fact),
		groups: make(map[string][]Fact),
	}
	for _, f := range r.Facts {
		o.byFact[f.Fact] = f
		name := f.Fact
		name.Detail = ""
		o.byName[name] = append(o.byName[name], f)
		if f.AnyOf != "" {
			o.groups[f.AnyOf] = append(o.groups[f.AnyOf], f)
		}
	}
	return o
}

// judged returns a fact with what the report says of it. Of a fact that is not
// in the report's list it says that it is required and absent.
func (o ownFacts) judged(f schema.Fact) Fact {
	if x, ok := o.byFact[f]; ok {
		return x
	}
	return Fact{Fact: f, Rule: template.RuleRequired, Verdict: schema.Absent, Standing: template.Failed}
}

// identity returns what a finding is about.
func (o ownFacts) identity(f *Finding) identity {
	switch {
	case f.Group != "":
		return identity{what: aboutGroup, group: f.Group}
	case f.Verdict == schema.Undisclosed:
		return identity{what: aboutUndisclosed, fact: schema.Fact{Schema: f.Schema, Table: f.Table}}
	}
	return identity{what: aboutFact, rule: f.Rule, fact: o.of(f)}
}

// of returns the fact of a finding about one fact. Where the report's list has
// none that fits, as in a report that was edited, the expectation takes the
// place of the detail.
func (o ownFacts) of(f *Finding) schema.Fact {
	name := schema.Fact{Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name}
	want := f.Expected
	if f.Rule == template.RuleForbidden {
		want = strings.TrimPrefix(want, forbiddenPrefix)
	}
	for _, x := range o.byName[name] {
		if x.Rule == f.Rule && expected(x.Fact) == want {
			return x.Fact
		}
	}
	name.Detail = f.Expected
	return name
}

// undecided reports whether an alternative that is not known to be absent could
// still make a group hold.
func undecided(alternatives []Fact) bool {
	return slices.ContainsFunc(alternatives, func(f Fact) bool { return f.Verdict == schema.Undisclosed })
}

// undisclosedFacts returns the facts of a finding about undisclosed ones.
func (o ownFacts) undisclosedFacts(f *Finding) []Fact {
	if len(f.Facts) > 0 {
		return f.Facts
	}
	return []Fact{o.judged(o.of(f))}
}
