package allowlist

import "strings"

// node checks a node by its kind, wherever it stands; what stands in it is looked into by walk.
func (c *checker) node(n *node) {
	switch n.kind {
	case "FuncCall":
		c.call(n)
	case "A_Indirection":
		c.attribute(last(n.names("indirection")))
	case "ColumnRef":
		c.columnRef(n)
	case "RangeVar":
		c.rangeVar(n)
	case "SelectStmt":
		if n.child("into_clause") != nil {
			c.refuse("SELECT INTO makes a table; write CREATE TABLE")
		}
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
		c.change(n.child("relation"))
	case "A_Expr":
		c.parts("operator", n.names("name"))
	case "SortBy":
		c.parts("operator", n.names("useOp"))
	case "CollateClause":
		c.parts("collation", n.names("collname"))
	case "TypeName":
		c.typeName(n)
	case "IndexElem":
		c.parts("operator class", n.names("opclass"))
		c.options(n.list("opclassopts"), classOptions)
	case "ColumnDef":
		if len(n.list("fdwoptions")) > 0 {
			c.refuse("options of foreign tables have no place in a template")
		}
	case "Constraint":
		c.constraint(n)
	case "IntoClause":
		c.into(n)
	}
}

// parts refuses a name that begins with a database.
func (c *checker) parts(what string, names []string) {
	if len(names) > 2 {
		c.refuse("the name of the " + what + " " + strings.Join(names, ".") + " has more than two parts; leave the database out")
	}
}

// typeName checks the name of a type, or of a column's type as in t.c%TYPE.
func (c *checker) typeName(n *node) {
	names, most := n.names("names"), 2
	if n.flag("pct_type") {
		most = 3
	}
	if len(names) > most {
		c.refuse("the name of the type " + strings.Join(names, ".") + " has too many parts; leave the database out")
	}
}

// attribute checks the last name of x.name, which calls a function of that name where x has no such
// column: ('/etc/passwd').pg_read_file reads the file.
func (c *checker) attribute(name string) {
	if name == "" {
		return
	}
	if problem := functionProblem([]string{name}); problem != "" {
		c.refuse(problem)
	}
}

func (c *checker) columnRef(n *node) {
	names := n.names("fields")
	if len(names) > 3 {
		c.refuse("the name " + strings.Join(names, ".") + " has more than three parts; leave the database out")
	}
	if len(names) > 1 {
		c.attribute(last(names))
	}
}

// rangeVar checks a relation that is read or named.
func (c *checker) rangeVar(n *node) {
	if n.text("catalogname") != "" {
		c.refuse("the name " + n.text("catalogname") + "." + qualified(n.text("schemaname"), n.text("relname")) + " names a database; leave it out")
		return
	}
	if problem := c.readable(n.text("schemaname"), n.text("relname")); problem != "" {
		c.refuse(problem)
	}
	if c.strict && n.text("relpersistence") == "t" {
		c.refuse("a temporary relation is gone with the session; take TEMPORARY out")
	}
}

// change checks the target of a statement that makes or changes something.
func (c *checker) change(n *node) {
	if n == nil {
		return
	}
	if problem := owned(n.text("schemaname"), n.text("relname")); problem != "" {
		c.refuse(problem)
	}
}

// into checks the head of CREATE MATERIALIZED VIEW.
func (c *checker) into(n *node) {
	c.change(n.child("rel"))
	c.storage(n.list("options"), n.text("table_space_name"), n.text("access_method"))
}

// call checks a function call. Some functions may be called with constants only.
func (c *checker) call(n *node) {
	names, args := n.names("funcname"), n.list("args")
	name := last(names)
	switch {
	case runText[name]:
		c.text(name, args)
	case name == "current_setting" && !readableSetting(args):
		c.refuse("current_setting may read a setting with a dot in its name, or one that says how the server spells things; name it as a constant")
	default:
		if problem := functionProblem(names); problem != "" {
			c.refuse(problem)
		}
	}
}

// text checks the SQL text that a function is called with.
func (c *checker) text(name string, args []*node) {
	for _, a := range args {
		if a.kind == "TypeCast" {
			a = a.child("arg")
		}
		if a == nil || a.kind != "A_Const" {
			c.refuse(name + " runs the text that it is given; give it constant text, which can be read")
			return
		}
		if text := a.child("sval"); text != nil {
			c.queries(text.text("sval"))
		}
	}
	if len(args) == 0 {
		c.refuse(name + " has nothing to run")
	}
}

// readableSetting says whether the arguments of current_setting name one that may be read: a constant, or a
// text that is put together behind a constant with a dot in it.
func readableSetting(args []*node) bool {
	if len(args) == 0 {
		return false
	}
	first := args[0]
	for first != nil && first.kind != "A_Const" {
		switch {
		case first.kind == "TypeCast":
			first = first.child("arg")
		case first.kind == "FuncCall" && last(first.names("funcname")) == "concat":
			list := first.list("args")
			if len(list) == 0 {
				return false
			}
			first = list[0]
			if s, _ := first.value(); !strings.Contains(s, ".") {
				return false
			}
		default:
			return false
		}
	}
	name, ok := first.value()
	return ok && (strings.Contains(name, ".") || readableSettings[strings.ToLower(name)])
}

// constraint checks a constraint of a table, a column or a domain.
func (c *checker) constraint(n *node) {
	if n.text("indexspace") != "" {
		c.refuse("tablespaces belong to a server; take USING INDEX TABLESPACE out")
	}
	if m := n.text("access_method"); m != "" && !indexMethods[m] {
		c.refuse("the index method " + m + " is not one of PostgreSQL's own; choose another")
	}
	allowed := storageOptions
	if n.text("contype") == "CONSTR_IDENTITY" {
		allowed = sequenceOptions
	}
	c.options(n.list("options"), allowed)
}

// options checks DefElems by name.
func (c *checker) options(list []*node, allowed map[string]bool) {
	for _, o := range list {
		name := o.text("defname")
		ns := o.text("defnamespace")
		if o.kind != "DefElem" || !allowed[name] || ns != "" && ns != "toast" {
			c.refuse("the option " + qualified(ns, name) + " is not among those that a template may set; take it out")
		}
	}
}

// storage checks where and how a relation is stored.
func (c *checker) storage(options []*node, tablespace, method string) {
	c.options(options, storageOptions)
	if tablespace != "" {
		c.refuse("tablespaces belong to a server; take TABLESPACE out")
	}
	if method != "" && method != "heap" {
		c.refuse("the access method " + method + " is not PostgreSQL's own; take USING out")
	}
}
