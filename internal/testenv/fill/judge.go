package fill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// operand is a value that an expression names.
type operand struct {
	name string
	kind *kind
}

// unprepared keeps statements that return rows of the database's own tables from being kept by the session: another test may give the
// same table other columns.
const unprepared = pgx.QueryExecModeExec

// judge shows the rows of values to the expressions, which name the operands, and says for each row and expression whether it is not
// false. ok is false if the server refused to answer, which it does on the first value that an expression stumbles over.
func judge(ctx context.Context, tx pgx.Tx, expressions []string, operands []operand, rows []row) (verdicts [][]bool, ok bool, err error) {
	var list, from strings.Builder
	for i, e := range expressions {
		if i > 0 {
			list.WriteString(", ")
		}
		fmt.Fprintf(&list, "(%s) IS NOT FALSE", e)
	}
	for i, o := range operands {
		fmt.Fprintf(&from, ", (j.r ->> %d)::%s AS %s", i, o.kind.root().sql, pgx.Identifier{o.name}.Sanitize())
	}
	sql := fmt.Sprintf(`SELECT ARRAY[%s] FROM (SELECT j.n AS "veil: row"%s FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS j(r, n)) AS v ORDER BY "veil: row"`,
		&list, &from)
	err = attempt(ctx, tx, func() error {
		answer, err := tx.Query(ctx, sql, unprepared, encode(rows))
		if err != nil {
			return err
		}
		verdicts, err = pgx.CollectRows(answer, pgx.RowTo[[]bool])
		return err
	})
	if refusal(err) != nil {
		return nil, false, nil //nolint:nilerr // that the server refused is the answer
	}
	return verdicts, err == nil, err
}

// encode writes rows as JSON, the form in which statements take them.
func encode(rows []row) string {
	if rows == nil {
		rows = []row{}
	}
	b, _ := json.Marshal(rows) // of strings and nulls it never fails
	return string(b)
}

// attempt runs f under a savepoint, to which it goes back if f fails.
func attempt(ctx context.Context, tx pgx.Tx, f func() error) error {
	if _, err := tx.Exec(ctx, `SAVEPOINT attempt`); err != nil {
		return err
	}
	err := f()
	end := `RELEASE attempt`
	if err != nil {
		end = `ROLLBACK TO attempt; RELEASE attempt`
	}
	if _, err2 := tx.Conn().PgConn().Exec(ctx, end).ReadAll(); err2 != nil {
		return errors.Join(err, err2)
	}
	return err
}

// refusal is the server's error if it is about the statement, nil if the session, the machine or the caller's patience is at an end.
func refusal(err error) *pgconn.PgError {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || slices.Contains([]string{"08", "53", "57", "58"}, pg.Code[:2]) {
		return nil
	}
	return pg
}

// survey fills the pools of columns that checks look at alone, and learns which refuse NULL.
func (f *filler) survey(ctx context.Context, t *table) error {
	alone := make(map[*column][]string)
	var columns []*column
	for _, r := range t.rules {
		if len(r.columns) != 1 {
			continue
		}
		if c := r.columns[0]; alone[c] == nil {
			columns = append(columns, c)
		}
		alone[r.columns[0]] = append(alone[r.columns[0]], r.expression)
	}
	if len(columns) == 0 {
		return nil
	}
	for round := 0; round < poolRounds && len(columns) > 0; round++ {
		ok, err := f.surveyColumns(ctx, t, columns, alone, round)
		if err != nil {
			return err
		}
		for _, c := range columns {
			if ok || len(columns) == 1 {
				break
			}
			if _, err := f.surveyColumns(ctx, t, []*column{c}, alone, round); err != nil { // one of them stumbles
				return err
			}
		}
		columns = slices.DeleteFunc(columns, func(c *column) bool { return len(c.pool) > 0 })
	}
	return nil
}

// surveyColumns shows values to the checks of the columns. It is false if the server could not say.
func (f *filler) surveyColumns(ctx context.Context, t *table, columns []*column, checks map[*column][]string, round int) (bool, error) {
	m := f.maker(t)
	rows := make([]row, poolTries)
	for i := range rows {
		rows[i] = make(row, len(columns))
		for j, c := range columns {
			switch {
			case i == 0: // NULL
			case c.kind.root().category == "N" && i < poolTries/3:
				v := strconv.Itoa(i + round*poolTries/3)
				rows[i][j] = &v
			default:
				rows[i][j] = m.value(c.kind, c.mod, c.words, 0)
			}
		}
	}
	var (
		expressions []string
		operands    []operand
	)
	for _, c := range columns {
		expressions = append(expressions, "("+strings.Join(checks[c], ") IS NOT FALSE AND (")+") IS NOT FALSE")
		operands = append(operands, operand{c.name, c.kind})
	}
	verdicts, ok, err := judge(ctx, f.tx, expressions, operands, rows)
	if !ok {
		return false, err
	}
	for j, c := range columns {
		c.notNull = c.notNull || !verdicts[0][j]
		for i, r := range rows[1:] {
			if v := r[j]; v != nil && verdicts[i+1][j] && !slices.Contains(c.pool, *v) {
				c.pool = append(c.pool, *v)
				if slices.Contains(c.words, *v) {
					c.likely = append(c.likely, *v)
				}
			}
		}
	}
	return true, nil
}

// probe fills the pools of domains and of types that are not known here by showing values to the server.
func (f *filler) probe(ctx context.Context, k *kind) error {
	if k == nil || k.probed {
		return nil
	}
	k.probed = true
	for _, inner := range []*kind{k.element, k.base, k.subtype} {
		if err := f.probe(ctx, inner); err != nil {
			return err
		}
	}
	for _, part := range k.fields {
		if err := f.probe(ctx, part.kind); err != nil {
			return err
		}
	}
	if k.known() {
		return nil
	}
	var words []string
	for _, check := range k.checks {
		words = append(words, literals(check)...)
	}
	words = usable(k, words)
	m, found := f.newMaker("type "+k.sql), 0
	for range probeTries {
		v := m.candidate(k, words)
		if v == nil || slices.Contains(k.pool, *v) {
			continue
		}
		err := attempt(ctx, f.tx, func() error {
			_, err := f.tx.Exec(ctx, fmt.Sprintf(`SELECT $1::text::%s`, k.sql), *v)
			return err
		})
		switch {
		case err == nil:
			k.pool = append(k.pool, *v)
			if found++; found >= poolSize {
				return nil
			}
		case refusal(err) == nil:
			return err
		}
	}
	return nil
}

// candidate draws what may be a value of a domain or of a strange type.
func (m *maker) candidate(k *kind, words []string) *string {
	if k.base != nil {
		return m.value(k.base, k.mod, words, 0)
	}
	names := []string{"int4", "float8", "text", "point", "polygon", "uuid", "date", "inet", "json", "bit", "tsvector"}
	if m.chance(0.3) {
		v := m.pickOne([]string{"", "a", "a=>1", "top.child.leaf", "{}", "()", "1,2", "[1,2]", "POINT(1 2)", "1..2", "*"})
		return &v
	}
	v := makers[m.pickOne(names)](m, -1)
	return &v
}
