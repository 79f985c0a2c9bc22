package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/keys"
)

// trustFlags say whom an auditor believes.
type trustFlags struct {
	service   string
	witnesses []string
	quorum    int
}

func (f *trustFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.service, "service", "", "the service's key, as you know it from somewhere else than the file")
	cmd.Flags().StringArrayVar(&f.witnesses, "witness", nil, "key of a witness that you believe, as it prints it; several may be given")
	cmd.Flags().IntVar(&f.quorum, "quorum", 0, "how many of these witnesses have to have cosigned (default: all)")
}

// trust reads whom the user believes. Without a service nothing would be verified: a file vouches for itself.
func (a *app) trust(f trustFlags) (t bundle.Trust, err error) {
	if f.service == "" {
		return t, usagef("whose log it is has to come from somewhere else than the file; give the service's key with --service")
	}
	if t.Service, err = keys.ParsePublicIdentity(f.service); err != nil {
		return t, usagef("--service: %w", err)
	}
	t.Witnesses, t.Quorum, t.Now, t.Workers = f.witnesses, f.quorum, time.Now(), a.config.Workers
	if t.Quorum == 0 {
		t.Quorum = len(t.Witnesses)
	}
	if t.Quorum < 0 || t.Quorum > len(t.Witnesses) {
		return t, usagef("--quorum is %d, and %d witnesses are named", f.quorum, len(t.Witnesses))
	}
	return t, nil
}

func (a *app) auditExportCommand() *cobra.Command {
	var comparison, out string
	cmd := &cobra.Command{
		Use:   "export --comparison ID --out FILE",
		Short: "Fetch all that an auditor needs to check a comparison",
		Long: `Export fetches the bundle of a comparison that came to its verdicts: what the
service logged of it, the signed checkpoints of the log with their cosignatures,
the template, all messages and the report. It is verified at once; one that does not
verify is written too, because it is evidence.

The bundle tells an auditor the verdicts, the template, and how large the schema is
about; of the schema itself it has ciphertexts and one hash.`,
		Example: `  veil audit export --comparison 5a3e... --out clinic.veil --server https://veil.example --token-file tenant.token`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := uuid.Parse(comparison)
			if err != nil {
				return usagef("--comparison %q is no id of a comparison; list them with veil comparisons list", comparison)
			}
			if out == "" {
				return usagef("a bundle is not for a terminal; name its file with --out")
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			service, err := a.pinned(cmd.Context(), c)
			if err != nil {
				return err
			}
			file, err := c.Bundle(cmd.Context(), id)
			if err != nil {
				return err
			}
			if err := writeFile(out, file); err != nil { // whatever it is: a bundle that does not verify is evidence
				return err
			}
			found, err := verifyBundle(file, bundle.Trust{Service: service, Now: time.Now(), Workers: a.config.Workers})
			if err != nil {
				return a.faulty(err, false)
			}
			fmt.Fprintf(a.err, "veil: wrote %s, %d bytes; an auditor checks it with: veil audit verify %s --service %s\n", out, len(file), out, found.Service)
			return nil
		},
	}
	cmd.Flags().StringVar(&comparison, "comparison", "", "the comparison's id at the service")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	bindRemote(cmd)
	return cmd
}

// verifyBundle reads and verifies. What is wrong with a file that begins as a bundle does is evidence of tampering.
func verifyBundle(file []byte, t bundle.Trust) (*bundle.Findings, error) {
	if !bundle.Is(file) {
		return nil, usagef("the file is no bundle; make one with veil audit export")
	}
	b, err := bundle.Parse(file)
	if err != nil {
		return nil, &bundle.Fault{Part: "file", Position: "its form", Cause: err}
	}
	return bundle.Verify(b, t)
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var trust trustFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify FILE --service KEY",
		Short: "Verify a bundle, offline",
		Long: `Verify checks everything in a bundle with what it has and the keys that you give:
that the service vouches for the log, that every checkpoint grew from the one
before, that witnesses cosigned the last one, every entry by its hash, that the
messages are those that were logged, the whole evaluation again to the byte, the
report made again from the verdicts, and what the tenant shows of its schema.
docs/audit.md says what each check proves and what it does not.

Exit code 0: verified; 5: something is not as it was signed, and the first such
place is named; 2: the file is no bundle.`,
		Example: `  veil audit verify clinic.veil --service veil1... --witness 'witness.example/w+1a2b3c4d+...'`,
		Args:    oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := a.trust(trust)
			if err != nil {
				return err
			}
			file, err := check.ReadFile("bundle", args[0], bundle.MaxBytes)
			if err != nil {
				return err
			}
			found, err := verifyBundle(file, t)
			if err != nil {
				return a.faulty(err, asJSON)
			}
			if asJSON {
				return json.NewEncoder(a.out).Encode(found)
			}
			return printFindings(a.out, found, t)
		},
	}
	trust.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// faulty prints the first fault, which is an answer.
func (a *app) faulty(err error, asJSON bool) error {
	f, ok := errors.AsType[*bundle.Fault](err)
	if !ok {
		return err
	}
	if asJSON {
		err = json.NewEncoder(a.out).Encode(map[string]string{"part": f.Part, "position": report.Visible(f.Position), "fault": report.Visible(f.Cause.Error())})
	} else {
		_, err = fmt.Fprintf(a.out, "NOT VERIFIED\n\npart      %s\nposition  %s\nfault     %s\n\nNothing after this place was checked.\n", f.Part, report.Visible(f.Position), report.Visible(f.Cause.Error()))
	}
	if err != nil {
		return err
	}
	return verdictError{exitMisconduct}
}

// printFindings lists what was checked.
func printFindings(w io.Writer, f *bundle.Findings, t bundle.Trust) error {
	p := &paragraph{w: w}
	p.line("log         %s, for which the service %s vouches", f.Origin, f.Service)
	p.line("checkpoints %d, each grown from the one before; the last one is about %d entries", f.Checkpoints, f.Size)
	if len(t.Witnesses) == 0 {
		p.line("witnesses   UNWITNESSED: you named none with --witness, so nothing shows that others were told the same")
	} else {
		p.line("witnesses   %d of %d cosigned the last checkpoint, %d were asked for", len(f.Cosignatures), len(t.Witnesses), t.Quorum)
	}
	for _, s := range f.Cosignatures {
		p.line("            %s on %s", report.Visible(s.Witness), s.At.Format("2006-01-02 15:04 UTC"))
	}
	p.line("entries     %d hashed and read, which tell of %s", f.Entries, counted(f.Comparisons, "comparison"))
	for _, s := range f.Proofs {
		p.line("proof       %s", report.Visible(s))
	}
	if c := f.Comparison; c != nil {
		p.line("messages    %d as they were logged, evaluated again with the same bytes", c.Messages)
		p.line("report      made again from the verdicts with the same bytes")
		p.line("tenant      %s, whose schema commitment is %s", c.Tenant, c.Anchor)
		p.line("")
		p.line("VERIFIED: the comparison %s with %s: %s, on %s (entry %d of the log).", c.ID, report.Visible(c.Reference), strings.ReplaceAll(c.Verdict, "_", " "), c.At.Format("2006-01-02 15:04 UTC"), c.Entry)
		p.line("Not shown: that the submission is the tenant's database; see docs/audit.md.")
		return p.err
	}
	p.line("")
	p.line("VERIFIED: the log.")
	return p.err
}

// paragraph prints lines until one cannot be printed.
type paragraph struct {
	w   io.Writer
	err error
}

func (p *paragraph) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
