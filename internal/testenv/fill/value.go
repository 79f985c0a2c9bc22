package fill

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// maker draws values in the text form of their types.
type maker struct {
	rng      *rand.Rand
	moderate bool // nothing at the far ends of a type
}

// value draws a value of the type with the modifier. words are ideas worth trying. A nil value means that none is known: a
// domain or a strange type without a pool.
func (m *maker) value(k *kind, mod int32, words []string, depth int) *string {
	if len(words) > 0 && m.chance(0.5) {
		v := m.vary(k, mod, m.pickOne(words))
		return &v
	}
	switch {
	case k.class == "d" || len(k.pool) > 0:
		if len(k.pool) == 0 {
			return nil
		}
		return &k.pool[m.rng.IntN(len(k.pool))]
	case k.class == "e":
		if len(k.labels) == 0 {
			return nil
		}
		return &k.labels[m.rng.IntN(len(k.labels))]
	case k.class == "c":
		return m.composite(k, depth)
	case k.class == "r":
		return m.interval(k)
	case k.class == "m":
		v := "{}"
		if r := m.interval(k.subtype); r != nil && *r != "empty" && m.chance(0.8) {
			v = "{" + *r + "}"
		}
		return &v
	case k.element != nil:
		return m.array(k, mod, depth)
	}
	if draw := makers[k.name]; draw != nil && k.builtin {
		v := draw(m, mod)
		return &v
	}
	if k.category == "S" {
		v := m.text(maxTextRunes)
		return &v
	}
	return nil
}

// known says whether values of the type can be drawn without asking the server.
func (k *kind) known() bool {
	return k.class == "e" || k.class == "c" || k.class == "r" || k.class == "m" || k.class == "b" &&
		(k.element != nil || k.category == "S" || k.builtin && makers[k.name] != nil)
}

// extreme is a chance, unless only moderate values are wanted.
func (m *maker) extreme(p float64) bool { return !m.moderate && m.chance(p) }

func (m *maker) chance(p float64) bool         { return m.rng.Float64() < p }
func (m *maker) pickOne(list []string) string  { return list[m.rng.IntN(len(list))] }
func (m *maker) between(low, high int64) int64 { return low + m.rng.Int64N(high-low+1) }

func (m *maker) array(k *kind, mod int32, depth int) *string {
	n := m.rng.IntN(4)
	if depth >= maxDepth {
		n = 0
	}
	parts := make([]string, 0, n)
	for range n {
		v := m.value(k.element, mod, nil, depth+1)
		if v == nil || !k.element.notNull && m.chance(0.1) {
			if k.element.notNull {
				break
			}
			parts = append(parts, "NULL")
			continue
		}
		parts = append(parts, quote(*v))
	}
	separator := ","
	if k.element.name == "box" {
		separator = ";"
	}
	s := "{" + strings.Join(parts, separator) + "}"
	if n > 0 && len(parts) > 0 && k.element.element == nil && m.chance(0.1) {
		s = "{" + s + separator + s + "}" // two dimensions
	}
	return &s
}

func (m *maker) composite(k *kind, depth int) *string {
	parts := make([]string, len(k.fields))
	for i, f := range k.fields {
		if depth >= maxDepth || !f.kind.notNull && m.chance(0.2) {
			continue
		}
		if v := m.value(f.kind, f.mod, nil, depth+1); v != nil {
			parts[i] = quote(*v)
		}
	}
	s := "(" + strings.Join(parts, ",") + ")"
	return &s
}

// interval draws a range.
func (m *maker) interval(k *kind) *string {
	s := "empty"
	if k == nil || k.subtype == nil || m.chance(0.1) {
		return &s
	}
	low, high := m.value(k.subtype, -1, nil, 1), ""
	if low == nil {
		return &s
	}
	switch k.subtype.name {
	case "int4", "int8", "numeric":
		n := m.between(-1000, 1000)
		*low, high = strconv.FormatInt(n, 10), strconv.FormatInt(n+m.between(0, 50), 10)
	case "date", "timestamp", "timestamptz":
		n := m.between(0, 20_000)
		*low, high = day(n), day(n+m.between(0, 500))
	default:
		high = *low
	}
	s = "[" + quote(*low) + "," + quote(high) + "]"
	if m.chance(0.15) {
		s = "[" + quote(*low) + ",)"
	}
	return &s
}

// quote quotes an element of an array, a composite or a range.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// vary is the word itself, or something near it.
func (m *maker) vary(k *kind, mod int32, word string) string {
	k = k.root()
	n, err := strconv.ParseInt(word, 10, 32)
	number := err == nil
	switch k.category {
	case "N":
		if number && n > -30_000 && n < 30_000 && m.chance(0.5) {
			return strconv.FormatInt(n+m.between(-3, 12), 10)
		}
	case "D":
		if len(word) >= 10 && m.chance(0.5) {
			if t, err := parseDay(word[:10]); err == nil {
				return day(t + m.between(0, 40))
			}
		}
	case "S", "U":
		if !number || n < 0 || n > 4096 || m.chance(0.2) {
			break
		}
		if k.category == "S" && m.chance(0.2) {
			return strconv.FormatInt(n+m.between(-3, 12), 10)
		}
		// A number near text is likely to be its length.
		size := max(0, int(n)-m.rng.IntN(2)*m.rng.IntN(4))
		switch {
		case k.name == "bytea":
			return m.bytes(size)
		case k.category == "S":
			word = m.ascii(size)
		}
	}
	if (k.name == "varchar" || k.name == "bpchar") && mod >= 4 {
		return shorten(word, int(mod)-4)
	}
	return word
}

// root is the type under a domain.
func (k *kind) root() *kind {
	for k.base != nil {
		k = k.base
	}
	return k
}
