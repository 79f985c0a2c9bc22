package ddl

import (
	"bytes"
	"strings"
)

// Action is what loading a file for its structure does with a statement.
type Action uint8

// The actions.
const (
	ActionUnknown      Action = iota
	ActionRun                 // send it, in one transaction with its neighbours
	ActionRunAlone            // send it in a transaction of its own
	ActionSet                 // send it alone; where the server does not let us or know it, skip it
	ActionSkip                // leave it out; Reason says why
	ActionCopyIn              // leave it out, and the rows after it
	ActionEventTrigger        // leave it out or refuse the file, as the caller wishes
	ActionExtension           // see Extension
	ActionRefuse              // it has no place in a schema file; Reason says why
)

// Reason says why a statement is left out or refused.
type Reason uint8

// The reasons. The first group is about what is no structure, the second about the loader.
const (
	ReasonNone Reason = iota
	ReasonOwnership
	ReasonPrivileges
	ReasonRoles
	ReasonRows
	ReasonComment
	ReasonReplication
	ReasonLabel
	ReasonTablespace
	ReasonEventTrigger

	ReasonSetting
	ReasonPsql
	ReasonLanguage
	ReasonCopyOut
)

var reasons = [...]string{
	ReasonNone:         "",
	ReasonOwnership:    "ownership is not compared",
	ReasonPrivileges:   "privileges are not compared",
	ReasonRoles:        "roles belong to the server, not to the schema",
	ReasonRows:         "rows are not compared",
	ReasonComment:      "comments on server objects are not compared",
	ReasonReplication:  "replication is not compared",
	ReasonLabel:        "security labels are not compared",
	ReasonTablespace:   "tablespaces are not compared",
	ReasonEventTrigger: "event triggers are not run",
	ReasonSetting:      "the setting is the loader's to choose or unknown to this server",
	ReasonPsql:         "the psql command has no effect on the schema",
	ReasonLanguage:     "the language is there already",
	ReasonCopyOut:      "COPY ... TO writes rows out, which a schema file has no need of",
}

// String is the reason as a clause, without a full stop.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return "unknown"
}

// Extension is what a CREATE EXTENSION statement asks for.
type Extension struct {
	Name   string
	Schema string // "" where the statement names none
}

// Statement is a piece of SQL as the loader reads it: by its first words, never by a grammar.
// Reading it wrongly may fail a load; it gives nobody a right, for the statement runs with its
// database owner's rights whatever it turns out to be.
type Statement struct {
	Action        Action
	Reason        Reason
	SQL           string     // the text to send: from the first token on
	Rewritten     bool       // SQL is not the file's text, so positions in it mean nothing
	Extension     *Extension // of ActionExtension
	CreatesSchema string     // of a CREATE SCHEMA
	Roles         []string   // that a row security policy names, PUBLIC and CURRENT_USER and the like aside

	tokens []word
}

// word is a token with its text: keywords and unquoted names in lower case, quoted names
// unquoted, other bytes as they are.
type word struct {
	kind  tokenKind
	text  string
	start int // byte offset in SQL
}

// maxTokens of a statement are looked at; a routine's heading with 100 arguments has 400.
const maxTokens = 1000

// Parse reads a piece of kind PieceStatement.
func Parse(p Piece) Statement {
	sql := p.Text[p.Lead:]
	s := Statement{Action: ActionRun, SQL: string(sql), tokens: words(sql)}
	for _, r := range rules {
		if r.fits(&s) {
			r.apply(&s)
			return s
		}
	}
	return s
}

func words(sql []byte) []word {
	l := lexer{src: sql}
	var list []word
	for len(list) < maxTokens {
		t := l.next()
		if t.kind == tokenEnd {
			break
		}
		w := word{kind: t.kind, start: t.start}
		switch raw := sql[t.start:t.end]; t.kind {
		case tokenWord:
			w.text = lower(raw)
		case tokenQuoted:
			w.text = strings.ReplaceAll(string(bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte{'"'}), []byte{'"'})), `""`, `"`)
		case tokenOther:
			w.text = string(raw)
		}
		list = append(list, w)
	}
	if n := len(list); n > 0 && list[n-1].text == ";" && list[n-1].kind == tokenOther {
		list = list[:n-1]
	}
	return list
}

// lower folds ASCII letters only, as PostgreSQL does with names in UTF-8.
func lower(b []byte) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, string(b))
}

// is says whether token i is the given keyword.
func (s *Statement) is(i int, keyword string) bool {
	return 0 <= i && i < len(s.tokens) && s.tokens[i].kind == tokenWord && s.tokens[i].text == keyword
}

// isWords says whether the statement begins with the given keywords.
func (s *Statement) isWords(keywords ...string) bool {
	for i, k := range keywords {
		if !s.is(i, k) {
			return false
		}
	}
	return true
}

// index is the position of the first token from i on that is the keyword, outside parentheses,
// or -1.
func (s *Statement) index(i int, keyword string) int {
	depth := 0
	for ; i < len(s.tokens); i++ {
		switch {
		case s.tokens[i].kind == tokenOther && s.tokens[i].text == "(":
			depth++
		case s.tokens[i].kind == tokenOther && s.tokens[i].text == ")":
			depth--
		case depth == 0 && s.is(i, keyword):
			return i
		}
	}
	return -1
}

// name is the text of token i where it can be a name.
func (s *Statement) name(i int) (string, bool) {
	if i < 0 || i >= len(s.tokens) || s.tokens[i].kind != tokenWord && s.tokens[i].kind != tokenQuoted {
		return "", false
	}
	return s.tokens[i].text, true
}
