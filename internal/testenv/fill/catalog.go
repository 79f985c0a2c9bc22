package fill

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// catalog is what filling needs to know of the database.
type catalog struct {
	kinds    map[uint32]*kind
	tables   []*table // by schema and name
	byOID    map[uint32]*table
	leaves   map[uint32][]uint32 // of a partitioned table; of another, itself
	names    map[uint32]string   // of partitioned tables and those outside the schemas, quoted
	split    map[uint32]bool     // partitioned
	hollow   []*table            // partitioned, without a single leaf
	foreign  []*table
	switches []toggle
	columns  map[uint32]map[int16]*column
	spoils   map[uint32]map[int16][]int16 // what a generated column is made of
}

// inScope is the condition for a table pg_class c in pg_namespace n to be filled. $1 holds the schemas.
const inScope = `(n.nspname = ANY ($1) OR cardinality($1::text[]) = 0 AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_')
	AND c.relpersistence <> 't'
	AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')`

// readCatalog reads under an empty search_path, so that the server prints every name with its schema.
func readCatalog(ctx context.Context, tx pgx.Tx, schemas []string) (*catalog, error) {
	c := &catalog{
		byOID: make(map[uint32]*table), leaves: make(map[uint32][]uint32), names: make(map[uint32]string),
		split: make(map[uint32]bool), columns: make(map[uint32]map[int16]*column), spoils: make(map[uint32]map[int16][]int16),
	}
	if schemas == nil {
		schemas = []string{}
	}
	var path string
	if err := tx.QueryRow(ctx, `SHOW search_path`).Scan(&path); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `SET LOCAL search_path = ''`); err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context, pgx.Tx, []string) error{
		c.readKinds, c.readTables, c.readColumns, c.readSpoils, c.readLinks, c.readKeys, c.readRules, c.readSwitches,
	} {
		if err := read(ctx, tx, schemas); err != nil {
			return nil, fmt.Errorf("the catalog could not be read: %w", err)
		}
	}
	_, err := tx.Exec(ctx, `SELECT set_config('search_path', $1, true)`, path)
	return c, err
}

// each calls f after scanning each row of the answer.
func each(ctx context.Context, tx pgx.Tx, sql string, args []any, into []any, f func()) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		f()
		return nil
	})
	return err
}

func (c *catalog) readTables(ctx context.Context, tx pgx.Tx, schemas []string) error {
	var (
		oid          uint32
		schema, name string
		relkind      string
		leaves       []uint32
		bounds       string
		numbers      []int16
		scope        bool
	)
	return each(ctx, tx, `
		SELECT c.oid, n.nspname, c.relname, c.relkind::text,
			CASE WHEN c.relkind = 'p' THEN ARRAY(
				SELECT l.relid::oid FROM pg_partition_tree(c.oid) l JOIN pg_class k ON k.oid = l.relid
				WHERE l.isleaf AND k.relkind = 'r' ORDER BY l.relid::regclass::text) ELSE ARRAY[c.oid] END,
			coalesce(pg_get_partition_constraintdef(c.oid), ''),
			ARRAY(SELECT a.attnum FROM pg_partition_ancestors(c.oid) p JOIN pg_partitioned_table d ON d.partrelid = p.relid
				JOIN pg_attribute pa ON pa.attrelid = d.partrelid AND pa.attnum = ANY (d.partattrs)
				JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = pa.attname
				WHERE c.relispartition AND p.relid <> c.oid ORDER BY 1),
			`+inScope+`
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' ORDER BY n.nspname, c.relname`,
		[]any{schemas}, []any{&oid, &schema, &name, &relkind, &leaves, &bounds, &numbers, &scope}, func() {
			t := &table{oid: oid, schema: schema, name: name}
			c.names[oid], c.leaves[oid], c.split[oid] = t.sql(), leaves, relkind == "p"
			switch {
			case !scope:
			case relkind == "f":
				c.foreign = append(c.foreign, t)
			case relkind == "p" && len(leaves) == 0:
				c.hollow = append(c.hollow, t)
			case relkind == "r":
				c.tables, c.byOID[oid] = append(c.tables, t), t
				if bounds != "" {
					t.rules = append(t.rules, &rule{expression: bounds})
					c.spoils[oid] = map[int16][]int16{0: numbers} // until the columns are there
				}
			}
		})
}

func (c *catalog) oids() []uint32 {
	oids := make([]uint32, len(c.tables))
	for i, t := range c.tables {
		oids[i] = t.oid
	}
	return oids
}

func (c *catalog) readColumns(ctx context.Context, tx pgx.Tx, _ []string) error {
	var (
		in        column
		rel, kind uint32
		def       string
	)
	err := each(ctx, tx, `
		SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated <> '',
			coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
			coalesce((SELECT s.refobjid FROM pg_depend s JOIN pg_class q ON q.oid = s.refobjid AND q.relkind = 'S'
				WHERE s.classid = 'pg_attrdef'::regclass AND s.objid = d.oid AND s.refclassid = 'pg_class'::regclass LIMIT 1),
				(SELECT s.objid FROM pg_depend s WHERE s.refclassid = 'pg_class'::regclass AND s.refobjid = a.attrelid
					AND s.refobjsubid = a.attnum AND s.classid = 'pg_class'::regclass AND s.deptype = 'i' AND a.attidentity <> '' LIMIT 1), 0::oid)
		FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,
		[]any{c.oids()}, []any{&rel, &in.number, &in.name, &kind, &in.mod, &in.notNull, &in.generated, &def, &in.sequence}, func() {
			t, col := c.byOID[rel], in
			col.index, col.kind = len(t.columns), c.kinds[kind]
			col.notNull = col.notNull || col.kind.notNull
			col.words = literals(def)
			t.columns = append(t.columns, &col)
			if c.columns[rel] == nil {
				c.columns[rel] = make(map[int16]*column)
			}
			c.columns[rel][col.number] = &col
		})
	for _, t := range c.tables {
		if numbers, ok := c.spoils[t.oid][0]; ok {
			t.rules[0].columns = c.pick(t.oid, numbers)
			delete(c.spoils, t.oid)
		}
	}
	return err
}

// readSpoils reads which columns the generated ones are made of.
func (c *catalog) readSpoils(ctx context.Context, tx pgx.Tx, _ []string) error {
	var (
		rel      uint32
		from, to int16
	)
	return each(ctx, tx, `
		SELECT a.attrelid, a.attnum, p.refobjsubid::int2 FROM pg_attribute a
			JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
			JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
				AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid NOT IN (0, a.attnum)
		WHERE a.attrelid = ANY ($1::oid[]) AND a.attgenerated <> '' ORDER BY 1, 2, 3`,
		[]any{c.oids()}, []any{&rel, &from, &to}, func() {
			if c.spoils[rel] == nil {
				c.spoils[rel] = make(map[int16][]int16)
			}
			c.spoils[rel][from] = append(c.spoils[rel][from], to)
		})
}

// pick returns the columns with the numbers; instead of generated ones, those they are made of.
func (c *catalog) pick(table uint32, numbers []int16) []*column {
	var list []*column
	seen := make(map[int16]bool)
	add := func(n int16) {
		if col := c.columns[table][n]; col != nil && !col.generated && !seen[n] {
			seen[n], list = true, append(list, col)
		}
	}
	for _, n := range numbers {
		add(n)
		for _, m := range c.spoils[table][n] {
			add(m)
		}
	}
	return list
}
