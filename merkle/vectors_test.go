package merkle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/merkle"
)

var update = flag.Bool("update", false, "write the test vectors anew, with the naive implementation")

const vectorsFile = "testdata/vectors.json"

// vectors are known answers, all of the naive implementation. Bytes are in hexadecimal digits.
type vectors struct {
	About   string         `json:"about"`
	Trees   []treeVector   `json:"trees"`
	Tenants []schemaVector `json:"tenants"`
	// Templates have public labels and openings, and no leaves that are no tables.
	Templates []schemaVector `json:"templates"`
}

// treeVector is a prefix tree over any leaves.
type treeVector struct {
	Name   string        `json:"name"`
	Leaves []leafVector  `json:"leaves"`
	Root   string        `json:"root"`
	Proofs []proofVector `json:"proofs"`
}

type leafVector struct {
	Label      string `json:"label"`
	Commitment string `json:"commitment"`
}

type proofVector struct {
	Label string `json:"label"`
	Kind  string `json:"kind"`
	// Depth is the number of siblings, Siblings those that are not empty, by their depth.
	Depth    int            `json:"depth"`
	Siblings map[int]string `json:"siblings"`
	Other    *leafVector    `json:"other,omitempty"`
	Binary   string         `json:"binary"`
}

// schemaVector is a commitment to a schema.
type schemaVector struct {
	Seed     string        `json:"seed,omitempty"`
	LabelKey string        `json:"label_key,omitempty"`
	Tables   []tableVector `json:"tables"`
	// Leaves are those of tables and, after them, those that are no tables.
	Leaves []leafVector `json:"leaves"`
	Root   string       `json:"root"`
	// Missing is a table that there is not, with its statement in binary form.
	Missing   merkle.TableName `json:"missing"`
	Statement string           `json:"statement"`
}

type tableVector struct {
	Name       merkle.TableName `json:"name"`
	Facts      string           `json:"facts"`
	Seed       string           `json:"seed"`
	Label      string           `json:"label"`
	LabelProof string           `json:"label_proof,omitempty"`
	// Leaves are the column tree's, which ColumnRoot is the root of. The package shows neither, and the commitment is over the root.
	Leaves     []string       `json:"leaves"`
	ColumnRoot string         `json:"column_root"`
	Commitment string         `json:"commitment"`
	Columns    []columnVector `json:"columns"`
	// Statement is that of the whole table, in binary form.
	Statement string `json:"statement"`
}

type columnVector struct {
	Name      string   `json:"name"`
	Canonical string   `json:"canonical"`
	Salt      string   `json:"salt"`
	Leaf      string   `json:"leaf"`
	Index     int      `json:"index"`
	Path      []string `json:"path"`
	Statement string   `json:"statement,omitempty"`
}

func hexOf[T ~[]byte | ~[32]byte](b T) string { return fmt.Sprintf("%x", b) }

func hexAll(list [][]byte) []string {
	out := []string{}
	for _, b := range list {
		out = append(out, hexOf(b))
	}
	return out
}

var kindNames = map[byte]string{inclusion: "inclusion", absenceByLeaf: "absence by another leaf", absenceByEmpty: "absence by an empty place"}

// vector proves each leaf, and neighbours of each leaf that are not there.
func (n naive) vector(name string) treeVector {
	labels := []merkle.Label{{}}
	for l := range n {
		labels = append(labels, l, flipped(l, 0), flipped(l, 3), flipped(l, 255))
	}
	slices.SortFunc(labels, func(a, b merkle.Label) int { return bytes.Compare(a[:], b[:]) })
	out := treeVector{Name: name, Leaves: []leafVector{}, Root: hexOf(n.root())}
	for _, l := range slices.Compact(labels) {
		if c, ok := n[l]; ok {
			out.Leaves = append(out.Leaves, leafVector{hexOf(l), hexOf(c)})
		}
		out.Proofs = append(out.Proofs, n.proofVector(l))
	}
	return out
}

func (n naive) proofVector(l merkle.Label) proofVector {
	kind, other := n.what(l)
	siblings := n.siblings(l)
	p := proofVector{Label: hexOf(l), Kind: kindNames[kind], Depth: len(siblings), Siblings: map[int]string{}, Binary: hexOf(n.proof(l))}
	for i, s := range siblings {
		if s != (merkle.Hash{}) {
			p.Siblings[i] = hexOf(s)
		}
	}
	if kind == absenceByLeaf {
		p.Other = &leafVector{hexOf(other), hexOf(n[other])}
	}
	return p
}

func flipped(l merkle.Label, bit int) merkle.Label {
	l[bit/8] ^= 128 >> (bit % 8)
	return l
}

