package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func toHTML(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	tagPattern   = regexp.MustCompile(`<(/?)([a-zA-Z0-9!]+)((?:[^>"]|"[^"]*")*)>`)
	attrPattern  = regexp.MustCompile(`([a-zA-Z-]+)(?:="([^"]*)")?`)
	stylePattern = regexp.MustCompile(`(?s)<style>(.*)</style>`)
)

// TestHostileNamesStayText reads the page as a browser would and checks that
// it holds the page's own elements and attributes only, and no character that
// is not seen.
func TestHostileNamesStayText(t *testing.T) {
	page := toHTML(t, scenarios(t)["hostile"])
	elements := " !doctype html head meta title style body a header main footer section div dl dt dd p span h1 h2 h3 h4 small ul li b strong" +
		" table caption thead tbody tr th td svg rect article code details summary time br bdi sup "
	attributes := " charset http-equiv content name lang class href id aria-labelledby aria-label aria-hidden datetime scope colspan viewbox" +
		" preserveaspectratio role width height x html "
	body := stylePattern.ReplaceAllString(page, "<style></style>")
	for _, m := range tagPattern.FindAllStringSubmatch(body, -1) {
		if !strings.Contains(elements, " "+strings.ToLower(m[2])+" ") {
			t.Errorf("the page has the element %q", m[0])
		}
		for _, a := range attrPattern.FindAllStringSubmatch(m[3], -1) {
			if !strings.Contains(attributes, " "+strings.ToLower(a[1])+" ") {
				t.Errorf("the page has the attribute %q in %q", a[1], m[0])
			}
		}
	}
	for i, r := range html.UnescapeString(body) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("the page holds %U at byte %d, which nobody sees", r, i)
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", `<span class="ctl">U+202E</span>`, "患者の名前", "<bdi>", "{{.CSP}}"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
}

func TestThePageNeedsNothingElseAndItsPolicyAllowsNothingElse(t *testing.T) {
	for name, r := range scenarios(t) {
		page := toHTML(t, r)
		css := stylePattern.FindStringSubmatch(page)[1]
		sum := sha256.Sum256([]byte(css))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
		if !strings.Contains(html.UnescapeString(page), `content="`+want+`"`) {
			t.Errorf("%s: the policy does not allow exactly the page's own style", name)
		}
		for _, external := range []string{"http://", "https://", "url(", "@import", "<script", "<link", "<img", "<iframe", " style=", " onload"} {
			if strings.Contains(strings.ReplaceAll(page, "&lt;script", ""), external) {
				t.Errorf("%s: the page has %q", name, external)
			}
		}
	}
}

