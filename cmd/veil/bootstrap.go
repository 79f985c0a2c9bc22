package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/internal/keyfile"
)

// tokenFlags are the flags of the commands that get a token.
type tokenFlags struct{ label, expires, out string }

func (f *tokenFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.label, "label", "", "what lists call the token")
	cmd.Flags().StringVar(&f.expires, "expires", "90d", "how long it is valid: days (90d) or hours (12h)")
	cmd.Flags().StringVar(&f.out, "out", "", "new file to write the token to (default: standard output)")
}

func (a *app) bootstrapCommand() *cobra.Command {
	var f tokenFlags
	cmd := &cobra.Command{
		Use:   "bootstrap --server URL",
		Short: "Exchange a service's one-time token for the first operator's token",
		Long: `Bootstrap exchanges the one-time token, which veil serve prints at its first
start, for a token of an operator. The one-time token is read from VEIL_TOKEN or
from --token-file and is of no use afterwards. The new token is shown this once.`,
		Example: `  VEIL_TOKEN=veil_... veil bootstrap --server http://127.0.0.1:8420 --out operator.token`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.newToken(f, func(c *client.Client, until time.Time) (*client.Issued, error) {
				return c.Bootstrap(cmd.Context(), f.label, until)
			})
		},
	}
	bindRemote(cmd)
	f.bind(cmd)
	return cmd
}

// newToken gets a token and keeps it. The file for it is made first: a token that cannot be kept is lost.
func (a *app) newToken(f tokenFlags, get func(*client.Client, time.Time) (*client.Issued, error)) (err error) {
	life, err := parseLife(f.expires)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	keep := func(token string) error { _, err := fmt.Fprintln(a.out, token); return err }
	if f.out != "" {
		file, err := newFile(f.out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		keep = func(token string) error {
			_, err := fmt.Fprintln(file, token)
			return errors.Join(err, file.Sync())
		}
	}
	issued, err := get(c, time.Now().Add(life))
	if err != nil {
		if f.out != "" {
			err = errors.Join(err, os.Remove(f.out))
		}
		return err
	}
	if err := keep(issued.Secret.Reveal()); err != nil {
		return fmt.Errorf("the token %s was issued and could not be kept: %w; revoke it and issue another one", issued.ID, err)
	}
	where := ""
	if f.out != "" {
		where = "; it is in " + f.out
	}
	fmt.Fprintf(a.err, "veil: token %s for the role %s, valid until %s%s\n", issued.ID, report.Visible(issued.Role), issued.ExpiresAt.UTC().Format(time.RFC3339), where)
	return nil
}

// newFile makes a file for a secret; an existing one is left as it is.
func newFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, usageError{fmt.Errorf("%w: %s; name another file with --out", keyfile.ErrExists, path)}
	}
	if err != nil {
		return nil, fmt.Errorf("the file for the token was not made: %w", err)
	}
	return file, nil
}

// parseLife reads how long a token is valid.
func parseLife(text string) (time.Duration, error) { return parseSpan("--expires", text) }

// parseSpan reads a span of days or of what [time.ParseDuration] takes.
func parseSpan(flag, text string) (time.Duration, error) {
	life, err := time.ParseDuration(text)
	if digits, ok := strings.CutSuffix(text, "d"); ok {
		var days int
		days, err = strconv.Atoi(digits)
		life = time.Duration(min(days, maxDays)) * 24 * time.Hour
	}
	if err != nil || life <= 0 {
		return 0, usagef("%s %q is no span of time; give days or hours, such as 90d or 12h", flag, text)
	}
	return life, nil
}

// maxDays keeps spans within what a duration can hold; the service has a limit of its own for tokens.
const maxDays = 100 * 366
