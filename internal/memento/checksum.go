package memento

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Sum is a checksum of rows that does not depend on their order. The zero value is of no table; two that are equal are compared with ==.
type Sum struct {
	Rows int64 `json:"rows"`
	// Hash is two sums of 64-bit hashes of the rows, as decimal numbers with a colon between.
	Hash string `json:"hash"`
}

// Checksum is the checksum of a table's rows as a multiset, made in the server; nothing but the sum comes here. It reads the whole
// table, and only what t names of it: other columns may come, go and change.
//
// Each row is the text of ROW(columns), in which null, the empty string, and separators in values are different things, made by the types'
// own output functions under fixed settings. Its hashtextextended under two seeds goes into one exact sum each. A change that is no
// change of the multiset never shows; one that is stays hidden with the probability that two sums of
// 64 bits agree by chance, about 1 in 2^128 if the hash were ideal. It is not a cryptographic one: it finds accidents, not
// somebody who makes rows to deceive it. Sums are compared on one server: hashes may differ between versions and machines.
//
// A partitioned table is the sum of its partitions, foreign ones too; the children of another table are not its rows. Views, foreign tables and
// whatever else keeps no rows are refused, as are tables whose rows a policy hides from the role. A row
// whose text is longer than PostgreSQL makes texts (1 GB; a bytea counts double) is an error.
func Checksum(ctx context.Context, q Querier, t Table) (Sum, error) {
	sums, err := Checksums(ctx, q, []Table{t})
	return sums[t.ID()], err
}

// Checksums is [Checksum] of many tables, in one transaction, one after the other. Each table may come once.
func Checksums(ctx context.Context, q Querier, tables []Table) (map[TableName]Sum, error) {
	sums := make(map[TableName]Sum, len(tables))
	err := within(ctx, q, func(tx pgx.Tx) error {
		kinds, err := kindsOf(ctx, tx, tables)
		if err != nil {
			return fmt.Errorf("the tables to sum up were not found: %w", err)
		}
		for _, t := range tables {
			if _, twice := sums[t.ID()]; twice {
				return fmt.Errorf("the table %s is to be summed up twice", t.ID())
			}
			if err := checkTypes(ctx, tx, t); err != nil {
				return err
			}
			sum, err := checksum(ctx, tx, kinds[t.ID()], t)
			if err != nil {
				return explainRead(t, "its rows were not summed up", err)
			}
			sums[t.ID()] = sum
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sums, nil
}

func checksum(ctx context.Context, tx pgx.Tx, kind string, t Table) (Sum, error) {
	from, err := from(kind, t)
	if err != nil {
		return Sum{}, err
	}
	values := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		values[i] = "t." + ident(c.Name)
		if c.As != "" {
			values[i] = "CAST(" + values[i] + " AS " + c.As + ")"
		}
	}
	// OFFSET keeps the text from being made twice. Without COLLATE "C" the database's collation might refuse to be hashed.
	sql := `SELECT count(*), concat(coalesce(sum(hashtextextended(r, 1)), 0), ':', coalesce(sum(hashtextextended(r, 2)), 0))
		FROM (SELECT CAST(ROW(` + strings.Join(values, ", ") + `) AS text) COLLATE "C" AS r FROM ` + from + ` t OFFSET 0) s`
	var sum Sum
	err = tx.QueryRow(ctx, sql, pgx.QueryExecModeExec).Scan(&sum.Rows, &sum.Hash)
	return sum, err
}

// kindsOf looks up what the tables are, as pg_class.relkind says it; "" for those that are not there.
func kindsOf(ctx context.Context, tx pgx.Tx, tables []Table) (map[TableName]string, error) {
	schemas, names := make([]string, len(tables)), make([]string, len(tables))
	for i, t := range tables {
		schemas[i], names[i] = t.Schema, t.Name
	}
	rows, err := tx.Query(ctx, `SELECT w.s, w.n, c.relkind::text FROM unnest($1::text[], $2::text[]) AS w (s, n)
		JOIN pg_namespace s ON s.nspname = w.s JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = w.n`, schemas, names)
	if err != nil {
		return nil, err
	}
	var (
		kinds = make(map[TableName]string, len(tables))
		name  TableName
		kind  string
	)
	_, err = pgx.ForEachRow(rows, []any{&name.Schema, &name.Name, &kind}, func() error {
		kinds[name] = kind
		return nil
	})
	return kinds, err
}

// checkTypes asks the server whether the types that are to be spelt in SQL are types and nothing more.
func checkTypes(ctx context.Context, tx pgx.Tx, t Table) error {
	for _, c := range t.Columns {
		if c.As == "" {
			continue
		}
		var known bool
		err := tx.QueryRow(ctx, `SELECT to_regtype($1) IS NOT NULL`, c.As).Scan(&known)
		if err != nil || !known {
			return errors.Join(fmt.Errorf("the column %s of %s is to be read as %q, which is no type here; give it as format_type prints it", ident(c.Name), t.ID(), c.As), err)
		}
	}
	return nil
}

// from is the table's own rows: those of its partitions, but not of its children.
func from(kind string, t Table) (string, error) {
	switch kind {
	case "r":
		return "ONLY " + t.ID().String(), nil
	case "p":
		return t.ID().String(), nil
	case "":
		return "", errors.New("it is not there")
	default:
		return "", errors.New("it is no table that keeps rows")
	}
}

// explainRead says for a person why a table could not be read or written.
func explainRead(t Table, what string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42501" && strings.Contains(pg.Message, "row-level security"):
			return fmt.Errorf("the table %s hides rows from this role by row-level security, and %s; use its owner, or a role with BYPASSRLS: %w", t.ID(), what, err)
		case pg.Code == "42501":
			return fmt.Errorf("this role may not do with the table %s what is needed, and %s; use its owner: %w", t.ID(), what, err)
		case pg.Code == "54000" || strings.Contains(pg.Message, "invalid memory alloc request size"):
			return fmt.Errorf("the table %s has a row whose text is longer than PostgreSQL makes texts, and %s; move such values elsewhere: %w", t.ID(), what, err)
		}
	}
	return fmt.Errorf("the table %s: %s: %w", t.ID(), what, err)
}
