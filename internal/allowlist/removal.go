package allowlist

var (
	// removable are the objects that a plan may drop where a template forbids them.
	removable = set(`OBJECT_DOMAIN OBJECT_FUNCTION OBJECT_INDEX OBJECT_MATVIEW OBJECT_POLICY OBJECT_PROCEDURE OBJECT_SEQUENCE OBJECT_TABLE
		OBJECT_TRIGGER OBJECT_TYPE OBJECT_VIEW`)
	// removalChanges are the changes of ALTER TABLE that take something away.
	removalChanges = set(`AT_DisableRowSecurity AT_DropColumn AT_DropConstraint AT_DropExpression AT_DropIdentity AT_DropInherit
		AT_DropNotNull AT_NoForceRowSecurity`)
)

// removes checks a statement that takes one thing away.
func (c *checker) removes(n *node) {
	switch {
	case n != nil && n.kind == "DropStmt":
		c.drop(n)
	case n != nil && n.kind == "AlterTableStmt":
		c.change(n.child("relation"))
		cmds := n.list("cmds")
		if len(cmds) != 1 {
			c.refuse("a plan takes one thing away at a time; write the changes one by one")
		}
		for _, cmd := range cmds {
			c.dropPart(cmd)
		}
	default:
		c.refuse(beginning(c.sql) + " does not take away what a template forbids")
	}
	if n != nil {
		c.children(n)
	}
}

func (c *checker) drop(n *node) {
	objects := n.list("objects")
	if len(objects) != 1 || !removable[n.text("remove_type")] {
		c.refuse("a plan drops one object of a schema at a time, and this is another matter")
		return
	}
	c.alone(n.text("behavior"))
	names := objects[0].names("items")
	switch objects[0].kind {
	case "TypeName":
		names = objects[0].names("names")
	case "ObjectWithArgs":
		names = objects[0].names("objname")
	}
	if partTypes[n.text("remove_type")] && len(names) > 1 {
		names = names[:len(names)-1] // of its table
	}
	c.ownedName(names)
}

func (c *checker) dropPart(cmd *node) {
	c.alone(cmd.text("behavior"))
	subtype := cmd.text("subtype")
	if !removalChanges[subtype] && (subtype != "AT_ColumnDefault" || cmd.child("def") != nil) {
		c.refuse("this change of a table (" + subtype[min(len(subtype), len("AT_")):] + ") does not take away what a template forbids")
	}
}

// alone refuses to take along what depends on a thing.
func (c *checker) alone(behavior string) {
	if behavior == "DROP_CASCADE" {
		c.refuse("CASCADE would take along what the plan does not name; leave it out")
	}
}
