package memento

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Structure is a text of all structure that the schemas have in the catalog, one attribute of one object a line, sorted. It is the
// same for databases that do not differ in it, in whatever order their objects were made, and whatever was dropped before:
//
//	column public.visit.started: type timestamp with time zone
//	constraint visit_pkey on public.visit: definition PRIMARY KEY (id)
//	table public.visit: columns id, started
//
// Attributes that have their default give no line. Definitions of indexes and constraints are as the server prints them, but for casts of arrays,
// which it prints in two ways. Beside the schemas' own objects there are lines for the database's extensions, publications of all tables, and casts
// from or to types of the schemas. Not in it are tablespaces, roles and settings of the database, servers and mappings for foreign tables, event
// triggers, languages, what stands in a table, and where a sequence is.
//
// Given a transaction, it sees what that transaction did. A session gets one snapshot; it must not be in a transaction.
func Structure(ctx context.Context, q Querier, schemas []string) ([]byte, error) {
	tx, own, err := snapshot(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("the structure of the database could not be read: %w", err)
	}
	if own {
		defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	}
	r := structureReader{names: make(map[objectKey]string)}
	if err := within(ctx, tx, func(tx pgx.Tx) error { return r.read(ctx, tx, schemas) }); err != nil {
		return nil, fmt.Errorf("the structure of the database could not be read: %w", err)
	}
	return r.text(), nil
}

// snapshot returns the transaction to read in, and whether it is one of our own.
func snapshot(ctx context.Context, q Querier) (tx pgx.Tx, own bool, err error) {
	switch q := q.(type) {
	case pgx.Tx:
		return q, false, nil
	case interface {
		BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
	}:
		if conn, ok := q.(*pgx.Conn); ok && conn.PgConn().TxStatus() != 'I' {
			return nil, false, errInTransaction
		}
		tx, err = q.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	default:
		tx, err = q.Begin(ctx)
	}
	return tx, true, err
}

// objectKey is what pg_description calls an object: its catalog, its id, and for columns their number.
type objectKey struct {
	class, oid uint32
	sub        int32
}

// structureReader is one reading under way.
type structureReader struct {
	names map[objectKey]string // what stands before the colon
	lines []string
}

// catalogQuery asks for rows of class, oid, sub, attribute, value. Those without an attribute name the object.
type catalogQuery struct {
	sql  string
	of   []string // the catalogs whose objects it asks about, as $1, $2, ...
	from int      // the oldest version that has it, as server_version_num says it
}

func (r *structureReader) read(ctx context.Context, tx pgx.Tx, schemas []string) error {
	spaces, err := schemaOIDs(ctx, tx, schemas)
	if err != nil {
		return err
	}
	var version int
	if err := tx.QueryRow(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return err
	}
	// Three rounds: objects of schemas, what those consist of, and what may stand at any object.
	if err := r.round(ctx, tx, version, objectQueries, func(string) []uint32 { return spaces }); err != nil {
		return err
	}
	classes, err := classOIDs(ctx, tx)
	if err != nil {
		return err
	}
	of := func(class string) []uint32 { return r.oids(classes[class]) }
	if err := r.round(ctx, tx, version, slices.Concat(relationQueries, codeQueries, typeQueries), of); err != nil {
		return err
	}
	return r.round(ctx, tx, version, anyQueries, func(string) []uint32 { return r.oids(0) })
}

// schemaOIDs looks the schemas up, all of which must be there.
func schemaOIDs(ctx context.Context, tx pgx.Tx, schemas []string) ([]uint32, error) {
	var (
		spaces  []uint32
		missing []string
	)
	err := tx.QueryRow(ctx, `SELECT coalesce(array_agg(n.oid) FILTER (WHERE n.oid IS NOT NULL), '{}'),
			coalesce(array_agg(s.name) FILTER (WHERE n.oid IS NULL), '{}')
		FROM unnest($1::text[]) AS s (name) LEFT JOIN pg_namespace n ON n.nspname = s.name`, schemas).Scan(&spaces, &missing)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, &NoSchemaError{missing[0]}
	}
	return spaces, nil
}

// NoSchemaError says that a schema whose structure was asked for is not there.
type NoSchemaError struct{ Schema string }

// Error names the schema.
func (e *NoSchemaError) Error() string { return fmt.Sprintf("the database has no schema %q", e.Schema) }

// classOIDs are the ids of the catalogs, which may differ between versions.
func classOIDs(ctx context.Context, tx pgx.Tx) (map[string]uint32, error) {
	rows, err := tx.Query(ctx, `SELECT relname, oid FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'`)
	if err != nil {
		return nil, err
	}
	var (
		classes = make(map[string]uint32)
		name    string
		oid     uint32
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &oid}, func() error {
		classes[name] = oid
		return nil
	})
	return classes, err
}

// oids are the ids of the known objects of a catalog, or for 0 of all catalogs.
func (r *structureReader) oids(class uint32) []uint32 {
	set := make(map[uint32]struct{})
	for key := range r.names {
		if class == 0 || key.class == class {
			set[key.oid] = struct{}{}
		}
	}
	return slices.AppendSeq(make([]uint32, 0, len(set)), maps.Keys(set)) // not nil, which is SQL's null
}

// round sends queries in one go.
func (r *structureReader) round(ctx context.Context, tx pgx.Tx, version int, queries []catalogQuery, of func(class string) []uint32) error {
	var batch pgx.Batch
	for _, query := range queries {
		if version < query.from {
			continue
		}
		args := make([]any, len(query.of))
		for i, class := range query.of {
			args[i] = of(class)
		}
		batch.Queue(query.sql, args...).Query(r.take)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// take reads the rows of one query.
func (r *structureReader) take(rows pgx.Rows) error {
	var (
		key              objectKey
		attribute, value *string
	)
	_, err := pgx.ForEachRow(rows, []any{&key.class, &key.oid, &key.sub, &attribute, &value}, func() error {
		switch name, known := r.names[key]; {
		case value == nil: // an attribute that has its default
		case attribute == nil:
			r.names[key] = escape.Replace(*value)
		case known:
			text := *value
			if *attribute == "definition" && (strings.HasPrefix(name, "index ") || strings.HasPrefix(name, "partitioned index ") || strings.HasPrefix(name, "constraint ")) {
				text = castArrays(text)
			}
			r.lines = append(r.lines, name+": "+escape.Replace(*attribute)+" "+escape.Replace(text))
		}
		return nil
	})
	return err
}

// escape keeps an attribute on its line, reversibly.
var escape = strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`)

func (r *structureReader) text() []byte {
	slices.Sort(r.lines)
	var b strings.Builder
	for _, line := range r.lines {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// maxDiff is how many lines Diff lists.
const maxDiff = 20

// Diff lists the first lines, at most 20, that only one of two structures has, "- " before those of a and "+ " before those of b, and
// says how many more there are. It is empty for equal ones. Long lines are cut.
func Diff(a, b []byte) []string {
	before, after := lines(a), lines(b)
	var list []string
	more := 0
	add := func(sign, line string) {
		if len(list) == maxDiff {
			more++
			return
		}
		list = append(list, sign+cut(line))
	}
	for i, j := 0, 0; i < len(before) || j < len(after); {
		switch {
		case j == len(after) || i < len(before) && before[i] < after[j]:
			add("- ", before[i])
			i++
		case i == len(before) || after[j] < before[i]:
			add("+ ", after[j])
			j++
		default:
			i, j = i+1, j+1
		}
	}
	if more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return list
}

// lines are the lines of a text without their ends.
func lines(b []byte) []string {
	text := strings.TrimSuffix(string(b), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
