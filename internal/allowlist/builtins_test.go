package allowlist_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

var update = flag.Bool("update", false, "write what the servers say")

// builtinsQuery gives every function of pg_catalog with the worst volatility of those of its overloads
// that SQL can call; x where it can call none.
const builtinsQuery = `
	SELECT proname, coalesce(max(provolatile) FILTER (WHERE NOT 'internal'::regtype = ANY (proargtypes::oid[]) AND prorettype <> 'internal'::regtype), 'x')
	FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname !~ '^veil_' GROUP BY proname`

// builtinsOf are the functions of a server by name; the letters i < s < v < x order them.
func builtinsOf(t *testing.T, s *postgres.Server) map[string]string {
	t.Helper()
	c, err := testenv.Scratch(t, s).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	rows, err := c.Query(t.Context(), builtinsQuery)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	m := make(map[string]string)
	for rows.Next() {
		var name, volatility string
		if err := rows.Scan(&name, &volatility); err != nil {
			t.Fatal(err)
		}
		m[name] = volatility
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

// Every function that a server has is in the list, at least as volatile as the server says. With -update the list is written from
// the servers found and what it had before.
func TestTheListOfBuiltInFunctionsIsTheServers(t *testing.T) {
	text, err := os.ReadFile("builtins.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		for _, name := range words[1:] {
			listed[name] = words[0]
		}
	}
	all := make(map[string]string)
	for _, s := range testenv.PostgresVersions(t) {
		for name, volatility := range builtinsOf(t, s) {
			all[name] = max(all[name], volatility)
			if !*update && listed[name] < volatility {
				t.Errorf("PostgreSQL %d: %s is %q, and the list says %q", s.Major(), name, volatility, listed[name])
			}
		}
	}
	if *update {
		for name, volatility := range listed {
			all[name] = max(all[name], volatility)
		}
		if err := os.WriteFile("builtins.txt", builtinsFile(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// builtinsFile has lines of one volatility and some names each.
func builtinsFile(all map[string]string) []byte {
	var b strings.Builder
	for _, volatility := range []string{"i", "s", "v", "x"} {
		var names []string
		for name, v := range all {
			if v == volatility {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		line := ""
		for _, name := range names {
			if len(line)+len(name) > 130 {
				fmt.Fprintf(&b, "%s%s\n", volatility, line)
				line = ""
			}
			line += " " + name
		}
		fmt.Fprintf(&b, "%s%s\n", volatility, line)
	}
	return []byte(b.String())
}
