package commitment

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/merkle"
)

// ofColumns are the kinds of facts about one column alone.
var ofColumns = map[schema.Kind]bool{
	schema.KindColumn: true, schema.KindColumnType: true, schema.KindNotNull: true, schema.KindDefault: true,
	schema.KindIdentity: true, schema.KindGenerated: true, schema.KindCollation: true,
}

// Tables divides facts into what each leaf commits to.
func Tables(facts schema.Facts) ([]merkle.Table, error) {
	var out []merkle.Table
	for len(facts) > 0 {
		n := 1
		for n < len(facts) && facts[n].Schema == facts[0].Schema && facts[n].Table == facts[0].Table {
			n++ // schema.Compare puts them together
		}
		t, err := table(facts[:n])
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		facts = facts[n:]
	}
	return out, nil
}

// table is the leaf of facts that belong together.
func table(facts schema.Facts) (merkle.Table, error) {
	t := merkle.Table{Name: merkle.TableName{Schema: facts[0].Schema, Table: facts[0].Table}}
	columns := map[string]int{}
	says := [][]said{}
	for _, f := range facts {
		var err error
		if t.Facts, err = f.AppendBinary(t.Facts); err != nil {
			return t, fmt.Errorf("a fact cannot be committed to: %w", err)
		}
		if f.Table == "" || !ofColumns[f.Kind] {
			continue
		}
		i, known := columns[f.Name]
		if !known {
			i = len(says)
			columns[f.Name] = i
			t.Columns = append(t.Columns, merkle.Column{Name: f.Name})
			says = append(says, nil)
		}
		says[i] = append(says[i], saidOf(f))
	}
	for i := range t.Columns {
		var err error
		if t.Columns[i].Canonical, err = canonical(says[i]); err != nil {
			return t, err
		}
	}
	return t, nil
}

// said is what one fact says of its column.
type said struct {
	Kind   schema.Kind `json:"kind"`
	Detail string      `json:"detail"`
}

func saidOf(f schema.Fact) said { return said{Kind: f.Kind, Detail: f.Detail} }

func canonical(list []said) ([]byte, error) {
	text, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("a column cannot be committed to: %w", err)
	}
	out, err := jcs.Transform(text)
	if err != nil {
		return nil, fmt.Errorf("a column cannot be committed to: %w", err)
	}
	return out, nil
}

// FactsOf returns the facts of a leaf that was opened, and refuses one that [Tables] does not make: whose facts belong to another table, stand in another
// order, or say something else than its columns.
func FactsOf(t merkle.Table) (schema.Facts, error) {
	var facts []schema.Fact
	for rest := t.Facts; len(rest) > 0; {
		f, after, err := schema.ParseFact(rest)
		if err != nil {
			return nil, fmt.Errorf("the opening of %s has a fact that cannot be read: %w", t.Name, err)
		}
		if f.Schema != t.Name.Schema || f.Table != t.Name.Table {
			return nil, fmt.Errorf("the opening of %s has a fact of another table", t.Name)
		}
		if n := len(facts); n > 0 && schema.Compare(facts[n-1], f) >= 0 {
			return nil, fmt.Errorf("the opening of %s has facts out of order", t.Name)
		}
		facts, rest = append(facts, f), after
	}
	if len(facts) == 0 {
		return nil, fmt.Errorf("the opening of %s has no facts", t.Name)
	}
	again, err := table(facts)
	if err != nil {
		return nil, err
	}
	if len(again.Columns) != len(t.Columns) {
		return nil, fmt.Errorf("the opening of %s has %d columns where its facts have %d", t.Name, len(t.Columns), len(again.Columns))
	}
	for i, c := range again.Columns {
		if c.Name != t.Columns[i].Name || !bytes.Equal(c.Canonical, t.Columns[i].Canonical) {
			return nil, fmt.Errorf("the opening of %s says another thing of a column than its facts do", t.Name)
		}
	}
	return facts, nil
}
