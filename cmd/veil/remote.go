package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/internal/pins"
	"github.com/veilschema/veil/keys"
)

// envToken is the variable of the token for a service. There is no flag for it, because others see a process's arguments.
const envToken = "VEIL_TOKEN"

// remoteConfig says which service to talk to, and what is known of it.
type remoteConfig struct {
	// URL is its address.
	URL string `mapstructure:"url"`
	// TokenFile has the token; without it the environment does.
	TokenFile string `mapstructure:"token_file"`
	// CA is a file of certificates to trust instead of the system's.
	CA string `mapstructure:"ca"`
	// Key is the service's key, as its operator tells it; empty trusts at first use.
	Key string `mapstructure:"key"`
}

// remoteSettings are the flags of the commands that talk to a service, by configuration key.
var remoteSettings = []setting{
	{"server.url", "server", "address of the service, https://HOST[:PORT]"},
	{"server.token_file", "token-file", "file of the token for the service (default: the variable " + envToken + ")"},
	{"server.ca", "ca", "certificates to trust instead of the system's, PEM"},
	{"server.key", "service-key", "the service's key, as its operator tells it (default: what was seen at first use)"},
}

// bindRemote gives a command the flags of those that talk to a service.
func bindRemote(cmd *cobra.Command) {
	for _, s := range remoteSettings {
		cmd.Flags().String(s.flag, "", s.usage)
	}
}

// connect makes a client of the service. Nothing is sent yet.
func (a *app) connect() (*client.Client, error) {
	c := a.config.Server
	if c.URL == "" {
		return nil, usagef("there is no service to talk to; give its address with --server")
	}
	token, err := a.token()
	if err != nil {
		return nil, err
	}
	var ca []byte
	if c.CA != "" {
		if ca, err = readInput("file of certificates", c.CA); err != nil {
			return nil, err
		}
	}
	out, err := client.New(client.Config{Server: c.URL, Token: token, CA: ca, UserAgent: "veil " + version()})
	if err != nil {
		return nil, usageError{err}
	}
	return out, nil
}

// token reads the token. What starts from this process afterwards does not get it with the environment.
func (a *app) token() (client.Secret, error) {
	token := os.Getenv(envToken)
	if err := os.Unsetenv(envToken); err != nil {
		return "", err
	}
	if file := a.config.Server.TokenFile; file != "" {
		text, err := readInput("token file", file)
		if err != nil {
			return "", err
		}
		token = string(text)
	}
	if token = strings.TrimSpace(token); token == "" {
		return "", usagef("there is no token for the service; name its file with --token-file, or set %s", envToken)
	}
	return client.Secret(token), nil
}

// pinned returns the service's key: the one that the user gives, or else the one of the first use, which this may be. Another one is an error.
func (a *app) pinned(ctx context.Context, c *client.Client) (keys.PublicIdentity, error) {
	self, err := c.WhoAmI(ctx)
	if err != nil {
		return keys.PublicIdentity{}, err
	}
	shown, err := keys.ParsePublicIdentity(self.Service)
	if err != nil {
		return shown, &client.Unreachable{Server: c.Server(), Cause: fmt.Errorf("it shows no usable key: %w", err)}
	}
	if a.config.Server.Key != "" {
		given, err := keys.ParsePublicIdentity(a.config.Server.Key)
		if err != nil {
			return shown, usagef("--service-key: %w", err)
		}
		if given != shown {
			return shown, &notTheKey{c.Server(), given, shown}
		}
		return given, nil
	}
	first, err := pins.Open(a.config.Tenant.State).Service(c.Server(), shown)
	if first {
		fmt.Fprintf(a.err, "veil: the key of %s is trusted from now on, because it was seen for the first time; ask the operator whether it is %s\n", c.Server(), shown)
	}
	return shown, err
}

// pinnedTemplate holds a template's digest (64 hexadecimal digits) against the one of the first use, which this may be.
func (a *app) pinnedTemplate(c *client.Client, reference, digest string) error {
	first, err := pins.Open(a.config.Tenant.State).Template(c.Server(), reference, digest)
	if first {
		fmt.Fprintf(a.err, "veil: the template %s of %s is pinned from now on; its digest is %s\n", reference, c.Server(), digest)
	}
	return err
}

// notTheKey says that a service shows another key than the user gave.
type notTheKey struct {
	server       string
	given, shown keys.PublicIdentity
}

// Error says what a person has to find out.
func (e *notTheKey) Error() string {
	return fmt.Sprintf("the service at %s shows the key %s and not %s, which was given; nothing was compared: ask its operator over another way", e.server, e.shown, e.given)
}

// distrusted says whether a service is not the one, or does not show what, it did before.
func distrusted(err error) bool {
	_, changed := errors.AsType[*pins.Changed](err)
	return changed || isA[*notTheKey](err)
}
