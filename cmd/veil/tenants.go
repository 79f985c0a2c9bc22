package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare/report"
)

func (a *app) tenantsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tenants", Short: "Make and list the tenants of a service (operators)",
		Long: `A tenant is who compares: an id and a name, to which tokens and comparisons
belong. Tenants see nothing of each other.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	create := &cobra.Command{
		Use: "create NAME", Short: "Make a tenant and print its id",
		Example: `  veil tenants create riverside --server http://127.0.0.1:8420 --token-file operator.token`,
		Args:    one("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			tenant, err := c.CreateTenant(cmd.Context(), uuid.New(), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, tenant.ID)
			fmt.Fprintf(a.err, "veil: made the tenant %s; veil tokens issue --role tenant --tenant %s gives it a token\n", report.Visible(tenant.Name), report.Visible(tenant.Name))
			return nil
		},
	}
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the tenants", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			return printList(
				a.out, c.Tenants(cmd.Context()), asJSON,
				column[client.Tenant]{"ID", func(t client.Tenant) string { return t.ID.String() }},
				column[client.Tenant]{"NAME", func(t client.Tenant) string { return t.Name }},
				column[client.Tenant]{"MADE", func(t client.Tenant) string { return day(&t.CreatedAt) }},
			)
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON, one tenant a line")
	for _, c := range []*cobra.Command{create, list} {
		bindRemote(c)
		cmd.AddCommand(c)
	}
	return cmd
}

// one wants exactly one argument.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s takes one %s, and %d are given; see %s --help", cmd.CommandPath(), what, len(args), cmd.CommandPath())
		}
		return nil
	}
}

// tenantOf returns the id of a tenant that is named by its id or its name.
func tenantOf(ctx context.Context, c *client.Client, name string) (uuid.UUID, error) {
	if id, err := uuid.Parse(name); err == nil || name == "" {
		return id, nil
	}
	for t, err := range c.Tenants(ctx) {
		if err != nil {
			return uuid.Nil, err
		}
		if t.Name == name {
			return t.ID, nil
		}
	}
	return uuid.Nil, usagef("there is no tenant %q; veil tenants list shows those there are", name)
}
