package schema_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
)

// vector is a test vector of docs/facts.md.
type vector struct {
	Fact   schema.Fact `json:"fact"`
	Hex    string      `json:"hex"`
	Digest string      `json:"sha256"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	doc, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```json vectors\n(.*?)```").FindSubmatch(doc)
	if block == nil {
		t.Fatal("docs/facts.md has no block of test vectors")
	}
	var list []vector
	if err := json.Unmarshal(block[1], &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestFactsAreEncodedAsTheDocumentSays(t *testing.T) {
	list := vectors(t)
	if len(list) < 5 {
		t.Fatalf("%d test vectors, want 5 or more", len(list))
	}
	for _, v := range list {
		b, err := v.Fact.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(b); got != v.Hex {
			t.Errorf("%s is encoded as %s, want %s", v.Fact, got, v.Hex)
		}
		digest := v.Fact.Digest()
		if got := hex.EncodeToString(digest[:]); got != v.Digest {
			t.Errorf("%s has the digest %s, want %s", v.Fact, got, v.Digest)
		}
		back, rest, err := schema.ParseFact(append(b, "rest"...))
		if err != nil || back != v.Fact || string(rest) != "rest" {
			t.Errorf("parsing it gives %v and %q (error %v)", back, rest, err)
		}
	}
}

func TestEveryKindIsInTheDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range schema.Kinds() {
		if !strings.Contains(string(doc), "`"+k.String()+"`") {
			t.Errorf("docs/facts.md does not speak of the kind %s", k)
		}
		back, err := schema.ParseKind(k.String())
		if err != nil || back != k {
			t.Errorf("ParseKind(%q) is %v, %v", k, back, err)
		}
	}
}

func TestTruncatedAndChangedFactsAreRefused(t *testing.T) {
	good, err := (schema.Fact{Kind: schema.KindDefault, Schema: "s", Table: "t", Name: "c", Detail: "now()"}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, _, err := schema.ParseFact(good[:n]); err == nil {
			t.Errorf("%d of %d bytes are accepted", n, len(good))
		}
	}
	change := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for name, b := range map[string][]byte{
		"another version":           change(0, 2),
		"kind 0":                    change(1, 0),
		"an unknown kind":           change(1, 200),
		"a kind that has no detail": change(1, byte(schema.KindColumn)),
		"a kind that has no name":   change(1, byte(schema.KindPrimaryKey)),
		"a size of 4 GB":            change(2, 0xff),
		"a zero byte in a name":     change(6, 0),
		"text that is not UTF-8":    change(6, 0xff),
	} {
		if f, _, err := schema.ParseFact(b); err == nil {
			t.Errorf("%s is accepted as %s", name, f)
		}
	}
}

func TestFactsThatNeedAFieldAreRefusedWithoutIt(t *testing.T) {
	for name, f := range map[string]schema.Fact{
		"a table without a name":       {Kind: schema.KindTable, Schema: "s"},
		"a type without a detail":      {Kind: schema.KindColumnType, Schema: "s", Table: "t", Name: "c"},
		"an extension with a schema":   {Kind: schema.KindExtension, Schema: "s", Name: "x"},
		"a check with a name":          {Kind: schema.KindCheck, Schema: "s", Table: "t", Name: "c", Detail: "(a > 0)"},
		"an enum of a table":           {Kind: schema.KindEnum, Schema: "s", Table: "t", Name: "e", Detail: "('a')"},
		"a name of two thousand bytes": {Kind: schema.KindTable, Schema: "s", Table: strings.Repeat("x", 2000)},
	} {
		if b, err := f.AppendBinary(nil); err == nil || len(b) > 0 {
			t.Errorf("%s is encoded in %d bytes", name, len(b))
		}
	}
}

func TestFactsStandInOrderOnce(t *testing.T) {
	a := schema.Fact{Kind: schema.KindTable, Schema: "a", Table: "t"}
	b := schema.Fact{Kind: schema.KindColumn, Schema: "a", Table: "t", Name: "x"}
	c := schema.Fact{Kind: schema.KindTable, Schema: "a", Table: "u"}
	set := schema.NewFacts([]schema.Fact{c, b, a, b, c})
	if len(set) != 3 || set[0] != a || set[1] != b || set[2] != c {
		t.Fatalf("the set is %v", set)
	}
	if !set.Has(b) || set[:1].Has(b) {
		t.Error("Has is wrong")
	}
	other := schema.NewFacts([]schema.Fact{a, c})
	if only := set.Minus(other); len(only) != 1 || only[0] != b {
		t.Errorf("the difference is %v, want %v", only, b)
	}
	if only := other.Minus(set); len(only) != 0 {
		t.Errorf("the difference is %v, want none", only)
	}
	if only := set.Minus(nil); len(only) != 3 {
		t.Errorf("the difference to nothing is %v, want all", only)
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	for _, v := range []schema.Verdict{schema.Present, schema.Absent, schema.Undisclosed} {
		text, err := v.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back schema.Verdict
		if err := back.UnmarshalText(text); err != nil || back != v {
			t.Errorf("%s comes back as %s (error %v)", v, back, err)
		}
	}
	if _, err := schema.VerdictUnknown.MarshalText(); err == nil {
		t.Error("the unknown verdict has a name")
	}
	if _, err := schema.ParseVerdict("unknown verdict 0"); err == nil {
		t.Error("the unknown verdict is parsed")
	}
}

func FuzzParseFact(f *testing.F) {
	for _, v := range vectors(f) {
		b, err := hex.DecodeString(v.Hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fact, rest, err := schema.ParseFact(b)
		if err != nil {
			return
		}
		again, err := fact.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%s was parsed and is not encoded: %v", fact, err)
		}
		if !bytes.Equal(append(again, rest...), b) {
			t.Errorf("%x is parsed and encoded as %x", b, again)
		}
	})
}
