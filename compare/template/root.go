package template

import (
	"errors"

	"github.com/veilschema/veil/compare/commitment"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/merkle"
)

// Own returns the facts that a schema has which is made by the template: those that are required or optional. Forbidden facts are none of them, and of
// alternatives nobody knows which.
func (t *Template) Own() schema.Facts {
	var facts []schema.Fact
	for _, j := range t.Judged {
		if j.Rule == RuleRequired || j.Rule == RuleOptional {
			facts = append(facts, j.Fact)
		}
	}
	return schema.NewFacts(facts)
}

// Commitments returns the tree over the template's own facts, with labels and openings that everybody can compute (merkle.CommitPublic). Its root is
// [Template.MerkleRoot].
func (t *Template) Commitments() (*merkle.Commitments, error) {
	tables, err := commitment.Tables(t.Own())
	if err != nil {
		return nil, err
	}
	return merkle.CommitPublic(tables)
}

// Root computes what MerkleRoot has to be.
func (t *Template) Root() ([32]byte, error) {
	c, err := t.Commitments()
	if err != nil {
		return [32]byte{}, err
	}
	return c.Tree.Root(), nil
}

// CheckRoot computes the root again and says whether it is the template's. A template that was published before templates had roots is refused too.
func (t *Template) CheckRoot() error {
	root, err := t.Root()
	if err != nil {
		return err
	}
	if root != t.MerkleRoot {
		return errors.New("the Merkle root in the template is not that of its tables; do not use it, and ask who published it")
	}
	return nil
}
