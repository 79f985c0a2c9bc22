package merkle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/merkle"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func committer(t *testing.T, seed byte) (*merkle.Committer, merkle.PublicLabelKey) {
	t.Helper()
	c := must(merkle.NewCommitter(bytes.Repeat([]byte{seed}, 32)))
	return c, must(c.Labels())
}

func table(name string, columns ...string) merkle.Table {
	t := merkle.Table{Name: merkle.TableName{Schema: "public", Table: name}, Facts: []byte("facts of " + name + strings.Join(columns, ","))}
	for _, c := range columns {
		t.Columns = append(t.Columns, merkle.Column{Name: c, Canonical: fmt.Appendf(nil, `{"name":%q,"type":"text"}`, c)})
	}
	return t
}

func schema(n int) (tables []merkle.Table) {
	for i := range n {
		tables = append(tables, table(fmt.Sprintf("table_%d", i), "id", "name", fmt.Sprintf("column_%d", i)))
	}
	return tables
}

// through writes a statement and reads it again.
func through(t *testing.T, s *merkle.Statement) *merkle.Statement {
	t.Helper()
	return must(merkle.ParseStatement(must(json.Marshal(s))))
}

func TestStatementsAreVerifiedWithRootAndKeyAlone(t *testing.T) {
	c, key := committer(t, 1)
	in := must(c.Commit(schema(20)))
	name := merkle.TableName{Schema: "public", Table: "table_7"}
	missing := merkle.TableName{Schema: "public", Table: "table_77"}
	whole := through(t, must(c.ShowTable(in, name)))
	column := through(t, must(c.ShowColumn(in, name, "column_7")))
	none := through(t, must(c.ShowNoTable(in, missing)))
	for what, s := range map[string]*merkle.Statement{"table": whole, "column": column, "no table": none} {
		if err := s.Verify(in.Tree.Root(), key); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if s.Verify(merkle.Hash{1}, key) == nil {
			t.Errorf("%s: it holds for another root", what)
		}
		if _, other := committer(t, 2); s.Verify(in.Tree.Root(), other) == nil {
			t.Errorf("%s: it holds for another key", what)
		}
	}
	if whole.Column != nil || string(whole.Table.Table.Facts) != string(table("table_7", "id", "name", "column_7").Facts) {
		t.Error("the table that is shown is another one")
	}
	if text := string(must(json.Marshal(column))); strings.Contains(text, `"id"`) || strings.Contains(text, "facts of") || strings.Contains(text, "seed") {
		t.Errorf("a column's statement shows more: %s", text)
	}
	for _, bad := range []error{
		second(c.ShowNoTable(in, name)), second(c.ShowTable(in, missing)), second(c.ShowColumn(in, name, "other")), second(c.ShowColumn(in, missing, "id")),
	} {
		if bad == nil {
			t.Error("something is shown that is not so")
		}
	}
	delete(in.Openings, name)
	if _, err := c.ShowTable(in, name); err == nil {
		t.Error("a table whose opening was deleted is shown")
	}
}

func second(_ *merkle.Statement, err error) error { return err }

