package memento

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// KeyOf finds the columns by which [Restore] can find the rows of a table again: those of the smallest key that uses none of the columns
// given as without, in the order of the key. It is nil where there is none. A key is a unique index over columns that are not null, for
// all rows, valid, and not deferrable. Of keys with as many columns the primary key wins, then the first by name.
func KeyOf(ctx context.Context, q Querier, schema, table string, without []string) ([]string, error) {
	var best []string
	err := within(ctx, q, func(tx pgx.Tx) error {
		keys, err := keysOf(ctx, tx, TableName{schema, table})
		if err != nil {
			return err
		}
		for _, k := range keys {
			if !slices.ContainsFunc(k.columns, func(c string) bool { return slices.Contains(without, c) }) {
				best = k.columns
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the keys of the table %s could not be read: %w", TableName{schema, table}, err)
	}
	return best, nil
}

// key is a unique index that finds every row.
type key struct {
	columns   []string
	operators []string // which says of each column that two values are equal
}

// keysOf are the keys of a table, the smallest first. PostgreSQL 18 has not-null constraints that do not hold for all rows; a column
// with one is of no key. The operator is that of the index: by its name alone, another might be found or none.
func keysOf(ctx context.Context, tx pgx.Tx, table TableName) ([]key, error) {
	rows, err := tx.Query(ctx, `
		SELECT array_agg(a.attname::text ORDER BY k.n), array_agg(format('OPERATOR(%s.%s)', o.oprnamespace::regnamespace, o.oprname) ORDER BY k.n)
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
		CROSS JOIN unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS k (attnum, class, n)
		LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnotnull AND NOT EXISTS (
			SELECT FROM pg_constraint c WHERE c.conrelid = i.indrelid AND c.contype = 'n' AND c.conkey = ARRAY[a.attnum] AND NOT c.convalidated)
		JOIN pg_opclass s ON s.oid = k.class
		LEFT JOIN pg_amop m ON m.amopfamily = s.opcfamily AND m.amoplefttype = s.opcintype AND m.amoprighttype = s.opcintype
			AND m.amopstrategy = 3 AND m.amoppurpose = 's'
		LEFT JOIN pg_operator o ON o.oid = m.amopopr
		WHERE i.indrelid = $1::text::regclass AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive AND i.indimmediate AND i.indpred IS NULL
			AND i.indexprs IS NULL AND k.n <= i.indnkeyatts AND x.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
		GROUP BY i.indexrelid, i.indisprimary, i.indnkeyatts, x.relname
		HAVING bool_and(a.attname IS NOT NULL AND o.oid IS NOT NULL)
		ORDER BY i.indnkeyatts, i.indisprimary DESC, x.relname COLLATE "C"`, table.String())
	if err != nil {
		return nil, err
	}
	var (
		keys []key
		k    key
	)
	_, err = pgx.ForEachRow(rows, []any{&k.columns, &k.operators}, func() error {
		keys = append(keys, key{slices.Clone(k.columns), slices.Clone(k.operators)})
		return nil
	})
	return keys, err
}

// errNoKey says that columns do not find rows.
var errNoKey = errors.New("the columns are no key of it, so that they do not find its rows")

// keyOperators are the operators that compare the columns of a key, which must be one.
func keyOperators(ctx context.Context, tx pgx.Tx, t Table, columns []string) ([]string, error) {
	keys, err := keysOf(ctx, tx, t.ID())
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if slices.Equal(k.columns, columns) {
			return k.operators, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", idents("", columns), errNoKey)
}
