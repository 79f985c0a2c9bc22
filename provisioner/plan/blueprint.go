package plan

import "github.com/veilschema/veil/compare/schema"

// Blueprint is what building a template's schema anew takes.
type Blueprint struct {
	// Facts are the facts of the template's DDL with the SQL that spells them, in the order of [schema.Facts].
	Facts []schema.Spelling
	// Bodies are the texts that facts leave out: of views, functions, procedures and triggers.
	Bodies []Body
	// Needs says what has to be there before what.
	Needs []Need
	// Extensions are the schemas of the template's extensions by the extension's name.
	Extensions map[string]string
}

// Object is something in the template's catalog that steps make or need.
type Object struct {
	Kind   schema.Kind
	Schema string
	Table  string // of columns, constraints, indexes, triggers and policies; of a sequence that a column owns
	Name   string // own name; of an owned sequence the column's, "" for a table
	Detail string // of a function the fact's detail, which tells functions of one name apart; "" for all others
}

// Body is the statements that make an object whose text is no fact.
type Body struct {
	Object Object
	SQL    []string
}

// Need says that an object has to exist before another is made.
type Need struct{ Object, Needs Object }

// Want is what is wanted of a fact.
type Want uint8

// What can be wanted. The zero value is invalid.
const (
	WantUnknown Want = 0
	WantPresent Want = 1 // the fact shall hold
	WantAbsent  Want = 2 // the fact shall not hold
	WantNothing Want = 3 // the verdict is known and nothing is to be done: an optional or waived fact
)

// Goal is a judged fact, what the comparison said of it and what is wanted.
type Goal struct {
	Fact    schema.Fact
	Verdict schema.Verdict
	Want    Want
	// Was is what stands in the fact's place, of a type or default, where a follow-up comparison found it: the detail of the
	// present fact, which is one of the alternatives that the service asked for. "" if that is not known.
	Was string
}
