package allowlist

import (
	"fmt"
	"strings"
)

// function checks CREATE FUNCTION and CREATE PROCEDURE with their bodies.
func (c *checker) function(n *node) {
	names := n.names("funcname")
	c.ownedName(names)
	c.replace(n)
	if builtins()[last(names)] != 0 && c.strict {
		c.refuse("a function named " + last(names) + " could be taken for PostgreSQL's own; choose another name")
	}
	eventTrigger := last(n.child("return_type").names("names")) == "event_trigger"
	language, texts := "", []*node(nil)
	for _, o := range n.list("options") {
		c.functionOption(o)
		switch o.text("defname") {
		case "language":
			value, _ := o.child("arg").value()
			language = value
		case "as":
			c.at = max(c.at, o.number("location"))
			texts = o.child("arg").list("items")
		}
	}
	sqlBody := n.child("sql_body")
	if language == "" && sqlBody != nil {
		language = "sql"
	}
	if !languages[language] {
		c.refuse("the language " + language + " is not sql or plpgsql, so its text cannot be read; take the function out")
		return
	}
	if sqlBody != nil {
		body := *c
		body.body = true
		body.blocks(sqlBody)
		dropField(n, "sql_body")
		return
	}
	if len(texts) != 1 {
		c.refuse("the function has no text, or is in a library; give it one")
		return
	}
	text := texts[0].text("sval")
	if len(text) > maxBodyBytes {
		c.refuse(fmt.Sprintf("the function's text is longer than %d KiB, the most that is read", maxBodyBytes>>10))
		return
	}
	if language == "sql" {
		c.sqlBody(text)
	} else {
		c.plpgsqlBody(text, eventTrigger)
	}
}

// functionOption checks one of the options behind a function's head.
func (c *checker) functionOption(o *node) {
	switch name := o.text("defname"); name {
	case "language", "as", "volatility", "strict", "cost", "rows", "parallel":
	case "security":
		if c.strict && o.child("arg").flag("boolval") {
			c.refuse("SECURITY DEFINER would run with the rights of whoever carries the plan out; leave it out")
		}
	case "set":
		if set := o.child("arg"); set.text("name") != "search_path" || set.text("kind") != "VAR_SET_VALUE" {
			c.refuse("a function may set the search_path and nothing else; take SET " + set.text("name") + " out")
		} else {
			dropField(o, "arg")
		}
	default:
		c.refuse("the option " + name + " of a function is not among those that a template may set; take it out")
	}
}

// dropField takes out what has been checked in another way.
func dropField(n *node, name string) {
	kept := n.fields[:0]
	for _, f := range n.fields {
		if f.name != name {
			kept = append(kept, f)
		}
	}
	n.fields = kept
}

// inner is a checker of a text within the statement: what it finds is reported where that text begins.
func (c *checker) inner(sql string) *checker {
	at := c.at
	return &checker{strict: c.strict, sql: sql, body: true, wide: c.wide, texts: c.texts, report: func(_ int, reason string) { c.report(at, reason) }}
}

// sqlBody checks the text of an SQL function.
func (c *checker) sqlBody(text string) {
	b := c.inner(text)
	if strings.TrimSpace(text) == "" {
		return
	}
	statements, _ := b.read(text)
	for _, s := range statements {
		b.bodyStatement(s)
	}
}

// blocks checks the parsed body of a function: a RETURN, or lists of statements.
func (c *checker) blocks(n *node) {
	if n != nil && n.kind == "List" {
		for _, item := range n.list("items") {
			c.blocks(item)
		}
		return
	}
	c.bodyStatement(n)
}

// bodyStatement checks one statement of a function: it may read and change rows.
func (c *checker) bodyStatement(n *node) {
	if n == nil {
		return
	}
	switch n.kind {
	case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "ReturnStmt", "CallStmt":
		c.node(n)
		c.children(n)
	default:
		c.refuse("a function of a template may read and change rows, and " + beginning(c.sql) + " is another matter; take it out")
	}
}

// queries checks a text that a function runs as a query.
func (c *checker) queries(sql string) {
	b := c.inner(sql)
	b.body = false
	statements, _ := b.read(sql)
	for _, s := range statements {
		if s == nil || s.kind != "SelectStmt" {
			b.refuse("a text that is run may only be a SELECT")
			continue
		}
		b.walk(s)
	}
}