// TestAStatementThatIsChangedDoesNotHold changes everything that it says.
func TestAStatementThatIsChangedDoesNotHold(t *testing.T) {
	c, key := committer(t, 1)
	in := must(c.Commit(schema(20)))
	name := merkle.TableName{Schema: "public", Table: "table_7"}
	missing := merkle.TableName{Schema: "public", Table: "none"}
	for what, change := range map[string]func(whole, column, none *merkle.Statement){
		"another table's name": func(w, c, n *merkle.Statement) { w.Name, c.Name, n.Name = missing, missing, name },
		"another version":      func(w, c, n *merkle.Statement) { w.Version, c.Version, n.Version = 2, 2, 2 },
		"another label proof":  func(w, c, n *merkle.Statement) { w.LabelProof[40] ^= 1; c.LabelProof[0] ^= 1; n.LabelProof[79] ^= 1 },
		"another's label": func(w, c, n *merkle.Statement) {
			w.LabelProof, c.LabelProof, n.LabelProof = n.LabelProof, n.LabelProof, w.LabelProof
		},
		"another path": func(w, c, n *merkle.Statement) { w.Proof, c.Proof, n.Proof = n.Proof, n.Proof, w.Proof },
		"another content": func(w, c, n *merkle.Statement) {
			w.Table.Table.Columns[0].Canonical = []byte("{}")
			c.Column.Canonical = []byte("{}")
			n.Table = w.Table
		},
		"fewer columns": func(w, c, n *merkle.Statement) {
			w.Table.Table.Columns = w.Table.Table.Columns[1:]
			c.Column.Path = c.Column.Path[1:]
			n.Column = c.Column
		},
		"other facts": func(w, c, n *merkle.Statement) {
			w.Table.Table.Facts = nil
			c.Column.Facts[0] ^= 1
			n.Proof = n.Proof[:9]
		},
		"other keys": func(w, c, n *merkle.Statement) { w.Table.Seed[0] ^= 1; c.Column.Key[0] ^= 1; n.LabelProof = nil },
		"another place": func(w, c, n *merkle.Statement) {
			c.Column.Index ^= 1
			w.Column = c.Column
			n.Proof = append(n.Proof, 0)
		},
		"another salt": func(w, c, n *merkle.Statement) { c.Column.Salt[0] ^= 1; w.Table.Table.Name = missing; n.Proof = nil },
		"another column": func(w, c, n *merkle.Statement) {
			c.Column.Name = "id"
			w.Table.Table.Columns[0].Name = "x"
			n.Table = w.Table
		},
	} {
		whole, column, none := must(c.ShowTable(in, name)), must(c.ShowColumn(in, name, "column_7")), must(c.ShowNoTable(in, missing))
		whole, column, none = through(t, whole), through(t, column), through(t, none)
		change(whole, column, none)
		for kind, s := range map[string]*merkle.Statement{"table": whole, "column": column, "no table": none} {
			if s.Verify(in.Tree.Root(), key) == nil {
				t.Errorf("%s, changed to %s, still holds", kind, what)
			}
		}
	}
}

func TestATreeThatWasUpdatedIsTheOneThatIsMadeAnew(t *testing.T) {
	c, _ := committer(t, 1)
	for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33} {
		in := must(c.Commit(schema(n)))
		before := in.Tree.Root()
		tables := append(schema(n), table("another", "id"))
		if err := c.Update(in, tables[n]); err != nil {
			t.Fatal(err)
		}
		if in.Tree.Root() != must(c.Commit(tables)).Tree.Root() {
			t.Errorf("with a table more than %d, the updated tree is another one", n)
		}
		if n > 0 {
			tables[0] = table("table_0", "id", "changed")
			if err := c.Update(in, tables[0]); err != nil || in.Tree.Root() != must(c.Commit(tables)).Tree.Root() {
				t.Errorf("with a table of %d changed, the updated tree is another one (%v)", n, err)
			}
			if err := c.Update(in, schema(1)[0]); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Drop(in, tables[n].Name); err != nil || in.Tree.Root() != before {
			t.Errorf("after a table was added to %d and dropped, the tree is another one (%v)", n, err)
		}
		if c.Drop(in, tables[n].Name) == nil {
			t.Error("a table is dropped twice")
		}
	}
	if _, err := c.Commit([]merkle.Table{table("a"), table("a")}); err == nil {
		t.Error("a schema has a table twice")
	}
	if _, err := c.Commit([]merkle.Table{table("a", "x", "x")}); err == nil {
		t.Error("a table has a column twice")
	}
}

// The known mistakes of such trees, each on a construction that has it and on this one.

func TestALastNodeIsNotTakenTwice(t *testing.T) {
	c, _ := committer(t, 1)
	roots := map[merkle.Hash]bool{}
	for _, columns := range [][]string{{"a", "b", "c"}, {"a", "b", "c", "d"}, {"a", "b", "c", "c2"}, {"a"}, {"a", "b"}, {}} {
		roots[must(c.Open(table("t", columns...))).Commitment()] = true
	}
	if len(roots) != 6 {
		t.Errorf("6 tables have %d commitments", len(roots))
	}
}

func TestAnInnerNodeDoesNotPassForALeaf(t *testing.T) {
	tree := merkle.Tree{}.Set(merkle.Label{0x00}, merkle.Hash{1}).Set(merkle.Label{0x80}, merkle.Hash{2})
	left := merkle.Tree{}.Set(merkle.Label{0x00}, merkle.Hash{1}).Root()
	right := merkle.Tree{}.Set(merkle.Label{0x80}, merkle.Hash{2}).Root()
	// Without the first byte, the hash of the root would be that of a leaf whose label is the left hash.
	if merkle.VerifyInclusion(tree.Root(), merkle.Label(left), right, &merkle.Proof{Kind: merkle.Inclusion}) == nil {
		t.Error("the root passes for a leaf")
	}
	if merkle.VerifyInclusion(merkle.Hash{}, merkle.Label{}, merkle.Hash{}, &merkle.Proof{Kind: merkle.Inclusion}) == nil {
		t.Error("an empty tree passes for a leaf")
	}
}

