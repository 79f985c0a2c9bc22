package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare/report"
)

func (a *app) comparisonsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "comparisons", Short: "List, show and delete the comparisons of a service",
		Long: `A comparison is one check against a service's template. A tenant sees its own;
veil check goes on with one that was interrupted.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, c := range []*cobra.Command{a.comparisonsListCommand(), a.comparisonsShowCommand(), a.comparisonsDeleteCommand(), a.comparisonsEvidenceCommand()} {
		bindRemote(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func (a *app) comparisonsListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the comparisons, newest first", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			return printList(
				a.out, c.Comparisons(cmd.Context()), asJSON,
				column[client.Comparison]{"ID", func(c client.Comparison) string { return c.ID.String() }},
				column[client.Comparison]{"TEMPLATE", templateOf},
				column[client.Comparison]{"STATE", func(c client.Comparison) string { return c.State }},
				column[client.Comparison]{"VERDICT", func(c client.Comparison) string { return dash(c.Conformance) }},
				column[client.Comparison]{"OPENED", func(c client.Comparison) string { return day(&c.OpenedAt) }},
			)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one comparison a line")
	return cmd
}

func templateOf(c client.Comparison) string { return c.Slug + "@" + c.Version }

// withComparison connects and reads a comparison's id, which is the first argument.
func (a *app) withComparison(text string) (*client.Client, uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return nil, id, usagef("%q is no id of a comparison; veil comparisons list shows them", text)
	}
	c, err := a.connect()
	return c, id, err
}

func (a *app) comparisonsShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show where a comparison is", Args: one("id of a comparison"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.withComparison(args[0])
			if err != nil {
				return err
			}
			is, err := c.Comparison(cmd.Context(), id)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.out).Encode(is)
			}
			a.printComparison(*is)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printComparison(c client.Comparison) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(a.out, "%-12s%s\n", name, report.Visible(value))
		}
	}
	row("comparison", c.ID.String())
	row("template", templateOf(c))
	row("digest", c.Template)
	row("state", c.State)
	row("reason", c.Reason)
	row("accused", c.Accused)
	row("verdict", c.Conformance)
	if c.Conformance != "" {
		row("facts", fmt.Sprintf("%d present, %d absent, %d undisclosed", c.Present, c.Absent, c.Undisclosed))
	}
	row("parameters", fmt.Sprintf("%s, %d columns, bucket %d", c.ParameterSet, c.Columns, c.Bucket))
	row("tenant key", c.TenantKey)
	row("opened", day(&c.OpenedAt))
	row("changed", day(&c.ChangedAt))
}

func (a *app) comparisonsDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Delete what the service keeps of a comparison",
		Long: `Delete has the service forget a comparison's messages and report. That it took
place, and what came of it, stays in the service's log.`,
		Args: one("id of a comparison"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := a.withComparison(args[0])
			if err != nil {
				return err
			}
			if _, err := c.DeleteComparison(cmd.Context(), id); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "veil: the service keeps no message of the comparison %s any more\n", id)
			return nil
		},
	}
}

func (a *app) comparisonsEvidenceCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "evidence ID --out FILE", Short: "Fetch the evidence of misconduct in a comparison",
		Long: `Evidence fetches what proves that a side broke the protocol. veil audit evidence
checks it without the service.`,
		Args: one("id of a comparison"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usagef("the evidence is a file for veil audit evidence; name it with --out")
			}
			c, id, err := a.withComparison(args[0])
			if err != nil {
				return err
			}
			evidence, err := c.Evidence(cmd.Context(), id)
			if err != nil {
				return err
			}
			return writeFile(out, evidence)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write it to")
	return cmd
}

func (a *app) reportGetCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use: "get ID", Short: "Fetch the report that a service made of a comparison",
		Long: `Get fetches the report of a finished comparison as the service made it of the
verdicts that the tenant disclosed. The tenant's own report, which veil check
writes, was verified; this one shows what the service knows.`,
		Example: `  veil report get 0190b1c2-0000-7000-8000-000000000000 --server https://veil.example.org --token-file tenant.token`,
		Args:    one("id of a comparison"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reportGet(cmd.Context(), args[0], format, out)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, json, html or sarif")
	cmd.Flags().StringVar(&out, "out", "", "write to this file and not to the standard output")
	bindRemote(cmd)
	return cmd
}

func (a *app) reportGet(ctx context.Context, text, format, out string) error {
	if err := formOfReport(format); err != nil {
		return err
	}
	c, id, err := a.withComparison(text)
	if err != nil {
		return err
	}
	data, err := c.Report(ctx, id)
	if err != nil {
		return err
	}
	r, err := report.Parse(data)
	if err != nil {
		return &client.Unreachable{Server: c.Server(), Cause: fmt.Errorf("its report of %s cannot be read: %w", id, err)}
	}
	return a.giveReport(r, format, out)
}
