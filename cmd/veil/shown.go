package main

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/veilschema/veil/compare/commitment"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/merkle"
)

// printShown prints what a proof proves, with what was opened.
func printShown(w io.Writer, s *merkle.Shown, anchor merkle.Hash) error {
	p := &paragraph{w: w}
	name := report.Visible(s.Statement.Name.String())
	switch {
	case s.Statement.Table != nil:
		facts, err := commitment.FactsOf(s.Statement.Table.Table)
		if err != nil {
			return err
		}
		p.line("PROVEN: the table %s is exactly this, with %d facts.", name, len(facts))
		p.line("")
		for _, f := range facts {
			p.line("  %s", report.Visible(f.String()))
		}
	case s.Statement.Column != nil:
		p.line("PROVEN: the table %s has the column %s, of which this is said.", name, report.Visible(s.Statement.Column.Name))
		p.line("")
		p.line("  %s", report.Visible(string(s.Statement.Column.Canonical)))
	default:
		p.line("PROVEN: there is no table %s.", name)
	}
	p.line("")
	p.line("under the schema commitment %s", hex.EncodeToString(anchor[:]))
	if p.err != nil {
		return fmt.Errorf("the answer was not printed: %w", p.err)
	}
	return nil
}
