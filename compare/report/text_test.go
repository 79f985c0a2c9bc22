package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/displaywidth"

	"github.com/veilschema/veil/compare/report"
)

func toText(t testing.TB, r *report.Report, o report.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]+m")

func TestNamesCannotMoveTheCursor(t *testing.T) {
	for name, r := range scenarios(t) {
		for _, color := range []bool{false, true} {
			text := toText(t, r, report.TextOptions{Width: 160, Color: color, Findings: -1})
			if color {
				text = sgr.ReplaceAllString(text, "")
			}
			for i, c := range text {
				if c != '\n' && !unicode.IsPrint(c) {
					t.Fatalf("%s: byte %d is %U", name, i, c)
				}
			}
		}
	}
	if text := toText(t, scenarios(t)["hostile"], report.TextOptions{Findings: -1}); !strings.Contains(text, "‹U+001B›[2J") {
		t.Error("the hostile name is not shown at all")
	}
}

// TestColoursAreTheOwnOnes checks that a name that spells an SGR sequence does
// not become one: the coloured text without the sequences is the plain text.
func TestColoursAreTheOwnOnes(t *testing.T) {
	for name, r := range scenarios(t) {
		plain := toText(t, r, report.TextOptions{})
		colored := toText(t, r, report.TextOptions{Color: true})
		if strings.Contains(plain, "\x1b") {
			t.Errorf("%s: the plain text holds an escape", name)
		}
		if !strings.Contains(colored, "\x1b[") || stripped(colored) != stripped(plain) {
			t.Errorf("%s: colours change more than colours", name)
		}
	}
}

// stripped takes colours and the spaces at the ends of lines away.
func stripped(s string) string {
	var lines []string
	for line := range strings.Lines(sgr.ReplaceAllString(s, "")) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Join(lines, "\n")
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	for name, r := range scenarios(t) {
		for _, width := range []int{1, 40, 61, 80, 100, 160, 1000} {
			limit := min(max(width, 40), 160)
			for line := range strings.Lines(toText(t, r, report.TextOptions{Width: width, Findings: -1})) {
				if w := displaywidth.String(strings.TrimSuffix(line, "\n")); w > limit {
					t.Errorf("%s at width %d: %d columns in %q", name, width, w, line)
				}
			}
		}
	}
}

func TestTheTextOfALargeReportFitsOneScreen(t *testing.T) {
	text := toText(t, bigReport(t, 2000), report.TextOptions{})
	if lines := strings.Count(text, "\n"); lines > 50 {
		t.Errorf("2,000 facts take %d lines:\n%s", lines, text)
	}
	for _, want := range []string{"✕ DOES NOT CONFORM", "200 required facts are absent, of 2,000", "… and 188 more in 94 places (see --html)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
}

func TestAllFindingsAreShownOnDemand(t *testing.T) {
	r := bigReport(t, 2000)
	if text := toText(t, r, report.TextOptions{Findings: -1}); strings.Count(text, "is missing") != 200 || strings.Contains(text, "--html") {
		t.Error("not every finding is shown")
	}
}
