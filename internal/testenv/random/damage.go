package random

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Change is one way in which a tenant differs from the template.
type Change struct {
	What string   // a few words
	SQL  []string // the statements, in order; they were executed in one transaction
	// Own says that the change adds something of the tenant's own, which must survive, and takes nothing away. Otherwise it is damage: at
	// least one fact about the database is lost.
	Own bool
}

// String is the change on one line.
func (c Change) String() string {
	mark := "damage"
	if c.Own {
		mark = "own"
	}
	return fmt.Sprintf("%s: %s: %s", mark, c.What, strings.Join(c.SQL, "; "))
}

// Kinds lists what a [Change] may say in What.
func Kinds() []string {
	var list []string
	for _, kind := range slices.Concat(damages, additions) {
		list = append(list, kind.what)
	}
	return list
}

// Damage makes the database's schema public deviate from what it is: one to eight kinds of damage, and up to four things of the tenant's own
// behind them. It returns what it did, in order; fewer changes, if nothing is left to do. conn must not be in a transaction. An error means
// that the session is at an end, or that ctx is.
func Damage(ctx context.Context, conn *pgx.Conn, seed uint64) ([]Change, error) {
	rng := rand.New(rand.NewPCG(seed, 0xdead)) //nolint:gosec // the same seed does the same damage
	d := &damager{conn: conn, generator: generator{rng: rng}}
	err := d.several(ctx, 1+rng.IntN(maxDamages), damages)
	if err == nil {
		err = d.several(ctx, rng.IntN(maxOwn+1), additions)
	}
	if err != nil {
		return nil, fmt.Errorf("the database %q could not be damaged: %w", conn.Config().Database, err)
	}
	return d.done, nil
}

// damager is one run.
type damager struct {
	generator
	conn  *pgx.Conn
	count int // of names handed out
	done  []Change
}

// deviation is a kind of change.
type deviation struct {
	what string
	own  bool
	// sql is a query for the changes of this kind that the database allows, each an array of statements. It may use the tables of
	// the prelude. In the statements {name} stands for a new name, {text} for a quoted one.
	sql string
}

// several does n changes of kinds from the list.
func (d *damager) several(ctx context.Context, n int, list []deviation) error {
	for range pickTries {
		if n == 0 {
			return nil
		}
		done, err := d.one(ctx, pick(&d.generator, list))
		if err != nil {
			return err
		}
		if done {
			n--
		}
	}
	return nil
}

// one does a change of the kind, if the database has something for it and PostgreSQL agrees.
func (d *damager) one(ctx context.Context, kind deviation) (bool, error) {
	rows, err := d.conn.Query(ctx, prelude+"SELECT DISTINCT ARRAY["+kind.sql, pgx.QueryExecModeExec)
	if err != nil {
		return false, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return false, fmt.Errorf("%s: %w", kind.what, err)
	}
	slices.SortFunc(list, slices.Compare) // every server sorts in its own way
	for _, statements := range some(&d.generator, list, sqlTries) {
		d.count++
		for i := range statements {
			statements[i] = d.fillIn(statements[i])
		}
		err := d.execute(ctx, statements)
		var refused *pgconn.PgError
		switch {
		case err == nil:
			d.done = append(d.done, Change{What: kind.what, SQL: statements, Own: kind.own})
			return true, nil
		case !errors.As(err, &refused) || ctx.Err() != nil:
			return false, err
		}
	}
	return false, nil
}

// fillIn puts a name of the tenant's own into the statement, the same wherever one change asks for it.
func (d *damager) fillIn(sql string) string {
	name := fmt.Sprintf("own_%d", d.count)
	if d.count%5 == 0 {
		name = fmt.Sprintf(`Own "%d" größe`, d.count)
	}
	return strings.NewReplacer("{name}", quote(name), "{text}", literal("it's the tenant's: "+name)).Replace(sql)
}

func (d *damager) execute(ctx context.Context, statements []string) error {
	return pgx.BeginFunc(ctx, d.conn, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
				return err
			}
		}
		return nil
	})
}
