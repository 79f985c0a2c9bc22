package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/check"
)

// sourceFlags say where a schema comes from and how its names map.
type sourceFlags struct {
	dsn        string
	ddl        []string
	schemas    []string
	mapSchemas []string
	mapping    string
}

// bind adds the flags.
func (s *sourceFlags) bind(f *pflag.FlagSet) {
	s.bindDatabase(f)
	f.StringSliceVar(&s.ddl, "ddl", nil, "DDL file; several are loaded in order")
}

// bindDatabase adds the flags of commands that take a database and no DDL.
func (s *sourceFlags) bindDatabase(f *pflag.FlagSet) {
	bindDSN(f, &s.dsn)
	f.StringSliceVar(&s.schemas, "schema", nil, "schemas to read, A,B (default: every schema that is not the system's)")
	f.StringSliceVar(&s.mapSchemas, "map-schema", nil, "FROM=TO: the schema FROM is the template's schema TO")
	f.StringVar(&s.mapping, "mapping", "", "YAML file that maps schemas, tables and columns to the template's names")
}

func bindDSN(f *pflag.FlagSet, dsn *string) {
	f.StringVar(dsn, "dsn", "", "connection string of the database, postgres://user@host:5432/database; a password is better kept in PGPASSWORD or ~/.pgpass")
}

// source checks that exactly one source is given.
func (s *sourceFlags) source() (check.Source, error) {
	switch {
	case s.dsn == "" && len(s.ddl) == 0:
		return check.Source{}, usagef("there is no schema to read; give --dsn for a database or --ddl for a file")
	case s.dsn != "" && len(s.ddl) > 0:
		return check.Source{}, usagef("--dsn and --ddl are both given; a schema comes from one of them")
	}
	return check.Source{DSN: s.dsn, DDL: s.ddl, Schemas: s.schemas}, nil
}

// mappings joins the mapping file and --map-schema.
func (s *sourceFlags) mappings() (schema.Mapping, error) {
	var m schema.Mapping
	if s.mapping != "" {
		text, err := readInput("mapping file", s.mapping)
		if err != nil {
			return m, err
		}
		if m, err = schema.ParseMapping(text); err != nil {
			return m, usagef("the mapping file %s: %w", s.mapping, err)
		}
	}
	for _, pair := range s.mapSchemas {
		from, to, ok := strings.Cut(pair, "=")
		if !ok || from == "" || to == "" {
			return m, usagef("--map-schema %q is not of the form FROM=TO", pair)
		}
		if m.Schemas == nil {
			m.Schemas = map[string]string{}
		}
		if old, twice := m.Schemas[from]; twice && old != to {
			return m, usagef("schema %q is mapped to both %q and %q", from, old, to)
		}
		m.Schemas[from] = to
	}
	return m, nil
}
