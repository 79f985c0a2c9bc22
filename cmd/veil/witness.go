package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/internal/witness"
)

// witnessFlags are those of veil witness. The folder's flag stands in front of the one of the same name that all commands have, which is a tenant's.
type witnessFlags struct {
	listen, state, name string
	logs                []string
}

func (a *app) witnessCommand() *cobra.Command {
	var f witnessFlags
	cmd := &cobra.Command{
		Use:   "witness",
		Short: "Cosign the checkpoints of logs, so that they show everybody the same",
		Long: `Witness remembers the last checkpoint of each log that it knows, and cosigns the
next one only where the log proves that it merely grew. Who trusts a witness
knows that the log showed nobody anything else and took nothing back. It is worth
something where somebody else runs it than the log.

It answers POST /add-checkpoint in the protocol C2SP tlog-witness, with
cosignature/v1, over plain HTTP: requests and answers carry their own signatures.
For others to reach it, put it behind a server that speaks TLS.

The witness's key is made at the first start, in the folder that --state names, with
the checkpoints it cosigned. That folder must never be brought back from
a backup or run from twice: a witness that forgets is none. Where a part of it is
lost, remove the whole; the witness that begins then has another key.`,
		Example: `  veil witness --log veil-log/5a1f+0b1c2d3e+AQ...
  veil witness --listen 127.0.0.1:8430 --state /var/lib/veil-witness --name example.org/witness --log veil-log/5a1f+0b1c2d3e+AQ...
  veil witness key`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.witness(cmd.Context(), f) },
	}
	cmd.PersistentFlags().StringVar(&f.state, "state", filepath.Join(xdg.DataHome, "veil", "witness"), "folder of the witness's key and of what it cosigned (default $XDG_DATA_HOME/veil/witness)")
	cmd.PersistentFlags().Lookup("state").DefValue = "" // it differs between people
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8430", "address to answer at")
	cmd.Flags().StringVar(&f.name, "name", "", "name of the key, chosen at the first start (default: veil-witness/ and the begin of the key)")
	cmd.Flags().StringArrayVar(&f.logs, "log", nil, "verifier key of a log to cosign for, ORIGIN+ID+KEY; once for each, and again for another key of it")
	cmd.AddCommand(a.witnessKeyCommand(&f))
	return cmd
}

func (a *app) witnessKeyCommand(f *witnessFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "key",
		Short: "Print the witness's verifier key",
		Long: `Key prints the verifier key of the witness of a folder, which may be running: the
line by which others check its cosignatures.`,
		Example: `  veil witness key --state /var/lib/veil-witness`,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			vkey, err := witness.ReadVKey(f.state)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, vkey)
			return err
		},
	}
}

// witness answers until the context ends.
func (a *app) witness(ctx context.Context, f witnessFlags) (err error) {
	if len(f.logs) == 0 {
		return usagef("the witness has no log to cosign for; give the verifier key of one with --log")
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return usagef("%q is no address to answer at; give a host and a port, such as 127.0.0.1:8430", f.listen)
	}
	log, err := a.logger("info")
	if err != nil {
		return err
	}
	w, err := witness.Open(witness.Config{Dir: f.state, Name: f.name, Logs: f.logs, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("the address %s cannot be answered at: %w; choose another one with --listen", f.listen, err)
	}
	fmt.Fprintf(a.out, "verifier key %s\nanswering at http://%s, over plain HTTP; stop with Ctrl-C\n", w.VKey(), listener.Addr())
	return w.Serve(ctx, listener)
}