// naiveTrees are of no leaf, of few, of many, and of ones that are hard to tell apart.
func naiveTrees() (out []treeVector) {
	for _, size := range []int{0, 1, 2, 3, 7, 16} {
		n := naive{}
		for i := range size {
			n[sha256.Sum256(fmt.Appendf(nil, "label %d", i))] = sha256.Sum256(fmt.Appendf(nil, "commitment %d", i))
		}
		out = append(out, n.vector(fmt.Sprintf("%d leaves", size)))
	}
	l := merkle.Label(sha256.Sum256([]byte("label")))
	return append(out,
		naive{l: {1}, flipped(l, 255): {2}}.vector("two leaves that differ in the last bit"),
		naive{l: {1}, flipped(l, 100): {2}, flipped(l, 101): {3}, flipped(l, 0): {4}}.vector("paths with and without empty siblings"),
		naive{l: {}}.vector("a leaf with a commitment of zeros"))
}

// vectorTables are tables of 0 to 5 columns, one of them a schema's own leaf.
func vectorTables() []merkle.Table {
	return []merkle.Table{
		{Name: merkle.TableName{Schema: "public"}, Facts: []byte("an enum")},
		table("one", "id"), table("two", "id", "name"), table("three", "a", "b", "c"), table("five", "a", "b", "c", "d", "e"),
		{Name: merkle.TableName{Schema: "größe", Table: "身長"}, Columns: []merkle.Column{{Name: "id", Canonical: []byte{}}}},
	}
}

func (t naiveTable) vector() tableVector {
	out := tableVector{Name: t.Name, Facts: hexOf(t.Facts), Seed: hexOf(t.seed), Leaves: hexAll(t.leaves()), Columns: []columnVector{}}
	out.ColumnRoot, out.Commitment = hexOf(rfcRoot(t.leaves())), hexOf(t.commitment())
	for _, c := range t.Columns {
		index := slices.Index(out.Leaves, hexOf(t.leaf(c)))
		out.Columns = append(out.Columns, columnVector{
			Name: c.Name, Canonical: hexOf(c.Canonical), Salt: hexOf(t.key("column", c.Name)), Leaf: hexOf(t.leaf(c)),
			Index: index, Path: hexAll(rfcPath(index, t.leaves())),
		})
	}
	return out
}

func naiveSchema(seed []byte, tables []merkle.Table) schemaVector {
	n := newNaiveTenant(seed)
	tree, missing := n.tree(tables), merkle.TableName{Schema: "public", Table: "none"}
	at, proof, key := n.label(missing)
	out := schemaVector{Seed: hexOf(seed), LabelKey: hexOf(key), Root: hexOf(tree.root()), Tables: []tableVector{}, Missing: missing}
	out.Statement = hexOf(naiveStatement(3, missing, proof, tree.proof(merkle.Label(at))))
	for _, t := range tables {
		o := n.open(t)
		v := o.vector()
		label, proof, _ := n.label(t.Name)
		path := tree.proof(merkle.Label(label))
		v.Label, v.LabelProof = hexOf(label), hexOf(proof)
		v.Statement = hexOf(append(naiveStatement(1, t.Name, proof, path), o.whole()...))
		for i, c := range t.Columns {
			v.Columns[i].Statement = hexOf(append(naiveStatement(2, t.Name, proof, path), o.column(c)...))
		}
		out.Tables, out.Leaves = append(out.Tables, v), append(out.Leaves, leafVector{v.Label, v.Commitment})
	}
	for i := range len(tree) - len(tables) {
		label, commitment := n.dummy(i)
		out.Leaves = append(out.Leaves, leafVector{hexOf(label), hexOf(commitment)})
	}
	return out
}

func naiveTemplate(tables []merkle.Table) schemaVector {
	tree, out := naive{}, schemaVector{Missing: merkle.TableName{Schema: "public", Table: "none"}, Tables: []tableVector{}, Leaves: []leafVector{}}
	for _, t := range tables {
		tree[merkle.Label(naivePublicLabel(t.Name))] = merkle.Hash(naivePublic(t).commitment())
	}
	for _, t := range tables {
		o, label := naivePublic(t), naivePublicLabel(t.Name)
		v := o.vector()
		v.Label = hexOf(label)
		v.Statement = hexOf(append(naiveStatement(1, t.Name, nil, tree.proof(merkle.Label(label))), o.whole()...))
		out.Tables, out.Leaves = append(out.Tables, v), append(out.Leaves, leafVector{v.Label, v.Commitment})
	}
	out.Root = hexOf(tree.root())
	out.Statement = hexOf(naiveStatement(3, out.Missing, nil, tree.proof(merkle.Label(naivePublicLabel(out.Missing)))))
	return out
}