func TestThePageCanBeReadWithoutSeeingIt(t *testing.T) {
	for name, r := range scenarios(t) {
		page := toHTML(t, r)
		if n := strings.Count(page, "<h1"); n != 1 {
			t.Errorf("%s: %d headings of the first level, want 1", name, n)
		}
		if tables, captions := strings.Count(page, "<table"), strings.Count(page, "<caption"); tables != captions {
			t.Errorf("%s: %d tables with %d captions", name, tables, captions)
		}
		for _, want := range []string{`<html lang="en">`, "<main>", "<header>", "<footer>", `class="skip"`, `<th scope="col"`, `<th scope="row"`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page has no %s", name, want)
			}
		}
		level, ids := 1, make(map[string]bool)
		for _, m := range regexp.MustCompile(`<h([1-6])|\sid="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if m[2] != "" {
				if ids[m[2]] {
					t.Errorf("%s: the id %q stands twice", name, m[2])
				}
				ids[m[2]] = true
				continue
			}
			next := int(m[1][0] - '0')
			if next > level+1 {
				t.Errorf("%s: a heading of level %d follows one of level %d", name, next, level)
			}
			level = next
		}
	}
}

// TestAReportReadFromAFileIsNoMoreTrusted writes hostile text wherever JSON may
// hold text.
func TestAReportReadFromAFileIsNoMoreTrusted(t *testing.T) {
	const evil = "<b>\u202e\x1b[2J"
	r := scenarios(t)["deviating"]
	r.Summary, r.Template.Slug, r.Template.Digest, r.Template.Version = evil, evil, evil, evil
	r.Limits[0].Title, r.NotChecked[0].Text, r.Learnt.Service[0], r.Learnt.Tenant[0] = evil, evil, evil, evil
	r.Findings[0].Mend, r.Findings[0].Title, r.Findings[0].Expected, r.Findings[0].SQL, r.Findings[0].Group = evil, evil, evil, evil, evil
	r.Waivers[0].Expires, r.Waivers[0].State, r.Waivers[0].Reason = evil, evil, evil
	r.Probabilities.FalseMatch.Bound, r.Probabilities.FalseMatch.Event = evil, evil
	r.Verification.ResponseDigest, r.Verification.ReExecutedBy = evil, evil
	r.Introspection.Renames[0].What = evil
	for form, text := range map[string]string{
		"HTML": stylePattern.ReplaceAllString(toHTML(t, r), ""), "text": toText(t, r, report.TextOptions{}),
	} {
		if strings.Contains(text, "\u202e") || strings.Contains(text, "\x1b") || form == "HTML" && strings.Contains(text, "<b>\u202e") {
			t.Errorf("the %s form writes it as it is", form)
		}
	}
}

// TestColoursHaveContrast computes the contrast of WCAG 2.1 (section 1.4.3) for
// every text colour of the style sheet on every ground that it is used on.
func TestColoursHaveContrast(t *testing.T) {
	css := stylePattern.FindStringSubmatch(toHTML(t, scenarios(t)["conforming"]))[1]
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(css, -1)
	if len(blocks) != 3 {
		t.Fatalf("the style has %d sets of colours, want light, dark and print", len(blocks))
	}
	for i, block := range blocks {
		colour := make(map[string]string)
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]+);`).FindAllStringSubmatch(block[1], -1) {
			colour[m[1]] = m[2]
		}
		grounds := map[string][]string{
			"paper": {"ink", "soft", "link"}, "code": {"ink"},
			"card":    {"ink", "soft", "link", "good", "bad", "open", "s1", "s2", "s3", "s4", "s5"},
			"good-bg": {"good", "ink"}, "bad-bg": {"bad", "ink"}, "open-bg": {"open", "ink"},
		}
		for ground, texts := range grounds {
			for _, text := range texts {
				if c := contrast(t, colour[ground], colour[text]); c < 4.5 {
					t.Errorf("colours %d: %s on %s has contrast %.2f, want at least 4.5", i, text, ground, c)
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) == 4 {
		colour = fmt.Sprintf("#%c%c%c%c%c%c", colour[1], colour[1], colour[2], colour[2], colour[3], colour[3])
	}
	var rgb [3]int
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%q is no colour", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb[i]) / 255
		if c <= 0.03928 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestTheFirstPageSaysWhatIsNotProven(t *testing.T) {
	for name, r := range scenarios(t) {
		page := toHTML(t, r)
		limits, findings := strings.Index(page, "What this verdict does not prove"), strings.Index(page, `<section class="page"`)
		if limits < 0 || findings < 0 || limits > findings {
			t.Errorf("%s: the limits stand at %d, the page break at %d", name, limits, findings)
		}
		if !strings.Contains(page[:findings], "That the submission is the database") {
			t.Errorf("%s: the first page does not say that the submission may not be the database", name)
		}
	}
}

func TestAServiceCopyTellsNothingOfTheTenantButVerdicts(t *testing.T) {
	r := scenarios(t)["incomplete"] // made without introspection
	for form, text := range map[string]string{"HTML": toHTML(t, r), "JSON": string(toJSON(t, r)), "text": toText(t, r, report.TextOptions{})} {
		for _, secret := range []string{"15.18", "clinic_prod", "live database", "263"} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s form holds %q", form, secret)
			}
		}
	}
}

// bigReport has n facts of which every tenth is absent.
func bigReport(t testing.TB, n int) *report.Report {
	t.Helper()
	var list []schema.Fact
	for i := range n {
		list = append(list, schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: fmt.Sprintf("table_%04d", i/20), Name: fmt.Sprintf("column_%05d", i)})
	}
	tmpl, err := template.Build(template.Meta{Slug: "big", Version: "1"}, schema.NewFacts(list), nil)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := make([]schema.Verdict, n)
	for i := range verdicts {
		verdicts[i] = schema.Present
		if i%10 == 0 {
			verdicts[i] = schema.Absent
		}
	}
	return newReport(t, inputFor(tmpl, verdicts))
}

func TestALargeReportIsCutForPeopleAndWholeForMachines(t *testing.T) {
	r := bigReport(t, 46000)
	page := toHTML(t, r)
	if len(page) > 8<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	for _, want := range []string{"The worst 2,000 of 4,600 findings are described here", "The 46,000 facts are too many to list"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	again, err := report.Parse(toJSON(t, r))
	if err != nil || len(again.Facts) != 46000 || len(again.Findings) != 4600 {
		t.Errorf("the JSON is not whole: %v", err)
	}
}
