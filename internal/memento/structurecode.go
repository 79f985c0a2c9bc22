package memento

// codeQueries ask for what is no table: schemas, functions, operators, extensions and the like.
var codeQueries = []catalogQuery{
	{of: []string{"pg_namespace"}, sql: `
		SELECT 'pg_namespace'::regclass::oid, n.oid, 0, a.attribute, a.value
		FROM pg_namespace n CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(n.nspowner)::text),
			('privileges', ` + privileges(`n.nspacl`, `'n'::"char"`, `n.nspowner`) + `)) AS a (attribute, value)
		WHERE n.oid = ANY ($1::oid[])`},
	{of: []string{"pg_default_acl"}, sql: `
		SELECT 'pg_default_acl'::regclass::oid, oid, 0, 'privileges', coalesce(` + sorted(`defaclacl::text[]`) + `, 'none')
		FROM pg_default_acl WHERE oid = ANY ($1::oid[])`},
	{of: []string{"pg_extension"}, sql: `
		SELECT 'pg_extension'::regclass::oid, oid, 0, 'version', format('%s in %s', extversion, extnamespace::regnamespace)
		FROM pg_extension WHERE oid = ANY ($1::oid[])`},
	{of: []string{"pg_proc"}, sql: `
		SELECT 'pg_proc'::regclass::oid, p.oid, 0, a.attribute, a.value
		FROM pg_proc p CROSS JOIN LATERAL (VALUES
			('definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END),
			('owner', pg_get_userbyid(p.proowner)::text),
			('privileges', ` + privileges(`p.proacl`, `'f'::"char"`, `p.proowner`) + `),
			('arguments', CASE WHEN p.prokind = 'a' THEN pg_get_function_arguments(p.oid) END),
			('result', CASE WHEN p.prokind = 'a' THEN format('%s, %s', pg_get_function_result(p.oid), p.proparallel) END)) AS a (attribute, value)
		WHERE p.oid = ANY ($1::oid[])`},
	// As JSON, a catalog's row is the same on every version that has the same columns, and support functions print their names.
	{of: []string{"pg_proc"}, sql: `
		SELECT 'pg_proc'::regclass::oid, g.aggfnoid::oid, 0, 'definition', format('%s state %s moving %s sort %s',
			to_jsonb(g) - '{aggfnoid,aggsortop,aggtranstype,aggmtranstype}'::text[],
			format_type(g.aggtranstype, NULL), format_type(nullif(g.aggmtranstype, 0), NULL), g.aggsortop::regoperator)
		FROM pg_aggregate g WHERE g.aggfnoid = ANY ($1::oid[])`},
	{of: []string{"pg_operator"}, sql: `
		SELECT 'pg_operator'::regclass::oid, o.oid, 0, a.attribute, a.value
		FROM pg_operator o CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(o.oprowner)::text),
			('definition', format('%s returns %s commutator %s negator %s',
				to_jsonb(o) - '{oid,oprname,oprnamespace,oprowner,oprleft,oprright,oprresult,oprcom,oprnegate}'::text[],
				format_type(o.oprresult, NULL), o.oprcom::regoperator, o.oprnegate::regoperator))) AS a (attribute, value)
		WHERE o.oid = ANY ($1::oid[])`},
	{of: []string{"pg_opfamily"}, sql: `
		SELECT 'pg_opfamily'::regclass::oid, f.oid, 0, a.attribute, a.value
		FROM pg_opfamily f CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(f.opfowner)::text),
			('operators', (SELECT string_agg(format('%s %s for %s%s', o.amopstrategy, o.amopopr::regoperator, o.amoppurpose,
					coalesce(' by ' || (SELECT format('%s.%I', s.opfnamespace::regnamespace, s.opfname) FROM pg_opfamily s WHERE s.oid = o.amopsortfamily), '')),
					', ' ORDER BY o.amoplefttype::regtype::text COLLATE "C", o.amoprighttype::regtype::text COLLATE "C", o.amopstrategy, o.amoppurpose)
				FROM pg_amop o WHERE o.amopfamily = f.oid)),
			('functions', (SELECT string_agg(format('%s (%s, %s) %s', s.amprocnum, s.amproclefttype::regtype, s.amprocrighttype::regtype, s.amproc::regprocedure),
					', ' ORDER BY s.amproclefttype::regtype::text COLLATE "C", s.amprocrighttype::regtype::text COLLATE "C", s.amprocnum)
				FROM pg_amproc s WHERE s.amprocfamily = f.oid))) AS a (attribute, value)
		WHERE f.oid = ANY ($1::oid[])`},
	{of: []string{"pg_opclass"}, sql: `
		SELECT 'pg_opclass'::regclass::oid, o.oid, 0, a.attribute, a.value
		FROM pg_opclass o JOIN pg_opfamily f ON f.oid = o.opcfamily CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(o.opcowner)::text),
			('definition', format('%s of %s.%I for %s stored as %s', CASE WHEN o.opcdefault THEN 'default' ELSE 'extra' END,
				f.opfnamespace::regnamespace, f.opfname, o.opcintype::regtype, o.opckeytype::regtype))) AS a (attribute, value)
		WHERE o.oid = ANY ($1::oid[])`},
	{of: []string{"pg_collation"}, sql: `
		SELECT 'pg_collation'::regclass::oid, c.oid, 0, a.attribute, a.value
		FROM pg_collation c CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(c.collowner)::text),
			('definition', (to_jsonb(c) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text)) AS a (attribute, value)
		WHERE c.oid = ANY ($1::oid[])`},
	{of: []string{"pg_conversion"}, sql: `
		SELECT 'pg_conversion'::regclass::oid, c.oid, 0, a.attribute, a.value
		FROM pg_conversion c CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(c.conowner)::text),
			('definition', (to_jsonb(c) - '{oid,conname,connamespace,conowner}'::text[])::text)) AS a (attribute, value)
		WHERE c.oid = ANY ($1::oid[])`},
	{of: []string{"pg_ts_config"}, sql: `
		SELECT 'pg_ts_config'::regclass::oid, c.oid, 0, a.attribute, a.value
		FROM pg_ts_config c CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(c.cfgowner)::text),
			('parser', (SELECT format('%s.%I', p.prsnamespace::regnamespace, p.prsname) FROM pg_ts_parser p WHERE p.oid = c.cfgparser)),
			('mappings', (SELECT string_agg(format('%s %s', m.maptokentype, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno)
				FROM pg_ts_config_map m WHERE m.mapcfg = c.oid))) AS a (attribute, value)
		WHERE c.oid = ANY ($1::oid[])`},
	{of: []string{"pg_ts_dict"}, sql: `
		SELECT 'pg_ts_dict'::regclass::oid, d.oid, 0, a.attribute, a.value
		FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate CROSS JOIN LATERAL (VALUES
			('owner', pg_get_userbyid(d.dictowner)::text),
			('definition', format('%s.%I (%s)', t.tmplnamespace::regnamespace, t.tmplname, d.dictinitoption))) AS a (attribute, value)
		WHERE d.oid = ANY ($1::oid[])`},
	{of: []string{"pg_ts_parser"}, sql: `
		SELECT 'pg_ts_parser'::regclass::oid, p.oid, 0, 'definition', (to_jsonb(p) - '{oid,prsname,prsnamespace}'::text[])::text
		FROM pg_ts_parser p WHERE p.oid = ANY ($1::oid[])`},
	{of: []string{"pg_ts_template"}, sql: `
		SELECT 'pg_ts_template'::regclass::oid, t.oid, 0, 'definition', (to_jsonb(t) - '{oid,tmplname,tmplnamespace}'::text[])::text
		FROM pg_ts_template t WHERE t.oid = ANY ($1::oid[])`},
}

