package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/check"
)

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Verify, offline, what others say",
		Long: `Audit verifies files from others. Only export needs a network: whatever a file says
is computed again, and held against keys that you know from somewhere else.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	evidence := &cobra.Command{
		Use:   "evidence FILE",
		Short: "Check evidence that a side of a comparison cheated",
		Long: `Evidence reads a file that veil wrote when a side broke the protocol, follows the
signed messages in it and evaluates again. It needs no network and trusts neither
side. Exit code 5: the evidence proves the offence; 2: it proves nothing.`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error { return a.evidence(args[0], asJSON) },
	}
	evidence.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(evidence, a.auditExportCommand(), a.auditVerifyCommand(), a.auditReplayCommand(), a.auditProofCommand())
	return cmd
}

func (a *app) evidence(path string, asJSON bool) error {
	data, err := check.ReadFile("evidence", path, compare.MaxEvidenceBytes)
	if err != nil {
		return err
	}
	f, err := compare.VerifyEvidence(data, a.config.Workers)
	if err != nil {
		return usageError{err}
	}
	digest := f.Template.Digest()
	if asJSON {
		err = json.NewEncoder(a.out).Encode(map[string]string{
			"accused": f.Accused.String(), "offence": f.Offence.String(), "message": f.Message.String(), "cause": f.Cause,
			"tenant": f.Tenant.String(), "service": f.Service.String(),
			"template": f.Template.Slug, "version": f.Template.Version, "template_digest": fmt.Sprintf("%x", digest),
		})
	} else {
		_, err = fmt.Fprintf(a.out, "PROVEN: the %s cheated.\n\noffence   %s, in the %s: %s\ntenant    %s\nservice   %s\ntemplate  %s %s, digest %x\n\nThe signatures tie this to the identities above; whose they are, the parties must say.\n",
			f.Accused, f.Offence, f.Message, f.Cause, f.Tenant, f.Service, f.Template.Slug, f.Template.Version, digest)
	}
	if err != nil {
		return err
	}
	return verdictError{exitMisconduct}
}
