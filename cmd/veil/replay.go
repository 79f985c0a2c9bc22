package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/merkle"
)

func (a *app) auditReplayCommand() *cobra.Command {
	var encoded string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "replay FILE [--template FILE]",
		Short: "Evaluate a comparison again, to the byte",
		Long: `Replay reads the messages of a comparison, from a bundle or as the service gives
them (GET .../transcript), follows every signature, evaluates the submission
against the template again, and compares the response to the byte. A transcript
alone needs the template, as the service publishes it (see veil template show).

It says nothing of a log: veil audit verify does. Exit code 0: the same bytes; 5:
a side broke the protocol, or the messages were changed.`,
		Example: `  veil audit replay clinic.veil
  veil audit replay transcript.bin --template clinic.template`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return a.replay(args[0], encoded, asJSON) },
	}
	cmd.Flags().StringVar(&encoded, "template", "", "the template's file, where FILE is a transcript alone")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) replay(path, encoded string, asJSON bool) error {
	file, err := check.ReadFile("transcript", path, bundle.MaxBytes)
	if err != nil {
		return err
	}
	t, transcript, err := transcriptOf(file, encoded)
	if err != nil {
		return err
	}
	prepared, err := compare.Prepare(t)
	if err != nil {
		return usageError{err}
	}
	r, err := compare.Replay(prepared, transcript, a.config.Workers)
	if err != nil {
		return a.notReplayed(err, asJSON)
	}
	present, absent := 0, 0
	for _, v := range r.Verdicts {
		switch v {
		case schema.Present:
			present++
		case schema.Absent:
			absent++
		}
	}
	digest := t.Digest()
	if asJSON {
		return json.NewEncoder(a.out).Encode(map[string]any{
			"tenant": r.Tenant.String(), "service": r.Service.String(), "session": hex.EncodeToString(r.Session[:]), "template_digest": hex.EncodeToString(digest[:]),
			"response_digest": hex.EncodeToString(r.ResponseDigest[:]), "commitment": hex.EncodeToString(r.Anchor[:]),
			"present": present, "absent": absent, "undisclosed": len(r.Verdicts) - present - absent,
		})
	}
	p := &paragraph{w: a.out}
	p.line("THE SAME BYTES: the response is the evaluation of the submission, and the verdicts are what was decrypted.")
	p.line("")
	p.line("tenant    %s", r.Tenant)
	p.line("service   %s", r.Service)
	p.line("template  %s@%s, digest %x", t.Slug, t.Version, digest)
	p.line("session   %x", r.Session)
	p.line("response  SHA-256 %x", r.ResponseDigest)
	p.line("schema    commitment %x", r.Anchor)
	p.line("verdicts  %d present, %d absent, %d undisclosed", present, absent, len(r.Verdicts)-present-absent)
	return p.err
}

// transcriptOf finds template and messages in a file, or two.
func transcriptOf(file []byte, encoded string) (*template.Template, [][]byte, error) {
	if bundle.Is(file) {
		if encoded != "" {
			return nil, nil, usagef("a bundle has its template; leave --template out")
		}
		b, err := bundle.Parse(file)
		if err != nil {
			return nil, nil, usageError{err}
		}
		t, err := template.Parse(b.Template)
		if err != nil {
			return nil, nil, usagef("the bundle has no template that can be used: %w", err)
		}
		return t, b.Transcript, nil
	}
	if encoded == "" {
		return nil, nil, usagef("a transcript alone does not say what was compared with; give the template's file with --template")
	}
	text, err := check.ReadFile("template", encoded, template.MaxTemplateBytes)
	if err != nil {
		return nil, nil, err
	}
	t, err := template.Parse(text)
	if err != nil {
		return nil, nil, usagef("the template %s cannot be used: %w", encoded, err)
	}
	var transcript [][]byte
	for len(file) > 0 {
		if len(file) < 4 || uint64(binary.BigEndian.Uint32(file)) > uint64(len(file)-4) {
			return nil, nil, usagef("the transcript is cut in message %d; fetch it again", len(transcript)+1)
		}
		n := binary.BigEndian.Uint32(file)
		transcript, file = append(transcript, file[4:4+n]), file[4+n:]
	}
	return t, transcript, nil
}

// notReplayed prints what is wrong with a transcript, which is an answer. One that is not finished yet is a wrong call.
func (a *app) notReplayed(err error, asJSON bool) error {
	if errors.Is(err, compare.ErrUnfinished) {
		return usageError{err}
	}
	m, proven := errors.AsType[*compare.Misconduct](err)
	said := map[string]string{"fault": err.Error()}
	if proven {
		said["accused"], said["offence"] = m.Accused.String(), m.Offence.String()
	}
	if asJSON {
		if err := json.NewEncoder(a.out).Encode(said); err != nil {
			return err
		}
		return verdictError{exitMisconduct}
	}
	if _, err := fmt.Fprintf(a.out, "NOT THE SAME: %v\n", err); err != nil {
		return err
	}
	return verdictError{exitMisconduct}
}

func (a *app) auditProofCommand() *cobra.Command {
	var commitment, bundled string
	var trust trustFlags
	cmd := &cobra.Command{
		Use:   "verify-proof FILE (--bundle FILE --service KEY | --commitment HEX)",
		Short: "Verify what a tenant shows of its schema",
		Long: `Verify-proof checks a file that veil prove wrote against the schema commitment in a
submission: the one in a bundle, which is verified first, or the one that you know
as 64 hexadecimal digits. A proof that is held against nothing proves nothing.

Exit code 0: it holds; 5: it does not.`,
		Example: `  veil audit verify-proof patient.proof --bundle clinic.veil --service veil1...`,
		Args:    oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			anchor, err := a.anchor(commitment, bundled, trust)
			if err != nil {
				return err
			}
			return a.verifyProof(args[0], anchor)
		},
	}
	cmd.Flags().StringVar(&commitment, "commitment", "", "the schema commitment, 64 hexadecimal digits")
	cmd.Flags().StringVar(&bundled, "bundle", "", "bundle of the comparison")
	trust.bind(cmd)
	return cmd
}

// anchor is what a proof is held against.
func (a *app) anchor(commitment, bundled string, f trustFlags) (merkle.Hash, error) {
	var out merkle.Hash
	switch {
	case (commitment == "") == (bundled == ""):
		return out, usagef("what the proof is held against has to come from somewhere else than the proof; give --bundle with --service, or --commitment")
	case commitment != "":
		if err := out.UnmarshalText([]byte(commitment)); err != nil {
			return out, usagef("--commitment: %w", err)
		}
		return out, nil
	}
	t, err := a.trust(f)
	if err != nil {
		return out, err
	}
	file, err := check.ReadFile("bundle", bundled, bundle.MaxBytes)
	if err != nil {
		return out, err
	}
	found, err := verifyBundle(file, t)
	if err != nil {
		return out, a.faulty(err, false)
	}
	if found.Comparison == nil {
		return out, usagef("the bundle is about no comparison, and so about no schema")
	}
	return found.Comparison.Result.Anchor, nil
}

func (a *app) verifyProof(path string, anchor merkle.Hash) error {
	text, err := check.ReadFile("proof", path, merkle.MaxStatementBytes)
	if err != nil {
		return err
	}
	shown, err := merkle.ParseShown(text)
	if err == nil {
		err = shown.Verify(anchor)
	}
	if err != nil {
		if _, err := fmt.Fprintf(a.out, "NOT PROVEN: %v\n", oneParagraph(err)); err != nil {
			return err
		}
		return verdictError{exitMisconduct}
	}
	return printShown(a.out, shown, anchor)
}
