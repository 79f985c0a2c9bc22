package allowlist

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Refusal is one reason why a file or a statement is not taken.
type Refusal struct {
	Line      int    // in the file, or in the text given to [Statement]; counted from 1
	Statement string // its beginning, on one line; empty where the whole file is meant
	Reason    string // a sentence without its full stop: what is wrong and what to do
}

// Refused is the error of [File] and [Statement]: everything found at once.
type Refused struct {
	Name     string    // of the file; empty for a statement of a plan
	Refusals []Refusal // in the order of their lines; after 1,000 no more of the file is read
	All      int       // how many there were
}

// Error lists the first refusals, one a line.
func (r *Refused) Error() string {
	var b strings.Builder
	for i, f := range r.Refusals {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i == maxRefusalsShown {
			fmt.Fprintf(&b, "and %d more", r.All-i)
			break
		}
		if r.Name != "" {
			fmt.Fprintf(&b, "%s:%d: ", r.Name, f.Line)
		}
		if f.Statement != "" {
			fmt.Fprintf(&b, "%q is refused: ", f.Statement)
		}
		b.WriteString(f.Reason)
	}
	return b.String()
}

// add notes a refusal; two of one line with one reason are one.
func (r *Refused) add(f Refusal) {
	for _, other := range r.Refusals[max(0, len(r.Refusals)-maxRefusalsShown):] {
		if other == f {
			return
		}
	}
	r.All++
	if len(r.Refusals) < maxRefusals {
		r.Refusals = append(r.Refusals, f)
	}
}

// err is the error, or nil where nothing was refused.
func (r *Refused) err() error {
	if r.All == 0 {
		return nil
	}
	return r
}

// excerpt is the beginning of a statement on one line.
func excerpt(sql []byte) string {
	sql = sql[:min(len(sql), 8*maxExcerptRunes)]
	words := strings.Join(strings.Fields(strings.ToValidUTF8(string(sql), "?")), " ")
	words = strings.TrimSuffix(words, ";")
	if utf8.RuneCountInString(words) <= maxExcerptRunes {
		return words
	}
	return string([]rune(words)[:maxExcerptRunes]) + "..."
}
