package allowlist

import "strings"

// statementKinds are the statements that a file may have; true marks those that a plan may have too.
var statementKinds = map[string]bool{
	"AlterDomainStmt": true, "AlterEnumStmt": true, "AlterSeqStmt": true, "AlterTableStmt": true, "CommentStmt": true,
	"CompositeTypeStmt": true, "CreateDomainStmt": true, "CreateEnumStmt": true, "CreateExtensionStmt": true,
	"CreateFunctionStmt": true, "CreatePolicyStmt": true, "CreateRangeStmt": true, "CreateSchemaStmt": true,
	"CreateSeqStmt": true, "CreateStatsStmt": true, "CreateStmt": true, "CreateTableAsStmt": true, "CreateTrigStmt": true,
	"IndexStmt": true, "ViewStmt": true,

	// What dumps and hand-written files have besides: the loader leaves out rights and owners, and the rest
	// is contained in the scratch database.
	"AlterDefaultPrivilegesStmt": false, "AlterOwnerStmt": false, "AlterPolicyStmt": false, "DropStmt": false, "GrantStmt": false,
	"InsertStmt": false, "RefreshMatViewStmt": false, "RenameStmt": false, "SelectStmt": false, "VariableSetStmt": false,
	"AlterEventTrigStmt": false, "CreateEventTrigStmt": false, // which the loader leaves out too, or refuses
}

// unlistedReasons say why frequent kinds are refused; others are named by their first words.
var unlistedReasons = map[string]string{
	"CopyStmt":                "COPY moves rows and reads and writes files; dump with `pg_dump --schema-only`",
	"TransactionStmt":         "a template cannot steer transactions: all of it is one, or none; take BEGIN, COMMIT, ROLLBACK and SAVEPOINT out",
	"DoStmt":                  "DO runs code whose outcome cannot be read from it; write out what it does",
	"RuleStmt":                "a rule rewrites other people's queries with its owner's rights; write a trigger or a view",
	"CreatePLangStmt":         "languages belong to the server; take CREATE LANGUAGE out",
	"CreateForeignServerStmt": "other servers are out of a template's reach; take CREATE SERVER out",
}

// unlistedReason says why a kind that no list has is refused.
func unlistedReason(kind, sql string) string {
	if r := unlistedReasons[kind]; r != "" {
		return r
	}
	return beginning(sql) + " is nothing that a template may have (" + kind + "); take it out"
}

// kind checks a statement by its kind; what stands in it is looked into afterwards.
func (c *checker) kind(n *node) {
	switch n.kind {
	case "CreateStmt":
		c.createTable(n)
	case "AlterTableStmt":
		c.alterTable(n)
	case "IndexStmt":
		c.index(n)
	case "ViewStmt":
		c.change(n.child("view"))
		c.options(n.list("options"), storageOptions)
		c.replace(n)
	case "CreateTableAsStmt":
		if n.text("objtype") != "OBJECT_MATVIEW" {
			c.refuse("CREATE TABLE AS makes a table from rows; write its columns out")
		}
	case "CreateFunctionStmt":
		c.function(n)
	case "CreateTrigStmt":
		c.trigger(n)
	case "CreatePolicyStmt", "AlterPolicyStmt":
		c.change(n.child("table"))
	case "CreateSeqStmt", "AlterSeqStmt":
		c.change(n.child("sequence"))
		c.options(n.list("options"), sequenceOptions)
	case "CreateSchemaStmt":
		c.schema(n)
	case "CreateExtensionStmt":
		c.extension(n)
	case "CreateEnumStmt", "CreateRangeStmt", "AlterEnumStmt", "AlterDomainStmt", "CreateDomainStmt", "CompositeTypeStmt":
		c.typeStatement(n)
	case "CreateStatsStmt":
		c.ownedName(n.names("defnames"))
	case "CommentStmt":
		c.comment(n)
	default:
		c.fileKind(n)
	}
}

