// Command veil tells a tenant how its database schema stands to a template,
// without showing the schema.
//
//	veil check       compares two schemas under encryption and reports
//	veil provision   brings a database to a template, and back
//	veil facts       prints what a schema is made of
//	veil keys        makes and shows keys
//	veil serve       runs the service that tenants compare with
//	veil witness     cosigns the log of a service
//	veil audit       verifies bundles, proofs and evidence offline
//	veil prove       shows one table of a schema that was committed to
//	veil report      shows and compares reports
//	veil demo        runs the whole on an example
//
// stdout is data, stderr is prose. Exit codes: see exit.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line and returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program where it stands
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	root := a.command()
	root.SetArgs(args)
	return a.finish(ctx, root.ExecuteContext(ctx))
}
