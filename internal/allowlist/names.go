package allowlist

import (
	_ "embed"
	"strings"
	"sync"
)

// builtinsText lists every function of pg_catalog on PostgreSQL 15 to 18 behind its volatility, the
// worst where names are overloaded. TestTheListOfBuiltInFunctionsIsTheServers holds it against servers and writes it with -update.
//
//go:embed builtins.txt
var builtinsText string

// builtins is volatility by name: i immutable, s stable, v volatile, x not for SQL.
var builtins = sync.OnceValue(func() map[string]byte {
	m := make(map[string]byte)
	for line := range strings.Lines(builtinsText) {
		words := strings.Fields(line)
		for _, name := range words[min(1, len(words)):] {
			m[name] = words[0][0]
		}
	}
	return m
})

// set reads words into a set.
func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// builtinAllowed says whether a function of pg_catalog may be called.
func builtinAllowed(name string) bool {
	if strings.HasPrefix(name, "pg_") {
		return pgFunctions[name]
	}
	switch builtins()[name] {
	case 'i':
		return true
	case 's':
		return !stableButRefused[name]
	case 'v':
		return volatileFunctions[name]
	}
	return false
}

// functionProblem says why a function may not be called, or "".
func functionProblem(names []string) string {
	name := last(names)
	shown := strings.Join(names, ".")
	if len(names) > 2 {
		return "the name " + shown + " has more than two parts; leave the database out"
	}
	if len(names) == 2 {
		switch schema := names[0]; {
		case schema == "pg_catalog":
			if !builtinAllowed(name) {
				return shown + " is not among the functions that a template may call; take the call out"
			}
			return ""
		case systemSchema(schema), farSchemas[schema]:
			return shown + " is not among the functions that a template may call; take the call out"
		}
	}
	_, known := builtins()[name]
	if (known || strings.HasPrefix(name, "pg_")) && !builtinAllowed(name) || farFunctions[name] || hasPrefix(name, farPrefixes) {
		return shown + " is not among the functions that a template may call; take the call out"
	}
	return ""
}

func hasPrefix(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// systemSchema says whether a schema is PostgreSQL's own.
func systemSchema(name string) bool {
	return name == "information_schema" || strings.HasPrefix(name, "pg_")
}

// readable says why a relation may not be read, or "".
func (c *checker) readable(schema, name string) string {
	switch {
	case schema == "information_schema":
		if !strings.HasPrefix(name, "_") && !hiddenSchemaViews[name] {
			return ""
		}
	case schema == "pg_catalog" || schema == "" && strings.HasPrefix(name, "pg_"):
		if catalogs[name] || !c.strict && shownInFiles[name] {
			return ""
		}
	case !systemSchema(schema):
		return ""
	}
	return "the system relation " + qualified(schema, name) + " is not among those that a template may read; take it out"
}

// owned says why an object may not be made or changed, or "".
func owned(schema, name string) string {
	if systemSchema(schema) || schema == "" && strings.HasPrefix(name, "pg_") {
		return qualified(schema, name) + " would be PostgreSQL's own; choose another schema"
	}
	return ""
}

func qualified(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}
