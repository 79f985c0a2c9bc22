package merkle

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"sync"
)

// Table is what is committed to of one table.
type Table struct {
	Name    TableName `json:"name"`
	Columns []Column  `json:"columns"`
	// Facts are the canonical facts of the table in their order, in one byte string.
	Facts []byte `json:"facts"`
}

// Opening opens the commitment to one table. Whoever has it knows all of the table.
type Opening struct {
	Table Table `json:"table"`
	// Seed is what the table's keys follow from.
	Seed Hash `json:"seed"`

	columns *columnTree
}

// Committer makes a tenant's commitments.
type Committer struct {
	// Workers bounds the goroutines that labels are made by; zero is one.
	Workers int

	labels *LabelKey
	secret Hash
}

// NewCommitter makes a committer of a seed of 32 secret bytes, from which the labels' key and the seeds of all tables follow.
func NewCommitter(seed []byte) (*Committer, error) {
	if len(seed) != sha256.Size {
		return nil, fmt.Errorf("the seed of a committer has %d bytes, want %d", len(seed), sha256.Size)
	}
	forLabels := derive(Hash(seed), "labels", nil)
	labels, err := NewLabelKey(forLabels[:])
	if err != nil {
		return nil, err
	}
	return &Committer{labels: labels, secret: derive(Hash(seed), "openings", nil)}, nil
}

// String keeps the secret out of logs.
func (*Committer) String() string { return "[committer]" }

// GoString keeps the secret out of logs.
func (*Committer) GoString() string { return "[committer]" }

// Labels returns the public half of the labels' key.
func (c *Committer) Labels() (PublicLabelKey, error) { return c.labels.Public() }

// derive makes a key of a key, for one use.
func derive(key Hash, use string, context []byte) Hash {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(appendField([]byte("veil/v1/merkle/"), use))
	mac.Write(context)
	return Hash(mac.Sum(nil))
}

// Open makes the opening of a table. The seed follows from the content: a table that did not change has the same commitment.
func (c *Committer) Open(t Table) (*Opening, error) {
	content, err := t.content()
	if err != nil {
		return nil, err
	}
	return newOpening(t, derive(c.secret, "seed", content))
}

// content is all of a table in one byte string.
func (t *Table) content() ([]byte, error) {
	b := t.Name.append(nil)
	seen := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		if seen[c.Name] {
			return nil, fmt.Errorf("the table %s has two columns of the name %q", t.Name, c.Name)
		}
		seen[c.Name] = true
		b = appendField(appendField(b, c.Name), string(c.Canonical))
	}
	if len(t.Columns) > 1<<maxColumnDepth {
		return nil, fmt.Errorf("the table %s has %d columns, at most %d can be committed to", t.Name, len(t.Columns), 1<<maxColumnDepth)
	}
	return appendField(b, string(t.Facts)), nil
}

// Reopen makes an opening of what was kept of it. It says nothing of whether it opens anything.
func Reopen(t Table, seed Hash) (*Opening, error) { return newOpening(t, seed) }

// Label returns the label that a table has, or would have.
func (c *Committer) Label(name TableName) (Label, error) {
	label, _, err := c.labels.Label(name)
	return label, err
}

func newOpening(t Table, seed Hash) (*Opening, error) {
	if _, err := t.content(); err != nil {
		return nil, err
	}
	o := &Opening{Table: t, Seed: seed}
	leaves := make([]Hash, len(t.Columns))
	for i, column := range t.Columns {
		leaves[i] = columnLeaf(o.salt(column.Name), column)
	}
	o.columns = newColumnTree(leaves, func(i int) Hash { return derive(seed, "decoy", []byte(strconv.Itoa(i))) })
	return o, nil
}

// salt is a column's own.
func (o *Opening) salt(column string) Hash { return derive(o.Seed, "column", []byte(column)) }

// key is what the commitment is an HMAC under. It opens the commitment to its three parts, and none of these.
func (o *Opening) key() Hash { return derive(o.Seed, "commitment", nil) }

// facts is the keyed digest of the table's facts. Under the commitment's key alone, everybody who is shown one column could try all tables.
func (o *Opening) facts() Hash { return derive(o.Seed, "facts", o.Table.Facts) }

