package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/openings"
	"github.com/veilschema/veil/merkle"
)

func (a *app) proveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prove",
		Short: "Show one table or column of a schema that was committed to, or that there is none",
		Long: `Every submission carries a commitment to the schema. Prove writes a proof about one
table of it, which others verify with veil audit verify-proof and learn nothing else
from. Names are those of the template: what a mapping renamed has its new name.

What opens a commitment is kept, sealed, in the state folder, until it is forgotten.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.proveOne("table SCHEMA.TABLE", "Show all of a table", func(c *merkle.Committer, in *merkle.Commitments, names []string) (*merkle.Statement, error) {
			return c.ShowTable(in, tableName(names))
		}, 2),
		a.proveOne("no-table SCHEMA.TABLE", "Show that there is no table of a name", func(c *merkle.Committer, in *merkle.Commitments, names []string) (*merkle.Statement, error) {
			return c.ShowNoTable(in, tableName(names))
		}, 2),
		a.proveOne("column SCHEMA.TABLE.COLUMN", "Show one column of a table", func(c *merkle.Committer, in *merkle.Commitments, names []string) (*merkle.Statement, error) {
			return c.ShowColumn(in, tableName(names), names[2])
		}, 3),
		a.commitmentsCommand(), a.forgetCommand(),
	)
	return cmd
}

func tableName(names []string) merkle.TableName {
	return merkle.TableName{Schema: names[0], Table: names[1]}
}

// proveOne is a command that writes one proof.
func (a *app) proveOne(use, short string, state func(*merkle.Committer, *merkle.Commitments, []string) (*merkle.Statement, error), parts int) *cobra.Command {
	var commitment, out string
	what, form, _ := strings.Cut(use, " ")
	cmd := &cobra.Command{
		Use: use + " --out FILE", Short: short,
		Example: fmt.Sprintf("  veil prove %s %s --out patient.proof", what, map[int]string{2: "public.patient", 3: "public.patient.ssn"}[parts]),
		Args:    one(form),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := splitNames(args[0], parts, form)
			if err != nil {
				return err
			}
			if out == "" {
				return usagef("a proof is a file for somebody else; name it with --out")
			}
			return a.prove(cmd.Context(), commitment, out, func(c *merkle.Committer, in *merkle.Commitments) (*merkle.Statement, error) {
				return state(c, in, names)
			})
		},
	}
	cmd.Flags().StringVar(&commitment, "commitment", "", "which schema commitment (default: the newest; veil prove commitments lists them)")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}

func (a *app) prove(ctx context.Context, commitment, out string, state func(*merkle.Committer, *merkle.Commitments) (*merkle.Statement, error)) error {
	s, which, done, err := a.openings(ctx, commitment)
	if err != nil {
		return err
	}
	defer done()
	in, err := s.Load(which.Root)
	if err != nil {
		return err
	}
	statement, err := state(s.Committer(), in)
	if err != nil {
		return usageError{err} // what is asked for is not so, or cannot be shown any more
	}
	shown, err := s.Committer().Show(in, which.Comparison, statement)
	if err != nil {
		return err
	}
	if err := shown.Verify(which.Anchor); err != nil {
		return fmt.Errorf("the proof that was made does not hold: %w", err)
	}
	text, err := shown.Encode()
	if err != nil {
		return err
	}
	if err := writeFile(out, text); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "veil: wrote %s: %s, under the schema commitment %s\n", out, report.Visible(statement.String()), hex.EncodeToString(which.Anchor[:]))
	return nil
}

// openings opens the tenant's store, and says which commitment is meant: the one that is named, or the newest.
func (a *app) openings(ctx context.Context, commitment string) (s *openings.Store, which openings.Info, done func(), err error) {
	s, done, err = a.openingsStore(ctx)
	if err != nil {
		return nil, which, nil, err
	}
	var anchor merkle.Hash
	switch {
	case commitment == "":
		which, err = newest(s)
	case anchor.UnmarshalText([]byte(commitment)) != nil:
		err = usagef("--commitment is 64 hexadecimal digits in lower case")
	default:
		if which, err = s.Find(anchor); errors.Is(err, openings.ErrNone) {
			err = usagef("%w; veil prove commitments lists what there is", err)
		}
	}
	if err != nil {
		done()
		return nil, which, nil, err
	}
	return s, which, done, nil
}

func (a *app) openingsStore(ctx context.Context) (s *openings.Store, done func(), err error) {
	root, err := keyfile.OpenRoot(ctx, a.config.Tenant.Key, &keyfile.Sources{})
	if err != nil {
		return nil, nil, keyProblem(err)
	}
	if s, err = openings.Open(a.config.Tenant.State, root); err != nil {
		root.Wipe()
		return nil, nil, err
	}
	return s, root.Wipe, nil
}

func newest(s *openings.Store) (which openings.Info, err error) {
	list, err := s.List()
	if err == nil && len(list) == 0 {
		err = usagef("no schema was committed to from this state folder; check one against a service first")
	}
	if err != nil {
		return which, err
	}
	return list[0], nil
}

func (a *app) commitmentsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "commitments", Short: "List the schemas that were committed to, and how much of each can still be shown", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := a.openingsStore(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			list, err := s.List()
			if err != nil {
				return err
			}
			return printList(
				a.out, each(list), asJSON,
				column[openings.Info]{"COMMITMENT", func(i openings.Info) string { return hex.EncodeToString(i.Anchor[:]) }},
				column[openings.Info]{"SINCE", func(i openings.Info) string { return i.At.Format(time.DateTime) }},
				column[openings.Info]{"OPENINGS", func(i openings.Info) string { return strconv.Itoa(i.Openings) }},
			)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one commitment a line")
	return cmd
}

// each gives the items of a list one by one, none of which fails.
func each[T any](items []T) func(func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for _, i := range items {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (a *app) forgetCommand() *cobra.Command {
	var commitment string
	var all bool
	cmd := &cobra.Command{
		Use: "forget (SCHEMA.TABLE | --all) --commitment HEX", Short: "Delete what opens a table of a commitment, or all of it",
		Long: `Forget deletes what shows a table under a commitment, so that nobody can be made to
