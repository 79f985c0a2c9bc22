package template_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/merkle"
)

func TestATemplateHasTheRootOfItsOwnTables(t *testing.T) {
	all := facts(t, "table s.t.-", "column s.t.a", "type s.t.a integer", "column s.t.b", "table s.u.-")
	tmpl, err := template.Build(template.Meta{Slug: "a", Version: "1"}, all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tmpl.CheckRoot(); err != nil {
		t.Error(err)
	}
	c, err := tmpl.Commitments()
	if err != nil {
		t.Fatal(err)
	}
	name := merkle.TableName{Schema: "s", Table: "t"}
	for _, one := range []merkle.TableName{name, {Schema: "s", Table: "none"}} {
		s, err := c.ShowPublic(one)
		if err != nil {
			t.Fatal(err)
		}
		if (s.Table != nil) != (one == name) {
			t.Errorf("of %s is stated: %s", one, s)
		}
		if err := s.VerifyPublic(tmpl.MerkleRoot); err != nil {
			t.Errorf("%s: %v", one, err)
		}
		if s.VerifyPublic(merkle.Hash{1}) == nil {
			t.Errorf("%s: verified against another root", one)
		}
	}
	tmpl.MerkleRoot[0] ^= 1
	if err := tmpl.CheckRoot(); err == nil || !strings.Contains(err.Error(), "not that of its tables") {
		t.Errorf("another root: %v", err)
	}
}

func TestOnlyWhatATemplateHasIsInItsRoot(t *testing.T) {
	const policy = "forbidden: [{kind: column, schema: s, table: t, name: ssn}]"
	all := facts(t, "table s.t.-", "column s.t.a")
	with, err := template.Compile(template.Meta{Slug: "a", Version: "1"}, all, []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	without, err := template.Build(template.Meta{Slug: "a", Version: "1"}, all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if with.MerkleRoot != without.MerkleRoot {
		t.Error("a forbidden fact changes the root of what the template has")
	}
}
