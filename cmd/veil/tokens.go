package main

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api/client"
)

func (a *app) tokensCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tokens", Short: "Issue, list and revoke the tokens of a service (operators)",
		Long: `A token says who asks: an operator, a tenant (who compares) or an auditor (who
reads what a tenant has). A service keeps a token's SHA-256 alone, so that it is
shown once.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, c := range []*cobra.Command{a.tokensIssueCommand(), a.tokensListCommand(), a.tokensRevokeCommand()} {
		bindRemote(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func (a *app) tokensIssueCommand() *cobra.Command {
	var f tokenFlags
	var role, tenant string
	cmd := &cobra.Command{
		Use: "issue --role ROLE", Short: "Issue a token",
		Example: `  veil tokens issue --role tenant --tenant riverside --out riverside.token --server http://127.0.0.1:8420 --token-file operator.token`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if role == "" {
				return usagef("--role says whose token it is: operator, tenant or auditor")
			}
			if (tenant == "") != (role == "operator") {
				return usagef("an operator's token has no tenant, and every other one has; give --tenant with its name or id")
			}
			return a.newToken(f, func(c *client.Client, until time.Time) (*client.Issued, error) {
				id, err := tenantOf(cmd.Context(), c, tenant)
				if err != nil {
					return nil, err
				}
				return c.IssueToken(cmd.Context(), uuid.New(), client.TokenRequest{Role: role, Tenant: id, Label: f.label, Expires: until})
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "operator, tenant or auditor")
	cmd.Flags().StringVar(&tenant, "tenant", "", "name or id of the tenant")
	f.bind(cmd)
	return cmd
}

func (a *app) tokensListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the tokens, newest first", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			now := time.Now()
			return printList(
				a.out, c.Tokens(cmd.Context()), asJSON,
				column[client.Token]{"ID", func(t client.Token) string { return t.ID.String() }},
				column[client.Token]{"ROLE", func(t client.Token) string { return t.Role }},
				column[client.Token]{"TENANT", func(t client.Token) string {
					if t.Tenant == nil {
						return "-"
					}
					return t.Tenant.String()
				}},
				column[client.Token]{"LABEL", func(t client.Token) string { return dash(t.Label) }},
				column[client.Token]{"STATE", func(t client.Token) string { return stateOf(t, now) }},
				column[client.Token]{"EXPIRES", func(t client.Token) string { return day(&t.ExpiresAt) }},
				column[client.Token]{"LAST USED", func(t client.Token) string { return day(t.UsedAt) }},
			)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one token a line")
	return cmd
}

// stateOf says whether a token can be used.
func stateOf(t client.Token, now time.Time) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case !now.Before(t.ExpiresAt):
		return "expired"
	default:
		return "valid"
	}
}

func (a *app) tokensRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a token at once", Args: one("id of a token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[0])
			if err != nil {
				return usagef("%q is no id of a token; veil tokens list shows them", args[0])
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			if _, err := c.RevokeToken(cmd.Context(), id); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "veil: the token %s is of no use any more\n", id)
			return nil
		},
	}
}
