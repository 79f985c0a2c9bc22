package memento_test

import (
	"context"
	"log"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
)

// Before a column is dropped, what it takes to bring it back is kept. Afterwards, or after a crash, it comes back.
func Example() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "dbname=clinic")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close(ctx)

	journal, err := memento.Create("/var/lib/veil", time.Now())
	if err != nil {
		log.Fatal(err)
	}
	visit := memento.Table{Schema: "public", Name: "visit", Columns: []memento.Column{{Name: "id"}, {Name: "note"}}}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		file, err := journal.CreateFile("visit.rows")
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // Commit says whether it is whole
		if _, err := memento.Backup(ctx, tx, visit, file); err != nil {
			return err
		}
		if err := file.Commit(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `ALTER TABLE public.visit DROP note`)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}

	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `ALTER TABLE public.visit ADD note text`); err != nil {
			return err
		}
		file, err := journal.OpenFile("visit.rows")
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only read
		_, err = memento.Restore(ctx, tx, visit, []string{"note"}, []string{"id"}, file)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}