// typeQueries ask for types, domains, enums, ranges and casts, $1 being the ids of types.
var typeQueries = []catalogQuery{
	{of: []string{"pg_type"}, sql: `
		SELECT 'pg_type'::regclass::oid, t.oid, 0, a.attribute, a.value
		FROM pg_type t CROSS JOIN LATERAL (VALUES
			('kind', t.typtype::text),
			('owner', pg_get_userbyid(t.typowner)::text),
			('privileges', ` + privileges(`t.typacl`, `'T'::"char"`, `t.typowner`) + `),
			('labels', CASE WHEN t.typtype = 'e' THEN coalesce((
				SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '') END),
			('base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END),
			('collation', CASE WHEN t.typtype = 'd' AND t.typcollation <> (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype)
				THEN t.typcollation::regcollation::text END),
			('not null', CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'yes' END),
			('default', CASE WHEN t.typtype IN ('d', 'b') THEN coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault) END),
			('definition', CASE WHEN t.typtype = 'b' THEN format('%s of %s',
				to_jsonb(t) - '{oid,typname,typnamespace,typowner,typrelid,typelem,typarray,typdefault,typdefaultbin,typacl,typbasetype,typcollation}'::text[],
				format_type(nullif(t.typelem, 0), NULL)) END),
			('range of', CASE WHEN t.typtype = 'r' THEN (
				SELECT format('%s collation %s class %s.%I canonical %s difference %s multirange %s', format_type(r.rngsubtype, NULL),
					r.rngcollation::regcollation, o.opcnamespace::regnamespace, o.opcname, r.rngcanonical, r.rngsubdiff, r.rngmultitypid::regtype)
				FROM pg_range r JOIN pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid) END)) AS a (attribute, value)
		WHERE t.oid = ANY ($1::oid[])`},
	{of: []string{"pg_type", "pg_proc"}, sql: `
		SELECT 'pg_cast'::regclass::oid, oid, 0, NULL, format('cast %s to %s', castsource::regtype, casttarget::regtype)
		FROM pg_cast WHERE castsource = ANY ($1::oid[]) OR casttarget = ANY ($1::oid[]) OR castfunc = ANY ($2::oid[])`},
	{of: []string{"pg_type", "pg_proc"}, sql: `
		SELECT 'pg_cast'::regclass::oid, oid, 0, 'definition', format('by %s method %s context %s', castfunc::regprocedure, castmethod, castcontext)
		FROM pg_cast WHERE castsource = ANY ($1::oid[]) OR casttarget = ANY ($1::oid[]) OR castfunc = ANY ($2::oid[])`},
}
