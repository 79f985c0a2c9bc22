package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/exchange"
)

func (a *app) templateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "template", Short: "Publish, list and show the templates of a service",
		Long: `A template is what schemas are compared with: the facts of its DDL, and a policy.
Its version never changes; whoever has its digest knows what it says.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, c := range []*cobra.Command{a.templatePublishCommand(), a.templateListCommand(), a.templateShowCommand(), a.templateVerifyCommand()} {
		bindRemote(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func (a *app) templatePublishCommand() *cobra.Command {
	var ddl, policies []string
	var title string
	cmd := &cobra.Command{
		Use: "publish SLUG@VERSION --ddl FILE", Short: "Publish a version of a template, which never changes afterwards (operators)",
		Long: `Publish sends DDL and a policy to the service, which runs the DDL in a scratch
database and keeps the facts under a digest. Sent again, the same is answered in
the same way; another content under a version that is there is refused.`,
		Example: `  veil template publish omop@5.4 --ddl omop.sql --policy omop.yaml --title "OMOP CDM 5.4" --server http://127.0.0.1:8420 --token-file operator.token`,
		Args:    one("SLUG@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := draft(args[0], title, ddl, policies)
			if err != nil {
				return err
			}
			return a.publish(cmd.Context(), d)
		},
	}
	cmd.Flags().StringSliceVar(&ddl, "ddl", nil, "DDL file; several are loaded in order")
	cmd.Flags().StringSliceVar(&policies, "policy", nil, "policy file of the template")
	cmd.Flags().StringVar(&title, "title", "", "what people call it")
	return cmd
}

// draft reads what a template is published from.
func draft(reference, title string, ddl, paths []string) (d client.Draft, err error) {
	if d.Slug, d.Version, err = splitReference(reference); err != nil {
		return d, err
	}
	if len(ddl) == 0 {
		return d, usagef("a template is made of DDL; give its files with --ddl")
	}
	d.Title = title
	for _, path := range ddl {
		text, err := readInput("DDL file", path)
		if err != nil {
			return d, err
		}
		d.Files = append(d.Files, client.File{Name: filepath.Base(path), Text: text})
	}
	read, err := readPolicies(paths)
	if err != nil {
		return d, err
	}
	if read.tenant != nil {
		return d, usagef("what a tenant withholds is no part of a template; leave withhold and follow_up out of its policy")
	}
	if read.template != nil {
		d.Policy, err = readInput("policy file", read.path)
	}
	return d, err
}

func splitReference(reference string) (slug, ver string, err error) {
	slug, ver, ok := strings.Cut(reference, "@")
	if !ok || slug == "" || ver == "" {
		return "", "", usagef("%q is no template of a service; give SLUG@VERSION, such as omop@5.4", reference)
	}
	return slug, ver, nil
}

func (a *app) publish(ctx context.Context, d client.Draft) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	t, err := c.PublishTemplate(ctx, uuid.NewSHA1(uuid.Nil, sum[:]), d) // the same content is the same request
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, report.Visible(t.Digest))
	fmt.Fprintf(a.err, "veil: published %s@%s with %d facts; its digest is on standard output, tell it to the tenants\n", report.Visible(t.Slug), report.Visible(t.Version), t.Facts)
	return nil
}

