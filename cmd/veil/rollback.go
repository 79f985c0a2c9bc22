package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
)

func (a *app) rollbackCommand() *cobra.Command {
	var dsn string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rollback [RUN] --dsn DSN",
		Short: "Bring a database back to what it was before a run, exactly or not at all",
		Long: `Rollback takes a run of veil provision back: the latest completed one of that
database, or the one that is named. It commits only if structure and rows are then
what they were before the run, to the byte of its journal.

It is refused, and changes nothing, where that is not possible: after a step that
nothing undoes, such as a removed column, and where structure or rows have changed
since. Exit code 3: refused.`,
		Example: `  veil provision rollback --dsn postgres://app@db/prod`,
		Args:    atMostOneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			run := ""
			if len(args) == 1 {
				run = args[0]
			}
			return a.rollback(cmd.Context(), dsn, run, asJSON)
		},
	}
	bindDSN(cmd.Flags(), &dsn)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func atMostOneRun(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one run, and %d are given; see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())
	}
	return nil
}

// rolledBack is how a rollback ended, as JSON.
type rolledBack struct {
	Run    string `json:"run"`
	Result string `json:"result"` // "rolled_back" or "refused"
	Cause  string `json:"cause,omitempty"`
}

func (a *app) rollback(ctx context.Context, dsn, run string, asJSON bool) error {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if run == "" {
		if run, err = executor.Latest(ctx, conn, a.config.Tenant.State); err != nil {
			return err
		}
		if run == "" {
			return usagef("there is no completed run on this database in %s; veil provision runs lists what there is", a.config.Tenant.State)
		}
	}
	bar := newProgress(a.err, provisionSteps)
	err = executor.Rollback(ctx, conn, run, executor.Options{State: a.config.Tenant.State, Progress: bar.begin})
	bar.end()
	end := rolledBack{Run: run, Result: "rolled_back"}
	if no, refused := errors.AsType[*executor.NoRollbackError](err); refused {
		end.Result, end.Cause = "refused", no.Why
	}
	if asJSON && (err == nil || end.Cause != "") {
		err = errors.Join(err, json.NewEncoder(a.out).Encode(end))
	} else if err == nil {
		_, err = fmt.Fprintf(a.out, "The run %s is taken back: structure and rows are what they were before it.\n", run)
	}
	return err
}

// connect opens a session of the database that must be named.
func connect(ctx context.Context, dsn string) (*pgx.Conn, error) {
	if dsn == "" {
		return nil, usagef("there is no database; give its connection string with --dsn")
	}
	return check.Connect(ctx, dsn)
}

func (a *app) runsCommand() *cobra.Command {
	var dsn string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "runs --dsn DSN",
		Short: "List the runs on a database, the oldest first",
		Long: `Runs lists what the journals in the state folder say of a database: each run's id,
when it began and ended, and its status. Completed and rolled_back say what was
done; compensated: it failed and changed nothing; prepared, applying and
rolling_back: it is under way, or its process ended without a word, which the next
veil provision or rollback settles with the server.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runs(cmd.Context(), dsn, asJSON) },
	}
	bindDSN(cmd.Flags(), &dsn)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// recorded is a run as the list of runs has it.
type recorded struct {
	ID      string         `json:"id"`
	Status  memento.Status `json:"status"`
	Started time.Time      `json:"started"`
	Ended   *time.Time     `json:"ended,omitempty"`
	Steps   int            `json:"steps"` // that changed something
	Journal string         `json:"journal"`
}

func (a *app) runs(ctx context.Context, dsn string, asJSON bool) error {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	server, err := memento.Identify(ctx, conn)
	if err != nil {
		return err
	}
	all, damaged := memento.List(a.config.Tenant.State) // some may be readable where others are not
	list := []recorded{}
	for _, r := range all {
		if r.Server != server {
			continue
		}
		next := recorded{ID: r.ID, Status: r.Status, Started: r.Started, Steps: len(r.Undo), Journal: filepath.Join(a.config.Tenant.State, "provision", r.ID)}
		if !r.Ended.IsZero() {
			next.Ended = &r.Ended
		}
		list = append(list, next)
	}
	return errors.Join(a.printRuns(list, asJSON), damaged)
}

func (a *app) printRuns(list []recorded, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.err, "veil: there is no run on this database in the state folder")
		return nil
	}
	for _, r := range list {
		ended := "-"
		if r.Ended != nil {
			ended = r.Ended.Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(a.out, "%-30s  %-12s  %s  %s\n", r.ID, r.Status, r.Started.Format(time.RFC3339), ended); err != nil {
			return err
		}
	}
	return nil
}
