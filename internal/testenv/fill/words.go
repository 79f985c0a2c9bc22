package fill

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// usable returns the words that are values of the type: a server that is shown nonsense judges nothing else either.
func usable(k *kind, words []string) []string {
	k = k.root()
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !k.accepts(w) })
}

func (k *kind) accepts(word string) bool {
	bits := map[string]int{"int2": 16, "int4": 32, "int8": 64}[k.name]
	switch {
	case k.class == "e":
		return slices.Contains(k.labels, word)
	case k.class != "b":
		return false
	case bits != 0:
		_, err := strconv.ParseInt(word, 10, bits)
		return err == nil
	case k.category == "N" && k.builtin:
		_, err := strconv.ParseFloat(word, 32)
		return err == nil
	case k.name == "date" || k.name == "timestamp" || k.name == "timestamptz":
		_, err := parseDay(word[:min(len(word), len("2006-01-02"))])
		return err == nil
	case k.name == "json" || k.name == "jsonb":
		return json.Valid([]byte(word))
	case k.name == "bytea":
		return !strings.Contains(word, `\`)
	case k.element != nil && strings.HasPrefix(word, "{"):
		return !slices.ContainsFunc(strings.Split(strings.Trim(word, "{}"), ","), func(e string) bool { return e != "" && !k.element.accepts(e) })
	}
	return k.category == "S" && k.builtin && k.name != "char"
}

// counted is the part of a regular expression that asks for a number of digits.
var counted = regexp.MustCompile(`(?:\[0-9\]|\\d)\{(\d+)\}`)

// literals returns the string and number constants of an expression as the server prints it, each once, in order. The
// elements of an array constant are listed by themselves, too. They need not be literals of anything in particular: they are ideas of what
// a column's checks may like.
func literals(expression string) []string {
	var list []string
	add := func(word string) {
		if !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	for s := expression; s != ""; {
		switch c := s[0]; {
		case c == '"': // an identifier
			s = skipQuoted(s, '"')
		case c == '\'':
			rest := skipQuoted(s, '\'')
			word := strings.ReplaceAll(strings.TrimSuffix(s[1:len(s)-len(rest)], "'"), "''", "'")
			add(word)
			for _, m := range counted.FindAllStringSubmatch(word, -1) {
				if n, err := strconv.Atoi(m[1]); err == nil && n <= maxTextRunes {
					add(strings.Repeat("0", n))
				}
			}
			if inner, ok := strings.CutPrefix(word, "{"); ok {
				for e := range strings.SplitSeq(strings.TrimSuffix(inner, "}"), ",") {
					add(strings.Trim(e, `"`))
				}
			}
			s = rest
		case digit(c):
			n := len(s) - len(strings.TrimLeft(s, "0123456789."))
			add(s[:n])
			s = s[n:]
		case letter(c): // a word, with the digits in it
			n := 1
			for n < len(s) && (letter(s[n]) || digit(s[n])) {
				n++
			}
			s = s[n:]
		default:
			s = s[1:]
		}
	}
	return list
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

// skipQuoted returns what follows the quoted text at the start of s; a doubled quote is part of the text.
func skipQuoted(s string, quote byte) string {
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			i++
			continue
		}
		return s[i+1:]
	}
	return ""
}
