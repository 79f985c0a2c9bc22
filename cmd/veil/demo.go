package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Check and provision an example, and show what either side saw",
		Long: `Demo starts a service on this machine and checks an example against it, over HTTP:
the database of a made-up insurer, which deviates in ten ways from a template of
clinical claims. It prints the report, what was exchanged and what the service saw.
Then it brings that database, with rows, to the
template from the verdicts alone, and shows the plan, what a person has to decide,
the result, and that what is the tenant's own is as it was. It searches a dump of
the service's database for every name that only the tenant has, in clear and
hashed. In the end another process verifies the bundle of the first check, one bit
is changed in the service's database, and the next bundle shows where. Exit code 0
means that all ten deviations were found, the database conforms with nothing lost,
no name was found, and the change was.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), dir) },
	}
	cmd.Flags().StringVar(&dir, "out", "", "folder to leave report.json, report.html, bundle.veil, the messages and the dump in")
	return cmd
}

// demoSteps is how many steps the progress of a demo shows: those of three checks, and some of the plan's.
const demoSteps = 32

func (a *app) demo(ctx context.Context, dir string) (err error) {
	if err := makeFolders(dir); err != nil {
		return err
	}
	policy, err := template.ParsePolicy(demo.PolicyYAML())
	if err != nil {
		return err
	}
	options, err := a.postgresOptions()
	if err != nil {
		return err
	}
	server := &check.Server{Options: options}
	defer func() { err = errors.Join(err, server.Close()) }()
	go allowlist.Warm() // while the server starts
	bar := newProgress(a.err, demoSteps)
	r, err := a.runDemo(ctx, server, policy, dir, bar.begin)
	bar.end()
	if err != nil {
		return a.withEvidence(err)
	}
	good, err := a.showCheck(r)
	if err != nil {
		return err
	}
	if dir != "" {
		if err := errors.Join(leave(dir, r.asked.First), writeFile(filepath.Join(dir, bundleName), r.audited.bundle)); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "veil: report.json, report.html, bundle.veil, the messages and the dump of the service's database are in %s\n", dir)
	}
	p := a.newPaper()
	good = p.provisionedDemo(r) && good
	if err := p.flush(); err != nil {
		return err
	}
	printAudit(a.out, r.audited)
	if good && r.audited.good() {
		return nil
	}
	return verdictError{exitDeviates}
}

// showCheck shows the check and what either side saw. It says whether the ten deviations were found and nothing else, and no name
// got out.
func (a *app) showCheck(r *demoRun) (good bool, err error) {
	width, _ := terminal(a.out)
	first := r.asked.First
	if err := first.Report.WriteText(a.out, report.TextOptions{Width: width, Color: colored(a.out)}); err != nil {
		return false, err
	}
	good = printDeviations(a.out, first)
	printExchange(a.out, first, r.looked)
	return printSeen(a.out, first) && good, nil
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
	fmt.Fprintf(w, "  times       encrypt %s, evaluate %s, decrypt %s, verify %s; all with both schemas and the plan %s\n",
		took(t.Encrypt), took(t.Evaluate), took(t.Decrypt), took(t.Verify), took(whole))
}

func took(d time.Duration) string {
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
// for names that only the tenant has. It says whether there are none.
func printSeen(w io.Writer, out *check.Outcome) bool {
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
	leaked := found(received)
	for _, name := range leaked {
		fmt.Fprintf(w, "  LEAKED: the name %q\n", name)
	}
	fmt.Fprintf(w, "  names that only the tenant has, searched for in all of these bytes: %d, found: %d\n", len(demo.TenantOnly()), len(leaked))
	return len(leaked) == 0
}

// messages is the folder of the messages within that of the results.
const messages = "messages"

// makeFolders makes those for the results, if they are wanted.
func makeFolders(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(dir, messages), 0o750); err != nil {
		return fmt.Errorf("the folder for the results was not made: %w", err)
	}
	return nil
}

// leave writes the reports and every message into their folders.
func leave(dir string, out *check.Outcome) error {
	data, err := out.Report.JSON()
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "report.json"), data); err != nil {
		return err
	}
	if err := writeForm(filepath.Join(dir, "report.html"), out.Report.WriteHTML); err != nil {
		return err
	}
	for i, m := range out.Exchange.Messages {
		name := fmt.Sprintf("%02d-%s.bin", i+1, compare.Type(i+1))
		if err := writeFile(filepath.Join(dir, messages, name), m); err != nil {
			return err
		}
	}
	return nil
}
