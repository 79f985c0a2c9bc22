package dependents

import (
	"context"
	"fmt"
)

const resolveSQL = `
WITH RECURSIVE tree (nth, relation, name) AS (
	SELECT w.nth, c.oid, w.name
	FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY w (space, relation, name, nth)
	JOIN pg_namespace n ON n.nspname = w.space
	JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.relation
UNION
	SELECT t.nth, i.inhrelid, t.name FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
)
SELECT t.nth, a.attrelid, a.attnum
FROM tree t JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = t.name AND a.attnum > 0
ORDER BY t.nth, a.attrelid`

// resolve finds the targets and the columns that inherit from them.
func (r *reader) resolve(ctx context.Context, targets []Target) ([]ref, error) {
	var (
		schemas, tables, names []string
		q                      round
		nth                    int
		column                 = ref{class: "pg_class"}
		columns                []ref
		there                  = make([]bool, len(targets))
	)
	for _, t := range targets {
		schemas, tables, names = append(schemas, t.Schema), append(tables, t.Table), append(names, t.Column)
	}
	q.each(resolveSQL, []any{schemas, tables, names}, []any{&nth, &column.object, &column.part}, func() {
		there[nth-1] = true
		if _, ok := r.targets[column]; !ok {
			r.targets[column] = targets[nth-1]
			columns = append(columns, column)
		}
	})
	if err := q.send(ctx, r.q); err != nil {
		return nil, err
	}
	for i, ok := range there {
		if t := targets[i]; !ok {
			return nil, fmt.Errorf("%q.%q has no column %q whose type could change", t.Schema, t.Table, t.Column)
		}
	}
	return columns, nil
}

// rowUsersSQL follows the types of rows through arrays, domains, ranges, composite types and views to the columns that store them.
const rowUsersSQL = `
WITH RECURSIVE carrier (type, relation) AS (
	SELECT c.reltype, c.oid FROM pg_class c WHERE c.oid = ANY ($1::oid[])
UNION
	SELECT CASE WHEN d.classid = 'pg_type'::regclass THEN d.objid ELSE c.reltype END, r.relation
	FROM carrier r
	JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = r.type
	LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND d.objsubid > 0 AND c.relkind NOT IN ('r', 'p', 'm')
	WHERE d.classid = 'pg_type'::regclass OR c.oid IS NOT NULL
)
SELECT c.oid, c.relkind::text, i.type || ' ' || i.identity, min(r.relation)
FROM carrier r
JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = r.type AND d.classid = 'pg_class'::regclass AND d.objsubid > 0
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'm')
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
GROUP BY 1, 2, 3
ORDER BY 3`

// rowUsers returns the materialized views that store rows of the tables of the columns. Tables that do so forbid the change.
func (r *reader) rowUsers(ctx context.Context, columns []ref) ([]uint32, error) {
	var (
		q               round
		oid, table      uint32
		kind, name      string
		tables, matched []uint32
	)
	for _, c := range columns {
		tables = append(tables, c.object)
	}
	q.each(rowUsersSQL, []any{tables}, []any{&oid, &kind, &name, &table}, func() {
		if kind == "m" {
			matched = append(matched, oid)
			return
		}
		for _, c := range columns {
			if c.object == table {
				r.set.Blocked = append(r.set.Blocked, Blocked{What: name, Why: "it stores whole rows of the table", Target: r.targets[c]})
				break
			}
		}
	})
	return matched, q.send(ctx, r.q)
}

const typeSQL = `
SELECT t.oid, t.typarray FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = $1 AND t.typname = $2 AND t.typtype IN ('e', 'd')`

const typeColumnsSQL = `
SELECT DISTINCT a.attrelid, a.attnum, n.nspname, c.relname, a.attname
FROM pg_type t
CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) u (oid)
JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = u.oid AND d.classid = 'pg_class'::regclass AND d.objsubid > 0
JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.oid = (SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typname = $2)
ORDER BY 1, 2`

