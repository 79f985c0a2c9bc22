package fill

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// makers draw values of the types of pg_catalog, by name. mod is the type's modifier, -1 for none.
var makers = map[string]func(m *maker, mod int32) string{
	"int2":    func(m *maker, _ int32) string { return m.integer(math.MinInt16, math.MaxInt16) },
	"int4":    func(m *maker, _ int32) string { return m.integer(math.MinInt32, math.MaxInt32) },
	"int8":    func(m *maker, _ int32) string { return m.integer(math.MinInt64, math.MaxInt64) },
	"oid":     func(m *maker, _ int32) string { return strconv.FormatInt(m.between(0, math.MaxUint32), 10) },
	"float4":  func(m *maker, _ int32) string { return m.float(32) },
	"float8":  func(m *maker, _ int32) string { return m.float(64) },
	"numeric": (*maker).numeric,
	"money": func(m *maker, _ int32) string {
		return fmt.Sprintf("%d.%02d", m.between(-99_999, 99_999), m.between(0, 99))
	},
	"bool":        oneOf("t", "f"),
	"text":        func(m *maker, _ int32) string { return m.text(maxTextRunes) },
	"varchar":     (*maker).varchar,
	"bpchar":      (*maker).varchar,
	"name":        func(m *maker, _ int32) string { return m.ascii(m.rng.IntN(64)) },
	"char":        oneOf("a", "z", "0", "~"),
	"bytea":       func(m *maker, _ int32) string { return m.bytes(m.rng.IntN(24)) },
	"date":        func(m *maker, _ int32) string { return m.date() },
	"timestamp":   func(m *maker, _ int32) string { return m.timestamp("") },
	"timestamptz": func(m *maker, _ int32) string { return m.timestamp("+00") },
	"time":        oneOf("00:00:00", "24:00:00", "23:59:59.999999", "12:34:56", "06:07:08.9"),
	"timetz":      oneOf("00:00:00+00", "23:59:59.999999-15:59", "12:34:56+05:30"),
	"interval":    (*maker).duration,
	"uuid":        func(m *maker, _ int32) string { return m.uuid() },
	"json":        func(m *maker, _ int32) string { return m.json(0) },
	"jsonb":       func(m *maker, _ int32) string { return m.json(0) },
	"jsonpath":    oneOf("$", "$.a[*]", `$."b" ? (@ > 1)`),
	"xml": func(m *maker, _ int32) string {
		return fmt.Sprintf("<a n=\"%d\">é &amp; 😀<b/></a>", m.rng.IntN(1000))
	},
	"inet":     func(m *maker, _ int32) string { return m.network(true) },
	"cidr":     func(m *maker, _ int32) string { return m.network(false) },
	"macaddr":  func(m *maker, _ int32) string { return m.octets(6) },
	"macaddr8": func(m *maker, _ int32) string { return m.octets(8) },
	"bit":      (*maker).bits,
	"varbit":   (*maker).bits,
	"tsvector": func(m *maker, _ int32) string {
		return fmt.Sprintf("'%s':1A 'größe':2,3 'o''brien'", m.ascii(1+m.rng.IntN(6)))
	},
	"tsquery": oneOf("'a' & 'b'", "'x' | !'y'", "'super':*"),
	"point":   func(m *maker, _ int32) string { return m.point() },
	"lseg":    func(m *maker, _ int32) string { return "[" + m.point() + "," + m.point() + "]" },
	"box":     func(m *maker, _ int32) string { return m.point() + "," + m.point() },
	"path":    func(m *maker, _ int32) string { return "[" + m.point() + "," + m.point() + "," + m.point() + "]" },
	"polygon": func(m *maker, _ int32) string { return "(" + m.point() + "," + m.point() + "," + m.point() + ")" },
	"circle":  func(m *maker, _ int32) string { return fmt.Sprintf("<%s,%d>", m.point(), m.between(0, 9)) },
	"line": func(m *maker, _ int32) string {
		return fmt.Sprintf("{%d,%d,%d}", m.between(1, 9), m.between(-9, 9), m.between(-9, 9))
	},
	"pg_lsn":   func(m *maker, _ int32) string { return fmt.Sprintf("%X/%X", m.rng.Uint32(), m.rng.Uint32()) },
	"xid":      func(m *maker, _ int32) string { return strconv.FormatInt(m.between(3, math.MaxUint32), 10) },
	"xid8":     func(m *maker, _ int32) string { return strconv.FormatInt(m.between(3, math.MaxInt64-4), 10) },
	"tid":      func(m *maker, _ int32) string { return fmt.Sprintf("(%d,%d)", m.between(0, 99), m.between(1, 99)) },
	"regclass": oneOf("pg_catalog.pg_class", "pg_catalog.pg_type"),
	"regtype":  oneOf("integer", "text"),
	"regproc":  oneOf("pg_catalog.now"),
}

func oneOf(list ...string) func(*maker, int32) string {
	return func(m *maker, _ int32) string { return m.pickOne(list) }
}

// integer draws mostly small numbers: columns meet each other in keys and checks.
func (m *maker) integer(low, high int64) string {
	switch n := m.rng.IntN(12); {
	case n == 0 && !m.moderate:
		return strconv.FormatInt(high, 10)
	case n == 1 && !m.moderate:
		return strconv.FormatInt(low, 10)
	case n == 2 && !m.moderate:
		return strconv.FormatInt(m.between(1, high), 10)
	case n == 3:
		return strconv.FormatInt(m.between(-100, -1), 10)
	case n == 4:
		return "0"
	default:
		return strconv.FormatInt(m.between(1, 60), 10)
	}
}

