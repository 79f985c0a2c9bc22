package allowlist

import (
	"errors"
	"strings"
)

// checker walks the tree of one statement.
type checker struct {
	strict  bool   // the statement is to run in a tenant's database
	removal bool   // and to take away what the template forbids
	sql     string // its text
	report  func(offset int, reason string)
	texts   *int // how many more texts may be parsed: statements, and what functions have

	at   int  // offset of the nearest node that has one
	body bool // in a function's body, where rows may be changed
	wide bool // in a function that nothing but an event trigger can call
}

// refuse notes a reason at the current place.
func (c *checker) refuse(reason string) { c.report(c.at, reason) }

// read parses a text if it may reach the parser. Of a failure the second result is false, and it has been reported.
func (c *checker) read(sql string) ([]*node, bool) {
	err := admit(sql)
	if *c.texts--; err == nil && *c.texts < 0 {
		err = errors.New("it has more statements and expressions than are read; write the template in several files")
	}
	var statements []*node
	if err == nil {
		statements, err = parse(sql)
	}
	if err != nil {
		c.fail(err)
	}
	return statements, err == nil
}

// statement checks a text that holds one statement.
func (c *checker) statement() {
	statements, ok := c.read(c.sql)
	if !ok {
		return
	}
	switch {
	case len(statements) == 0:
		c.refuse("it holds no statement")
	case len(statements) > 1:
		c.refuse("it holds more than one statement; write them one by one")
	case c.removal:
		c.removes(statements[0])
	default:
		c.top(statements[0])
	}
}

// fail reports an error of reading, at its place where it has one.
func (c *checker) fail(err error) {
	var p *placed
	var s *syntaxError
	var u *unlisted
	switch {
	case errors.As(err, &p):
		c.report(c.at+p.offset, p.reason)
	case errors.As(err, &s):
		c.report(c.at+max(0, s.offset), s.Error())
	case errors.As(err, &u):
		c.refuse(unlistedReason(u.what, c.sql))
	default:
		c.refuse(err.Error())
	}
}

// top checks a statement by its kind and then everything in it.
func (c *checker) top(n *node) {
	if n == nil {
		c.refuse("it holds no statement")
		return
	}
	inPlan, ok := statementKinds[n.kind]
	switch {
	case !ok:
		c.refuse(unlistedReason(n.kind, c.sql))
		return
	case c.strict && !inPlan:
		c.refuse(beginning(c.sql) + " has no place in a plan")
		return
	}
	c.kind(n)
	c.children(n)
}

// walk checks a node that stands somewhere within a statement.
func (c *checker) walk(n *node) {
	if n == nil {
		return
	}
	at := c.at
	defer func() { c.at = at }()
	if offset := n.number("location"); offset > 0 && !c.body {
		c.at = offset
	}
	if strings.HasSuffix(n.kind, "Stmt") && !c.nested(n) {
		c.refuse(beginning(c.sql) + " cannot have another statement in it")
		return
	}
	c.node(n)
	c.children(n)
}

func (c *checker) children(n *node) {
	for i := range n.fields {
		c.walk(n.fields[i].child)
	}
}

// nested says whether a statement may stand within another.
func (c *checker) nested(n *node) bool {
	switch n.kind {
	case "SelectStmt":
		return true
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "ReturnStmt":
		return c.body
	case "GrantStmt": // of ALTER DEFAULT PRIVILEGES
		return !c.strict
	}
	return false
}

// beginning is the first two words of a statement, for a reason.
func beginning(sql string) string {
	tokens, err := lex(sql[:min(len(sql), 200)])
	if err != nil || len(tokens) == 0 {
		return "this statement"
	}
	words := []string{}
	for _, t := range tokens[:min(2, len(tokens))] {
		if t.name {
			words = append(words, strings.ToUpper(t.text))
		}
	}
	return strings.Join(words, " ")
}
