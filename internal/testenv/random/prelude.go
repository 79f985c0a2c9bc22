package random

// prelude names what deviations are made of:
//
//	t      tables       oid, id (for statements), name
//	c      columns      oid and id of the table, num, col, type, cat (typcategory), base (typname), class (typtype), typ (its oid), filled (NOT
//	                    NULL), defaulted, generated, identity, key (of the primary key), bare (in no constraint)
//	k      constraints  oid and id of the table, con, kind (contype), def, deferrable, valid, lone (no other has this definition)
//	i      indexes      that back no constraint: oid and id of the table, idx, nm (without schema), def
//	types  types to change to
//	y      types        oid, id, class: enums, domains, ranges, composites
//	v      views        oid, id, what it is
//	s      sequences    that no column owns: oid, id, and the columns of pg_sequence
const prelude = `WITH t AS (
	SELECT c.oid, format('public.%I', c.relname) AS id, c.relname::text AS name FROM pg_class c
	WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
), c AS (
	SELECT t.oid, t.id, a.attnum AS num, quote_ident(a.attname) AS col, format_type(a.atttypid, a.atttypmod) AS type, y.typcategory::text AS cat,
		y.typname::text AS base, y.typtype::text AS class, a.atttypid AS typ, a.attnotnull AS filled,
		d.oid IS NOT NULL AND a.attgenerated = '' AS defaulted, a.attgenerated <> '' AS generated, a.attidentity::text AS identity,
		EXISTS (SELECT FROM pg_index x WHERE x.indrelid = t.oid AND x.indisprimary AND a.attnum = ANY (x.indkey)) AS key,
		NOT EXISTS (SELECT FROM pg_constraint k WHERE a.attnum = ANY (k.conkey) AND k.conrelid = t.oid AND k.contype <> 'n'
			OR a.attnum = ANY (k.confkey) AND k.confrelid = t.oid) AS bare
	FROM t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_type y ON y.oid = a.atttypid
		LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
	WHERE a.attnum > 0 AND NOT a.attisdropped
), k AS (
	SELECT t.oid, t.id, quote_ident(k.conname) AS con, k.contype::text AS kind, pg_get_constraintdef(k.oid) AS def, k.condeferrable AS deferrable,
		k.convalidated AS valid, count(*) OVER (PARTITION BY t.oid, pg_get_constraintdef(k.oid)) = 1 AS lone
	FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype <> 'n'
), i AS (
	SELECT t.oid, t.id, format('public.%I', x.relname) AS idx, quote_ident(x.relname) AS nm, pg_get_indexdef(x.oid) AS def
	FROM t JOIN pg_index p ON p.indrelid = t.oid JOIN pg_class x ON x.oid = p.indexrelid
	WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.conrelid = t.oid)
), types (type) AS (
	VALUES ('smallint'), ('integer'), ('bigint'), ('numeric'), ('numeric(12,4)'), ('text'), ('character varying(17)'), ('character varying(400)'),
		('timestamp without time zone'), ('timestamp with time zone'), ('date'), ('double precision'), ('boolean'), ('uuid'), ('jsonb'), ('bytea'), ('text[]')
), y AS (
	SELECT y.oid, format('public.%I', y.typname) AS id, y.typtype::text AS class FROM pg_type y
	WHERE y.typnamespace = 'public'::regnamespace AND (y.typtype IN ('e', 'd', 'r')
		OR y.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = y.typrelid AND c.relkind = 'c'))
), v AS (
	SELECT c.oid, format('public.%I', c.relname) AS id, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END AS what
	FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
), s AS (
	SELECT c.oid, format('public.%I', c.relname) AS id, q.* FROM pg_class c JOIN pg_sequence q ON q.seqrelid = c.oid
	WHERE c.relnamespace = 'public'::regnamespace
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
) `
