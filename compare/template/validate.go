package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/veilschema/veil/compare/schema"
)

// Validate checks everything that holds of a template: names within their
// limits, facts well formed, sorted and unique, each group with two or more
// alternatives, waivers complete and only where something can fail, at least
// one fact that can fail. Build, Compile and Parse return valid templates
// only.
func (t *Template) Validate() error {
	if err := checkSlug(t.Slug); err != nil {
		return err
	}
	if err := checkVersion(t.Version); err != nil {
		return err
	}
	if err := checkText("the title", t.Title, 0, MaxTitle); err != nil {
		return err
	}
	if !t.Visibility.valid() {
		return fmt.Errorf("the visibility is %s, want public or confidential", t.Visibility)
	}
	if err := t.checkFiles(); err != nil {
		return err
	}
	if err := t.checkGroups(); err != nil {
		return err
	}
	return t.checkJudged()
}

func checkSlug(s string) error {
	if len(s) == 0 || len(s) > MaxSlug {
		return fmt.Errorf("the slug %q has %d bytes, want 1 to %d", s, len(s), MaxSlug)
	}
	for i, r := range s {
		alnum := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !alnum && (i == 0 || i == len(s)-1 || !strings.ContainsRune("-_.", r)) {
			return fmt.Errorf("the slug %q may hold a to z, 0 to 9 and, inside, dots, dashes and underscores", s)
		}
	}
	return nil
}

func checkVersion(s string) error {
	if err := checkText("the version", s, 1, MaxVersion); err != nil {
		return err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return fmt.Errorf("the version %q may hold no spaces and nothing invisible", s)
	}
	return nil
}

func checkText(what, s string, least, most int) error {
	switch {
	case len(s) < least:
		return fmt.Errorf("%s is missing", what)
	case len(s) > most:
		return fmt.Errorf("%s has %d bytes, more than the %d that are allowed", what, len(s), most)
	case !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0:
		return fmt.Errorf("%s is not valid text", what)
	}
	return nil
}

func (t *Template) checkFiles() error {
	if len(t.Files) > MaxFiles {
		return fmt.Errorf("the template has %d files, more than the %d that are allowed", len(t.Files), MaxFiles)
	}
	for i, f := range t.Files {
		if err := checkText("the name of a file", f.Name, 1, MaxFileName); err != nil {
			return err
		}
		if i > 0 && t.Files[i-1].Name >= f.Name {
			return fmt.Errorf("the files are not sorted by name, each once, at %q", f.Name)
		}
	}
	return nil
}

func (t *Template) checkGroups() error {
	if len(t.AnyOf) > MaxGroups {
		return fmt.Errorf("the template has %d any_of groups, more than the %d that are allowed", len(t.AnyOf), MaxGroups)
	}
	for i, g := range t.AnyOf {
		if err := checkText("the name of an any_of group", g.Name, 1, MaxGroupName); err != nil {
			return err
		}
		if i > 0 && t.AnyOf[i-1].Name >= g.Name {
			return fmt.Errorf("the any_of groups are not sorted by name, each once, at %q", g.Name)
		}
		if err := checkWaiver(g.Waiver); err != nil {
			return fmt.Errorf("any_of group %q: %w", g.Name, err)
		}
	}
	return nil
}

func (t *Template) checkJudged() error {
	if len(t.Judged) > MaxJudged {
		return fmt.Errorf("the template judges %d facts, more than the %d that are allowed", len(t.Judged), MaxJudged)
	}
	members := make(map[string]int, len(t.AnyOf))
	for _, g := range t.AnyOf {
		members[g.Name] = 0
	}
	canFail := false
	for i, j := range t.Judged {
		if i > 0 && schema.Compare(t.Judged[i-1].Fact, j.Fact) >= 0 {
			return fmt.Errorf("the judged facts are not sorted, each once, at %s", show(j.Fact))
		}
		if err := checkOne(j, members); err != nil {
			return fmt.Errorf("%s: %w", show(j.Fact), err)
		}
		canFail = canFail || j.Rule != RuleOptional
	}
	for _, g := range t.AnyOf {
		if n := members[g.Name]; n < 2 || n > MaxAlternatives {
			return fmt.Errorf("the any_of group %q has %d alternatives, want 2 to %d", g.Name, n, MaxAlternatives)
		}
	}
	if !canFail {
		return errors.New("nothing is required, forbidden or an alternative, so every schema would conform; require something")
	}
	return nil
}

// checkOne checks one judged fact and counts it for its group.
func checkOne(j Judged, members map[string]int) error {
	if err := j.Fact.Validate(); err != nil {
		return err
	}
	if !j.Rule.valid() {
		return fmt.Errorf("it has the %s", j.Rule)
	}
	if (j.Rule == RuleAnyOf) != (j.AnyOf != "") {
		return fmt.Errorf("it is %s with the group %q", j.Rule, j.AnyOf)
	}
	if j.AnyOf != "" {
		if _, ok := members[j.AnyOf]; !ok {
			return fmt.Errorf("its any_of group %q does not exist", j.AnyOf)
		}
		members[j.AnyOf]++
	}
	if j.Waiver != nil && j.Rule != RuleRequired && j.Rule != RuleForbidden {
		return fmt.Errorf("it is %s and has a waiver of its own", j.Rule)
	}
	return checkWaiver(j.Waiver)
}

func checkWaiver(w *Waiver) error {
	if w == nil {
		return nil
	}
	if err := checkText("the reason of a waiver", w.Reason, 1, MaxReason); err != nil {
		return err
	}
	if err := checkText("the approver of a waiver", w.Approver, 1, MaxApprover); err != nil {
		return err
	}
	if !w.Expires.Valid() {
		return fmt.Errorf("the waiver expires on %q, which is not a date", w.Expires)
	}
	return nil
}
