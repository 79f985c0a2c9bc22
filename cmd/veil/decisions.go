package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/provision"
)

// decisions lists the questions with their choices.
func (p *paper) decisions(asked []executor.Decision, answered executor.Decisions) {
	if len(asked) == 0 {
		return
	}
	p.title(fmt.Sprintf("DECISIONS NEEDED: %d", len(asked)))
	for i, d := range asked {
		if i > 0 {
			p.blank()
		}
		p.wrapped("  ", capital(d.Why)+".", bold)
		p.printf(dim, "    %s", d.ID)
		for _, c := range d.Choices {
			p.wrapped("      "+padded(c.Choice, 8)+"  ", c.Means, plain)
		}
		if a, ok := answered[d.ID]; ok {
			p.wrapped("    ", fmt.Sprintf("The answer %s does not settle it; choose again.", answerWords(a)), yellow)
		}
	}
}

func answerWords(a executor.Answer) string {
	if a.Value == "" {
		return strconv.Quote(a.Choice)
	}
	return strconv.Quote(a.Choice) + " with the value " + strconv.Quote(a.Value)
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// skeleton writes the decisions file that answers what is asked. Its lines are not cut: they are for copying.
func (p *paper) skeleton(out *provision.Outcome, answered executor.Decisions) {
	if len(out.Decisions) == 0 {
		return
	}
	p.title("FOR THE DECISIONS FILE (--decisions-out FILE writes it)")
	p.out.Write(decisionsSkeleton(out.Decisions, answered))
}

// decisionsSkeleton is a decisions file with the answers that were made and a place for each that is asked. Left as it is, it
// decides nothing: a choice that is not filled in is refused.
func decisionsSkeleton(asked []executor.Decision, answered executor.Decisions) []byte {
	var b bytes.Buffer
	b.WriteString("decisions:\n")
	open := make(map[string]bool, len(asked))
	for _, d := range asked {
		open[d.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(answered)) {
		if !open[id] {
			writeAnswer(&b, answered[id], "")
		}
	}
	for _, d := range asked {
		fmt.Fprintf(&b, "  # %s\n", report.Visible(d.Why))
		var names []string
		value := ""
		for _, c := range d.Choices {
			name := c.Choice
			if c.Value != "" {
				name += " (value: " + c.Value + ")"
				value = `, value: ""`
			}
			names = append(names, name)
		}
		fmt.Fprintf(&b, "  - {id: %s, choice: \"\"%s} # %s\n", yamlText(d.ID), value, strings.Join(names, " | "))
	}
	return b.Bytes()
}

func writeAnswer(b *bytes.Buffer, a executor.Answer, tail string) {
	value := ""
	if a.Value != "" {
		value = ", value: " + yamlText(a.Value)
	}
	fmt.Fprintf(b, "  - {id: %s, choice: %s%s}%s\n", yamlText(a.ID), yamlText(a.Choice), value, tail)
}

// yamlText quotes text for YAML, whose escapes in double quotes include those of Go. Hidden characters are spelt out.
func yamlText(s string) string {
	if report.Visible(s) != s {
		return strconv.QuoteToASCII(s)
	}
	return strconv.Quote(s)
}
