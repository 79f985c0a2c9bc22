package template

import (
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// Likely defaults in the one spelling that facts have (docs/facts.md, section
// 5), by families of types, the commonest first.
var (
	wholeValues    = []string{"0", "1", "-1", "2", "3", "5", "10", "20", "100", "1000"}
	fractionValues = []string{"0", "0.0", "0.00", "1", "1.0", "-1", "100"}
	textValues     = []string{
		"''", "'0'", "'1'", "'N'", "'Y'", "'n'", "'y'", "'f'", "'t'", "'false'", "'true'", "'{}'", "'[]'",
		"'unknown'", "'active'", "'new'", "'pending'", "'default'", "'en'", "gen_random_uuid()", "now()", "CURRENT_USER",
	}
	truthValues  = []string{"false", "true"}
	momentValues = []string{
		"now()", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "CURRENT_DATE", "statement_timestamp()", "clock_timestamp()", "transaction_timestamp()",
		"timezone('utc'::text, now())", "now() AT TIME ZONE 'utc'::text", "timezone('UTC'::text, now())", "now() AT TIME ZONE 'UTC'::text",
		"CURRENT_TIMESTAMP AT TIME ZONE 'utc'::text", "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'::text",
		"CURRENT_TIMESTAMP(3)", "CURRENT_TIMESTAMP(6)", "CURRENT_TIMESTAMP(0)", "'infinity'", "'-infinity'",
	}
	dayValues   = []string{"CURRENT_DATE", "now()", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "'1970-01-01'", "'infinity'", "'-infinity'"}
	clockValues = []string{"now()", "CURRENT_TIME", "LOCALTIME", "CURRENT_TIMESTAMP"}
	spanValues  = []string{"'00:00:00'", "'1 day'", "'01:00:00'", "'7 days'"}
	uuidValues  = []string{
		"gen_random_uuid()", "public.uuid_generate_v4()", "public.uuid_generate_v1()",
		"'00000000-0000-0000-0000-000000000000'",
	}
	documentValues = []string{"'{}'", "'[]'", "'null'", `'""'`}
	byteValues     = []string{`'\x'`, `'\x00'`}
	arrayValues    = []string{"'{}'", "'{NULL}'"}

	// anyValues are asked of a column whose type is not known.
	anyValues = []string{
		"0", "1", "''", "false", "true", "now()", "CURRENT_TIMESTAMP", "'{}'", "gen_random_uuid()", "'0'", "'1'", "CURRENT_DATE", "0.0",
		"'[]'", "-1", "'N'", "'Y'", "'f'", "'t'", "LOCALTIMESTAMP", "'false'", "'true'",
	}
)

// defaults lists the defaults that a column may have instead of the wanted one,
// likeliest first. Where the tenant's type is not known, they are those for the
// template's type and then those that are common with any.
func (c *candidates) defaults(col *column) []string {
	if !col.defaultsTo.open() {
		return nil
	}
	typ := col.typ.found
	if typ == "" {
		typ = col.typ.declared
	}
	list := slices.Clone(c.enums[typ])
	values, whole := c.valuesOf(typ)
	if whole || typ == "" {
		list = append(list, sequences(col.name)...)
	}
	list = append(list, values...)
	for _, value := range c.values[typ] {
		if !strings.HasPrefix(value, "nextval(") { // of another column's sequence
			list = append(list, value)
		}
	}
	if col.typ.found == "" {
		list = append(list, anyValues...)
		if !whole && typ != "" {
			list = append(list, sequences(col.name)...)
		}
	}
	return list
}

// valuesOf returns likely defaults of a type, and whether it is of whole numbers.
// Those of a domain are the ones of the type under it, but for literals, which a
// default spells with a cast there.
func (c *candidates) valuesOf(typ string) (values []string, whole bool) {
	under, isDomain := c.domains[typ]
	if !isDomain {
		return valuesOf(parseTypeName(typ))
	}
	all, whole := valuesOf(parseTypeName(under))
	for _, value := range all {
		if value[0] != '\'' && value[0] != '-' { // the server prints -1 as a literal
			values = append(values, value)
		}
	}
	return values, whole
}

func valuesOf(t typeName) (values []string, whole bool) {
	switch {
	case t.array:
		return arrayValues, false
	case slices.Contains(wholeTypes, t.base):
		return wholeValues, true
	case slices.Contains(fractionTypes, t.base):
		return fractionValues, false
	case slices.Contains(textTypes, t.base):
		return textValues, false
	case slices.Contains(clockTypes, t.base):
		return clockValues, false
	case slices.Contains(documentTypes, t.base):
		return documentValues, false
	}
	switch t.base {
	case "timestamp with time zone":
		return join(momentValues, []string{"'1970-01-01 00:00:00+00'"}), false
	case "timestamp without time zone":
		return join(momentValues, []string{"'1970-01-01 00:00:00'"}), false
	case "date":
		return dayValues, false
	case "interval":
		return spanValues, false
	case "boolean":
		return truthValues, false
	case "uuid":
		return uuidValues, false
	case "bytea":
		return byteValues, false
	}
	return nil, false
}

// maxIdentifier is the size in bytes up to which PostgreSQL keeps a name whole.
const maxIdentifier = 63

// sequences lists the next value of the sequence that the column owns, and of one
// that is called like it and owned by nobody.
func sequences(c schema.ColumnName) []string {
	of := schema.Quote(c.Schema) + "." + schema.Quote(c.Table) + "." + schema.Quote(c.Column)
	list := []string{"nextval(SEQUENCE OF " + of + ")"}
	if name := c.Table + "_" + c.Column + "_seq"; len(name) <= maxIdentifier && !strings.Contains(name+c.Schema, `\`) {
		qualified := schema.Quote(c.Schema) + "." + schema.Quote(name)
		list = append(list, "nextval('"+strings.ReplaceAll(qualified, "'", "''")+"'::regclass)")
	}
	return list
}
