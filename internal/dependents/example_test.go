package dependents_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/dependents"
)

// A column gets another type although views and triggers use it, in one transaction.
func Example() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "dbname=clinic")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close(ctx)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = ''; LOCK TABLE public.visit"); err != nil {
			return err
		}
		set, err := dependents.Of(ctx, tx, []dependents.Target{{Schema: "public", Table: "visit", Column: "visit_id"}})
		if err != nil {
			return err
		}
		for _, b := range set.Blocked {
			return fmt.Errorf("%s cannot step aside: %s", b.What, b.Why)
		}
		statements := append(set.Drop, "ALTER TABLE public.visit ALTER visit_id TYPE bigint")
		statements = append(append(statements, set.Restore...), set.Refresh...)
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Print(err)
	}
}
