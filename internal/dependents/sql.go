package dependents

import "strings"

// The statements of this package are put together by the server, which knows how to quote and how to print expressions. What several
// of them share stands here: each function returns an SQL expression, and takes such.

// notOwnedSQL says who owns something if the session may not act as its owner, else it is NULL.
func notOwnedSQL(owner string) string {
	return `CASE WHEN NOT pg_has_role(` + owner + `, 'USAGE')
		THEN format('it belongs to the role %I, as which the session may not act', pg_get_userbyid(` + owner + `)) END`
}

// obstaclesSQL says why an object cannot be dropped and made again, or is empty. The class is the catalog, the relation is the alias of
// the row in pg_class of what the object is or is on, the owner that of the object. More reasons may follow.
func obstaclesSQL(class, oid, relation, owner string, more ...string) string {
	reasons := append([]string{
		notOwnedSQL(owner),
		`CASE WHEN ` + relation + `.relpersistence = 't' THEN 'it is temporary and of a session of its own' END`,
		`CASE WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = '` + class + `'::regclass AND d.objid = ` + oid + ` AND d.deptype = 'e')
			THEN 'it is part of an extension' END`,
		`CASE WHEN EXISTS (SELECT FROM pg_seclabel l WHERE l.classoid = '` + class + `'::regclass AND l.objoid = ` + oid + `)
			THEN 'it has a security label' END`,
	}, more...)
	return "concat_ws(', and ', " + strings.Join(reasons, ", ") + ")"
}

// notGivenBackSQL says why an object cannot be given back to its owner, if the owner is another role, else it is NULL.
func notGivenBackSQL(owner, schema string) string {
	return `CASE WHEN pg_get_userbyid(` + owner + `) <> current_user AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
			AND NOT (` + maySetRoleSQL(owner) + ` AND has_schema_privilege(` + owner + `, ` + schema + `, 'CREATE'))
		THEN format('it belongs to the role %I, to which the session could not give it back', pg_get_userbyid(` + owner + `)) END`
}

// notMadeSQL says that the session may make nothing in a schema, else it is NULL.
func notMadeSQL(schema string) string {
	return `CASE WHEN NOT has_schema_privilege(` + schema + `, 'CREATE')
		THEN format('the session may make nothing in the schema %I', (SELECT nspname FROM pg_namespace WHERE oid = ` + schema + `)) END`
}

// maySetRoleSQL is true if the session may act as the role by SET ROLE, which from version 16 on is a right of its own.
func maySetRoleSQL(role string) string {
	return `pg_has_role(` + role + `, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)`
}

// commentSQL is the array of the statement that comments an object, which is named as COMMENT ON names it, or an empty array.
func commentSQL(class, oid, name string) string {
	return `ARRAY(SELECT format('COMMENT ON %s IS %L', ` + name + `, d.description)
		FROM pg_description d WHERE d.classoid = '` + class + `'::regclass AND d.objoid = ` + oid + ` AND d.objsubid = 0)`
}

// extensionsSQL is the array of the statements that make an object depend on extensions, which is named as ALTER names it.
func extensionsSQL(class, oid, name string) string {
	return `ARRAY(SELECT format('ALTER %s DEPENDS ON EXTENSION %I', ` + name + `, x.extname)
		FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
		WHERE d.classid = '` + class + `'::regclass AND d.objid = ` + oid + ` AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'
		ORDER BY x.extname)`
}

// storageSQL lists the statements that set how values are stored, each NULL where it is as the type has it. The column is a and its type t;
// alter is what begins the statement.
func storageSQL(alter string) string {
	return `CASE WHEN a.attstorage <> t.typstorage THEN ` + alter + ` || ' SET STORAGE ' ||
			CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
		CASE a.attcompression WHEN 'p' THEN ` + alter + ` || ' SET COMPRESSION pglz' WHEN 'l' THEN ` + alter + ` || ' SET COMPRESSION lz4' END`
}

// optionsSQL is the list of storage options as WITH and SET take it, with a prefix for each name, or NULL for none.
func optionsSQL(options, prefix string) string {
	return `(SELECT string_agg(format('` + prefix + `%I=%L', split_part(o.text, '=', 1), substr(o.text, strpos(o.text, '=') + 1)), ', ' ORDER BY o.nth)
		FROM unnest(` + options + `) WITH ORDINALITY o (text, nth))`
}

// enabledSQL is what ALTER TABLE calls the state of a trigger or rule, NULL for the usual one.
func enabledSQL(state, what string) string {
	return `CASE ` + state + ` WHEN 'D' THEN 'DISABLE ` + what + `' WHEN 'R' THEN 'ENABLE REPLICA ` + what + `' WHEN 'A' THEN 'ENABLE ALWAYS ` + what + `' END`
}

// quote quotes a name where it has to be, as messages show it.
func quote(name string) string {
	for i, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return name
}
