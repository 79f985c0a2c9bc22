package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/daemon"
	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/witness"
	"github.com/veilschema/veil/keys"
)

// serveConfig is the service's part of the configuration.
type serveConfig struct {
	// Role is what the process does: all, api or worker.
	Role string `mapstructure:"role"`
	// Listen is the address to answer at.
	Listen string `mapstructure:"listen"`
	// Data is the folder of the private PostgreSQL and of the root key.
	Data string `mapstructure:"data"`
	// Key is the file of the service's root key; empty is root.key in Data.
	Key string `mapstructure:"key"`
	// Database and Owner are connection strings of the application role and of the schema's owner. They may hold passwords, so that there is no
	// flag for them.
	Database string `mapstructure:"database"`
	Owner    string `mapstructure:"owner"`
	// TLSCert and TLSKey are files in PEM.
	TLSCert string `mapstructure:"tls_cert"`
	TLSKey  string `mapstructure:"tls_key"`
	// Witnesses are asked to cosign the log: KEY@URL each, with spaces between.
	Witnesses string `mapstructure:"witnesses"`
	// MetricsListen is the address of the metrics, Traces that of a collector of traces; both may be empty.
	MetricsListen string `mapstructure:"metrics_listen"`
	Traces        string `mapstructure:"traces"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `mapstructure:"log_level"`
	// Evaluations is how many are carried out at once; 0 follows from the workers.
	Evaluations int `mapstructure:"evaluations"`
	// OpenComparisons and StoredMiB are what one tenant may have, RequestsMinute how many requests one token has in a minute.
	OpenComparisons int   `mapstructure:"open_comparisons"`
	StoredMiB       int64 `mapstructure:"stored_mib"`
	RequestsMinute  int   `mapstructure:"requests_minute"`
}

// serveSettings are the flags of veil serve, by configuration key. Those without a flag are secrets.
var serveSettings = []setting{
	{"serve.role", "role", "what this process does: all, api or worker"},
	{"serve.listen", "listen", "address to answer at; one that others reach needs a certificate"},
	{"serve.data", "data", "folder of the private PostgreSQL and of the root key"},
	{"serve.key", "root-key", "file of the service's root key (default: root.key in the data folder)"},
	{"serve.tls_cert", "tls-cert", "certificate, PEM"},
	{"serve.tls_key", "tls-key", "the certificate's key, PEM"},
	{"serve.witnesses", "witnesses", "who is asked to cosign the log, KEY@URL each, with spaces between (default: nobody)"},
	{"serve.metrics_listen", "metrics-listen", "address to show Prometheus metrics at, without a token (default: nowhere)"},
	{"serve.traces", "traces", "collector of OpenTelemetry traces, OTLP over HTTP (default: none)"},
	{"serve.log_level", "log-level", "debug, info, warn or error"},
	{"serve.evaluations", "evaluations", "evaluations at once; 0 follows from --workers"},
	{"serve.open_comparisons", "open-comparisons", "unfinished comparisons that a tenant may have"},
	{"serve.stored_mib", "stored-mib", "MiB of messages that a tenant may have"},
	{"serve.requests_minute", "requests-minute", "requests that a token may make in a minute"},
	{"serve.database", "", ""},
	{"serve.owner", "", ""},
}

// serveDefaults are the values of those that have one.
func serveDefaults() map[string]string {
	return map[string]string{
		"serve.role": string(daemon.RoleAll), "serve.listen": "127.0.0.1:8420", "serve.data": defaultData(), "serve.log_level": "info",
		"serve.evaluations": "0", "serve.open_comparisons": "50", "serve.stored_mib": "4096", "serve.requests_minute": "30000",
	}
}

// defaultData is in a place that the private PostgreSQL's user may enter, which a home of root is not.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/veil"
	}
	return filepath.Join(xdg.DataHome, "veil", "service")
}

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service that tenants compare with",
		Long: `Serve answers the REST interface (docs/api.md) and evaluates comparisons. With
nothing configured it starts a private PostgreSQL under the data folder and answers
on this machine only.

A database of your own is named in the configuration file or the environment,
because a connection string may hold a password: serve.database
(VEIL_SERVE_DATABASE) for the application role, which owns nothing, and
serve.owner (VEIL_SERVE_OWNER) for the owner of the schema, which brings it up to
date. On more machines, veil serve --role worker with the same database and the
same root key evaluates more comparisons at a time.

The root key is made at the first start. It is sealed with what VEIL_KEY,
VEIL_KEY_FD or VEIL_PASSPHRASE_FD gives; with none of them, with a key beside it
(seal.key), which protects copies of the one file and not of the folder.`,
		Example: `  veil serve
  veil serve --listen 0.0.0.0:8420 --tls-cert veil.crt --tls-key veil.key
  veil serve --role worker --config worker.yaml --root-key root.key`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context()) },
	}
	for _, s := range serveSettings {
		if s.flag != "" {
			cmd.Flags().String(s.flag, "", s.usage+defaultOf(s.key))
		}
	}
	return cmd
}

// defaultOf says a setting's default in its help; folders differ between people and are left out.
func defaultOf(key string) string {
	if value := serveDefaults()[key]; value != "" && key != "serve.data" {
		return " (default " + value + ")"
	}
	return ""
}

func (a *app) serve(ctx context.Context) error {
	c := a.config.Serve
	role, err := daemon.ParseRole(c.Role)
	if err != nil {
		return usageError{err}
	}
	log, err := a.logger(c.LogLevel)
	if err != nil {
		return err
	}
	if min(c.Evaluations, c.OpenComparisons-1, c.RequestsMinute-1) < 0 || c.StoredMiB < 1 {
		return usagef("--open-comparisons, --stored-mib and --requests-minute are numbers from 1 on, and --evaluations from 0 on")
	}
	scratch := postgres.Options{User: a.config.Postgres.User}
	if role != daemon.RoleWorker {
		if scratch, err = a.postgresOptions(); err != nil {
			return err
		}
	}
	if err := makeData(c.Data); err != nil {
		return err
	}
	root, err := a.serviceRoot(ctx, role, log)
	if err != nil {
		if isA[usageError](err) {
			return err
		}
		return keyProblem(err)
	}
	witnesses, err := witnessesOf(c.Witnesses)
	if err != nil {
		return err
	}
	err = daemon.Run(ctx, daemon.Config{
		Witnesses: witnesses, Checkpoint: filepath.Join(c.Data, "checkpoint"),
		Role: role, Root: root, AppDSN: c.Database, OwnerDSN: c.Owner,
		Instance: postgres.InstanceOptions{Dir: filepath.Join(c.Data, "postgres"), User: a.config.Postgres.User},
		Scratch:  scratch, Listen: c.Listen, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Workers: a.config.Workers, Evaluations: c.Evaluations,
		Quota: service.Quota{OpenComparisons: c.OpenComparisons, StoredBytes: c.StoredMiB << 20}, Limits: api.Limits{EachMinute: c.RequestsMinute},
		MetricsListen: c.MetricsListen, Traces: c.Traces,
		Version: version(), Log: log, Ready: a.sayReady,
	})
	if isA[*daemon.Unsafe](err) || isA[*daemon.Misconfigured](err) {
		return usageError{err}
	}
	return err
}

// witnessesOf reads the witnesses of a log: a key and an address each, KEY@URL.
func witnessesOf(list string) ([]auditlog.Witness, error) {
	var out []auditlog.Witness
	for _, one := range strings.Fields(list) {
		at := strings.LastIndex(one, "@http")
		if at < 0 {
			return nil, usagef("%q is no witness; give its key and its address, KEY@URL, as veil witness prints them", one)
		}
		client, err := witness.NewClient(witness.ClientConfig{VKey: one[:at], URL: one[at+1:]})
		if err != nil {
			return nil, usageError{err}
		}
		out = append(out, auditlog.Witness{Key: one[:at], Client: client})
	}
	return out, nil
}

// logger writes text for a person at a terminal, and JSON for programs.
func (a *app) logger(level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level %q is no level; there are debug, info, warn and error", level)
	}
	o := &slog.HandlerOptions{Level: least}
	if _, ok := terminal(a.err); ok {
		return slog.New(slog.NewTextHandler(a.err, o)), nil
	}
	return slog.New(slog.NewJSONHandler(a.err, o)), nil
}

// makeData makes the data folder. Where root does, the private PostgreSQL's user has to pass through it; the files in it are nobody's but ours.
func makeData(dir string) error {
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return fmt.Errorf("the data folder was not made: %w; choose another one with --data", err)
	}
	return nil
}

// sayReady prints the commands that work in a second terminal.
func (a *app) sayReady(r daemon.Ready) {
	if r.Embedded != "" {
		fmt.Fprintf(a.err, "veil: no database is configured; a private PostgreSQL %s keeps everything under %s\n", r.Embedded, a.config.Serve.Data)
	}
	if r.Metrics != "" {
		fmt.Fprintf(a.err, "veil: metrics at %s\n", r.Metrics)
	}
	if r.URL == "" {
		fmt.Fprintln(a.out, "evaluating; stop with Ctrl-C")
		return
	}
	if r.OneTime != "" {
		fmt.Fprintf(a.out, `This one-time token makes the first operator's token; it is shown once and valid for a day. In a second terminal:

  %s=%s veil bootstrap --server %s --out operator.token

`, envToken, r.OneTime, r.URL)
	}
	fmt.Fprintf(a.out, "the log's key, for witnesses and auditors: %s\n", r.LogKey)
	fmt.Fprintf(a.out, "answering at %s, described at %s/docs; stop with Ctrl-C\n", r.URL, r.URL)
}

// serviceRoot opens the service's root key. One who answers makes it at the first start.
func (a *app) serviceRoot(ctx context.Context, role daemon.Role, log *slog.Logger) (*keys.Root, error) {
	path := a.config.Serve.Key
	if path == "" {
		path = filepath.Join(a.config.Serve.Data, "root.key")
	}
	_, err := os.Lstat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && role == daemon.RoleWorker {
		return nil, usagef("a worker needs the root key of the service, and there is none at %s; copy it from the machine that answers, with its seal.key where that was made", path)
	}
	sources, err := serviceSeal(filepath.Join(filepath.Dir(path), "seal.key"), missing, log)
	if err != nil {
		return nil, err
	}
	if missing {
		return keyfile.CreateRoot(ctx, path, rand.Reader, sources)
	}
	return keyfile.OpenRoot(ctx, path, sources)
}

// serviceSeal says what seals the root key: what the environment gives, or a key in a file, which is made with the first root key.
func serviceSeal(file string, first bool, log *slog.Logger) (*keyfile.Sources, error) {
	for _, name := range []string{keyfile.EnvKey, keyfile.EnvKeyFD, keyfile.EnvPassphraseFD} {
		if os.Getenv(name) != "" {
			return &keyfile.Sources{}, nil
		}
	}
	if first {
		if err := makeSeal(file, log); err != nil {
			return nil, err
		}
	}
	text, err := keyfile.Read(file)
	if errors.Is(err, keyfile.ErrMissing) {
		return &keyfile.Sources{}, nil // it was sealed in another way: a person is asked
	}
	if err != nil {
		return nil, err
	}
	return &keyfile.Sources{
		Getenv: func(name string) string {
			if name == keyfile.EnvKey {
				return string(text)
			}
			return ""
		},
		Unsetenv: func(string) error { return nil },
	}, nil
}

func makeSeal(file string, log *slog.Logger) error {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return err
	}
	err := keyfile.Create(file, []byte(hex.EncodeToString(raw[:])))
	if errors.Is(err, keyfile.ErrExists) {
		return nil // an earlier first start was broken off
	}
	if err == nil {
		log.Warn("the root key is sealed with a key beside it: whoever reads the folder has both; give VEIL_KEY_FD or VEIL_PASSPHRASE_FD at the first start to keep them apart", "file", file)
	}
	return err
}
