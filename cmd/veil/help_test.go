package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/veilschema/veil/internal/keyfile"
)

var (
	flagText    = regexp.MustCompile(`--[a-z][a-z-]*`)
	variable    = regexp.MustCompile(`\bVEIL_[A-Z_]+`)
	commandText = regexp.MustCompile(`(?m)(?:^|[\s;"\x60(|/])veil((?: [a-z][a-z-]*)+)`)
	blockText   = regexp.MustCompile("(?s)```[a-z]*\n(.*?)```")
)

// commands returns every command by its path, such as "veil keys new".
func commands() map[string]*cobra.Command {
	list := map[string]*cobra.Command{}
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
		list[c.CommandPath()] = c
		for _, sub := range c.Commands() {
			add(sub)
		}
	}
	add((&app{}).command())
	return list
}

// own are the commands whose help is this program's and not cobra's.
func own() map[string]*cobra.Command {
	list := commands()
	for path := range list {
		if strings.HasPrefix(path, "veil completion") || path == "veil help" {
			delete(list, path)
		}
	}
	return list
}

func hasFlag(c *cobra.Command, flag string) bool {
	name := strings.TrimPrefix(flag, "--")
	return c.Flags().Lookup(name) != nil || c.InheritedFlags().Lookup(name) != nil
}

func TestHelpNamesOnlyFlagsAndCommandsThatExist(t *testing.T) {
	all := commands()
	for path, c := range own() {
		text := strings.Join([]string{c.Use, c.Short, c.Long, c.Example, c.Flags().FlagUsages(), c.InheritedFlags().FlagUsages()}, "\n")
		for _, flag := range flagText.FindAllString(text, -1) {
			if !hasFlag(c, flag) {
				t.Errorf("the help of %s speaks of %s, which it does not have", path, flag)
			}
		}
		for _, problem := range wrongCommands(all, c.Example) {
			t.Errorf("the help of %s: %s", path, problem)
		}
		if c.Short == "" || c.Long == "" && c.HasSubCommands() || c.Long == "" && c.Parent() == all["veil"] {
			t.Errorf("%s has no help", path)
		}
	}
}

// wrongCommands says what is wrong with the command lines in a text.
func wrongCommands(all map[string]*cobra.Command, text string) (problems []string) {
	for line := range strings.SplitSeq(text, "\n") {
		line, _, _ = strings.Cut(line, " #")
		for _, m := range commandText.FindAllStringSubmatch(line, -1) {
			words := strings.Fields(m[1])
			c, depth := all["veil"], 0
			for c.HasSubCommands() && depth < len(words) && all[c.CommandPath()+" "+words[depth]] != nil {
				c = all[c.CommandPath()+" "+words[depth]]
				depth++
			}
			if c.HasSubCommands() && depth < len(words) {
				problems = append(problems, fmt.Sprintf("there is no command %q in %q", c.CommandPath()+" "+words[depth], line))
				continue
			}
			for _, flag := range flagText.FindAllString(line, -1) {
				if !hasFlag(c, flag) {
					problems = append(problems, fmt.Sprintf("%s has no %s in %q", c.CommandPath(), flag, line))
				}
			}
		}
	}
	return problems
}

func TestWrongCommandLinesInTextsAreFound(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"veil check --template-ddl a.sql --ddl b.sql", 0},
		{"./bin/veil demo", 0},
		{"Veil tells a tenant", 0},
		{"veil keys new", 0},
		{"veil keys old", 1},
		{"bin/veil server", 1},
		{"veil keys new  # for --keep", 0},
		{"veil check --templat a.sql", 1},
	} {
		if got := wrongCommands(commands(), c.text); len(got) != c.want {
			t.Errorf("%q: got the problems %q, want %d", c.text, got, c.want)
		}
	}
}

// Every command line in a code block of the documentation is one that exists.
func TestDocumentationShowsOnlyCommandsThatExist(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, file := range append(files, "../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md") {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range blockText.FindAllStringSubmatch(string(text), -1) {
			blocks++
			for _, problem := range wrongCommands(commands(), strings.ReplaceAll(m[1], "\\\n", " ")) {
				t.Errorf("%s: %s", filepath.Base(file), problem)
			}
		}
	}
	t.Logf("%d code blocks read", blocks)
}

func TestHelpNamesEveryExitCodeAndNoOther(t *testing.T) {
	_, listed, _ := strings.Cut(commands()["veil"].Long, "Exit codes: ")
	var got []string
	for item := range strings.SplitSeq(strings.TrimSuffix(listed, "."), ",") {
		got = append(got, strings.Fields(item)[0])
	}
	want := []string{}
	for _, code := range []int{
		exitDone, exitDeviates, exitUsage, exitDenied, exitUnavailable, exitMisconduct, exitIncomplete, exitCompensated, exitInternal, exitInterrupted,
	} {
		want = append(want, fmt.Sprint(code))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the help lists the exit codes %s, want %s", got, want)
	}
}

func TestHelpNamesOnlyVariablesThatAreRead(t *testing.T) {
	known := []string{keyfile.EnvKey, keyfile.EnvKeyFD, keyfile.EnvPassphraseFD, envToken, "VEIL_WORKERS"}
	for _, s := range allSettings() {
		known = append(known, "VEIL_"+strings.ToUpper(strings.ReplaceAll(s.key, ".", "_")))
	}
	for path, c := range own() {
		for _, name := range variable.FindAllString(c.Long+c.Example+c.Flags().FlagUsages(), -1) {
			if !slices.Contains(known, name) {
				t.Errorf("the help of %s speaks of %s, which nothing reads", path, name)
			}
		}
	}
}
