package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/sessionlog"
)

// config is what a flag, the environment (VEIL_SECTION_KEY) or the configuration
// file sets, in this order of precedence.
type config struct {
	Postgres struct {
		// Bin is the folder of PostgreSQL's server programs; empty searches.
		Bin string `mapstructure:"bin"`
		// User is who runs the private server when veil is started by root.
		User string `mapstructure:"user"`
	} `mapstructure:"postgres"`
	Tenant struct {
		// Key is the file of the tenant's root key.
		Key string `mapstructure:"key"`
		// State is the folder of the session log and the comparisons' secrets.
		State string `mapstructure:"state"`
	} `mapstructure:"tenant"`
	Server remoteConfig `mapstructure:"server"`
	Serve  serveConfig  `mapstructure:"serve"`
	// Workers is the number of goroutines that compute.
	Workers int `mapstructure:"workers"`
}

// setting is an entry of the configuration and its flag; one that may be a secret has no flag.
type setting struct{ key, flag, usage string }

// settings are the flags that all commands have.
var settings = []setting{
	{"postgres.bin", "postgres-bin", "folder of PostgreSQL's server programs (default: searched)"},
	{"postgres.user", "postgres-user", "who runs the private server when started by root (default: veil, postgres or nobody)"},
	{"tenant.key", "key", "file of the tenant's root key"},
	{"tenant.state", "state", "folder of the tenant's session log and of provisioning's journals"},
}

// bindConfig gives root the shared flags and reads the configuration before any
// command runs.
func bindConfig(root *cobra.Command, a *app) {
	flags := root.PersistentFlags()
	file := flags.String("config", "", "configuration file (default "+filepath.Join("$XDG_CONFIG_HOME", "veil", "veil.yaml")+")")
	for _, s := range settings {
		flags.String(s.flag, "", s.usage)
	}
	flags.Int("workers", 0, "goroutines that compute (default: processors)")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		v, err := readConfig(*file, cmd.Flags())
		if err != nil {
			return err
		}
		a.effective = v
		if n, err := strconv.Atoi(v.GetString("workers")); err != nil || n < 1 {
			return usagef("workers is %q; give a number from 1 on", v.GetString("workers"))
		}
		if err := v.UnmarshalExact(&a.config); err != nil {
			return usagef("the configuration is not understood: %w", err)
		}
		return nil
	}
}

// readConfig merges defaults, file, environment and flags.
func readConfig(file string, flags *pflag.FlagSet) (*viper.Viper, error) {
	v := viper.New()
	v.SetDefault("postgres.bin", "")
	v.SetDefault("postgres.user", "")
	v.SetDefault("tenant.key", keyfile.DefaultPath())
	v.SetDefault("tenant.state", sessionlog.DefaultDir())
	v.SetDefault("workers", runtime.NumCPU())
	for _, s := range settings {
		if err := bindFlag(v, s.key, flags.Lookup(s.flag)); err != nil {
			return nil, err
		}
	}
	if err := bindFlag(v, "workers", flags.Lookup("workers")); err != nil {
		return nil, err
	}
	if err := bindOwn(v, flags, append(slices.Clone(serveSettings), remoteSettings...), serveDefaults()); err != nil {
		return nil, err
	}
	v.SetEnvPrefix("veil")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	known := v.AllKeys()
	return v, readConfigFile(v, file, known)
}

// bindOwn does the same with settings whose flags only some commands have.
func bindOwn(v *viper.Viper, flags *pflag.FlagSet, own []setting, defaults map[string]string) error {
	for _, s := range own {
		v.SetDefault(s.key, defaults[s.key])
		if flag := flags.Lookup(s.flag); flag != nil {
			if err := bindFlag(v, s.key, flag); err != nil {
				return err
			}
		}
	}
	return nil
}

// bindFlag lets a flag win where it was given.
func bindFlag(v *viper.Viper, key string, flag *pflag.Flag) error {
	if !flag.Changed {
		return nil
	}
	return v.BindPFlag(key, flag)
}

// readConfigFile reads the file that is named, or the one at its usual place where
// that is there, and refuses entries that are none of the known.
func readConfigFile(v *viper.Viper, file string, known []string) error {
	wanted := file != ""
	if !wanted {
		file = filepath.Join(xdg.ConfigHome, "veil", "veil.yaml")
	}
	v.SetConfigFile(file)
	v.SetConfigType("yaml")
	err := v.ReadInConfig()
	var broken viper.ConfigParseError
	switch {
	case errors.Is(err, fs.ErrNotExist) && !wanted:
		return nil
	case errors.As(err, &broken):
		return usagef("the configuration file %s is not understood: %w", file, broken.Unwrap())
	case err != nil:
		return usagef("the configuration file %s cannot be read: %w", file, err)
	}
	for _, key := range v.AllKeys() {
		if !slices.Contains(known, key) {
			slices.Sort(known)
			return usagef("the configuration file %s has the entry %q, which is none; there are %s", file, key, strings.Join(known, ", "))
		}
	}
	return nil
}

// postgresOptions returns the options of the private server.
func (a *app) postgresOptions() (postgres.Options, error) {
	binaries, err := postgres.Find(a.config.Postgres.Bin)
	return postgres.Options{Binaries: binaries, User: a.config.Postgres.User}, err
}

// serverOptions is postgresOptions where a source needs a private server at all.
func (a *app) serverOptions(source check.Source) (postgres.Options, error) {
	if source.DSN != "" {
		return postgres.Options{}, nil
	}
	return a.postgresOptions()
}

// configCommand prints the effective configuration.
func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration",
		Long: `Config prints what is in force, in the form of the configuration file. A flag comes
before the environment (VEIL_POSTGRES_BIN, VEIL_POSTGRES_USER, VEIL_TENANT_KEY,
VEIL_TENANT_STATE, VEIL_WORKERS, VEIL_SERVER_URL and so on for each entry), that
before the file, that before the default. Connection strings are not shown,
because they may hold a password.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.printConfig() },
	}
}

// printConfig prints every setting that there is, in the form of the configuration file.
func (a *app) printConfig() error {
	text := &strings.Builder{}
	section := ""
	for _, s := range allSettings() {
		part, name, _ := strings.Cut(s.key, ".")
		if part != section {
			section = part
			fmt.Fprintf(text, "%s:\n", section)
		}
		value := a.effective.GetString(s.key)
		if s.flag == "" && value != "" {
			value = "[set, and not shown]" // it may hold a password
		}
		fmt.Fprintf(text, "  %s: %q\n", name, value)
	}
	_, err := fmt.Fprintf(a.out, "%sworkers: %d\n", text, a.config.Workers)
	return err
}

// allSettings are those of all commands, in the order in which they are printed.
func allSettings() []setting {
	return slices.Concat(settings, remoteSettings, serveSettings)
}

// maxInputBytes bounds a policy or mapping file; their parsers have lower limits.
const maxInputBytes = 16 << 20

// readInput reads a policy or mapping file that the user named.
func readInput(what, path string) ([]byte, error) { return check.ReadFile(what, path, maxInputBytes) }
