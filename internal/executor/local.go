package executor

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
)

// local is what the executor knows of the tenant's database. Facts are in the template's names, all else in the tenant's.
type local struct {
	db       *schema.Database
	mapping  schema.Mapping // of schemas: tables and columns are renamed already
	facts    map[schema.Fact]bool
	spelt    map[schema.Fact][]schema.Spelling
	perTable map[schema.Relation][]schema.Spelling   // by the template's name of the table
	tables   map[schema.Relation]*schema.Table       // by the template's name
	named    map[schema.Relation][]schema.Relation   // objects of schemas by the template's name
	taken    map[schema.Relation]string              // names of relations and their pg_class.relkind
	types    map[schema.Relation]string              // names of types and their pg_type.typtype
	keys     map[schema.Relation]map[string]struct{} // names of a table's constraints
	schemas  map[string]bool                         // that exist, whether they are read or not
	occupied map[string]bool                         // that have something in them
}

// look reads the catalog inside the transaction.
func look(ctx context.Context, tx pgx.Tx, schemas []string, m schema.Mapping) (*local, error) {
	db, err := introspect.ReadTx(ctx, tx, introspect.Options{Schemas: schemas})
	if err != nil {
		return nil, err
	}
	l := &local{
		db: db, facts: make(map[schema.Fact]bool), spelt: make(map[schema.Fact][]schema.Spelling),
		mapping: schema.Mapping{Schemas: present(m.Schemas, db.Schemas)}, perTable: make(map[schema.Relation][]schema.Spelling),
		tables: make(map[schema.Relation]*schema.Table), named: make(map[schema.Relation][]schema.Relation),
		keys: make(map[schema.Relation]map[string]struct{}),
	}
	spellings, err := db.Spellings(l.mapping)
	if err != nil {
		return nil, err
	}
	for _, s := range spellings {
		l.facts[s.Fact] = true
		l.spelt[s.Fact] = append(l.spelt[s.Fact], s)
		if s.Fact.Table != "" {
			at := schema.Relation{Schema: s.Fact.Schema, Name: s.Fact.Table}
			l.perTable[at] = append(l.perTable[at], s)
		}
	}
	l.index()
	return l, l.names(ctx, tx)
}

// present returns the entries of a schema mapping that are about schemas that were read.
func present(m map[string]string, read []string) map[string]string {
	out := make(map[string]string, len(m))
	for from, to := range m {
		if slices.Contains(read, from) {
			out[from] = to
		}
	}
	return out
}

// to returns the template's name of a schema of the tenant's.
func (l *local) to(name string) string {
	if to, ok := l.mapping.Schemas[name]; ok {
		return to
	}
	return name
}

// index makes objects known by the template's names.
func (l *local) index() {
	l.occupied = make(map[string]bool)
	know := func(r schema.Relation) {
		l.occupied[r.Schema] = true
		to := schema.Relation{Schema: l.to(r.Schema), Name: r.Name}
		if !slices.Contains(l.named[to], r) { // functions of one name are told apart by their arguments
			l.named[to] = append(l.named[to], r)
		}
	}
	for i := range l.db.Tables {
		t := &l.db.Tables[i]
		know(t.Relation)
		l.tables[schema.Relation{Schema: l.to(t.Schema), Name: t.Name}] = t
		l.keys[t.Relation] = make(map[string]struct{})
		for _, c := range t.Constraints {
			l.keys[t.Relation][c.Name] = struct{}{}
		}
	}
	for i := range l.db.Views {
		know(l.db.Views[i].Relation)
	}
	for i := range l.db.Sequences {
		know(l.db.Sequences[i].Relation)
	}
	for i := range l.db.Enums {
		know(l.db.Enums[i].Relation)
	}
	for i := range l.db.Domains {
		know(l.db.Domains[i].Relation)
	}
	for i := range l.db.Composites {
		know(l.db.Composites[i].Relation)
	}
	for i := range l.db.Ranges {
		know(l.db.Ranges[i].Relation)
	}
	for i := range l.db.Functions {
		know(l.db.Functions[i].Relation)
	}
}

// names reads which names are taken.
func (l *local) names(ctx context.Context, tx pgx.Tx) error {
	l.taken, l.types, l.schemas = make(map[schema.Relation]string), make(map[schema.Relation]string), make(map[string]bool)
	for _, q := range []struct {
		sql string
		add func(r schema.Relation, kind string)
	}{
		{
			`SELECT n.nspname, c.relname, c.relkind::text FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`,
			func(r schema.Relation, kind string) { l.taken[r] = kind },
		},
		{`SELECT n.nspname, t.typname, t.typtype::text FROM pg_catalog.pg_type t
			JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)`, // an array's makes room by itself
			func(r schema.Relation, kind string) { l.types[r] = kind }},
		{`SELECT nspname, '', '' FROM pg_catalog.pg_namespace`, func(r schema.Relation, _ string) { l.schemas[r.Schema] = true }},
	} {
		rows, err := tx.Query(ctx, q.sql)
		if err != nil {
			return fmt.Errorf("the names in the database could not be read: %w", err)
		}
		var r schema.Relation
		var kind string
		if _, err := pgx.ForEachRow(rows, []any{&r.Schema, &r.Name, &kind}, func() error {
			q.add(r, kind)
			return nil
		}); err != nil {
			return fmt.Errorf("the names in the database could not be read: %w", err)
		}
	}
	return nil
}

// column returns a column of a table by the template's names.
func (l *local) column(f schema.Fact) (*schema.Table, *schema.Column) {
	t := l.tables[schema.Relation{Schema: f.Schema, Name: f.Table}]
	if t == nil {
		return nil, nil
	}
	for i := range t.Columns {
		if t.Columns[i].Name == f.Name {
			return t, &t.Columns[i]
		}
	}
	return t, nil
}

// of returns the spelling of a fact of a kind of a column, nil if the column has none.
func (l *local) of(f schema.Fact, k schema.Kind) *schema.Spelling {
	list := l.perTable[schema.Relation{Schema: f.Schema, Name: f.Table}]
	for i := range list {
		if list[i].Fact.Kind == k && list[i].Fact.Name == f.Name {
			return &list[i]
		}
	}
	return nil
}
