package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole check on an example and show what either side saw",
		Long: `Demo checks an example: the database of a made-up insurer, which deviates in ten
ways from a template of clinical claims. It prints the report, what was exchanged
and what the evaluating side saw. Exit code 0 means that all ten were found.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), dir) },
	}
	cmd.Flags().StringVar(&dir, "out", "", "folder to leave report.json, report.html and the messages in")
	return cmd
}

func (a *app) demo(ctx context.Context, dir string) error {
	start := time.Now()
	policy, err := template.ParsePolicy(demo.PolicyYAML())
	if err != nil {
		return err
	}
	out, err := a.runCheck(ctx, check.Options{
		Template: check.Source{Name: demo.TemplateFile, Text: demo.TemplateSQL()},
		Tenant:   check.Source{Name: demo.TenantFile, Text: demo.TenantSQL()},
		Meta:     template.Meta{Slug: demo.TemplateSlug, Version: demo.TemplateVersion, Title: demo.TemplateTitle},
		Policy:   policy, Workers: a.config.Workers, Generator: "veil " + version(),
	})
	if err != nil {
		return err
	}
	width, _ := terminal(a.out)
	if err := out.Report.WriteText(a.out, report.TextOptions{Width: width, Color: colored(a.out)}); err != nil {
		return err
	}
	found := printDeviations(a.out, out)
	printExchange(a.out, out, time.Since(start))
	printSeen(a.out, out)
	if dir != "" {
		if err := leave(dir, out); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "veil: report.json, report.html and the messages are in %s\n", dir)
	}
	if !found {
		return verdictError{exitDeviates}
	}
	return nil
}

// printDeviations lists the ten known deviations with the verdicts that show
// them, and says whether all were found and nothing else.
func printDeviations(w io.Writer, out *check.Outcome) bool {
	fmt.Fprintf(w, "\nTHE TEN KNOWN DEVIATIONS\n\n")
	all, explained := true, map[schema.Fact]bool{}
	for i, d := range demo.Deviations() {
		shows := 0
		for k, j := range out.Template.Judged {
			if d.Shows(j.Fact) && deviates(j, out.Exchange.Result.Verdicts[k]) {
				explained[j.Fact] = true
				shows++
			}
		}
		mark := "found "
		if shows == 0 {
			mark, all = "MISSED", false
		}
		fmt.Fprintf(w, "%3d  %s  %s\n", i+1, mark, d.Sentence)
	}
	for k, j := range out.Template.Judged {
		if deviates(j, out.Exchange.Result.Verdicts[k]) && !explained[j.Fact] {
			all = false
			fmt.Fprintf(w, "     UNEXPECTED  %s\n", j.Fact)
		}
	}
	return all
}

// deviates says whether a verdict breaks a rule of its own; alternatives are
// judged as a group and optional facts not at all.
func deviates(j template.Judged, v schema.Verdict) bool {
	return j.Rule == template.RuleRequired && v == schema.Absent || j.Rule == template.RuleForbidden && v == schema.Present
}

func printExchange(w io.Writer, out *check.Outcome, whole time.Duration) {
	r, t := out.Exchange.Result, out.Exchange.Timings
	fmt.Fprintf(w, "\nTHE EXCHANGE\n\n")
	fmt.Fprintf(w, "  facts       %d of the tenant's against %d of the template's\n", len(out.Facts), len(r.Verdicts))
	fmt.Fprintf(w, "  parameters  %s, degree %d, layers %d\n", r.Layout.Set, r.Layout.Degree(), r.Layers)
	fmt.Fprintf(w, "  bytes       %d up, %d down\n", r.UploadBytes, r.DownloadBytes)
	fmt.Fprintf(w, "  times       encrypt %s, evaluate %s, decrypt %s, verify %s; all with both schemas %s\n",
		ms(t.Encrypt), ms(t.Evaluate), ms(t.Decrypt), ms(t.Verify), ms(whole))
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// seen describes each of the tenant's messages as the service sees it.
var seen = map[compare.Type]string{
	compare.TypeOpen:       "an identity, the template it pins, and a size bucket",
	compare.TypeAccept:     "32 random bytes",
	compare.TypeSubmission: "ciphertexts, whose number follows from the size bucket",
	compare.TypeCommitment: "a hash",
	compare.TypeDisclosure: "one verdict for each fact of the template, and a hash that proves them",
}

// printSeen lists everything that the service's side received and looks in it
// for names that only the tenant has.
func printSeen(w io.Writer, out *check.Outcome) {
	fmt.Fprintf(w, "\nWHAT THE EVALUATING SIDE HAS SEEN\n\n")
	var received []byte
	for i, m := range out.Exchange.Messages {
		kind := compare.Type(i + 1)
		if kind.Sender() != compare.RoleTenant {
			continue
		}
		received = append(received, m...)
		fmt.Fprintf(w, "  %-11s %8d bytes  %s\n", kind, len(m), seen[kind])
	}
	fmt.Fprintf(w, "\n  size bucket: at most %d facts; the tenant submitted %d\n", out.Exchange.Result.Layout.Bucket, len(out.Facts))
	names := demo.TenantOnly()
	leaked := 0
	for _, name := range names {
		if bytes.Contains(bytes.ToLower(received), []byte(strings.ToLower(name))) {
			leaked++
			fmt.Fprintf(w, "  LEAKED: the name %q\n", name)
		}
	}
	fmt.Fprintf(w, "  names that only the tenant has, searched for in all of these bytes: %d, found: %d\n", len(names), leaked)
}

// leave writes the reports and every message into a folder.
func leave(dir string, out *check.Outcome) error {
	messages := filepath.Join(dir, "messages")
	if err := os.MkdirAll(messages, 0o750); err != nil {
		return fmt.Errorf("the folder for the results was not made: %w", err)
	}
	data, err := out.Report.JSON()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "report.json"), data); err != nil {
		return err
	}
	if err := writeHTML(filepath.Join(dir, "report.html"), out.Report); err != nil {
		return err
	}
	for i, m := range out.Exchange.Messages {
		name := fmt.Sprintf("%02d-%s.bin", i+1, compare.Type(i+1))
		if err := writeFile(filepath.Join(messages, name), m); err != nil {
			return err
		}
	}
	return nil
}
