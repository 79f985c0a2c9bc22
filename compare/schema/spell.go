package schema

import (
	"errors"
	"slices"
)

// Spelling is how a database itself spells one of its facts. Facts are canonical, so that equal structure is equal bytes; the
// spelling is what the server said, so that nothing is lost when the structure is made anew elsewhere.
type Spelling struct {
	Fact Fact
	// SQL is the fact's detail with every type and expression as the server printed it, with an empty search_path. A canonical default
	// "nextval(SEQUENCE OF s.t.c)" is "nextval('s.t_c_seq'::regclass)" here.
	SQL string
	// Object is the name of the constraint, the index or the sequence that a column owns; zero for facts of anything else.
	Object Relation
}

// Spellings returns the facts of the database, under the mapping's names and in the order of [Facts], with their spellings, which keep
// the database's own names. Equal constraints or indexes are one fact with a spelling each, in the order of their names.
func (d *Database) Spellings(m Mapping) ([]Spelling, error) {
	if err := m.Validate(d); err != nil {
		return nil, err
	}
	canonical, verbatim := newBuilder(d, m), newBuilder(d, Mapping{})
	verbatim.verbatim = true
	canonical.build(d)
	verbatim.build(d)
	if canonical.err != nil {
		return nil, canonical.err
	}
	if len(canonical.said) != len(verbatim.said) {
		return nil, errors.New("the database's facts could not be spelt as the server does: the two readings differ in number")
	}
	var list []Spelling
	for i, s := range canonical.said {
		if s.is {
			list = append(list, Spelling{s.fact, verbatim.said[i].fact.Detail, s.object})
		}
	}
	slices.SortFunc(list, func(a, b Spelling) int {
		if c := Compare(a.Fact, b.Fact); c != 0 {
			return c
		}
		return compareRelations(a.Object, b.Object)
	})
	return list, nil
}
