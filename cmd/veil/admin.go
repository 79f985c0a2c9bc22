package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/internal/daemon"
	"github.com/veilschema/veil/internal/postgres"
)

func (a *app) adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "admin", Short: "Look after a service's database (on the service's machine)",
		Long: `Admin works on the database that veil serve has: the one that is configured
(serve.database, serve.owner), or the private PostgreSQL in the data folder,
whether the service runs or not. See docs/operations.md.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, c := range []*cobra.Command{a.adminMigrateCommand(), a.adminRebuildCommand(), a.adminGCCommand(), a.adminDoctorCommand(), a.adminDumpCommand(), a.adminLogCommand()} {
		for _, s := range serveSettings {
			if s.key == "serve.data" || s.key == "serve.key" {
				c.Flags().String(s.flag, "", s.usage)
			}
		}
		cmd.AddCommand(c)
	}
	return cmd
}

// maintain opens the service's database.
func (a *app) maintain(ctx context.Context, migrate bool, f func(context.Context, *daemon.Maintenance) error) error {
	c := a.config.Serve
	log, err := a.logger(c.LogLevel)
	if err != nil {
		return err
	}
	root, err := a.serviceRoot(ctx, daemon.RoleWorker, log) // a worker makes no key
	if err != nil {
		if isA[usageError](err) {
			return usagef("there is no service in %s: its root key is missing; name its folder with --data, or the key with --root-key", c.Data)
		}
		return keyProblem(err)
	}
	defer root.Wipe()
	err = daemon.Maintain(ctx, daemon.Config{
		Root: root, AppDSN: c.Database, OwnerDSN: c.Owner, Version: version(), Log: log,
		Instance: postgres.InstanceOptions{Dir: filepath.Join(c.Data, "postgres"), User: a.config.Postgres.User, Log: log},
	}, migrate, f)
	if isA[*daemon.Misconfigured](err) {
		return usageError{err}
	}
	return err
}

func (a *app) adminMigrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the schema of the service's database up to date",
		Long: `Migrate brings the schema up to date as its owner, before newer programs start.
veil serve does so itself where it has the owner's connection (serve.owner).`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.maintain(cmd.Context(), true, func(context.Context, *daemon.Maintenance) error {
				fmt.Fprintln(a.out, "the schema is up to date")
				return nil
			})
		},
	}
}

func (a *app) adminRebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rebuild", Short: "Make the read models anew from all events",
		Long: `Rebuild makes every table that follows from the log anew, in one transaction, and
says whether anything was different from what the log says. Stop the service first:
its requests would wait.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.maintain(cmd.Context(), false, func(ctx context.Context, m *daemon.Maintenance) error {
				before, err := m.Service.Snapshot(ctx)
				if err != nil {
					return err
				}
				events, err := m.Service.Rebuild(ctx)
				if err != nil {
					return err
				}
				after, err := m.Service.Snapshot(ctx)
				if err != nil {
					return err
				}
				same := "they were equal to the byte"
				if string(before) != string(after) {
					same = "they were different before"
					if m.Running {
						same += ", or the service wrote meanwhile"
					}
				}
				fmt.Fprintf(a.out, "%d events, %d bytes of read models; %s\n", events, len(after), same)
				return nil
			})
		},
	}
}

func (a *app) adminGCCommand() *cobra.Command {
	var older, uploads string
	cmd := &cobra.Command{
		Use: "gc", Short: "Delete the messages of old comparisons, and what nobody holds",
		Long: `Gc deletes messages and reports of comparisons in which nothing happened for a
time, parts of submissions that never came whole, and blobs that nothing refers to.
That a comparison took place, and what came of it, stays in the log. It may run
while the service does.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keep, err := parseSpan("--older-than", older)
			if err != nil {
				return err
			}
			parts, err := parseSpan("--uploads", uploads)
			if err != nil {
				return err
			}
			return a.maintain(cmd.Context(), false, func(ctx context.Context, m *daemon.Maintenance) error { return a.gc(ctx, m, keep, parts) })
		},
	}
	cmd.Flags().StringVar(&older, "older-than", "90d", "how long a comparison stays after its last step: days (90d) or hours (12h)")
	cmd.Flags().StringVar(&uploads, "uploads", "1d", "how long parts of a submission wait for the rest")
	return cmd
}

func (a *app) adminLogCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "log --out FILE", Short: "Write the whole log into a bundle",
		Long: `Log writes all entries of the log up to its last checkpoint, its checkpoints and their
cosignatures into one file, which veil audit verify takes. It is for whoever operates
the service: entries name tenants.`,
		Example: `  veil admin log --out log.veil`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("a bundle is not for a terminal; name its file with --out")
			}
			return a.maintain(cmd.Context(), false, func(ctx context.Context, m *daemon.Maintenance) error {
				file, err := m.Service.LogBundle(ctx)
				if err != nil {
					return err
				}
				return writeFile(out, file)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}

// blobRest is how long a blob that nothing refers to is left alone: its transaction may not have ended.
const blobRest = time.Hour

func (a *app) gc(ctx context.Context, m *daemon.Maintenance, keep, parts time.Duration) error {
	now := time.Now()
	expired, err := m.Service.Expire(ctx, now.Add(-keep))
	if err != nil {
		return err
	}
	dropped, err := m.Service.DropUploads(ctx, now.Add(-parts))
	if err != nil {
		return err
	}
	blobs, err := m.Service.CollectBlobs(ctx, now.Add(-blobRest))
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d comparisons, %d parts of uploads, %d blobs with %d bytes\n", expired, dropped, blobs.Blobs, blobs.Bytes)
	return nil
}

func (a *app) adminDumpCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "dump --out FILE", Short: "Write the service's database as SQL, for a backup or to look into it",
		Long: `Dump writes what pg_dump does, consistent although the service runs. The root key
is not in it: back that file up, with what opens it, in another place.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("a dump is a file; name it with --out")
			}
			return a.maintain(cmd.Context(), false, func(ctx context.Context, m *daemon.Maintenance) error { return a.dump(ctx, m, out) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "new file to write it to")
	return cmd
}

func (a *app) dump(ctx context.Context, m *daemon.Maintenance, out string) error {
	if m.AdminDSN == "" {
		return usagef("the application role does not see every row; name the owner of the schema with serve.owner (VEIL_SERVE_OWNER)")
	}
	programs, err := postgres.Find(a.config.Postgres.Bin)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the file for the dump was not made: %w", err)
	}
	err = programs.Dump(ctx, m.AdminDSN, file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(out))
	}
	fmt.Fprintf(a.err, "veil: the dump is in %s\n", out)
	return nil
}
