package plan

import (
	"strconv"
	"strings"
)

// Conversion is what a change of type does to a column's values.
type Conversion struct {
	Keeps    bool // every value is the same afterwards and can be brought back by the cast the other way
	Rewrites bool // the table is written anew
}

// Convert classifies a change between two types in their canonical spelling (docs/facts.md, section 4). What it does not know may lose
// values and rewrites. Sources: the chapters on numeric, character and date types of PostgreSQL's manual, and what ALTER TABLE
// says there of conversions that are binary coercible.
func Convert(from, to string) Conversion {
	if from == to {
		return Conversion{Keeps: true}
	}
	f, t := parseType(from), parseType(to)
	if f.array != t.array {
		return Conversion{Rewrites: true}
	}
	c := convert(f, t)
	if f.array && (f.name != t.name || len(t.sizes) > 0) {
		c.Rewrites = true // elements are converted one by one, whatever that does to them
	}
	return c
}

// convert classifies a change between two types that are no arrays, or the elements of two arrays.
func convert(f, t typ) Conversion {
	switch {
	case f.name == t.name && f.name != bpchar:
		return sameName(f, t)
	case t.name == text || t.name == varchar && len(t.sizes) == 0:
		return Conversion{Keeps: f.name == varchar || f.name == text, Rewrites: f.name != varchar && f.name != text}
	case t.name == numeric && len(t.sizes) > 0:
		return Conversion{Keeps: f.digits() > 0 && f.digits() <= t.digits() && t.scale() >= 0, Rewrites: true}
	}
	return Conversion{Keeps: widens[[2]string{f.name, t.name}], Rewrites: true}
}

// The types with rules of their own.
const (
	text    = "text"
	varchar = "character varying"
	bpchar  = "character"
	numeric = "numeric"
)

// widens are pairs of types of which the second holds every value of the first, and a cast back gives the same value. A date after
// the year 294276 is none that a timestamp holds: it stops the change with the server's error.
var widens = map[[2]string]bool{
	{"smallint", "integer"}: true, {"smallint", "bigint"}: true, {"integer", "bigint"}: true,
	{"smallint", numeric}: true, {"integer", numeric}: true, {"bigint", numeric}: true,
	{"smallint", "real"}: true, {"smallint", "double precision"}: true, {"integer", "double precision"}: true,
	{"real", "double precision"}:            true,
	{"date", "timestamp without time zone"}: true,
	{"cidr", "inet"}:                        true,
}

// sameName compares two types that differ in their modifiers only.
func sameName(f, t typ) Conversion {
	switch f.name {
	case varchar:
		// Without a length anything fits; a longer length is only noted in the catalog.
		keeps := len(t.sizes) == 0 || len(f.sizes) == 1 && f.sizes[0] <= t.sizes[0]
		return Conversion{Keeps: keeps, Rewrites: !keeps}
	case numeric:
		if len(t.sizes) == 0 {
			return Conversion{Keeps: true}
		}
		keeps := len(f.sizes) > 0 && f.scale() <= t.scale() && f.digits() <= t.digits()
		return Conversion{Keeps: keeps, Rewrites: !keeps || f.scale() != t.scale()}
	case "timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone", "interval":
		keeps := len(t.sizes) == 0 || len(f.sizes) == 1 && f.sizes[0] <= t.sizes[0]
		return Conversion{Keeps: keeps, Rewrites: !keeps}
	case "bit varying":
		keeps := len(t.sizes) == 0 || len(f.sizes) == 1 && f.sizes[0] <= t.sizes[0]
		return Conversion{Keeps: keeps, Rewrites: !keeps}
	}
	return Conversion{Rewrites: true}
}

// typ is a type's name and modifiers.
type typ struct {
	name  string
	sizes []int
	array bool
}

// parseType splits a canonical spelling: "timestamp(3) without time zone" is "timestamp without time zone" with 3.
func parseType(spelt string) typ {
	var t typ
	spelt, t.array = strings.CutSuffix(spelt, "[]")
	open, end := strings.IndexByte(spelt, '('), strings.IndexByte(spelt, ')')
	if open < 0 || end < open || strings.HasPrefix(spelt, `"`) {
		t.name = spelt
		return t
	}
	t.name = spelt[:open] + spelt[end+1:]
	for _, size := range strings.Split(spelt[open+1:end], ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return typ{name: spelt, array: t.array}
		}
		t.sizes = append(t.sizes, n)
	}
	return t
}

// scale is the number of digits behind the point of a numeric with modifiers.
func (t typ) scale() int {
	if len(t.sizes) == 2 {
		return t.sizes[1]
	}
	return 0
}

// digits is how many digits before the point a number of the type has at most, zero if that is not fixed.
func (t typ) digits() int {
	switch t.name {
	case "smallint":
		return 5
	case "integer":
		return 10
	case "bigint":
		return 19
	case numeric:
		if len(t.sizes) > 0 {
			return t.sizes[0] - t.scale()
		}
	}
	return 0
}