// fileKind checks a statement of a kind that only files may have.
func (c *checker) fileKind(n *node) {
	switch n.kind {
	case "SelectStmt":
		c.preamble(n)
	case "VariableSetStmt":
		c.setting(n)
	case "DropStmt":
		c.objectType(n.text("remove_type"), "DROP")
	case "AlterOwnerStmt":
		c.objectType(n.text("object_type"), "ALTER ... OWNER")
	case "RenameStmt":
		c.objectType(n.text("rename_type"), "ALTER ... RENAME")
		c.change(n.child("relation"))
	case "GrantStmt":
		if t := n.text("objtype"); t != "OBJECT_DEFACL" {
			c.objectType(t, "GRANT")
		}
	case "InsertStmt", "RefreshMatViewStmt":
		c.change(n.child("relation"))
	}
}

// objectTypes are what a file may drop, rename, give rights on, own and comment on.
var objectTypes = set(`OBJECT_ATTRIBUTE OBJECT_COLUMN OBJECT_DOMAIN OBJECT_DOMCONSTRAINT OBJECT_FUNCTION OBJECT_INDEX OBJECT_MATVIEW
	OBJECT_POLICY OBJECT_PROCEDURE OBJECT_ROUTINE OBJECT_SCHEMA OBJECT_SEQUENCE OBJECT_STATISTIC_EXT OBJECT_TABCONSTRAINT OBJECT_TABLE
	OBJECT_TRIGGER OBJECT_TYPE OBJECT_VIEW`)

func (c *checker) objectType(t, what string) {
	if !objectTypes[t] {
		c.refuse(what + " of " + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t, "OBJECT_"), "_", " ")) + " is nothing that a template may have; take it out")
	}
}

// comment lets a file comment on extensions and event triggers too, as dumps do; the loader leaves that out.
func (c *checker) comment(n *node) {
	t := n.text("objtype")
	if (t == "OBJECT_EXTENSION" || t == "OBJECT_EVENT_TRIGGER") && !c.strict {
		return
	}
	c.objectType(t, "COMMENT")
	if object := n.child("object"); object != nil && object.kind == "List" {
		names := object.names("items")
		if partTypes[t] && len(names) > 1 {
			names = names[:len(names)-1] // of its table
		}
		c.ownedName(names)
	}
}

// partTypes are what has its name behind that of its table.
var partTypes = set(`OBJECT_COLUMN OBJECT_POLICY OBJECT_TABCONSTRAINT OBJECT_TRIGGER`)

// preamble checks a SELECT of a file: dumps set the search_path with one, and sequences.
func (c *checker) preamble(n *node) {
	targets := n.list("target_list")
	allowed := len(targets) == 1 && len(n.list("from_clause")) == 0 && len(n.list("values_lists")) == 0 && n.child("larg") == nil
	if allowed {
		call := targets[0].child("val")
		names, args := call.names("funcname"), call.list("args")
		allowed = call != nil && call.kind == "FuncCall" && constants(args)
		switch last(names) {
		case "set_config":
			setting, _ := first(args).value()
			allowed = allowed && setting == "search_path"
		case "setval":
		default:
			allowed = false
		}
		if allowed && (len(names) == 1 || names[0] == "pg_catalog") {
			n.fields = nil // seen: nothing of it is to be looked into
			return
		}
	}
	c.refuse("SELECT has no place in a template but for the search_path and the state of sequences, as dumps have it; take it out")
}

func first(list []*node) *node {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func constants(list []*node) bool {
	for _, a := range list {
		if a.kind != "A_Const" {
			return false
		}
	}
	return len(list) > 0
}

// setting checks SET name = value.
func (c *checker) setting(n *node) {
	name := strings.ToLower(n.text("name"))
	if !settings[name] || n.text("kind") != "VAR_SET_VALUE" && n.text("kind") != "VAR_SET_DEFAULT" {
		c.refuse("the setting " + name + " is not among those that a template may choose; take it out")
		return
	}
	value, _ := first(n.list("args")).value()
	value = strings.ToLower(value)
	switch want := fixedSettings[name]; {
	case want == nil || n.text("kind") == "VAR_SET_DEFAULT":
	case !want[value]:
		c.refuse("SET " + name + " has a value that a template may not choose; take it out")
	}
}

// fixedSettings may have these values only: others change how the file is read or where it lies.
var fixedSettings = map[string]map[string]bool{
	"standard_conforming_strings": set("on true 1 yes"),
	"client_encoding":             set("utf8 utf-8 unicode"),
	"default_tablespace":          {"": true},
	"default_table_access_method": set("heap"),
}
