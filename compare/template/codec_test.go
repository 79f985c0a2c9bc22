package template_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func TestATemplateSurvivesItsEncoding(t *testing.T) {
	for _, policy := range []string{"", fullPolicy} {
		tmpl := compile(t, policy)
		tmpl.MerkleRoot = [32]byte{7}
		got, err := template.Parse(encode(t, tmpl))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tmpl, got); diff != "" {
			t.Errorf("the parsed template differs (-want +got):\n%s", diff)
		}
		if got.Digest() != tmpl.Digest() {
			t.Error("the parsed template has another digest")
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	b := encode(t, compile(t, fullPolicy))
	for n := range b {
		if _, err := template.Parse(b[:n:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a template", n, len(b))
		}
	}
	_, err := template.Parse(append(b, 0))
	wantError(t, err, "1 bytes follow its end")
}

// TestNoTwoEncodingsMeanTheSame changes every byte in several ways: what is
// still accepted must encode to exactly what was read.
func TestNoTwoEncodingsMeanTheSame(t *testing.T) {
	b := encode(t, compile(t, fullPolicy))
	for i := range b {
		for _, flip := range []byte{1, 2, 4, 0x80, 0xff} {
			c := append([]byte(nil), b...)
			c[i] ^= flip
			tmpl, err := template.Parse(c)
			if err != nil {
				continue
			}
			if again := encode(t, tmpl); !equalBytes(again, c) {
				t.Fatalf("byte %d changed by %#x: what was accepted encodes differently", i, flip)
			}
		}
	}
}

// TestAClaimedCountAllocatesNothing claims as many facts as are allowed in a
// template that holds almost none. A reader that trusts the count would take
// some fifty megabytes for it.
func TestAClaimedCountAllocatesNothing(t *testing.T) {
	tmpl, err := template.Build(template.Meta{Slug: "a", Version: "1"}, facts(t, "table s.t.-"), nil)
	if err != nil {
		t.Fatal(err)
	}
	b := encode(t, tmpl)
	at := len(b) - 26 - 4 // the one fact takes 26 bytes, the count before it 4
	if got := binary.BigEndian.Uint32(b[at:]); got != 1 {
		t.Fatalf("the count of facts is %d, want 1: the test looks at the wrong place", got)
	}
	binary.BigEndian.PutUint32(b[at:], template.MaxJudged)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := template.Parse(b); err == nil {
		t.Error("a list of half a million facts in 26 bytes is accepted")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("refusing it took %d bytes", n)
	}
}

func TestRandomBytesAreRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	good := encode(t, compile(t, fullPolicy))
	for range 20000 {
		b := append([]byte(nil), good...)
		for range 1 + rng.IntN(4) {
			b[rng.IntN(len(b))] = byte(rng.Uint32())
		}
		if tmpl, err := template.Parse(b); err == nil {
			if again := encode(t, tmpl); !equalBytes(again, b) {
				t.Fatal("what was accepted encodes differently")
			}
		}
	}
}

func TestOnlyValidTemplatesAreEncoded(t *testing.T) {
	for name, spoil := range map[string]func(*template.Template){
		"the zero template":          func(x *template.Template) { *x = template.Template{} },
		"unsorted facts":             func(x *template.Template) { x.Judged[0], x.Judged[1] = x.Judged[1], x.Judged[0] },
		"a fact twice":               func(x *template.Template) { x.Judged[1] = x.Judged[0] },
		"an unknown rule":            func(x *template.Template) { x.Judged[0].Rule = 9 },
		"no rule":                    func(x *template.Template) { x.Judged[0].Rule = 0 },
		"no visibility":              func(x *template.Template) { x.Visibility = 0 },
		"an alternative of no group": func(x *template.Template) { x.Judged[0].AnyOf = "patient key" },
		"a group that is not there":  func(x *template.Template) { x.AnyOf = nil },
		"a group of one":             func(x *template.Template) { x.AnyOf = append(x.AnyOf, template.Group{Name: "z"}) },
		"an endless reason": func(x *template.Template) {
			x.AnyOf[0].Waiver.Reason = strings.Repeat("a", template.MaxReason+1)
		},
		"a waiver without a day": func(x *template.Template) { x.AnyOf[0].Waiver.Expires = "soon" },
		"a waived optional fact": func(x *template.Template) {
			i, _ := x.Index(fact(t, audit))
			x.Judged[i].Waiver = x.AnyOf[0].Waiver
		},
		"a malformed fact": func(x *template.Template) { x.Judged[0].Fact.Schema = "\xff" },
		"files out of order": func(x *template.Template) {
			x.Files[0], x.Files[1] = x.Files[1], x.Files[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := compile(t, fullPolicy)
			spoil(x)
			if b, err := x.AppendBinary([]byte("prefix")); err == nil || string(b) != "prefix" {
				t.Errorf("got %d bytes and error %v, want the prefix alone and an error", len(b), err)
			}
		})
	}
}

// TestEverythingThatIsJudgedChangesTheDigest changes one thing at a time.
func TestEverythingThatIsJudgedChangesTheDigest(t *testing.T) {
	seen := map[[32]byte]string{compile(t, fullPolicy).Digest(): "nothing"}
	for name, change := range map[string]func(*template.Template){
		"slug":          func(x *template.Template) { x.Slug = "klinik" },
		"version":       func(x *template.Template) { x.Version = "1.0.1" },
		"title":         func(x *template.Template) { x.Title = "" },
		"visibility":    func(x *template.Template) { x.Visibility = template.VisibilityConfidential },
		"merkle root":   func(x *template.Template) { x.MerkleRoot[31] = 1 },
		"file name":     func(x *template.Template) { x.Files[0].Name = "a.sqm" },
		"file size":     func(x *template.Template) { x.Files[0].Size++ },
		"file hash":     func(x *template.Template) { x.Files[0].SHA256[0]++ },
		"a rule":        func(x *template.Template) { x.Judged[0].Rule = template.RuleForbidden },
		"a fact":        func(x *template.Template) { x.Judged = x.Judged[1:] },
		"group's name":  func(x *template.Template) { renameGroup(x, "other key") },
		"reason":        func(x *template.Template) { x.AnyOf[0].Waiver.Reason = "none" },
		"expiry":        func(x *template.Template) { x.AnyOf[0].Waiver.Expires = "2027-01-01" },
		"approver":      func(x *template.Template) { x.AnyOf[0].Waiver.Approver = "nobody" },
		"waiver itself": func(x *template.Template) { x.AnyOf[0].Waiver = nil },
	} {
		x := compile(t, fullPolicy)
		change(x)
		if err := x.Validate(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if other, dup := seen[x.Digest()]; dup {
			t.Errorf("changing the %s gives the same digest as changing %s", name, other)
		}
		seen[x.Digest()] = name
	}
}

func renameGroup(x *template.Template, name string) {
	for i := range x.Judged {
		if x.Judged[i].AnyOf == x.AnyOf[0].Name {
			x.Judged[i].AnyOf = name
		}
	}
	x.AnyOf[0].Name = name
}

// TestTheEncodingIsWhatItsDocumentationSays pins one small template byte by
// byte, written by hand from the documentation.
func TestTheEncodingIsWhatItsDocumentationSays(t *testing.T) {
	tmpl, err := template.Build(template.Meta{Slug: "a", Version: "1"}, facts(t, "table s.t.-"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "5645494c544d504c" + "01" + "01" + // magic, version, public
		"00000001" + "61" + "00000001" + "31" + "00000000" + // slug, version, title
		"e02f7e53d985bc14a0648ddbfa6f652706cede5949664ed5a1356c243f97d342" + "00000000" + "00000000" + // Merkle root, no files, no groups
		"00000001" + "01" + "00000000" + "00" + // one fact: required, no group, no waiver
		"01" + "01" + "00000001" + "73" + "00000001" + "74" + "00000000" + "00000000" // table s.t
	if got := hex.EncodeToString(encode(t, tmpl)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// printf 'veil/template/v1\0' followed by the bytes above, through sha256sum
	const digest = "37deb40fc08fb412f96a7e9e6acf811e1c5087ef500dacd4f1971a4a5779411d"
	if got := fmt.Sprintf("%x", tmpl.Digest()); got != digest {
		t.Errorf("the digest is %s, want %s", got, digest)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(f, compile(f, "")))
	f.Add(encode(f, compile(f, fullPolicy)))
	f.Add([]byte("VEILTMPL\x01\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tmpl, err := template.Parse(b)
		if err != nil {
			return
		}
		if again := encode(t, tmpl); !equalBytes(again, b) {
			t.Error("what was accepted encodes differently")
		}
		all := make([]schema.Verdict, len(tmpl.Judged))
		for i := range all {
			all[i] = schema.Undisclosed
		}
		if _, err := tmpl.Judge(all, "2026-01-01"); err != nil {
			t.Error(err)
		}
	})
}

func TestALargeTemplateIsEncodedWithinItsLimits(t *testing.T) {
	var list []schema.Fact
	for i := range 46000 {
		list = append(list, schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: fmt.Sprint("table_", i/20), Name: fmt.Sprint("column_", i)})
	}
	tmpl, err := template.Build(clinicMeta, schema.NewFacts(list), nil)
	if err != nil {
		t.Fatal(err)
	}
	b := encode(t, tmpl)
	if len(b) > 6<<20 {
		t.Errorf("46,000 facts take %d bytes", len(b))
	}
	if _, err := template.Parse(b); err != nil {
		t.Fatal(err)
	}
}
