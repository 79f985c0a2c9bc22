package fill

import "strings"

// phrases are what breaks programs that have only seen letters.
var phrases = []string{
	"", " ", "plain", "O'Brien", `back\slash`, "two\nlines", "a\ttab", "naïve café", "e\u0301 combined, \u00e9 composed", "日本語テキスト", "😀 👩‍👩‍👧",
	"שלום עולם", "العربية", `"quoted"`, " spaces around ", "100%_sure", "NULL", `\N`, "zero\u200bwidth", "ﬃ İ ß", "--comment", "$1 $$", "{a,b}", "\U0001f9ff𝒳𐍈",
}

// text draws text of at most most characters.
func (m *maker) text(most int) string {
	switch n := m.rng.IntN(20); {
	case n == 0:
		return ""
	case n < 7:
		return shorten(m.pickOne(phrases)+m.ascii(m.rng.IntN(4)), most)
	}
	return m.ascii(min(most, 1+m.rng.IntN(16)))
}

// varchar draws text for varchar(n) and char(n), whose modifier is n + 4.
func (m *maker) varchar(mod int32) string {
	if mod < 4 {
		return m.text(maxTextRunes)
	}
	most := int(mod) - 4
	if most <= fullText && m.chance(0.1) {
		return strings.Repeat(m.pickOne([]string{"x", "é", "😀"}), most)
	}
	return m.text(min(most, maxTextRunes))
}

// ascii draws n letters and digits.
func (m *maker) ascii(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[m.rng.IntN(len(letters))]
	}
	return string(b)
}

// shorten keeps the first n characters.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
