package random

import "fmt"

// actions replaces the actions of a foreign key's definition.
const actions = `regexp_replace(k.def, '( ON (UPDATE|DELETE) (CASCADE|RESTRICT|SET NULL|SET DEFAULT)( \([^)]*\))?)+', '')`

// damages take something away from what the database was.
var damages = []deviation{
	{what: "drop a table", sql: `format('DROP TABLE %s CASCADE', t.id)] FROM t WHERE (SELECT count(*) FROM t) > 1`},
	{what: "rename a table", sql: `format('ALTER TABLE %s RENAME TO {name}', t.id)] FROM t`},
	{what: "drop a column", sql: `format('ALTER TABLE %s DROP COLUMN %s CASCADE', c.id, c.col)] FROM c`},
	{what: "rename a column", sql: `format('ALTER TABLE %s RENAME COLUMN %s TO {name}', c.id, c.col)] FROM c`},
	{what: "drop a column and have another of its name", sql: `format('ALTER TABLE %s DROP COLUMN %s CASCADE', c.id, c.col),
		format('ALTER TABLE %s ADD COLUMN %s %s', c.id, c.col, types.type)] FROM c, types WHERE c.type <> types.type AND types.type IN ('integer', 'text')`},
	changeType("widen a type", `(c.base, types.type) IN (('int2', 'integer'), ('int2', 'bigint'), ('int4', 'bigint'), ('int4', 'numeric'), ('varchar', 'text'),
		('varchar', 'character varying(400)'), ('date', 'timestamp without time zone'), ('float4', 'double precision'), ('bpchar', 'text'))`),
	changeType("narrow a type", `(c.base, types.type) IN (('int8', 'integer'), ('int4', 'smallint'), ('numeric', 'numeric(12,4)'), ('numeric', 'integer'),
		('text', 'character varying(17)'), ('text', 'character varying(400)'), ('timestamptz', 'date'), ('timestamp', 'date'),
		('timestamptz', 'timestamp without time zone'), ('float8', 'integer'))`),
	changeType("have an unrelated type", `types.type IN ('text', 'integer', 'jsonb', 'bytea', 'text[]', 'boolean', 'uuid') AND c.base <> 'varchar'`),
	{what: "change a length or precision", sql: `format('ALTER TABLE %s ALTER COLUMN %s TYPE %s', c.id, c.col, n.type)] FROM c, LATERAL (VALUES
		('varchar', 'character varying(200)'), ('varchar', 'character varying(3)'), ('numeric', 'numeric(30,6)'), ('bpchar', 'character(7)'),
		('timestamptz', 'timestamp(0) with time zone'), ('bit', 'bit(12)'), ('varbit', 'bit varying(64)')) AS n (base, type)
		WHERE n.base = c.base AND n.type <> c.type AND NOT c.generated`},
	{what: "have another collation", sql: `format('ALTER TABLE %s ALTER COLUMN %s TYPE %s COLLATE "POSIX"', c.id, c.col, c.type)] FROM c JOIN pg_attribute a
		ON a.attrelid = c.oid AND a.attnum = c.num WHERE a.attcollation = '"C"'::regcollation AND NOT c.generated`},

	{what: "drop a default", sql: `format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', c.id, c.col)] FROM c WHERE c.defaulted`},
	{what: "have another default", sql: `format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', c.id, c.col, n.value)] FROM c, ` + values +
		` WHERE c.defaulted AND n.cat = c.cat`},
	{what: "allow NULL", sql: `format('ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL', c.id, c.col)] FROM c
		WHERE c.filled AND NOT c.key AND c.identity = ''`},
	{what: "drop an identity", sql: `format('ALTER TABLE %s ALTER COLUMN %s DROP IDENTITY', c.id, c.col)] FROM c WHERE c.identity <> ''`},
	{what: "have the other identity", sql: `format('ALTER TABLE %s ALTER COLUMN %s SET GENERATED %s', c.id, c.col,
		CASE c.identity WHEN 'a' THEN 'BY DEFAULT' ELSE 'ALWAYS' END)] FROM c WHERE c.identity <> ''`},
	{what: "count an identity by other steps", sql: `format('ALTER TABLE %s ALTER COLUMN %s SET INCREMENT BY 3', c.id, c.col)] FROM c WHERE c.identity <> ''
		AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_sequence q ON q.seqrelid = d.objid WHERE d.refobjid = c.oid AND d.refobjsubid = c.num AND q.seqincrement = 3)`},
	{what: "drop an expression", sql: `format('ALTER TABLE %s ALTER COLUMN %s DROP EXPRESSION', c.id, c.col)] FROM c WHERE c.generated`},

	dropConstraint("a primary key", "p"), dropConstraint("a unique constraint", "u"), dropConstraint("a foreign key", "f"),
	dropConstraint("a check", "c"), dropConstraint("an exclusion", "x"),
	{what: "have another primary key", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s CASCADE', k.id, k.con),
		format('ALTER TABLE %s ADD PRIMARY KEY (%s)', k.id, c.col)] FROM k JOIN c ON c.oid = k.oid
		WHERE k.kind = 'p' AND c.cat IN ('N', 'S', 'D') AND (NOT c.key OR k.def LIKE '%,%')`},
	{what: "have another primary key of the same name", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s CASCADE', k.id, k.con),
		format('ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY (%s, %s)', k.id, k.con, c.col, e.col)]
		FROM k JOIN c ON c.oid = k.oid JOIN c e ON e.oid = k.oid WHERE k.kind = 'p' AND c.cat IN ('N', 'S', 'D') AND e.cat IN ('N', 'S', 'D')
		AND c.num < e.num AND k.def NOT LIKE '%,%'`},
	{what: "have a check of the same name", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s', k.id, k.con),
		format('ALTER TABLE %s ADD CONSTRAINT %s CHECK (num_nulls(%s) >= 0)', k.id, k.con, c.col)] FROM k JOIN c ON c.oid = k.oid WHERE k.kind = 'c' AND k.valid AND k.lone
		AND k.def NOT LIKE '%num_nulls%'`},
	{what: "have a check that was never validated", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s', k.id, k.con),
		format('ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID', k.id, k.con, k.def)] FROM k WHERE k.kind IN ('c', 'f') AND k.valid AND k.lone`},
	{what: "have a unique constraint of the same name", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s CASCADE', k.id, k.con),
		format('ALTER TABLE %s ADD CONSTRAINT %s UNIQUE (%s, %s)', k.id, k.con, c.col, e.col)]
		FROM k JOIN c ON c.oid = k.oid JOIN c e ON e.oid = k.oid WHERE k.kind = 'u' AND c.num < e.num AND k.def NOT LIKE '%,%'`},
	{what: "have an index for a unique constraint", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s CASCADE', k.id, k.con),
		format('CREATE UNIQUE INDEX %s ON %s %s', k.con, k.id, substring(k.def FROM '^UNIQUE (\(.*\))$'))] FROM k
		WHERE k.kind = 'u' AND k.def ~ '^UNIQUE \(.*\)$' AND k.def NOT LIKE '%INCLUDE%'`},
	{what: "have another action", sql: `format('ALTER TABLE %s DROP CONSTRAINT %s', k.id, k.con),
		format('ALTER TABLE %s ADD CONSTRAINT %s %s', k.id, k.con, regexp_replace(` + actions + `, '( (NOT )?DEFERRABLE.*)?$', n.action || '\1'))]
		FROM k, (VALUES (''), (' ON DELETE CASCADE'), (' ON DELETE SET NULL'), (' ON UPDATE CASCADE ON DELETE RESTRICT')) AS n (action)
		WHERE k.kind = 'f' AND (k.def NOT LIKE '% ON %' OR n.action = '') AND (k.def LIKE '% ON %' OR n.action <> '')`},
	{what: "have the other deferral", sql: `format('ALTER TABLE %s ALTER CONSTRAINT %s %s', k.id, k.con,
		CASE WHEN k.deferrable THEN 'NOT DEFERRABLE' ELSE 'DEFERRABLE INITIALLY DEFERRED' END)] FROM k WHERE k.kind = 'f'`},

	{what: "drop an index", sql: `'DROP INDEX ' || i.idx] FROM i`},
	{what: "have another index of the same name", sql: `'DROP INDEX ' || i.idx, format('CREATE INDEX %s ON %s (%s)', i.nm, c.id, c.col)]
		FROM i, c WHERE c.cat IN ('N', 'S', 'D', 'B') AND i.def <> format('CREATE INDEX %s ON %s USING btree (%s)', i.nm, c.id, c.col)`},

	{what: "rename a label", sql: `format('ALTER TYPE %s RENAME VALUE %L TO ''tenant''', y.id, e.enumlabel)] FROM y JOIN pg_enum e ON e.enumtypid = y.oid`},
	{what: "have a label more", sql: `format('ALTER TYPE %s ADD VALUE ''more'' BEFORE %L', y.id, e.enumlabel)] FROM y JOIN pg_enum e ON e.enumtypid = y.oid`},
	{what: "lack a label", sql: rebuiltEnum(`(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e
		WHERE e.enumtypid = y.oid AND e.enumsortorder > 1)`)},
	{what: "have the labels in another order", sql: rebuiltEnum(`(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder DESC)
		FROM pg_enum e WHERE e.enumtypid = y.oid)`)},
	{what: "drop a domain's check", sql: `format('ALTER DOMAIN %s DROP CONSTRAINT %I', y.id, k.conname)] FROM y JOIN pg_constraint k ON k.contypid = y.oid
		WHERE k.contype = 'c'`},
	{what: "give a domain a check", sql: `format('ALTER DOMAIN %s ADD CONSTRAINT {name} CHECK (VALUE IS NOT NULL OR VALUE IS NULL)', y.id)] FROM y WHERE y.class = 'd'
		AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = y.oid AND k.conname LIKE '%own%')`},
	{what: "give a domain a default", sql: `format('ALTER DOMAIN %s SET DEFAULT ''8''', y.id)] FROM y JOIN pg_type t ON t.oid = y.oid
		WHERE y.class = 'd' AND (t.typdefault IS NULL OR t.typdefault NOT LIKE '%8%')`},
	{what: "drop a type", sql: `format('DROP TYPE %s CASCADE', y.id)] FROM y WHERE y.class <> 'd'
		UNION SELECT ARRAY[format('DROP DOMAIN %s CASCADE', y.id)] FROM y WHERE y.class = 'd'`},
	{what: "have an attribute more", sql: `format('ALTER TYPE %s ADD ATTRIBUTE {name} integer', y.id)] FROM y WHERE y.class = 'c'`},
	{what: "lack an attribute", sql: `format('ALTER TYPE %s DROP ATTRIBUTE %I CASCADE', y.id, a.attname)] FROM y JOIN pg_type t ON t.oid = y.oid
		JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped WHERE y.class = 'c'`},

	{what: "drop a view", sql: `format('DROP %s %s CASCADE', v.what, v.id)] FROM v`},
	{what: "have another view of the same name", sql: `format('DROP %s %s CASCADE', v.what, v.id), format('CREATE %s %s AS SELECT 1 AS one', v.what, v.id)] FROM v
		WHERE pg_get_viewdef(v.oid) NOT LIKE '%1 AS one%'`},
	{what: "drop a function", sql: `format('DROP FUNCTION %s CASCADE', p.oid::regprocedure)] FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace`},
	{what: "drop a trigger", sql: `format('DROP TRIGGER %I ON %s', g.tgname, t.id)] FROM t JOIN pg_trigger g ON g.tgrelid = t.oid
		WHERE NOT g.tgisinternal AND g.tgenabled <> 'D'`},
	{what: "disable a trigger", sql: `format('ALTER TABLE %s DISABLE TRIGGER %I', t.id, g.tgname)] FROM t JOIN pg_trigger g ON g.tgrelid = t.oid
		WHERE NOT g.tgisinternal AND g.tgenabled <> 'D'`},
	{what: "drop a policy", sql: `format('DROP POLICY %I ON %s', p.polname, t.id)] FROM t JOIN pg_policy p ON p.polrelid = t.oid`},
	{what: "have another policy of the same name", sql: `format('ALTER POLICY %I ON %s USING (2 = 2)', p.polname, t.id)] FROM t JOIN pg_policy p ON p.polrelid = t.oid
		WHERE p.polcmd <> 'a' AND pg_get_expr(p.polqual, t.oid) <> '(2 = 2)'`},
	{what: "disable row security", sql: `format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t.id)] FROM t JOIN pg_class c ON c.oid = t.oid WHERE c.relrowsecurity`},
	{what: "drop a sequence", sql: `format('DROP SEQUENCE %s CASCADE', s.id)] FROM s`},
	{what: "count a sequence by other steps", sql: `format('ALTER SEQUENCE %s INCREMENT BY 7', s.id)] FROM s WHERE s.seqincrement <> 7`},
	{what: "bound a sequence", sql: `format('ALTER SEQUENCE %s MAXVALUE 30000 CYCLE', s.id)] FROM s WHERE s.seqmax <> 30000`},
}