func naiveVectors() vectors {
	return vectors{
		About: "Known answers of the prefix tree and of commitments to schemas, written by the naive implementation in the package's tests.",
		Trees: naiveTrees(),
		Tenants: []schemaVector{
			naiveSchema(bytes.Repeat([]byte{7}, 32), nil),
			naiveSchema(bytes.Repeat([]byte{8}, 32), vectorTables()),
			naiveSchema(bytes.Repeat([]byte{9}, 32), bareTables(17)),
		},
		Templates: []schemaVector{naiveTemplate(nil), naiveTemplate(vectorTables())},
	}
}

// bareTables have no columns.
func bareTables(n int) (out []merkle.Table) {
	for i := range n {
		out = append(out, table(fmt.Sprintf("table_%d", i)))
	}
	return out
}

func loadVectors(t *testing.T) (v vectors) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile(vectorsFile)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectorsAreThoseOfTheNaiveImplementation(t *testing.T) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", " ")
	if err := e.Encode(naiveVectors()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectorsFile, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(text.Bytes(), must(os.ReadFile(vectorsFile))) {
		t.Error("the vectors are not those of the naive implementation any more; the argument -update writes them")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTreesGiveTheKnownAnswers(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range loadVectors(t).Trees {
		var tree merkle.Tree
		commitments := map[string]merkle.Hash{}
		for _, l := range v.Leaves {
			commitments[l.Label] = merkle.Hash(unhex(t, l.Commitment))
			tree = tree.Set(merkle.Label(unhex(t, l.Label)), commitments[l.Label])
		}
		if hexOf(tree.Root()) != v.Root || tree.Len() != len(v.Leaves) {
			t.Errorf("%s: the root of %d is %x, want %s", v.Name, tree.Len(), tree.Root(), v.Root)
		}
		for _, p := range v.Proofs {
			seen[p.Kind] = true
			label := merkle.Label(unhex(t, p.Label))
			got := tree.Prove(label)
			if d := cmp.Diff(p, vectorOf(label, got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", v.Name, d)
			}
			read, err := merkle.ParseProof(unhex(t, p.Binary))
			if err != nil {
				t.Fatal(err)
			}
			commitment, there := commitments[p.Label]
			if included := merkle.VerifyInclusion(tree.Root(), label, commitment, read); (included == nil) != there {
				t.Errorf("%s: inclusion of %s: %v", v.Name, p.Label, included)
			}
			if absent := merkle.VerifyAbsence(tree.Root(), label, read); (absent == nil) == there {
				t.Errorf("%s: absence of %s: %v", v.Name, p.Label, absent)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("the vectors have proofs of %v", seen)
	}
}

// vectorOf says of a proof what the vectors say.
func vectorOf(label merkle.Label, p *merkle.Proof) proofVector {
	out := proofVector{Label: hexOf(label), Kind: kindNames[byte(p.Kind)], Depth: len(p.Siblings), Siblings: map[int]string{}, Binary: hexOf(must(p.AppendBinary(nil)))}
	for i, s := range p.Siblings {
		if s != (merkle.Hash{}) {
			out.Siblings[i] = hexOf(s)
		}
	}
	if p.Kind == merkle.AbsenceByLeaf {
		out.Other = &leafVector{hexOf(p.Label), hexOf(p.Commitment)}
	}
	return out
}

// TestTheNaiveFunctionIsThatOfTheStandard computes the first example of RFC 9381, appendix B.3, and the same one of the draft, whose outputs are alike and
// whose proofs are not.
func TestTheNaiveFunctionIsThatOfTheStandard(t *testing.T) {
	seed := unhex(t, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	want := "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae"
	for _, known := range []struct {
		rfc   bool
		proof string
	}{
		{true, "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805"},
		{false, "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f5e8bd1839b414219e8626d393787a192241fc442e6569e96c462f62b8079b9ed83ff2ee21c90c7c398802fdeebea4001"},
	} {
		output, proof, _ := naiveVRF(seed, nil, known.rfc)
		if hexOf(output) != want || hexOf(proof) != known.proof {
			t.Errorf("of the standard: %t; got %x and %x", known.rfc, output, proof)
		}
	}
}

// tables are what a vector commits to.
func (v schemaVector) tables(t *testing.T) (out []merkle.Table) {
	t.Helper()
	for _, one := range v.Tables {
		made := merkle.Table{Name: one.Name, Facts: unhex(t, one.Facts)}
		for _, c := range one.Columns {
			made.Columns = append(made.Columns, merkle.Column{Name: c.Name, Canonical: unhex(t, c.Canonical)})
		}
		out = append(out, made)
	}
	return out
}

func TestCommitmentsOfATenantGiveTheKnownAnswers(t *testing.T) {
	for _, v := range loadVectors(t).Tenants {
		c := must(merkle.NewCommitter(unhex(t, v.Seed)))
		key := must(c.Labels())
		if hexOf(key) != v.LabelKey {
			t.Errorf("the key of labels is %x, want %s", key, v.LabelKey)
		}
		in := must(c.Commit(v.tables(t)))
		v.check(t, in)
		for _, table := range v.Tables {
			s := must(c.ShowTable(in, table.Name))
			table.check(t, in.Openings[table.Name], s)
			for _, column := range table.Columns {
				column.check(t, must(c.ShowColumn(in, table.Name, column.Name)))
			}
		}
		if got := hexOf(must(must(c.ShowNoTable(in, v.Missing)).AppendBinary(nil))); got != v.Statement {
			t.Errorf("that %s is missing is stated by %s, want %s", v.Missing, got, v.Statement)
		}
		for _, known := range v.statements() {
			if err := must(merkle.ParseStatementBinary(unhex(t, known))).Verify(in.Tree.Root(), key); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCommitmentsOfATemplateGiveTheKnownAnswers(t *testing.T) {
	for _, v := range loadVectors(t).Templates {
		in := must(merkle.CommitPublic(v.tables(t)))
		v.check(t, in)
		for _, table := range v.Tables {
			if label := merkle.PublicLabel(table.Name); hexOf(label) != table.Label {
				t.Errorf("the label of %s is %x, want %s", table.Name, label, table.Label)
			}
			table.check(t, in.Openings[table.Name], must(in.ShowPublic(table.Name)))
		}
		if got := hexOf(must(must(in.ShowPublic(v.Missing)).AppendBinary(nil))); got != v.Statement {
			t.Errorf("that %s is missing is stated by %s, want %s", v.Missing, got, v.Statement)
		}
		for _, known := range v.statements() {
			if err := must(merkle.ParseStatementBinary(unhex(t, known))).VerifyPublic(in.Tree.Root()); err != nil {
				t.Error(err)
			}
		}
	}
}

// check compares root and leaves.
func (v schemaVector) check(t *testing.T, in *merkle.Commitments) {
	t.Helper()
	if hexOf(in.Tree.Root()) != v.Root {
		t.Errorf("the root of %d tables is %x, want %s", len(v.Tables), in.Tree.Root(), v.Root)
	}
	want := map[string]string{}
	for _, l := range v.Leaves {
		want[l.Label] = l.Commitment
	}
	got := map[string]string{}
	for _, l := range in.Tree.Leaves() {
		got[hexOf(l.Label)] = hexOf(l.Commitment)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the leaves of %d tables (-want +got):\n%s", len(v.Tables), d)
	}
}

// statements are all that a vector has.
func (v schemaVector) statements() []string {
	out := []string{v.Statement}
	for _, t := range v.Tables {
		out = append(out, t.Statement)
		for _, c := range t.Columns {
			if c.Statement != "" {
				out = append(out, c.Statement)
			}
		}
	}
	return out
}

func (v tableVector) check(t *testing.T, o *merkle.Opening, s *merkle.Statement) {
	t.Helper()
	for what, pair := range map[string][2]string{
		"seed": {hexOf(o.Seed), v.Seed}, "commitment": {hexOf(o.Commitment()), v.Commitment},
		"label's proof": {hexOf(s.LabelProof), v.LabelProof}, "statement": {hexOf(must(s.AppendBinary(nil))), v.Statement},
	} {
		if pair[0] != pair[1] {
			t.Errorf("the %s of %s is %s, want %s", what, v.Name, pair[0], pair[1])
		}
	}
}

// check compares all but the leaf, which the package does not show, and which the path of another column has.
func (v columnVector) check(t *testing.T, s *merkle.Statement) {
	t.Helper()
	path := []string{}
	for _, h := range s.Column.Path {
		path = append(path, hexOf(h))
	}
	got := columnVector{
		Name: s.Column.Name, Canonical: hexOf(s.Column.Canonical), Salt: hexOf(s.Column.Salt), Leaf: v.Leaf,
		Index: s.Column.Index, Path: path, Statement: hexOf(must(s.AppendBinary(nil))),
	}
	if d := cmp.Diff(v, got); d != "" {
		t.Errorf("a column (-want +got):\n%s", d)
	}
}
