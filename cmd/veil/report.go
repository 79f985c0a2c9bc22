package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/internal/check"
)

// reportForms are the forms in which veil report show writes a report.
var reportForms = []string{"text", "json", "html", "sarif"}

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Fetch, show and compare reports",
		Long: `Report reads the reports that veil check writes as JSON, which takes no network,
no key and no database, and fetches those that a service made.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.reportShowCommand(), a.reportDiffCommand(), a.reportGetCommand())
	return cmd
}

func (a *app) reportShowCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Write a report in another form",
		Long: `Show reads a report's JSON and writes it as text, JSON, one HTML file, or SARIF
2.1.0 for tools that gather findings and follow them over time. The text lists
every finding. The exit code says nothing of the verdict.`,
		Example: `  veil report show report.json
  veil report show report.json --format sarif --out report.sarif`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return a.reportShow(args[0], format, out) },
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, json, html or sarif")
	cmd.Flags().StringVar(&out, "out", "", "write to this file and not to the standard output")
	return cmd
}

func (a *app) reportDiffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what changed between two reports",
		Long: `Diff compares two reports about the same template, whose versions may differ, and
says which findings are new, revealed (undisclosed before), hidden (undisclosed
now) or resolved, and which verdicts changed. Exit code 0: no finding is new or
revealed; 1: at least one is.`,
		Example: `  veil report diff last-week.json today.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes two files, the older report first, and %d are given; see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.reportDiff(args[0], args[1], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// readReport reads a report that veil check wrote as JSON.
func readReport(path string) (*report.Report, error) {
	data, err := check.ReadFile("report", path, report.MaxBytes)
	if err != nil {
		return nil, err
	}
	r, err := report.Parse(data)
	if err != nil {
		return nil, usagef("the file %s cannot be used: %w; give a report that veil check --json wrote", path, err)
	}
	return r, nil
}

func formOfReport(format string) error {
	if !slices.Contains(reportForms, format) {
		return usagef("--format %q is not a form of a report; the forms are %s", format, strings.Join(reportForms, ", "))
	}
	return nil
}

func (a *app) reportShow(path, format, out string) error {
	if err := formOfReport(format); err != nil {
		return err
	}
	r, err := readReport(path)
	if err != nil {
		return err
	}
	return a.giveReport(r, format, out)
}

// giveReport writes a report in a form to a file, or to the standard output where none is named.
func (a *app) giveReport(r *report.Report, format, out string) error {
	if out == "" {
		return a.writeReport(a.out, r, format)
	}
	var b bytes.Buffer
	if err := a.writeReport(&b, r, format); err != nil {
		return err
	}
	if err := writeFile(out, b.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "veil: the report is in %s\n", out)
	return nil
}

func (a *app) writeReport(w io.Writer, r *report.Report, format string) error {
	switch format {
	case "json":
		data, err := r.JSON()
		if err != nil {
			return incomplete(err)
		}
		_, err = w.Write(data)
		return err
	case "html":
		return r.WriteHTML(w)
	case "sarif":
		return r.WriteSARIF(w)
	}
	width, _ := terminal(w)
	return r.WriteText(w, report.TextOptions{Width: width, Color: colored(w), Findings: -1})
}

// incomplete blames the file where what was read cannot be written again.
func incomplete(err error) error {
	return usagef("the report was edited or is damaged: %w; give one as veil check --json wrote it", err)
}

func (a *app) reportDiff(older, newer string, asJSON bool) error {
	before, err := readReport(older)
	if err != nil {
		return err
	}
	after, err := readReport(newer)
	if err != nil {
		return err
	}
	d, err := report.Diff(before, after)
	if err != nil {
		return usageError{err}
	}
	if err := a.printDifference(d, asJSON); err != nil {
		return err
	}
	if d.Worse() {
		return verdictError{exitDeviates}
	}
	return nil
}

func (a *app) printDifference(d *report.Difference, asJSON bool) error {
	if !asJSON {
		width, _ := terminal(a.out)
		return d.WriteText(a.out, report.TextOptions{Width: width, Color: colored(a.out)})
	}
	data, err := d.JSON()
	if err != nil {
		return incomplete(err)
	}
	_, err = a.out.Write(data)
	return err
}