// values are defaults by category of type.
const values = `(VALUES ('N', '7'), ('N', '(3 + 4)'), ('S', '''tenant'''), ('S', 'upper(''t'')'), ('B', '(1 = 0)'), ('D', '''2001-02-03'''), ('D', 'now()'),
	('U', '''[7]''')) AS n (cat, value)`

// changeType changes the type of columns as the condition says, and drops a default where it does not fit.
func changeType(what, condition string) deviation {
	convert := `format('ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::text::%s', c.id, c.col, types.type, c.col, types.type)`
	where := ` FROM c, types WHERE c.type <> types.type AND c.base <> types.type AND NOT c.generated AND ` + condition
	return deviation{what: what, sql: convert + `]` + where +
		` UNION SELECT ARRAY[format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', c.id, c.col), ` + convert + `]` + where + ` AND c.defaulted`}
}

func dropConstraint(what, kind string) deviation {
	return deviation{what: "drop " + what, sql: fmt.Sprintf(`format('ALTER TABLE %%s DROP CONSTRAINT %%s CASCADE', k.id, k.con)] FROM k WHERE k.kind = '%s' AND k.valid AND k.lone`, kind)}
}

// rebuiltEnum makes an enum anew with the labels. A default of its type goes.
func rebuiltEnum(labels string) string {
	return `format('ALTER TYPE %s RENAME TO {name}', y.id)]
		|| ARRAY(SELECT format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', c.id, c.col) FROM c WHERE c.typ = y.oid AND c.defaulted ORDER BY 1)
		|| ARRAY[format('CREATE TYPE %s AS ENUM (%s)', y.id, ` + labels + `)]
		|| ARRAY(SELECT format('ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::text::%s', c.id, c.col, y.id, c.col, y.id) FROM c WHERE c.typ = y.oid ORDER BY 1)
		|| ARRAY['DROP TYPE public.{name}'] FROM y
		WHERE y.class = 'e' AND (SELECT count(*) FROM pg_enum e WHERE e.enumtypid = y.oid) > 1`
}
