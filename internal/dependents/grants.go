package dependents

// rights says in SQL where the rights on something stand: its name as GRANT names it, its list of rights, its owner, schema and kind (as
// acldefault and pg_default_acl call it), and the entries of the list, those of columns with it.
type rights struct{ name, list, owner, schema, kind, entries string }

// relationRights are those on the relation c and its columns, typeRights those on the type t.
var (
	relationRights = rights{
		name: "c.oid::regclass", list: "c.relacl", owner: "c.relowner", schema: "c.relnamespace", kind: "r",
		entries: `SELECT 0 AS part, NULL::name AS name, i.nth, i.entry
			FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) WITH ORDINALITY i (entry, nth)
			UNION ALL SELECT a.attnum, a.attname, i.nth, i.entry
			FROM pg_attribute a CROSS JOIN LATERAL unnest(a.attacl) WITH ORDINALITY i (entry, nth)
			WHERE a.attrelid = c.oid AND NOT a.attisdropped`,
	}
	typeRights = rights{
		name: "'TYPE ' || t.oid::regtype", list: "t.typacl", owner: "t.typowner", schema: "t.typnamespace", kind: "T",
		entries: `SELECT 0 AS part, NULL::name AS name, i.nth, i.entry
			FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) WITH ORDINALITY i (entry, nth)`,
	}
)

// grants is the array of the statements that give the rights again entry by entry, so that the lists have the same order, which a dump
// shows. It starts from nothing at all: what the owner, the public and ALTER DEFAULT PRIVILEGES give goes first. Where somebody else than
// the owner gave a right, the session acts as that role for the moment.
func (r rights) grants() string {
	return `ARRAY(
	SELECT format('REVOKE ALL ON %s FROM %s', ` + r.name + `, string_agg(DISTINCT ` + granteeSQL("f.grantee") + `, ', '))
	FROM (SELECT g.grantee, false AS given FROM aclexplode(acldefault('` + r.kind + `', ` + r.owner + `)) g
		UNION ALL SELECT g.grantee, true FROM ` + r.defaults() + `) f
	HAVING ` + r.list + ` IS NOT NULL OR bool_or(f.given)
) || ARRAY(
	SELECT s.statement
	FROM (
		SELECT i.part, i.nth, g.is_grantable, g.grantor, format('GRANT %s ON %s TO %s',
			string_agg(concat_ws(' ', g.privilege_type, '(' || quote_ident(i.name) || ')'), ', ' ORDER BY g.privilege_type),
			` + r.name + `, ` + granteeSQL("g.grantee") + `) || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS statement
		FROM (` + r.entries + `) i CROSS JOIN LATERAL aclexplode(ARRAY[i.entry]) g
		WHERE i.part > 0 OR ` + r.list + ` IS NOT NULL OR EXISTS (SELECT FROM ` + r.defaults() + `)
		GROUP BY i.part, i.nth, g.grantor, g.grantee, g.is_grantable
	) e
	CROSS JOIN LATERAL (VALUES
		(1, CASE WHEN e.grantor <> ` + r.owner + ` THEN format('SET LOCAL ROLE %I', pg_get_userbyid(e.grantor)) END),
		(2, e.statement),
		(3, CASE WHEN e.grantor <> ` + r.owner + ` THEN 'SET LOCAL ROLE ' ||
			CASE current_setting('role') WHEN 'none' THEN 'NONE' ELSE quote_ident(current_setting('role')) END END)
	) s (step, statement)
	WHERE s.statement IS NOT NULL
	ORDER BY e.part, e.nth, e.is_grantable, s.step
)`
}

// defaults are the rights g that the session gives by default to what it makes.
func (r rights) defaults() string {
	return `pg_default_acl p CROSS JOIN LATERAL aclexplode(p.defaclacl) g
		WHERE pg_get_userbyid(p.defaclrole) = current_user AND p.defaclobjtype = '` + r.kind + `' AND p.defaclnamespace IN (0, ` + r.schema + `)`
}

// grantors says whose rights cannot be given again because the session may not act as the role that gave them, or is NULL.
func (r rights) grantors() string {
	return `(
	SELECT format('the role %s gave rights on it, and the session may not act as that role',
		string_agg(DISTINCT quote_ident(pg_get_userbyid(g.grantor)), ', '))
	FROM (` + r.entries + `) i CROSS JOIN LATERAL aclexplode(ARRAY[i.entry]) g
	WHERE g.grantor <> ` + r.owner + `
		AND NOT (` + maySetRoleSQL("g.grantor") + ` AND has_schema_privilege(g.grantor, ` + r.schema + `, 'USAGE'))
	HAVING count(*) > 0)`
}

// granteeSQL is who has a right, as GRANT names it.
func granteeSQL(role string) string {
	return `CASE ` + role + ` WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(` + role + `)) END`
}
