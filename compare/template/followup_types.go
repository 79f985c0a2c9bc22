package template

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// The lists below are ordered by how often their entries occur in the schemas of
// large open applications. They are candidates and no more: what is in none of
// them is answered by "none found".
var (
	plainTypes = []string{
		"bigint", "text", "integer", "timestamp with time zone", "boolean", "character varying", "smallint",
		"timestamp without time zone", "jsonb", "bytea", "character varying(255)", "date", "double precision",
		"numeric", "uuid", "json", "character varying(50)", "character varying(36)", "character varying(100)",
		"real", "inet", "interval", "time without time zone", "xml", "character(1)", "oid", "tsvector",
		"time with time zone", "text[]", "integer[]", "bigint[]", "character varying[]", "uuid[]",
	}
	textLengths = []int{
		255, 50, 36, 100, 1000, 20, 128, 3, 30, 10, 6, 25, 64, 15, 32, 1, 5, 24, 40, 512, 200, 250, 14, 60, 256, 120,
		2048, 1024, 16, 511, 4096, 80, 70, 500, 4, 2, 8, 12, 35, 45, 48, 150, 160, 191, 254, 300, 400, 2000, 4000, 65535,
	}
	fixedLengths = []int{1, 2, 3, 24, 7, 5, 36, 32, 40, 64, 4, 6, 8, 10, 9, 20}
	decimals     = []string{
		"numeric(10,2)", "numeric(18,2)", "numeric(12,2)", "numeric(15,9)", "numeric(8,2)", "numeric(6,2)", "numeric(5,2)",
		"numeric(18,4)", "numeric(18,9)", "numeric(19,4)", "numeric(10,4)", "numeric(15,2)", "numeric(20,2)", "numeric(4,2)",
		"numeric(3,2)", "numeric(10,0)", "numeric(18,0)", "numeric(19,0)", "numeric(20,0)", "numeric(38,0)", "numeric(38,9)",
		"numeric(10,6)", "numeric(9,6)",
	}
)

// Families of types, by base name.
var (
	wholeTypes    = []string{"integer", "bigint", "smallint"}
	fractionTypes = []string{"numeric", "double precision", "real"}
	textTypes     = []string{"text", "character varying", "character"}
	momentTypes   = []string{"timestamp with time zone", "timestamp without time zone"}
	clockTypes    = []string{"time without time zone", "time with time zone"}
	documentTypes = []string{"jsonb", "json"}
)

// candidates knows what else a template tells of what a tenant may have: the
// types that it uses elsewhere, the defaults of columns of the same type, and
// its own domains and enums.
type candidates struct {
	used    []string            // types, most used first
	values  map[string][]string // defaults by type, most used first
	domains map[string]string   // type under a domain, by the domain's spelling
	enums   map[string][]string // labels as literals, by the enum's spelling
	liked   map[string][]string // what like has found so far
}

func newCandidates(t *Template) *candidates {
	c := &candidates{values: map[string][]string{}, domains: map[string]string{}, enums: map[string][]string{}, liked: map[string][]string{}}
	types := make(map[string]int)
	values := make(map[string]map[string]int)
	typeOf := make(map[schema.ColumnName]string)
	for _, j := range t.Judged { // the types of a table come before its defaults
		f := j.Fact
		name := schema.ColumnName{Schema: f.Schema, Table: f.Table, Column: f.Name}
		spelling := schema.Quote(f.Schema) + "." + schema.Quote(f.Name)
		switch f.Kind {
		case schema.KindColumnType:
			types[f.Detail]++
			typeOf[name] = f.Detail
		case schema.KindDefault:
			typ := typeOf[name]
			if values[typ] == nil {
				values[typ] = make(map[string]int)
			}
			values[typ][f.Detail]++
		case schema.KindDomain:
			c.domains[spelling] = domainType(f.Detail)
		case schema.KindEnum:
			c.enums[spelling] = literals(f.Detail)
		}
	}
	c.used = byUse(types)
	for typ, uses := range values {
		c.values[typ] = byUse(uses)
	}
	return c
}

// byUse sorts by number, the largest first.
func byUse(uses map[string]int) []string {
	return slices.SortedFunc(maps.Keys(uses), func(a, b string) int {
		return cmp.Or(cmp.Compare(uses[b], uses[a]), cmp.Compare(a, b))
	})
}

// domainType reads the type under a domain off the domain's detail, which is "as TYPE"
// and what follows.
func domainType(detail string) string {
	typ := strings.TrimPrefix(detail, "as ")
	for _, next := range []string{" collate ", " not null", " default (", " check ("} {
		if i := strings.Index(typ, next); i >= 0 {
			typ = typ[:i]
		}
	}
	return typ
}

