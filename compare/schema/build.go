package schema

import (
	"fmt"
	"unicode/utf8"

	"github.com/veilschema/veil/compare/schema/internal/expr"
)

// Facts returns the facts of the database, with names as the mapping has them, and what was seen. It fails where the mapping
// does not fit the database ([Mapping.Validate]) and where a name is no valid UTF-8.
func (d *Database) Facts(m Mapping) (Facts, Coverage, error) {
	if err := m.Validate(d); err != nil {
		return nil, Coverage{}, err
	}
	b := newBuilder(d, m)
	if b.build(d); b.err != nil {
		return nil, Coverage{}, b.err
	}
	facts := NewFacts(b.facts)
	return facts, Coverage{Facts: facts.Count(), NotJudged: b.unread.list()}, nil
}

func newBuilder(d *Database, m Mapping) *builder {
	return &builder{
		m:        m,
		names:    newNames(d, m),
		types:    make(map[string]string),
		identity: make(map[ColumnName]*SequenceOptions),
		unread:   make(tally),
	}
}

// build adds all facts, in the order of the model's lists.
func (b *builder) build(d *Database) {
	for _, n := range d.NotJudged {
		b.unread.add(n.What, n.Reason, n.Count)
	}
	b.sequences(d.Sequences)
	for i := range d.Tables {
		b.table(&d.Tables[i])
	}
	b.objects(d)
}

// builder collects facts.
type builder struct {
	m        Mapping
	names    names
	types    map[string]string               // canonical spellings by what the server printed
	identity map[ColumnName]*SequenceOptions // of identity columns
	facts    []Fact
	unread   tally
	err      error // the first

	verbatim bool     // texts stay as the server printed them
	about    Relation // whose fact comes next, where its name is no part of the fact
	said     []said   // what was added, facts or not
}

// said is one call of add.
type said struct {
	fact   Fact
	object Relation
	is     bool // it is a fact
}

// add adds a fact. One that is too large to be told is counted instead.
func (b *builder) add(f Fact) {
	err := f.Validate()
	b.said = append(b.said, said{f, b.about, err == nil})
	switch {
	case b.verbatim: // the canonical spelling decides what is a fact
	case err == nil:
		b.facts = append(b.facts, f)
	case len(f.Detail) > maxDetail:
		b.unread.add("oversized facts", fmt.Sprintf("the text of a fact is limited to %d bytes", maxDetail), 1)
	case b.err == nil && !utf8.ValidString(f.Schema+f.Table+f.Name+f.Detail):
		b.err = fmt.Errorf("the %s %q of %q.%q is not UTF-8; convert the database's names to UTF-8 first: %w", f.Kind, f.Name, f.Schema, f.Table, err)
	case b.err == nil:
		b.err = fmt.Errorf("the database has something that can be no fact: %w", err)
	}
}

// typ returns the canonical spelling of a type.
func (b *builder) typ(text string) string {
	if b.verbatim {
		return text
	}
	if spelt, ok := b.types[text]; ok {
		return spelt
	}
	spelt, err := expr.Type(text, b.names)
	if err != nil {
		spelt = text // printed by a server that knows more types than this program
	}
	b.types[text] = spelt
	return spelt
}

// expression returns the canonical spelling of an expression of a table. What is not understood stays as the server printed it: a
// fact that may differ needlessly is better than two that are equal wrongly.
func (b *builder) expression(text string, of Relation) string {
	spelt, err := expr.Canonical(text, b.names.of(of))
	if err != nil || b.verbatim {
		return text
	}
	return spelt
}

// value returns the canonical spelling of a default of the given canonical type.
func (b *builder) value(text, typ string, of Relation) string {
	spelt, err := expr.Value(text, typ, b.names.of(of))
	if err != nil || b.verbatim && spelt != "NULL" {
		return text
	}
	return spelt
}

// qualified returns the canonical spelling of a name that the server qualified where it had to.
func (b *builder) qualified(text string) string { return b.typ(text) }

// columns returns the new names of a table's columns.
func (b *builder) columns(of Relation, names []string) []string {
	to := make([]string, len(names))
	for i, name := range names {
		to[i] = b.m.column(of, name)
	}
	return to
}
