package introspect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// settings make what the server prints independent of who asks, and keep its planner on the indexes: what it
// knows of the catalog's size is often old.
var settings = [][2]string{
	{"search_path", ""},
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"lc_monetary", "C"},
	{"xmlbinary", "base64"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
	{"enable_seqscan", "off"},
	{"jit", "off"},
}

// who asks for the server, the database, its schemas and extensions.
func (r *reader) who(ctx context.Context, opts Options) error {
	var (
		q    round
		set  string
		oid  uint32
		name string
		all  = make(map[string]uint32)
		x    schema.Extension
	)
	for _, s := range settings {
		q.each(`SELECT set_config($1, $2, true)`, []any{s[0], s[1]}, []any{&set}, func() {})
	}
	q.each(`SELECT current_database()::text, current_setting('server_version'), current_setting('server_version_num')::int`,
		nil, []any{&r.out.Name, &r.out.ServerVersion, &r.version}, func() {})
	q.each(`SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`,
		nil, []any{&oid, &name}, func() { all[name] = oid })
	if len(opts.Relations) == 0 {
		q.each(`SELECT e.extname, n.nspname, e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
			WHERE e.extname <> 'plpgsql'`,
			nil, []any{&x.Name, &x.Schema, &x.Version}, func() { r.out.Extensions = append(r.out.Extensions, x) })
	}
	if err := q.send(ctx, r.tx); err != nil {
		return err
	}
	if r.version < oldest {
		return refused{fmt.Errorf("the server is PostgreSQL %s; version 15 or later is needed", r.out.ServerVersion)}
	}
	return r.choose(all, opts.Schemas)
}

// choose resolves the names of the schemas to read.
func (r *reader) choose(all map[string]uint32, want []string) error {
	if len(want) == 0 {
		for name := range all {
			want = append(want, name)
		}
	}
	want = slices.Compact(slices.Sorted(slices.Values(want)))
	r.out.Schemas = want
	r.space = make(map[uint32]string, len(want))
	for _, name := range want {
		oid, ok := all[name]
		if !ok {
			return refused{&NoSchemaError{Database: r.out.Name, Schema: name, Has: slices.Sorted(maps.Keys(all))}}
		}
		r.spaces = append(r.spaces, oid)
		r.space[oid] = name
	}
	return nil
}

// maxListed is how many schemas an error message lists.
const maxListed = 10

// NoSchemaError says that a schema that was asked for is not there.
type NoSchemaError struct {
	Database, Schema string
	Has              []string // the schemas that are there, sorted
}

// Error names the schemas that are there.
func (e *NoSchemaError) Error() string {
	return fmt.Sprintf("the database %q has no schema %q; %s", e.Database, e.Schema, e.Others())
}

// Others is a clause that lists the schemas that are there.
func (e *NoSchemaError) Others() string {
	if len(e.Has) == 0 {
		return "it has none but the system's"
	}
	names := make([]string, len(e.Has))
	for i, name := range e.Has {
		names[i] = fmt.Sprintf("%q", name)
	}
	if more := len(names) - maxListed; more > 0 {
		return fmt.Sprintf("it has %s and %d more", strings.Join(names[:maxListed], ", "), more)
	}
	return "it has " + strings.Join(names, ", ")
}
