package report

import (
	"github.com/veilschema/veil/compare/schema"
)

// sarifPlace is a place of findings: a schema, a table, or what has a name in
// one of them, with what people call it.
type sarifPlace struct {
	owner
	noun string
}

func placeOf(o owner, kind schema.Kind) sarifPlace {
	switch {
	case o.column != "" && (o.table == "" || !columnKinds[kind]):
		return sarifPlace{o, kindNoun(kind)} // an object, or a trigger or policy of a table
	case o.column != "":
		return sarifPlace{o, "column"}
	case o.table != "":
		return sarifPlace{o, "table"}
	}
	return sarifPlace{o, "schema"}
}

// parent returns the place that holds p, false where nothing does.
func (p sarifPlace) parent() (sarifPlace, bool) {
	switch {
	case p.column != "" && p.table != "":
		return sarifPlace{owner{p.schema, p.table, ""}, "table"}, true
	case p.schema != "" && (p.column != "" || p.table != ""):
		return sarifPlace{owner{p.schema, "", ""}, "schema"}, true
	}
	return sarifPlace{}, false
}

func (p sarifPlace) name() string { return firstOf(p.column, firstOf(p.table, p.schema)) }

// at returns the location of a place, none for the database as a whole.
func (b *sarifBuilder) at(o owner, kind schema.Kind) []sarifLocation {
	if o == (owner{}) {
		return nil
	}
	i := b.place(placeOf(o, kind))
	return []sarifLocation{{LogicalLocations: []sarifLogicalLocation{{
		FullyQualifiedName: b.locations[i].FullyQualifiedName, Index: &i,
	}}}}
}

// place returns where a place stands in the run's list, behind what holds it.
func (b *sarifBuilder) place(p sarifPlace) int {
	if i, ok := b.places[p]; ok {
		return i
	}
	x := sarifLogicalLocation{
		Name: visible(p.name()), Kind: p.noun, FullyQualifiedName: visible(schema.Quote(p.name())),
	}
	if up, ok := p.parent(); ok {
		i := b.place(up)
		x.ParentIndex = &i
		x.FullyQualifiedName = b.locations[i].FullyQualifiedName + "." + x.FullyQualifiedName
	}
	i := len(b.locations)
	b.places[p] = i
	b.locations = append(b.locations, x)
	return i
}
