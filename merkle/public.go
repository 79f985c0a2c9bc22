package merkle

import (
	"errors"
	"fmt"
)

// OpenPublic makes the opening of a table that is no secret: its seed follows from the content alone, so that everybody computes the same one.
func OpenPublic(t Table) (*Opening, error) {
	content, err := t.content()
	if err != nil {
		return nil, err
	}
	return newOpening(t, derive(Hash{}, "public", content))
}

// CommitPublic makes the tree of a template: labels and openings that everybody can compute, and no leaves that are no tables. Under its root alone
// nothing is hidden from whoever guesses all of the template.
func CommitPublic(tables []Table) (*Commitments, error) {
	out := &Commitments{Openings: make(map[TableName]*Opening, len(tables))}
	for _, t := range tables {
		if out.Openings[t.Name] != nil {
			return nil, fmt.Errorf("the table %s stands twice in the template", t.Name)
		}
		o, err := OpenPublic(t)
		if err != nil {
			return nil, err
		}
		out.Openings[t.Name] = o
		out.Tree = out.Tree.Set(PublicLabel(t.Name), o.Commitment())
	}
	return out, nil
}

// ShowPublic states that a template has a table, or that it has none of the name.
func (c *Commitments) ShowPublic(name TableName) (*Statement, error) {
	proof, err := c.Tree.Prove(PublicLabel(name)).AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	return &Statement{Version: statementVersion, Name: name, Proof: proof, Table: c.Openings[name]}, nil
}

// VerifyPublic checks a statement about a template against its root. It refuses one with the proof of a label, which belongs to a tenant's tree.
func (s *Statement) VerifyPublic(root Hash) error {
	if len(s.LabelProof) > 0 {
		return errors.New("the statement proves a tenant's label and is not about a template")
	}
	if err := s.checkVersion(); err != nil {
		return err
	}
	return s.verifyAt(root, PublicLabel(s.Name))
}
