package merkle_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/veilschema/veil/merkle"
)

// realStatements are statements of each kind, of a tenant and of a template.
func realStatements(c *merkle.Committer, in *merkle.Commitments) map[string]*merkle.Statement {
	missing := merkle.TableName{Schema: "public", Table: "none"}
	bare := table("bare")
	bare.Facts = nil
	template := must(merkle.CommitPublic([]merkle.Table{table("person", "id"), bare}))
	return map[string]*merkle.Statement{
		"a table":                               must(c.ShowTable(in, schema(20)[7].Name)),
		"a column":                              must(c.ShowColumn(in, schema(20)[7].Name, "name")),
		"no table":                              must(c.ShowNoTable(in, missing)),
		"a template's table":                    must(template.ShowPublic(table("person").Name)),
		"a template's table of nothing":         must(template.ShowPublic(bare.Name)),
		"no table in a template":                must(template.ShowPublic(missing)),
		"no table in an empty template":         must(must(merkle.CommitPublic(nil)).ShowPublic(missing)),
		"the only column of a table":            oneColumn(c),
		"a table with names in other alphabets": foreign(c),
	}
}

func oneColumn(c *merkle.Committer) *merkle.Statement {
	in := must(c.Commit([]merkle.Table{table("one", "id")}))
	return must(c.ShowColumn(in, table("one").Name, "id"))
}

func foreign(c *merkle.Committer) *merkle.Statement {
	t := merkle.Table{Name: merkle.TableName{Table: "Größe\x00"}, Columns: []merkle.Column{{}, {Name: "身長", Canonical: []byte{0, 0xff}}}}
	return must(c.ShowTable(must(c.Commit([]merkle.Table{t})), t.Name))
}

// asWritten compares all that is written of statements, and no more.
var asWritten = cmp.Options{cmpopts.IgnoreUnexported(merkle.Opening{}), cmpopts.EquateEmpty()}