func (a *app) templateListCommand() *cobra.Command {
	var asJSON bool
	var search string
	cmd := &cobra.Command{
		Use: "list", Short: "List the templates", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			return printList(
				a.out, c.Templates(cmd.Context(), search), asJSON,
				column[client.Template]{"TEMPLATE", func(t client.Template) string { return t.Slug + "@" + t.Version }},
				column[client.Template]{"TITLE", func(t client.Template) string { return dash(t.Title) }},
				column[client.Template]{"FACTS", func(t client.Template) string { return strconv.Itoa(t.Facts) }},
				column[client.Template]{"PUBLISHED", func(t client.Template) string { return day(&t.PublishedAt) }},
				column[client.Template]{"DIGEST", func(t client.Template) string { return t.Digest }},
			)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one template a line")
	cmd.Flags().StringVar(&search, "search", "", "only those with this in their name or title")
	return cmd
}

func (a *app) templateShowCommand() *cobra.Command {
	var out string
	var withFacts bool
	cmd := &cobra.Command{
		Use: "show SLUG@VERSION", Short: "Fetch a template, hold it against its digest and show it",
		Long: `Show fetches a template as the service publishes it and holds it against the
digest that the service names. --facts prints every fact that a comparison asks
for; --out writes the template itself.`,
		Args: one("SLUG@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.showTemplate(cmd.Context(), args[0], out, withFacts)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write the template to, in the form that its digest is of")
	cmd.Flags().BoolVar(&withFacts, "facts", false, "print its facts, one a line")
	return cmd
}

func (a *app) templateVerifyCommand() *cobra.Command {
	var digest string
	cmd := &cobra.Command{
		Use: "verify SLUG@VERSION", Short: "Fetch a template and compute its digest and its Merkle root again",
		Long: `Verify fetches a template, computes the Merkle root of its tables and the digest of
all of it again, and holds them against what the service publishes and against
--digest. The root is what shows, table by table, that a database has the
template's tables.`,
		Example: `  veil template verify omop@5.4 --digest 5a3e...`,
		Args:    one("SLUG@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.verifyTemplate(cmd.Context(), args[0], digest)
		},
	}
	cmd.Flags().StringVar(&digest, "digest", "", "the digest that it has to have (default: the one that the service names)")
	return cmd
}

func (a *app) verifyTemplate(ctx context.Context, reference, digest string) error {
	slug, ver, err := splitReference(reference)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	if digest == "" {
		about, err := c.Template(ctx, slug, ver)
		if err != nil {
			return err
		}
		digest = about.Digest
	}
	_, t, err := fetchTemplate(ctx, c, reference, digest)
	if err != nil {
		return err
	}
	in, err := t.Commitments()
	if err != nil {
		return err
	}
	is := t.Digest()
	_, err = fmt.Fprintf(a.out, "VERIFIED: %s@%s\n\ndigest  %x\nroot    %x, over %s with %d facts\n", report.Visible(t.Slug), report.Visible(t.Version), is, t.MerkleRoot, counted(in.Tree.Len(), "table"), len(t.Own()))
	return err
}

func (a *app) showTemplate(ctx context.Context, reference, out string, withFacts bool) error {
	slug, ver, err := splitReference(reference)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	about, err := c.Template(ctx, slug, ver)
	if err != nil {
		return err
	}
	encoded, t, err := fetchTemplate(ctx, c, reference, about.Digest)
	if err != nil {
		return err
	}
	if out != "" {
		if err := writeFile(out, encoded); err != nil {
			return err
		}
	}
	if withFacts {
		for _, f := range t.Facts() {
			fmt.Fprintln(a.out, report.Visible(f.String()))
		}
		return nil
	}
	fmt.Fprintf(a.out, "template   %s@%s\ntitle      %s\nfacts      %d\npublished  %s\ndigest     %s\nroot       %x\n",
		report.Visible(about.Slug), report.Visible(about.Version), report.Visible(dash(about.Title)), len(t.Facts()), day(&about.PublishedAt), report.Visible(about.Digest), t.MerkleRoot)
	return nil
}

// fetchTemplate fetches a template and holds it against a digest (64 hexadecimal digits).
func fetchTemplate(ctx context.Context, c *client.Client, reference, digest string) ([]byte, *template.Template, error) {
	slug, ver, err := splitReference(reference)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := c.EncodedTemplate(ctx, slug, ver)
	if err != nil {
		return nil, nil, err
	}
	t, err := template.Parse(encoded)
	if err == nil {
		if is := t.Digest(); hex.EncodeToString(is[:]) != strings.ToLower(digest) {
			err = fmt.Errorf("its digest is %x and not %s; do not go on before you know why", is, report.Visible(digest))
		}
	}
	if err == nil {
		err = t.CheckRoot()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the template %s of the service: %w", reference, &exchange.Untrusted{Message: compare.TypeOffer, Cause: err})
	}
	return encoded, t, nil
}
