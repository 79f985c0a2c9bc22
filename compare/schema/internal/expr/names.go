package expr

import "strings"

// Names tells what the names in a text become.
type Names interface {
	// Qualified returns the new names of what is called qualifier.name. The qualifier may also be a table or an alias.
	Qualified(qualifier, name string) (string, string)
	// Column returns the new name of a column of the table to which the text belongs.
	Column(name string) string
	// Sequence returns the spelling of a sequence that a column owns, which is that column.
	Sequence(schema, name string) (spelling string, owned bool)
}

// Unchanged leaves all names as they are.
type Unchanged struct{}

var _ Names = Unchanged{}

// Qualified returns its arguments.
func (Unchanged) Qualified(qualifier, name string) (string, string) { return qualifier, name }

// Column returns its argument.
func (Unchanged) Column(name string) string { return name }

// Sequence finds none.
func (Unchanged) Sequence(string, string) (string, bool) { return "", false }

// registered are the types whose literals are names of catalog objects.
var registered = wordSet("regclass regtype regproc regprocedure regoper regoperator regconfig regdictionary regcollation")

// spellRegistered returns the spelling of a string literal that was cast to one of the registered types, and whether it
// needs the cast.
func spellRegistered(names Names, lit, typ string) (spelling string, cast bool) {
	tokens, err := tokenize(stringValue(lit))
	if err != nil || len(tokens) < 3 || tokens[0].class != name || !tokens[1].is(".") || tokens[2].class != name {
		return lit, true
	}
	schema, object := tokens[0].text, tokens[2].text
	if typ == "regclass" && len(tokens) == 3 {
		if owner, ok := names.Sequence(schema, object); ok {
			return "SEQUENCE OF " + owner, false
		}
	}
	schema, object = names.Qualified(schema, object)
	var b strings.Builder
	b.WriteString(Quote(schema) + "." + Quote(object))
	for _, t := range tokens[3:] { // the arguments of a regprocedure
		b.WriteString(t.spell())
	}
	return "'" + strings.ReplaceAll(b.String(), "'", "''") + "'", true
}

// stringValue returns what a plain string literal stands for, or "" where it has a prefix.
func stringValue(lit string) string {
	if lit[0] != '\'' {
		return ""
	}
	return strings.ReplaceAll(lit[1:len(lit)-1], "''", "'")
}
