package executor

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// domainParts is the detail of a domain's fact, taken apart: "as TYPE collate C not null default (V) check (E) check (E)".
type domainParts struct {
	typ, collation, value string
	notNull               bool
	checks                []string // with their parentheses
}

func parseDomain(detail string) domainParts {
	var d domainParts
	rest := strings.TrimPrefix(detail, "as ")
	d.typ, rest = untilClause(rest)
	for rest != "" {
		word, body, _ := strings.Cut(rest, " ")
		switch word {
		case "collate":
			d.collation, rest = untilClause(body)
		case "not":
			d.notNull = true
			_, rest, _ = strings.Cut(body, " ")
		case "default":
			d.value, rest = untilClause(body)
		case "check":
			var check string
			check, rest = untilClause(body)
			d.checks = append(d.checks, check)
		default:
			return d
		}
	}
	return d
}

// untilClause cuts a text before the next clause that stands outside of parentheses and quotes.
func untilClause(text string) (head, rest string) {
	depth := 0
	var quote byte
	for i := range len(text) {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ' ' && depth == 0:
			for _, clause := range []string{"collate ", "not null", "default (", "check ("} {
				if strings.HasPrefix(text[i+1:], clause) {
					return text[:i], text[i+1:]
				}
			}
		}
	}
	return text, ""
}

// domain changes a domain in place where the type under it stays: rows are read and not written.
func (r *resolver) domain(s *plan.Step, at schema.Relation) (Action, bool, error) {
	var was domainParts
	for f := range r.spelt {
		if f.Kind == schema.KindDomain && f.Schema == r.to(at.Schema) && f.Name == at.Name {
			was = parseDomain(f.Detail)
		}
	}
	want := parseDomain(about(s).Detail)
	if was.typ == "" || was.typ != want.typ || was.collation != want.collation {
		return Action{}, false, nil
	}
	again, names, err := r.domainChecks(at)
	if err != nil {
		return Action{}, false, err
	}
	alter := "ALTER DOMAIN " + quote(at) + " "
	a := Action{Do: Adapt, Note: "the domain is there and differs", Met: []plan.Obstacle{plan.OtherShape}}
	for _, name := range names {
		a.SQL = append(a.SQL, alter+"DROP CONSTRAINT "+schema.Quote(name))
	}
	taken := make(map[string]bool)
	for _, check := range want.checks {
		name := freeName(at.Name+"_check", func(name string) bool { return taken[name] })
		taken[name] = true
		text, err := r.sql("CHECK " + check)
		if err != nil {
			return Action{}, false, err
		}
		a.SQL = append(a.SQL, alter+"ADD CONSTRAINT "+schema.Quote(name)+" "+text[0])
		a.Undo = append(a.Undo, alter+"DROP CONSTRAINT "+schema.Quote(name))
	}
	a.Undo = append(a.Undo, again...)
	if err := r.domainProperties(&a, alter, at, was, want); err != nil {
		return Action{}, false, err
	}
	return a, true, nil
}

// domainProperties adds what changes NOT NULL and the default. The default comes last and always: ALTER DOMAIN ... DROP CONSTRAINT leaves
// the server with a cache message that it sends only when something else is written, and until then it refuses savepoints ("cannot start a
// subtransaction when there are unprocessed inval messages").
func (r *resolver) domainProperties(a *Action, alter string, at schema.Relation, was, want domainParts) error {
	if was.notNull != want.notNull {
		set, drop := alter+"SET NOT NULL", alter+"DROP NOT NULL"
		if !want.notNull {
			set, drop = drop, set
		}
		a.SQL, a.Undo = append(a.SQL, set), append(a.Undo, drop)
	}
	set, back := alter+"DROP DEFAULT", alter+"DROP DEFAULT"
	if want.value != "" {
		text, err := r.sql("SET DEFAULT " + want.value)
		if err != nil {
			return err
		}
		set = alter + text[0]
	}
	for _, d := range r.db.Domains {
		if d.Relation == at && d.Default != "" {
			back = alter + "SET DEFAULT " + d.Default
		}
	}
	a.SQL, a.Undo = append(a.SQL, set), append(a.Undo, back)
	return nil
}

// domainChecks returns the statements that make the checks of a domain as they are now, and their names.
func (r *resolver) domainChecks(at schema.Relation) (again, names []string, err error) {
	rows, err := r.tx.Query(r.ctx, `SELECT c.conname, pg_catalog.pg_get_constraintdef(c.oid), coalesce(pg_catalog.obj_description(c.oid, 'pg_constraint'), '')
		FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_type t ON t.oid = c.contypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
		WHERE n.nspname = $1 AND t.typname = $2 AND c.contype = 'c' ORDER BY c.conname`, at.Schema, at.Name)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, text, comment string
		if err := rows.Scan(&name, &text, &comment); err != nil {
			return nil, nil, err
		}
		names = append(names, name)
		again = append(again, "ALTER DOMAIN "+quote(at)+" ADD CONSTRAINT "+schema.Quote(name)+" "+text)
		if comment != "" {
			again = append(again, "COMMENT ON CONSTRAINT "+schema.Quote(name)+" ON DOMAIN "+quote(at)+" IS "+literal(comment))
		}
	}
	return again, names, rows.Err()
}
