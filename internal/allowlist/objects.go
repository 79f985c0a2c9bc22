package allowlist

import "strings"

func (c *checker) createTable(n *node) {
	c.change(n.child("relation"))
	c.storage(n.list("options"), n.text("tablespacename"), n.text("access_method"))
}

// fileChanges and planChanges are the changes of ALTER TABLE that a file and a plan may have.
// A plan only ever adds.
var (
	planChanges = set(`AT_AddColumn AT_AddConstraint AT_AddIdentity AT_AddIndexConstraint AT_AddInherit AT_AlterColumnType
		AT_AttachPartition AT_ColumnDefault AT_EnableAlwaysTrig AT_EnableReplicaTrig AT_EnableRowSecurity AT_EnableTrig
		AT_ForceRowSecurity AT_SetIdentity AT_SetNotNull AT_ValidateConstraint`)
	fileChanges = set(`AT_AlterConstraint AT_ChangeOwner AT_ClusterOn AT_DetachPartition AT_DisableRowSecurity AT_DisableTrig
		AT_DisableTrigUser AT_DropCluster AT_DropColumn AT_DropConstraint AT_DropExpression AT_DropIdentity AT_DropInherit AT_DropNotNull
		AT_NoForceRowSecurity AT_ReplicaIdentity AT_ResetOptions AT_ResetRelOptions AT_SetCompression AT_SetExpression AT_SetLogged
		AT_SetOptions AT_SetRelOptions AT_SetStatistics AT_SetStorage AT_SetUnLogged`)
	alterable = set(`OBJECT_TABLE OBJECT_INDEX OBJECT_VIEW OBJECT_MATVIEW OBJECT_SEQUENCE OBJECT_TYPE`)
)

func (c *checker) alterTable(n *node) {
	c.change(n.child("relation"))
	if t := n.text("objtype"); !alterable[t] {
		c.objectType(t, "ALTER")
	}
	for _, cmd := range n.list("cmds") {
		subtype := cmd.text("subtype")
		if planChanges[subtype] || fileChanges[subtype] && !c.strict {
			c.changeOptions(subtype, cmd)
			continue
		}
		where := "a template"
		if c.strict {
			where = "a plan"
		}
		c.refuse("this change of a table (" + strings.TrimPrefix(subtype, "AT_") + ") has no place in " + where)
	}
}

// changeOptions checks options that a change of a relation sets.
func (c *checker) changeOptions(subtype string, cmd *node) {
	switch subtype {
	case "AT_SetRelOptions", "AT_ResetRelOptions":
		c.options(cmd.child("def").list("items"), storageOptions)
	case "AT_SetOptions", "AT_ResetOptions":
		c.options(cmd.child("def").list("items"), set("n_distinct n_distinct_inherited"))
	}
}

func (c *checker) index(n *node) {
	c.change(n.child("relation"))
	c.options(n.list("options"), storageOptions)
	if m := n.text("access_method"); !indexMethods[m] {
		c.refuse("the index method " + m + " is not one of PostgreSQL's own; choose another")
	}
	if n.text("table_space") != "" {
		c.refuse("tablespaces belong to a server; take TABLESPACE out")
	}
}

var sequenceOptions = set(`as cache cycle increment maxvalue minvalue owned_by restart start sequence_name`)

// replace refuses to put a plan's object in place of a tenant's.
func (c *checker) replace(n *node) {
	if c.strict && n.flag("replace") {
		c.refuse("OR REPLACE would overwrite what the tenant has there; leave it out")
	}
}

func (c *checker) trigger(n *node) {
	c.change(n.child("relation"))
	c.replace(n)
	if problem := functionProblem(n.names("funcname")); problem != "" {
		c.refuse(problem)
	}
}

func (c *checker) schema(n *node) {
	if problem := owned(n.text("schemaname"), "schema"); problem != "" || strings.HasPrefix(n.text("schemaname"), "pg_") {
		c.refuse("the schema " + n.text("schemaname") + " would be PostgreSQL's own; choose another name")
	}
	if len(n.list("schema_elts")) > 0 {
		c.refuse("CREATE SCHEMA cannot have other statements in it; write them behind it")
		n.fields = nil
	}
	if c.strict && n.child("authrole") != nil {
		c.refuse("a plan gives nothing to other owners; leave AUTHORIZATION out")
	}
}

func (c *checker) extension(n *node) {
	name := n.text("extname")
	if !extensions[name] {
		c.refuse("the extension " + name + " is not among those that a template may have; take it out")
	}
	for _, o := range n.list("options") {
		value, _ := o.child("arg").value()
		if o.text("defname") == "schema" && systemSchema(value) && name != "plpgsql" {
			c.refuse("an extension cannot go into " + value + "; choose another schema")
		}
	}
}

func (c *checker) typeStatement(n *node) {
	c.change(n.child("typevar"))
	c.ownedName(n.names("type_name"))
	c.ownedName(n.names("domainname"))
	if n.kind == "AlterDomainStmt" && c.strict && n.text("subtype") != "C" {
		c.refuse("a plan only adds constraints to a domain")
	}
	if n.kind == "AlterEnumStmt" && c.strict && n.text("old_val") != "" {
		c.refuse("a plan only adds values to an enum")
	}
	if n.kind == "CreateRangeStmt" {
		c.rangeType(n)
	}
}

// rangeType checks CREATE TYPE ... AS RANGE, whose options name functions.
func (c *checker) rangeType(n *node) {
	for _, o := range n.list("params") {
		switch name := o.text("defname"); name {
		case "subtype", "subtype_opclass", "collation", "multirange_type_name":
		case "subtype_diff":
			if problem := functionProblem(o.child("arg").names("names")); problem != "" {
				c.refuse(problem)
			}
		default:
			c.refuse("the option " + name + " of a range type is not among those that a template may set; take it out")
		}
	}
}

// ownedName checks the name of an object that is made or changed.
func (c *checker) ownedName(names []string) {
	switch len(names) {
	case 0:
	case 1:
		if problem := owned("", names[0]); problem != "" {
			c.refuse(problem)
		}
	default:
		c.parts("object", names)
		if problem := owned(names[len(names)-2], last(names)); problem != "" {
			c.refuse(problem)
		}
	}
}
