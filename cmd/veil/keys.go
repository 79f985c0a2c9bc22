package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make and show the tenant's key",
		Long: `A tenant has one root key, made once and kept sealed; everything else derives from
it. What seals and opens it comes from exactly one of: a passphrase typed on the
terminal, VEIL_PASSPHRASE_FD (the number of a file descriptor to read it from),
or for machines VEIL_KEY_FD or VEIL_KEY (a sealing key of 32 bytes, as 64
hexadecimal digits).`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	create := &cobra.Command{
		Use: "new", Short: "Make the tenant's root key; an existing file is never overwritten", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.keysNew(cmd.Context(), asJSON) },
	}
	show := &cobra.Command{
		Use: "show", Short: "Open the key and show the identity that derives from it", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.keysShow(cmd.Context(), asJSON) },
	}
	for _, c := range []*cobra.Command{create, show} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
		cmd.AddCommand(c)
	}
	return cmd
}

func (a *app) keysNew(ctx context.Context, asJSON bool) error {
	root, err := keyfile.CreateRoot(ctx, a.config.Tenant.Key, rand.Reader, &keyfile.Sources{})
	if err != nil {
		return keyProblem(err)
	}
	defer root.Wipe()
	if err := a.printKey(root, asJSON); err != nil {
		return err
	}
	fmt.Fprintln(a.err, "veil: keep a copy of this file and of what opens it; without them comparisons that were kept cannot be opened again")
	return nil
}

func (a *app) keysShow(ctx context.Context, asJSON bool) error {
	root, err := keyfile.OpenRoot(ctx, a.config.Tenant.Key, &keyfile.Sources{})
	if err != nil {
		return keyProblem(err)
	}
	defer root.Wipe()
	return a.printKey(root, asJSON)
}

// keyProblem says that a key did not open for a reason that whoever called can
// mend: what is not about rights or the disk is about what was given.
func keyProblem(err error) error {
	if errors.Is(err, keyfile.ErrMissing) {
		err = fmt.Errorf("%w; veil keys new makes one", err)
	}
	if codeOf(err) == exitInternal {
		return usageError{err}
	}
	return err
}

// printKey shows the public half and how the file is sealed.
func (a *app) printKey(root *keys.Root, asJSON bool) error {
	header, err := keyfile.Inspect(a.config.Tenant.Key)
	if err != nil {
		return err
	}
	identity := root.Identity()
	defer identity.Wipe()
	public := identity.Public()
	if asJSON {
		return json.NewEncoder(a.out).Encode(map[string]string{
			"file": a.config.Tenant.Key, "identity": public.String(), "fingerprint": public.Fingerprint(), "sealed_with": header.Method.String(),
		})
	}
	_, err = fmt.Fprintf(a.out, "identity     %s\nfingerprint  %s\nfile         %q, sealed with a %s\n",
		public, public.Fingerprint(), a.config.Tenant.Key, header.Method)
	return err
}