func TestTablesAreNotGuessedFromTheirLeaves(t *testing.T) {
	one, _ := committer(t, 1)
	two, _ := committer(t, 2)
	same := table("person", "id")
	if must(one.Open(same)).Commitment() == must(two.Open(same)).Commitment() {
		t.Error("two tenants have one commitment for one table, which everybody could compute")
	}
	before, after := must(one.Open(same)), must(one.Open(table("person", "id", "ssn")))
	if before.Seed == after.Seed {
		t.Error("an opening that was shown helps to guess what the table became")
	}
	if must(one.Open(same)).Commitment() != before.Commitment() {
		t.Error("a table that did not change has another commitment")
	}
}

func TestTheLengthOfPathsTellsTheNumberOfTablesRoughly(t *testing.T) {
	c, _ := committer(t, 1)
	for n, want := range map[int]int{0: 16, 1: 16, 16: 16, 17: 32, 33: 64, 64: 64} {
		if got := must(c.Commit(schema(n))).Tree.Len(); got != want {
			t.Errorf("a tree of %d tables has %d leaves, want %d", n, got, want)
		}
	}
}

func TestAKeyUnderWhichLabelsAreNotUniqueIsRefused(t *testing.T) {
	c, key := committer(t, 1)
	in := must(c.Commit(schema(3)))
	s := must(c.ShowNoTable(in, merkle.TableName{Schema: "public", Table: "none"}))
	small := []merkle.PublicLabelKey{{}, {0: 1}, {0: 0xec, 31: 0x7f}} // order 4, the identity, order 2
	for i := 1; i < 31; i++ {
		small[2][i] = 0xff
	}
	unreduced := merkle.PublicLabelKey(bytes.Repeat([]byte{0xff}, 32))
	for _, k := range append(small, unreduced) {
		if err := s.Verify(in.Tree.Root(), k); err == nil || strings.Contains(err.Error(), "proof is not one") {
			t.Errorf("the key %x is taken: %v", k, err)
		}
	}
	if err := s.Verify(in.Tree.Root(), key); err != nil {
		t.Error(err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c, _ := committer(t, 0x41)
	k := must(merkle.NewLabelKey(bytes.Repeat([]byte{0x41}, 32)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if text := fmt.Sprintf(verb+verb, c, k); strings.Contains(text, "AAAA") || strings.Contains(text, "4141") || strings.Contains(text, "65, 65") || strings.Contains(text, "0x41, 0x41") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func FuzzStatement(f *testing.F) {
	c := must(merkle.NewCommitter(make([]byte, 32)))
	key := must(c.Labels())
	in := must(c.Commit(schema(3)))
	name := merkle.TableName{Schema: "public", Table: "table_1"}
	for _, s := range []*merkle.Statement{
		must(c.ShowTable(in, name)), must(c.ShowColumn(in, name, "id")), must(c.ShowNoTable(in, merkle.TableName{Schema: "public", Table: "none"})),
	} {
		f.Add(must(json.Marshal(s)))
	}
	wrong := slices.Clone([]byte(`{"version":1}`))
	f.Add(wrong)
	f.Fuzz(func(_ *testing.T, text []byte) {
		s, err := merkle.ParseStatement(text)
		if err != nil {
			return
		}
		if s.Verify(in.Tree.Root(), key) == nil && s.Table == nil && s.Column == nil && s.Name == name {
			panic("a table that is there is proven to be missing")
		}
	})
}

// node is the hash of an inner node.
func node(left, right merkle.Hash) merkle.Hash {
	return sha256.Sum256(append(append([]byte{3}, left[:]...), right[:]...))
}

// TestATreeThatNobodyBuildsHonestlyProvesNothing has leaves at places that are not theirs, and below places that end with them.
func TestATreeThatNobodyBuildsHonestlyProvesNothing(t *testing.T) {
	left, right, commitment := merkle.Label{0x10}, merkle.Label{0x90}, merkle.Hash{1}
	leaf := func(l merkle.Label) merkle.Hash { return merkle.Tree{}.Set(l, commitment).Root() }
	other := hashed(1)
	if merkle.VerifyAbsence(node(leaf(right), other), left, &merkle.Proof{Kind: merkle.AbsenceByLeaf, Siblings: []merkle.Hash{other}, Label: right, Commitment: commitment}) == nil {
		t.Error("a leaf at another's place shows that the other one is missing")
	}
	if merkle.VerifyInclusion(node(leaf(left), merkle.Hash{}), left, commitment, &merkle.Proof{Kind: merkle.Inclusion, Siblings: []merkle.Hash{{}}}) == nil {
		t.Error("a leaf that is alone below a node is accepted")
	}
	if merkle.VerifyAbsence(node(merkle.Hash{}, merkle.Hash{}), left, &merkle.Proof{Kind: merkle.AbsenceByEmpty, Siblings: []merkle.Hash{{}}}) == nil {
		t.Error("an empty place below a node without leaves is accepted")
	}
	if merkle.VerifyAbsence(leaf(left), left, &merkle.Proof{Kind: merkle.AbsenceByLeaf, Label: left, Commitment: commitment}) == nil {
		t.Error("a leaf shows that it is missing itself")
	}
	if merkle.VerifyInclusion(leaf(left), left, commitment, &merkle.Proof{Kind: merkle.Inclusion, Siblings: make([]merkle.Hash, 257)}) == nil {
		t.Error("a path that is longer than a label is accepted")
	}
}

func TestAColumnThatIsShownDoesNotHelpToGuessTheOthers(t *testing.T) {
	name := merkle.TableName{Schema: "public", Table: "table_1"}
	var facts []merkle.Hash
	for seed := range byte(2) {
		c, _ := committer(t, seed)
		facts = append(facts, must(c.ShowColumn(must(c.Commit(schema(3))), name, "id")).Column.Facts)
	}
	if facts[0] == facts[1] {
		t.Error("two tenants show one digest of a table's facts, which everybody could compute")
	}
}

var one = [32]byte{1} // a comparison

func TestAProofIsHeldAgainstTheAnchorOfASubmission(t *testing.T) {
	c, _ := committer(t, 1)
	in := must(c.Commit(schema(20)))
	anchor := must(c.Anchor(in, one))
	shown := must(c.Show(in, one, must(c.ShowTable(in, schema(20)[3].Name))))
	text := must(shown.Encode())
	read := must(merkle.ParseShown(text))
	if err := read.Verify(anchor); err != nil {
		t.Fatal(err)
	}
	other := must(c.Commit(schema(21)))
	if read.Verify(must(c.Anchor(other, one))) == nil {
		t.Error("it holds for another schema too")
	}
	if read.Verify(must(c.Anchor(in, [32]byte{2}))) == nil {
		t.Error("it holds in another comparison too")
	}
	for name, change := range map[string]func(*merkle.Shown){
		"another root":       func(s *merkle.Shown) { s.Root = other.Tree.Root() },
		"another key":        func(s *merkle.Shown) { s.Labels[5] ^= 1 },
		"another name":       func(s *merkle.Shown) { s.Statement.Name.Table += "x" },
		"without its table":  func(s *merkle.Shown) { s.Statement.Table = nil },
		"without statements": func(s *merkle.Shown) { s.Statement = nil },
	} {
		changed := must(merkle.ParseShown(text))
		change(changed)
		if changed.Verify(anchor) == nil {
			t.Errorf("%s: it holds", name)
		}
	}
}

func TestAProofWrittenInAnotherWayIsRefused(t *testing.T) {
	c, _ := committer(t, 1)
	in := must(c.Commit(schema(20)))
	text := must(must(c.Show(in, one, must(c.ShowColumn(in, schema(20)[3].Name, "id")))).Encode())
	for i := range text {
		for _, bit := range []byte{1, 0x20, 0x80} {
			changed := bytes.Clone(text)
			changed[i] ^= bit
			s, err := merkle.ParseShown(changed)
			if err == nil && s.Verify(must(c.Anchor(in, one))) == nil {
				t.Fatalf("the change of byte %d to %q goes through", i, changed[i])
			}
		}
	}
	for _, changed := range [][]byte{append(text, ' '), text[:len(text)-1], bytes.Replace(text, []byte("version"), []byte("Version"), 1)} {
		if _, err := merkle.ParseShown(changed); err == nil {
			t.Errorf("read: ...%q", changed[max(0, len(changed)-20):])
		}
	}
}
