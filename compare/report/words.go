package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// Limits is what no verdict proves. It stands on the first page of every form.
func Limits() []Note {
	return []Note{
		{
			"That the submission is the database",
			"The verdict is about the facts that the tenant submitted, sealed before the outcome was known. " +
				"Whether they are the facts of the database in use is shown by an auditor who opens the submission, not by this report.",
		},
		{
			"Anything after the moment of reading",
			"The schema was read once. A change made afterwards is not in the verdict.",
		},
		{
			"Anything about the data",
			"Structure was compared. No row was read, and conforming structure can hold wrong data.",
		},
		{
			"Anything the template does not name",
			"What the database has beside the template is neither judged nor known to the service.",
		},
	}
}

// NotChecked is what no fact speaks of, whatever the template.
func NotChecked() []Note {
	return []Note{
		{"Names of keys, constraints and indexes", "They differ between databases of the same structure and are no facts."},
		{"Bodies of functions and texts of views", "Signatures and output columns are judged; what is inside is not."},
		{"Owners, roles and privileges", "Who may do what is not part of the structure that is compared, except row security."},
		{"Comments, storage parameters and tablespaces", "They change no meaning of the data."},
		{"Constraints that are NOT VALID and indexes that are invalid", "The server does not vouch for them, so they do not count as being there."},
	}
}

// summarise says the outcome in one sentence, what is wrong first.
func summarise(o template.Outcome) string {
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, count(n, one, many))
		}
	}
	add(o.Required.Absent, "required fact is absent", "required facts are absent")
	add(o.Forbidden.Present, "forbidden fact is present", "forbidden facts are present")
	add(o.AnyOf.Failed, "set of alternatives has none present", "sets of alternatives have none present")
	add(o.Required.Undisclosed+o.Forbidden.Undisclosed, "verdict that matters is undisclosed", "verdicts that matter are undisclosed")
	add(o.AnyOf.Undecided, "set of alternatives is undecided", "sets of alternatives are undecided")
	waived := o.Required.Waived + o.Forbidden.Waived + o.AnyOf.Waived
	total := count(o.Required.Total()+o.Forbidden.Total(), "required or forbidden fact", "required or forbidden facts")
	if n := o.AnyOf.Total(); n > 0 {
		total += " and " + count(n, "set of alternatives", "sets of alternatives")
	}
	switch {
	case len(parts) > 0:
		add(waived, "is waived", "are waived")
		return join(parts) + ", of " + total + "."
	case waived > 0:
		return "Of " + total + ", all hold but " + thousands(int64(waived)) + ", which the template's policy waives."
	}
	return "Of " + total + ", every one holds."
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}

// join writes a, b and c.
func join(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// size writes a number of bytes for people, in powers of ten.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 999_950:
		return fmt.Sprintf("%.3g kB", float64(n)/1e3)
	default:
		return fmt.Sprintf("%.3g MB", float64(n)/1e6)
	}
}

// milliseconds writes a duration for people.
func milliseconds(ms float64) string {
	switch {
	case ms == 0:
		return "—"
	case ms < 1:
		return "< 1 ms"
	case ms < 10_000:
		return thousands(int64(math.Round(ms))) + " ms"
	default:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
}

// probability makes a bound. The exponent is rounded so that the stated bound
// is never below the real one.
func probability(log2 float64, event string) Probability {
	rounded := math.Ceil(log2*10) / 10
	return Probability{Log2: log2, Bound: "2^" + strconv.FormatFloat(rounded+0, 'f', -1, 64), Event: event}
}

// Odds writes a bound in words: "1 in 20 billion". It is rounded towards the
// larger probability.
func (p Probability) Odds() string {
	names := []string{"", " thousand", " million", " billion", " trillion"}
	ten := -p.Log2 * math.Log10(2)
	if ten < 0 {
		return "no bound"
	}
	if ten >= 15 {
		return fmt.Sprintf("1 in 10^%d", int(ten))
	}
	group := int(ten) / 3
	lead := math.Floor(math.Pow(10, ten-float64(3*group)))
	return fmt.Sprintf("1 in %.0f%s", lead, names[group])
}

// qualified writes schema.name as details spell names.
func qualified(schemaName, name string) string {
	if schemaName == "" {
		return schema.Quote(name)
	}
	return schema.Quote(schemaName) + "." + schema.Quote(name)
}