// literals splits the labels of an enum, ('a', 'b'), and leaves them quoted. Those
// with a backslash, which a default spells in another way, are left out.
func literals(detail string) []string {
	var list []string
	for {
		start := strings.IndexByte(detail, '\'')
		if start < 0 {
			return list
		}
		end := start + 1
		for end < len(detail) && (detail[end] != '\'' || strings.HasPrefix(detail[end:], "''")) {
			if detail[end] == '\'' {
				end++ // a doubled quote
			}
			end++
		}
		if end >= len(detail) {
			return list
		}
		if label := detail[start : end+1]; !strings.Contains(label, `\`) {
			list = append(list, label)
		}
		detail = detail[end+1:]
	}
}

// types lists the types that a column may have instead of the wanted ones,
// likeliest first: what resembles it, what the template uses elsewhere, what is common.
func (c *candidates) types(col *column) []string {
	if !col.typ.open() {
		return nil
	}
	var list []string
	for _, wanted := range col.typ.wanted {
		list = append(list, c.like(wanted)...)
	}
	list = append(list, plainTypes...)
	list = append(list, c.used...)
	for _, wanted := range col.typ.wanted {
		if !strings.HasSuffix(wanted, "[]") {
			list = append(list, wanted+"[]")
		}
	}
	return list
}

// like lists types that resemble one, likeliest first.
func (c *candidates) like(wanted string) []string {
	list, known := c.liked[wanted]
	if !known {
		c.liked[wanted] = nil // for a template whose domains go round in a circle
		list = c.resembling(wanted)
		c.liked[wanted] = list
	}
	return list
}

func (c *candidates) resembling(wanted string) []string {
	t := parseTypeName(wanted)
	if t.array {
		var list []string
		for _, element := range c.like(typeName{base: t.base, args: t.args}.String()) {
			if !strings.HasSuffix(element, "[]") {
				list = append(list, element+"[]")
			}
		}
		return append(list, strings.TrimSuffix(wanted, "[]"), "text", "jsonb", "json", "character varying")
	}
	list := t.like()
	if under := c.domains[wanted]; under != "" {
		list = append([]string{under}, c.like(under)...)
	}
	for _, used := range c.used { // its lengths and precisions elsewhere
		if u := parseTypeName(used); u.base == t.base && !u.array {
			list = append(list, used)
		}
	}
	return list
}

// like lists types of the server's own that resemble t.
func (t typeName) like() []string {
	switch {
	case slices.Contains(wholeTypes, t.base):
		return join(wholeTypes, []string{"numeric", "numeric(10,0)", "numeric(19,0)", "numeric(20,0)", "boolean"}, fractionTypes, textTypes[:2], decimals)
	case slices.Contains(fractionTypes, t.base):
		return join(fractionTypes, t.decimals(), []string{"bigint", "integer", "money", "text", "character varying"})
	case slices.Contains(textTypes, t.base):
		return t.texts()
	case slices.Contains(momentTypes, t.base):
		return t.moments()
	case slices.Contains(clockTypes, t.base):
		return join(clockTypes, precise(clockTypes), []string{"interval"}, momentTypes, []string{"text", "integer"})
	case slices.Contains(documentTypes, t.base):
		return join(documentTypes, textTypes[:2], []string{"bytea"})
	}
	switch t.base {
	case "date":
		return join(momentTypes, textTypes[:2], sized("character varying", 10, 8), []string{"integer", "bigint"})
	case "boolean":
		return join([]string{"smallint", "integer", "character(1)", "character varying(1)", "bit(1)"}, textTypes[:2], sized("character varying", 5))
	case "uuid":
		return join(textTypes[:2], sized("character varying", 36, 255, 32, 64, 50, 40), sized("character", 36, 32), []string{"bytea", "bigint", "integer"})
	case "bytea":
		return []string{"text", "oid", "character varying", "jsonb", "uuid"}
	case "interval":
		return join([]string{"integer", "bigint"}, clockTypes, textTypes[:2])
	}
	return join(textTypes[:2], sized("character varying", textLengths[:8]...), []string{"smallint", "integer"})
}

// decimals lists precisions and scales, those near the own ones first.
func (t typeName) decimals() []string {
	var list []string
	if len(t.args) == 2 {
		p, s := t.args[0], t.args[1]
		for _, d := range [][2]int{{1, 0}, {2, 0}, {-1, 0}, {-2, 0}, {0, 1}, {0, 2}, {0, -1}, {0, -2}, {1, 1}, {2, 2}, {-1, -1}, {-2, -2}, {4, 0}, {4, 2}, {8, 0}} {
			if p, s := p+d[0], s+d[1]; p > 0 && p <= 1000 && s >= 0 && s <= p {
				list = append(list, fmt.Sprintf("numeric(%d,%d)", p, s))
			}
		}
		list = append(list, fmt.Sprintf("numeric(%d,0)", p))
	}
	return append(list, decimals...)
}

// texts lists types of text, of lengths near the own one first.
func (t typeName) texts() []string {
	lengths, fixed := textLengths, fixedLengths
	if len(t.args) == 1 && t.args[0] > 0 {
		n := t.args[0]
		near := []int{n, n + 1, n - 1, 2 * n, n / 2}
		near = slices.DeleteFunc(near, func(n int) bool { return n < 1 || n > 10485760 })
		lengths = nearest(n, append(near, lengths...))
		fixed = nearest(n, append(near, fixed...))
	}
	return join([]string{"text", "character varying"}, sized("character varying", lengths...), sized("character", fixed...),
		[]string{"uuid", "jsonb", "json", "integer", "bigint", "bytea"}, plainTypes, decimals)
}

// moments lists timestamps: the own precision in the other zone first.
func (t typeName) moments() []string {
	var list []string
	for _, base := range momentTypes {
		list = append(list, typeName{base: base, args: t.args}.String())
	}
	return join(list, momentTypes, precise(momentTypes), []string{"date", "text", "character varying", "bigint", "integer"})
}

// precise lists types with the precisions that times are given.
func precise(bases []string) []string {
	var list []string
	for _, digits := range []int{6, 3, 0} {
		for _, base := range bases {
			list = append(list, typeName{base: base, args: []int{digits}}.String())
		}
	}
	return list
}

func join(lists ...[]string) []string { return slices.Concat(lists...) }
