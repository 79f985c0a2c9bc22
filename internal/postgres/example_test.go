package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/veilschema/veil/internal/postgres"
)

// A schema file is loaded into a scratch database and looked at through its owner's eyes.
func Example() {
	ctx := context.Background()
	server, err := postgres.Start(ctx, postgres.Options{})
	if err != nil {
		log.Fatal(err) // no PostgreSQL here: the sentence names the command that installs it
	}
	defer func() { _ = server.Close() }()

	scratch, err := server.Scratch(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = scratch.Close(ctx) }()

	report, err := scratch.LoadFile(ctx, "clinic.sql")
	var failed *postgres.LoadError
	if errors.As(err, &failed) {
		fmt.Printf("line %d, column %d: %v\n", failed.Line, failed.Column, failed)
		return
	}
	for _, skip := range report.Skipped {
		fmt.Printf("line %d was left out, because %s: %s\n", skip.Line, skip.Reason, skip.Statement)
	}
	session, err := scratch.Connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close(ctx)
}
