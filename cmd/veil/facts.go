package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/check"
)

func (a *app) factsCommand() *cobra.Command {
	var source sourceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "facts (--dsn DSN | --ddl FILE)",
		Short: "Print the facts a schema is made of",
		Long: `Facts prints a schema's canonical facts, one a line: kind, schema, table, name and
detail, separated by tabs. These are what a comparison encrypts; docs/facts.md
specifies them byte by byte. Nothing leaves this machine.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.facts(cmd.Context(), source, asJSON) },
	}
	source.bind(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with what was seen and is not judged")
	return cmd
}

func (a *app) facts(ctx context.Context, flags sourceFlags, asJSON bool) error {
	source, err := flags.source()
	if err != nil {
		return err
	}
	mapping, err := flags.mappings()
	if err != nil {
		return err
	}
	options, err := a.serverOptions(source)
	if err != nil {
		return err
	}
	server := &check.Server{Options: options}
	bar := newProgress(a.err, 1)
	bar.begin("reading the schema")
	reading, err := check.Read(ctx, server, source)
	bar.end()
	if closed := server.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	facts, coverage, err := reading.Database.Facts(mapping)
	if err != nil {
		return usageError{err}
	}
	if asJSON {
		return a.printFactsJSON(reading, facts, coverage)
	}
	return a.printFacts(facts)
}

// printFacts writes one fact a line. Tabs, line ends and backslashes within a
// field are escaped as in Go, so that a line is a fact and a tab a border.
func (a *app) printFacts(facts schema.Facts) error {
	w := bufio.NewWriter(a.out)
	escape := strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x1b", `\x1b`)
	for _, f := range facts {
		line := f.Kind.String()
		for _, field := range [...]string{f.Schema, f.Table, f.Name, f.Detail} {
			line += "\t" + escape.Replace(field)
		}
		fmt.Fprintln(w, line)
	}
	return w.Flush()
}

func (a *app) printFactsJSON(r *check.Reading, facts schema.Facts, coverage schema.Coverage) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		ServerVersion string          `json:"server_version"`
		Schemas       []string        `json:"schemas"`
		Facts         schema.Facts    `json:"facts"`
		Coverage      schema.Coverage `json:"coverage"`
	}{r.Database.ServerVersion, r.Database.Schemas, facts, coverage})
}