// Commitment returns the commitment to the table.
func (o *Opening) Commitment() Hash {
	return commitment(o.key(), o.Table.Name, o.columns.root(), o.facts())
}

func commitment(key Hash, name TableName, columns, facts Hash) Hash {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(name.append([]byte("veil/v1/merkle/table\x00")))
	mac.Write(columns[:])
	mac.Write(facts[:])
	return Hash(mac.Sum(nil))
}

// Commitments is a tenant's tree with what opens it.
type Commitments struct {
	Tree     Tree
	Openings map[TableName]*Opening
}

// Commit commits to tables. Their number is filled up to a power of two with leaves that are no tables.
func (c *Committer) Commit(tables []Table) (*Commitments, error) {
	out := &Commitments{Openings: make(map[TableName]*Opening, len(tables))}
	leaves, err := c.leaves(tables)
	if err != nil {
		return nil, err
	}
	for _, l := range leaves {
		name := l.opening.Table.Name
		if out.Openings[name] != nil {
			return nil, fmt.Errorf("the table %s stands twice in the schema", name)
		}
		out.Openings[name] = l.opening
		out.Tree = out.Tree.Set(l.label, l.commitment)
	}
	for i := range fill(len(tables)) {
		label, value := c.dummy(i)
		out.Tree = out.Tree.Set(label, value)
	}
	return out, nil
}

// addition is what a table adds to a tree.
type addition struct {
	opening    *Opening
	label      Label
	commitment Hash
}

// leaves makes what the tables add, with as many goroutines as there are workers: a label takes more time than all else.
func (c *Committer) leaves(tables []Table) ([]addition, error) {
	out, workers := make([]addition, len(tables)), max(1, min(c.Workers, len(tables)))
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(tables) && errs[w] == nil; i += workers {
				out[i], errs[w] = c.leaf(tables[i])
			}
		})
	}
	group.Wait()
	return out, errors.Join(errs...)
}

func (c *Committer) leaf(t Table) (addition, error) {
	o, err := c.Open(t)
	if err != nil {
		return addition{}, err
	}
	label, _, err := c.labels.Label(t.Name)
	return addition{opening: o, label: label, commitment: o.Commitment()}, err
}

// dummy is a leaf that is no table. Nobody can tell it from one.
func (c *Committer) dummy(i int) (Label, Hash) {
	number := []byte(strconv.Itoa(i))
	return Label(derive(c.secret, "dummy label", number)), derive(c.secret, "dummy", number)
}

// leastLeaves is how many leaves a tree has at the least.
const leastLeaves = 16

// fill is how many leaves are added to tables.
func fill(tables int) int {
	if tables <= leastLeaves {
		return leastLeaves - tables
	}
	return 1<<bits.Len(uint(tables-1)) - tables
}

// Update replaces a table that changed, or adds one. In place of a table that is added, a leaf that is no table goes, as long as there is one; whoever
// compares two roots sees that they differ, and no more.
func (c *Committer) Update(in *Commitments, t Table) error {
	o, err := c.Open(t)
	if err != nil {
		return err
	}
	label, _, err := c.labels.Label(t.Name)
	if err != nil {
		return err
	}
	before := len(in.Openings)
	in.Openings[t.Name] = o
	in.Tree = c.refill(in.Tree.Set(label, o.Commitment()), before, len(in.Openings))
	return nil
}

// Drop removes a table.
func (c *Committer) Drop(in *Commitments, name TableName) error {
	if in.Openings[name] == nil {
		return fmt.Errorf("the table %s is not among those committed to", name)
	}
	label, _, err := c.labels.Label(name)
	if err != nil {
		return err
	}
	tree, ok := in.Tree.Delete(label)
	if !ok {
		return errors.New("the tree has no leaf for a table that it was made of; commit to the schema anew")
	}
	before := len(in.Openings)
	delete(in.Openings, name)
	in.Tree = c.refill(tree, before, len(in.Openings))
	return nil
}

// refill adds or removes leaves that are no tables, so that an updated tree is the one that would be made anew.
func (c *Committer) refill(t Tree, before, after int) Tree {
	for i := fill(before); i < fill(after); i++ {
		label, value := c.dummy(i)
		t = t.Set(label, value)
	}
	for i := fill(after); i < fill(before); i++ {
		label, _ := c.dummy(i)
		t, _ = t.Delete(label)
	}
	return t
}
