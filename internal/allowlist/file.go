package allowlist

import (
	"bytes"
	"fmt"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

// File checks a file of a template's DDL before it is loaded, whose name is used in errors only. The
// error is a *[Refused] with everything that was found.
func File(name string, sql []byte) error {
	r := &Refused{Name: name}
	if len(sql) > maxFileBytes {
		r.add(Refusal{Line: 1, Reason: fmt.Sprintf("the file is larger than %d MiB, the most that is read", maxFileBytes>>20)})
		return r
	}
	texts := maxFileTexts
	for s := ddl.NewSplitter(sql); ; {
		p, ok := s.Next()
		if !ok || r.All >= maxRefusals || texts < 0 {
			return r.err()
		}
		filePiece(r, sql, p, &texts)
	}
}

// filePiece checks a piece of a file.
func filePiece(r *Refused, file []byte, p ddl.Piece, texts *int) {
	text := p.Text[p.Lead:]
	begin := p.Offset + p.Lead
	line := 0
	report := func(offset int, reason string) {
		if line == 0 || offset > 0 {
			line, _ = ddl.Position(file, begin+min(max(offset, 0), len(text)))
		}
		r.add(Refusal{Line: line, Statement: excerpt(text), Reason: reason})
	}
	switch p.Kind {
	case ddl.PieceStatement:
		c := &checker{sql: string(text), texts: texts, report: report}
		c.statement()
	case ddl.PieceMeta:
		// pg_dump writes these two around its output.
		if m := ddl.MetaCommand(p); m != `\restrict` && m != `\unrestrict` {
			report(0, m+" is a psql command, which a template cannot have; write it as SQL or take it out")
		}
	case ddl.PieceBlank:
		if i := bytes.IndexByte(p.Text, 0); i >= 0 {
			report(i-p.Lead, "the file holds a zero byte, so it is no SQL text")
		}
	}
}

// Statement checks one statement of a plan before it runs in a tenant's database, where the rules are
// stricter than for a file. The error is a *[Refused].
func Statement(sql string) error { return one(&checker{strict: true, sql: sql}) }

// Removal checks one statement of a plan that takes away what a template forbids: one object of a schema by its
// name, or one property of a column or table, and never what depends on it. The error is a *[Refused].
func Removal(sql string) error { return one(&checker{strict: true, removal: true, sql: sql}) }

func one(c *checker) error {
	r := &Refused{}
	sql, texts := c.sql, maxStatementTexts
	c.texts = &texts
	c.report = func(offset int, reason string) {
		line, _ := ddl.Position([]byte(sql), offset)
		r.add(Refusal{Line: line, Statement: excerpt([]byte(sql)), Reason: reason})
	}
	c.statement()
	return r.err()
}