func (m *maker) float(bits int) string {
	if m.extreme(0.25) {
		return m.pickOne([]string{"NaN", "Infinity", "-Infinity", "0", "-0", "1e-30", "-1e30"})
	}
	return strconv.FormatFloat(math.Round(m.rng.NormFloat64()*1e6)/1e3, 'g', -1, bits)
}

// numeric draws a number that the precision and scale of the modifier hold exactly.
func (m *maker) numeric(mod int32) string {
	if mod < 4 {
		if m.extreme(0.1) {
			return m.pickOne([]string{"NaN", "123456789012345678901234567890.000000000012345", "-0.00000000000000000001"})
		}
		return fmt.Sprintf("%d.%03d", m.between(-9_999, 99_999), m.between(0, 999))
	}
	precision, scale := int((mod-4)>>16&0xffff), int((mod-4)&0x7ff)
	if scale >= 1024 {
		scale -= 2048 // negative
	}
	digits := 1 + m.rng.IntN(precision)
	switch {
	case m.moderate:
		digits = min(digits, max(scale, 0)+3)
	case m.chance(0.1):
		digits = precision
	}
	n := new(big.Int).SetUint64(m.rng.Uint64())
	n.Mul(n, n).Mod(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	sign := ""
	if m.chance(0.2) {
		sign = "-"
	}
	return sign + n.String() + "e" + strconv.Itoa(-scale)
}

func (m *maker) bits(mod int32) string {
	n := int(mod)
	if n < 0 {
		n = m.rng.IntN(20)
	}
	var b strings.Builder
	for range n {
		b.WriteByte('0' + byte(m.rng.IntN(2)))
	}
	return b.String()
}

func (m *maker) bytes(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.rng.Uint32())
	}
	return `\x` + hex.EncodeToString(b)
}

func (m *maker) octets(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("%02x", m.rng.IntN(256))
	}
	return strings.Join(parts, ":")
}

func (m *maker) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", m.rng.Uint32(), m.rng.Uint32()>>16, m.rng.Uint32()>>20,
		0x8000|m.rng.Uint32()>>18, m.rng.Uint64()>>16)
}

func (m *maker) network(host bool) string {
	if m.chance(0.3) {
		if host {
			return fmt.Sprintf("2001:db8::%x", 1+m.rng.IntN(0xffff))
		}
		return fmt.Sprintf("2001:db8:%x::/48", 1+m.rng.IntN(0xffff))
	}
	if host {
		return fmt.Sprintf("192.0.2.%d", m.rng.IntN(256))
	}
	return fmt.Sprintf("10.%d.%d.0/24", m.rng.IntN(256), m.rng.IntN(256))
}

func (m *maker) point() string {
	return fmt.Sprintf("(%d.5,%d)", m.between(-90, 90), m.between(-180, 180))
}

func (m *maker) duration(int32) string {
	if m.extreme(0.1) {
		return "178000000 years"
	}
	return m.pickOne([]string{
		"00:00:00", "1 day", "-1 days +02:03:00", "1 year 2 mons 3 days 04:05:06", "-00:00:01", strconv.Itoa(m.rng.IntN(500)) + " days",
	})
}

var dayZero = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)

// day is the date so many days after 1970-01-01.
func day(n int64) string { return dayZero.AddDate(0, 0, int(n)).Format(time.DateOnly) }

func parseDay(s string) (int64, error) {
	t, err := time.Parse(time.DateOnly, s)
	return int64(t.Sub(dayZero).Hours() / 24), err
}

func (m *maker) date() string {
	if m.extreme(0.1) {
		return m.pickOne([]string{"infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-01-01", "2000-02-29"})
	}
	return day(m.between(-20_000, 20_000))
}

// timestamp leaves fractions out at the end of time: a column without room for them rounds to a value that no server takes, not
// even from its own dump.
func (m *maker) timestamp(zone string) string {
	if m.extreme(0.1) {
		return m.pickOne([]string{
			"infinity", "-infinity", "4713-11-25 00:00:00" + zone + " BC", "294276-12-31 23:59:59" + zone, "2000-02-29 12:00:00" + zone,
		})
	}
	s := fmt.Sprintf("%s %02d:%02d:%02d", day(m.between(-10_000, 20_000)), m.rng.IntN(24), m.rng.IntN(60), m.rng.IntN(60))
	if m.chance(0.3) {
		s += fmt.Sprintf(".%06d", m.rng.IntN(1_000_000))
	}
	return s + zone
}

func (m *maker) json(depth int) string {
	switch n := m.rng.IntN(8); {
	case depth > 2 || n == 0:
		return m.pickOne([]string{"null", "true", "0", "-1.5e10", `""`, `"é 😀 \" \\ \n"`, "[]", "{}"})
	case n < 3:
		return fmt.Sprintf("[%s, %s]", m.json(depth+1), m.json(depth+1))
	default:
		return fmt.Sprintf(`{"a": %s, "größe": %d}`, m.json(depth+1), m.between(-9, 99))
	}
}