show it: neither this machine nor whoever takes it. Copies in backups are beyond it.
Commitments to the same state of the schema in other comparisons are forgotten with it.
That there is a table of the name cannot be denied either way.`,
		Example: `  veil prove forget public.patient --commitment 5a3e...`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if commitment == "" || all == (len(args) == 1) || len(args) > 1 {
				return usagef("name the commitment with --commitment, and one table of it or --all; see %s --help", cmd.CommandPath())
			}
			s, which, done, err := a.openings(cmd.Context(), commitment)
			if err != nil {
				return err
			}
			defer done()
			if all {
				err = s.ForgetAll(which.Root)
			} else {
				var names []string
				if names, err = splitNames(args[0], 2, "SCHEMA.TABLE"); err == nil {
					err = s.Forget(which.Root, tableName(names))
				}
			}
			if errors.Is(err, openings.ErrNone) {
				return usageError{err}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&commitment, "commitment", "", "the schema commitment")
	cmd.Flags().BoolVar(&all, "all", false, "delete all that opens it")
	return cmd
}

// splitNames reads names with points between, in double quotes where they have points themselves.
func splitNames(text string, parts int, form string) ([]string, error) {
	var out []string
	for rest := text; ; {
		var name string
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for end < len(rest) && (rest[end] != '"' || end+1 < len(rest) && rest[end+1] == '"') {
				if rest[end] == '"' {
					end++
				}
				end++
			}
			if end >= len(rest) {
				return nil, usagef("%q has a quote that does not end; write %s", text, form)
			}
			name, rest = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
		} else if at := strings.IndexByte(rest, '.'); at >= 0 {
			name, rest = rest[:at], rest[at:]
		} else {
			name, rest = rest, ""
		}
		out = append(out, name)
		if rest == "" {
			break
		}
		if rest[0] != '.' {
			return nil, usagef("%q is not of the form %s", text, form)
		}
		rest = rest[1:]
	}
	if len(out) != parts {
		return nil, usagef("%q is not of the form %s", text, form)
	}
	return out, nil
}