func TestTheBinaryFormOfAStatementIsReadAsItWasWritten(t *testing.T) {
	c, key := committer(t, 1)
	in := must(c.Commit(schema(20)))
	for what, s := range realStatements(c, in) {
		raw := must(s.AppendBinary([]byte("before")))
		raw, ok := bytes.CutPrefix(raw, []byte("before"))
		if !ok {
			t.Fatalf("%s: what was there before is gone", what)
		}
		again, err := merkle.ParseStatementBinary(raw)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if d := cmp.Diff(s, again, asWritten); d != "" {
			t.Errorf("%s (-written +read):\n%s", what, d)
		}
		if !bytes.Equal(must(again.AppendBinary(nil)), raw) {
			t.Errorf("%s: it is written in another way the second time", what)
		}
		if text := must(json.Marshal(s)); len(raw) >= len(text) {
			t.Errorf("%s: %d bytes are no fewer than the %d of JSON", what, len(raw), len(text))
		}
		if s.Table != nil && again.Table.Commitment() != s.Table.Commitment() {
			t.Errorf("%s: what was read opens another commitment", what)
		}
	}
	for _, what := range []string{"a table", "a column", "no table"} {
		s := must(merkle.ParseStatementBinary(must(realStatements(c, in)[what].AppendBinary(nil))))
		if err := s.Verify(in.Tree.Root(), key); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestNoChangeOfABinaryStatementGoesThrough changes every bit, cuts at every byte and adds one. What is read in spite of it is written as it was read,
// and does not hold, which is tried for one bit of each byte, because checking a label takes far longer than reading.
func TestNoChangeOfABinaryStatementGoesThrough(t *testing.T) {
	c, key := committer(t, 1)
	in := must(c.Commit([]merkle.Table{table("t", "a", "b")}))
	name := table("t").Name
	for what, s := range map[string]*merkle.Statement{
		"a table": must(c.ShowTable(in, name)), "a column": must(c.ShowColumn(in, name, "a")), "no table": must(c.ShowNoTable(in, merkle.TableName{Table: "u"})),
	} {
		raw := must(s.AppendBinary(nil))
		for i := range 8 * len(raw) {
			changed := slices.Clone(raw)
			changed[i/8] ^= 1 << (i % 8)
			read, err := merkle.ParseStatementBinary(changed)
			if err != nil {
				continue
			}
			if !bytes.Equal(must(read.AppendBinary(nil)), changed) {
				t.Fatalf("%s with bit %d changed is written in another way than it was read", what, i)
			}
			if i%8 == i/8%8 && read.Verify(in.Tree.Root(), key) == nil {
				t.Fatalf("%s with bit %d changed holds", what, i)
			}
		}
		for i := range raw {
			if _, err := merkle.ParseStatementBinary(raw[:i]); err == nil {
				t.Fatalf("%s of %d bytes is read when cut to %d", what, len(raw), i)
			}
		}
		if _, err := merkle.ParseStatementBinary(append(slices.Clone(raw), 0)); err == nil || !strings.Contains(err.Error(), "1 bytes follow") {
			t.Errorf("%s with a byte more: %v", what, err)
		}
	}
}

func TestABinaryStatementThatLiesAboutSizesTakesNoMemory(t *testing.T) {
	c, _ := committer(t, 1)
	in := must(c.Commit(schema(2)))
	raw := must(must(c.ShowTable(in, schema(2)[0].Name)).AppendBinary(nil))
	path := must(merkle.ParseStatementBinary(raw)).Proof
	afterPath := bytes.Index(raw, path) + len(path)
	facts := afterPath + 32
	columns := facts + 4 + int(binary.BigEndian.Uint32(raw[facts:]))
	for what, at := range map[string]int{
		"schema": 2, "table": 2 + 4 + len("public"), "label proof": bytes.Index(raw, path) - 4 - merkle.LabelProofSize - 4,
		"path": bytes.Index(raw, path) - 4, "facts": facts, "columns": columns, "a column's name": columns + 4,
	} {
		for _, claim := range []uint32{1 << 16, 1<<20 + 3, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			lying := slices.Clone(raw)
			binary.BigEndian.PutUint32(lying[at:], claim)
			took := testing.AllocsPerRun(1, func() {
				_, err := merkle.ParseStatementBinary(lying)
				if err == nil || claim >= 1<<31-1 && !strings.Contains(err.Error(), "said to have") {
					t.Errorf("%s: a claim of %d gets %v", what, claim, err)
				}
			})
			if took > 50 {
				t.Errorf("%s: %d are refused after %v allocations", what, claim, took)
			}
		}
	}
	for what, size := range map[string]int{"the largest": merkle.MaxStatementBytes, "more than the largest": merkle.MaxStatementBytes + 1} {
		_, err := merkle.ParseStatementBinary(append([]byte{9}, make([]byte, size-1)...))
		if tooLarge := err != nil && strings.Contains(err.Error(), "at most"); tooLarge != (size > merkle.MaxStatementBytes) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestWhatCouldNotBeReadIsNotWritten changes real statements to ones that have no binary form.
func TestWhatCouldNotBeReadIsNotWritten(t *testing.T) {
	c, _ := committer(t, 1)
	in := must(c.Commit(schema(20)))
	long := strings.Repeat("x", 1025)
	for want, change := range map[string]func(whole, column *merkle.Statement){
		"version 2":          func(w, c *merkle.Statement) { w.Version, c.Version = 2, 2 },
		"version 0":          func(w, c *merkle.Statement) { *w, *c = merkle.Statement{}, merkle.Statement{} },
		"has 79 bytes":       func(w, c *merkle.Statement) { w.LabelProof, c.LabelProof = w.LabelProof[1:], c.LabelProof[1:] },
		"ends too early":     func(w, c *merkle.Statement) { w.Proof, c.Proof = nil, c.Proof[:40] },
		"one of them is":     func(w, c *merkle.Statement) { w.Column, c.Table = c.Column, w.Table },
		"at most 1024":       func(w, c *merkle.Statement) { w.Table.Table.Columns[0].Name, c.Column.Name = long, long },
		"not written in UTF": func(w, c *merkle.Statement) { w.Table.Table.Columns[1].Name, c.Name.Schema = "\xff", "\xff" },
		"which no table has": func(w, c *merkle.Statement) { c.Column.Index = 4; w.Table, w.Column = nil, c.Column },
		"are read": func(w, c *merkle.Statement) {
			w.Table.Table.Facts = make([]byte, merkle.MaxStatementBytes)
			c.Column.Canonical = w.Table.Table.Facts
		},
	} {
		whole, column := through(t, must(c.ShowTable(in, schema(20)[3].Name))), through(t, must(c.ShowColumn(in, schema(20)[3].Name, "id")))
		change(whole, column)
		for _, s := range []*merkle.Statement{whole, column} {
			out, err := s.AppendBinary([]byte("before"))
			if err == nil || !strings.Contains(err.Error(), want) || string(out) != "before" {
				t.Errorf("got %v, want %q; and %d bytes", err, want, len(out))
			}
		}
	}
	for want, change := range map[string]func(*merkle.Statement){
		"two columns of the name": func(w *merkle.Statement) { w.Table.Table.Columns[0].Name = w.Table.Table.Columns[1].Name },
		"opens public.other":      func(w *merkle.Statement) { w.Table.Table.Name.Table = "other" },
	} {
		whole := through(t, must(c.ShowTable(in, schema(20)[3].Name)))
		change(whole)
		if _, err := whole.AppendBinary(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzStatementBinary(f *testing.F) {
	c := must(merkle.NewCommitter(make([]byte, 32)))
	key := must(c.Labels())
	in := must(c.Commit(schema(20)))
	for _, s := range realStatements(c, in) {
		f.Add(must(s.AppendBinary(nil)))
	}
	there := schema(20)[7].Name
	f.Add(must(must(c.ShowNoTable(in, merkle.TableName{Schema: "a", Table: "b"})).AppendBinary(nil)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := merkle.ParseStatementBinary(raw)
		if err != nil {
			return
		}
		again, err := s.AppendBinary(nil)
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("what was read is written as %x (%v), and was %x", again, err, raw)
		}
		if s.Verify(in.Tree.Root(), key) == nil && s.Table == nil && s.Column == nil && s.Name == there {
			t.Error("a table that is there is proven to be missing")
		}
	})
}
