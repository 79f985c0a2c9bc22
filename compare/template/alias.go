package template

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// typeAliases maps names that people write for types to the one spelling that
// facts have, which is the server's (format_type).
var typeAliases = map[string]string{
	"int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint",
	"serial": "integer", "bigserial": "bigint", "smallserial": "smallint",
	"float4": "real", "float8": "double precision", "float": "double precision",
	"bool": "boolean", "decimal": "numeric", "dec": "numeric",
	"varchar": "character varying", "char": "character", "bpchar": "character",
	"varbit":    "bit varying",
	"timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
	"time": "time without time zone", "timetz": "time with time zone",
}

// canonicalType returns how facts spell a type that a policy spelt with an
// alias. A fact in another spelling is another fact, and one that no schema
// can have: a policy that forbids it would forbid nothing.
func canonicalType(f schema.Fact) (string, bool) {
	if f.Kind != schema.KindColumnType {
		return "", false
	}
	s := strings.ToLower(f.Detail)
	end := strings.IndexAny(s, "([")
	if end < 0 {
		end = len(s)
	}
	name, rest := strings.TrimSpace(s[:end]), s[end:]
	canonical, ok := typeAliases[name]
	if !ok {
		return "", false
	}
	if word, zone, found := strings.Cut(canonical, " with"); found && strings.HasPrefix(rest, "(") {
		size, array, _ := strings.Cut(rest, ")")
		return word + size + ") with" + zone + array, true // timestamp(3) with time zone
	}
	return canonical + rest, true
}
