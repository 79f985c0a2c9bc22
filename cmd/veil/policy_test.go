package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
)

func TestAPolicyFileIsDividedByWhoseEntriesTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		text                string
		templates, tenants  string // lines that are not empty, joined with |
		noTemplate, noOwner bool
	}{
		"only a consent": {text: "follow_up: [type]\n", noTemplate: true, tenants: "follow_up: [type]"},
		"consent and withholding": {
			text: "withhold:\n- {kind: x}\nfollow_up: [type]\n", noTemplate: true, tenants: "withhold:|- {kind: x}|follow_up: [type]",
		},
		"between entries of the template": {
			text: "optional: []\nfollow_up:\n- type\nwaivers: []\nwithhold:\n- {kind: x}\n", templates: "optional: []|waivers: []",
			tenants: "follow_up:|- type|withhold:|- {kind: x}",
		},
		"nothing of the tenant's": {text: "optional: []", templates: "optional: []", noOwner: true},
	} {
		t.Run(name, func(t *testing.T) {
			templates, tenants := splitPolicy([]byte(c.text))
			if (templates == nil) != c.noTemplate || (tenants == nil) != c.noOwner {
				t.Errorf("got parts %q and %q", templates, tenants)
			}
			if got := full(templates); got != c.templates {
				t.Errorf("the template's part is %q, want %q", got, c.templates)
			}
			if got := full(tenants); got != c.tenants {
				t.Errorf("the tenant's part is %q, want %q", got, c.tenants)
			}
		})
	}
}

func full(part []byte) string {
	var lines []string
	for line := range strings.SplitSeq(string(part), "\n") {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "|")
}

func TestAConsentIsReadFromThePolicyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	for text, want := range map[string]string{
		"optional: [{kind: index}]\nfollow_up: [type]\n": "",
		"follow_up: [default, type]\n":                   "",
		"optional: []\nfollow_up: [index]\n":             "line 2: follow_up allows questions about",
		// Entries on one line cannot be divided, and then nothing is taken as said.
		"{optional: [], follow_up: [type]}": `"optional" belongs in the policy of a template`,
		"{follow_up: [type], optional: []}": `"follow_up" belongs in a tenant's policy`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := readPolicies([]string{path})
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", text, err, want)
		case want == "" && !p.tenant.AllowsFollowUp(schema.KindColumnType):
			t.Errorf("%q allows no questions about types", text)
		}
	}
}
