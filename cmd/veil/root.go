package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"
	"golang.org/x/term"
)

// app is what all commands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	config   config
	// effective is what the configuration was read from.
	effective *viper.Viper
}

// command returns the root command.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "veil",
		Short: "Check a database schema against a template without showing it",
		Long: `Veil tells a tenant how its database schema stands to a template, tells the
service that evaluates it nothing but the verdicts the tenant discloses, and
proves both sides honest. From the verdicts alone it plans and carries out what
brings the database to the template.

Exit codes: 0 conforms or done, 1 does not conform, 2 usage, 3 not allowed,
4 unavailable, 5 evidence of cheating, 6 incomplete or a decision is needed,
7 failed and everything is as it was, 70 internal error, 130 interrupted.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArguments,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; see %s --help", err, cmd.CommandPath())
	})
	root.SetVersionTemplate("veil {{.Version}}\n")
	bindConfig(root, a)
	root.AddCommand(a.checkCommand(), a.provisionCommand(), a.factsCommand(), a.keysCommand(), a.auditCommand(), a.proveCommand(), a.reportCommand(), a.serveCommand(), a.witnessCommand(), a.adminCommand(), a.bootstrapCommand(), a.tenantsCommand(), a.tokensCommand(), a.templateCommand(), a.comparisonsCommand(), a.demoCommand(), a.configCommand())
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		for _, shell := range append(completion.Commands(), completion) {
			shell.Args = noArguments // cobra's own answer would count as a fault of ours
		}
	}
	return root
}

// noArguments refuses arguments: those of a group are no command of it, and files
// are given with flags.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasSubCommands():
		return usagef("%s takes no arguments, and %q is one; files are given with flags; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		hint = fmt.Sprintf("; did you mean %s %s?", cmd.CommandPath(), similar[0])
	}
	return usagef("there is no command %q%s; see %s --help", cmd.CommandPath()+" "+args[0], hint, cmd.CommandPath())
}

// oneFile wants exactly one argument, a file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s takes one file, and %d are given; see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())
	}
	return nil
}

// version returns the module's version as the build recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// terminal returns the width of a writer's terminal, and false where it is none.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// colored says whether to color what is written to w.
func colored(w io.Writer) bool {
	_, ok := terminal(w)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// writeFile writes a file for the user; an existing one is replaced.
func writeFile(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("the file was not written: %w", err)
	}
	return nil
}