// resolveType finds the type, its array, and the columns that have them.
func (r *reader) resolveType(ctx context.Context, schema, name string) ([]ref, error) {
	var (
		q      round
		t      Target
		column = ref{class: "pg_class"}
		refs   []ref
	)
	q.each(typeSQL, []any{schema, name}, []any{&r.changed, &r.array}, func() {
		refs = append(refs, ref{"pg_type", r.changed, whole}, ref{"pg_type", r.array, whole})
	})
	q.each(typeColumnsSQL, []any{schema, name}, []any{&column.object, &column.part, &t.Schema, &t.Table, &t.Column}, func() {
		r.targets[column] = t
		refs = append(refs, column)
	})
	if err := q.send(ctx, r.q); err != nil {
		return nil, err
	}
	if r.changed == 0 {
		return nil, fmt.Errorf("%q.%q, which is to be swapped, is no enum or domain of the database", schema, name)
	}
	return refs, nil
}

// columnsSQL describes columns, and says why the type of one cannot change where it is.
var columnsSQL = `
WITH s AS (SELECT * FROM unnest($1::oid[], $2::int4[]) s (relation, number))
SELECT a.attrelid, a.attnum, n.nspname, c.relname, a.attname,
	format_type(a.atttypid, a.atttypmod),
	coalesce(pg_get_expr(e.adbin, e.adrelid), ''),
	coalesce(CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END, ''),
	a.attinhcount > 0,
	a.atttypid = $3,
	array_remove(ARRAY[` + storageSQL("format('ALTER TABLE ONLY %s ALTER COLUMN %I', c.oid::regclass, a.attname)") + `], NULL),
	concat_ws(', and ',
		CASE WHEN c.relkind NOT IN ('r', 'p', 'f') THEN 'it is no column of a table' END,
		CASE WHEN c.reloftype <> 0 THEN format('its table is made of the type %s', c.reloftype::regtype) END,
		CASE WHEN a.attinhcount > (
				SELECT count(*) FROM pg_inherits i JOIN s ON s.relation = i.inhparent
				JOIN pg_attribute p ON p.attrelid = s.relation AND p.attnum = s.number AND p.attname = a.attname
				WHERE i.inhrelid = a.attrelid)
			THEN format('it is inherited and changes with the same column of %s', (
				SELECT string_agg(i.inhparent::regclass::text, ' and ' ORDER BY i.inhseqno) FROM pg_inherits i
				JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND p.attnum > 0
				WHERE i.inhrelid = a.attrelid)) END,
		CASE WHEN EXISTS (
				SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum
					AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = 0 AND d.deptype = 'i')
			THEN 'it is part of the partition key of ' || c.oid::regclass END,
		CASE WHEN EXISTS (
				SELECT FROM pg_constraint k WHERE k.contype = 'n' AND k.conrelid = a.attrelid AND k.conkey[1] = a.attnum AND k.conislocal AND k.coninhcount > 0
					AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_constraint p ON p.conrelid = i.inhparent AND p.contype = 'n'
						WHERE i.inhrelid = a.attrelid AND p.conname = k.conname))
			THEN 'its not-null constraint has another name than that of the parent, which PostgreSQL 18 cannot make anew; give both the same name first' END,
		CASE WHEN a.attgenerated <> '' AND $4 THEN 'its values are calculated' END,
		` + notOwnedSQL("c.relowner") + `)
FROM s
JOIN pg_attribute a ON a.attrelid = s.relation AND a.attnum = s.number
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
ORDER BY 3, 4, a.attnum`

func (r *reader) queryColumns(q *round) {
	var (
		relations []uint32
		numbers   []int32
		column    = ref{class: "pg_class"}
		c         Column
		why       string
	)
	for ref := range r.targets {
		relations, numbers = append(relations, ref.object), append(numbers, ref.part)
	}
	q.each(columnsSQL, []any{relations, numbers, r.array, r.change == swapsType},
		[]any{
			&column.object, &column.part, &c.Schema, &c.Table, &c.Column, &c.Type, &c.Default, &c.Collation,
			&c.Inherited, &c.Array, &c.Again, &why,
		}, func() {
			r.set.Columns = append(r.set.Columns, c)
			if why != "" {
				what := "column " + quote(c.Schema) + "." + quote(c.Table) + "." + quote(c.Column)
				r.set.Blocked = append(r.set.Blocked, Blocked{What: what, Why: why, Target: r.targets[column]})
			}
		})
}
