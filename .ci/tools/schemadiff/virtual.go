package main

import (
	"context"
	"fmt"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
)

// placeholder is the type of columns that are there and whose type is not known.
const (
	placeholder     = "public.of_unknown_type"
	makePlaceholder = "CREATE TYPE " + placeholder + " AS ENUM ('unknown')"
)

// virtual makes the schema that verdicts speak of: the new one less the facts that the old one does not have. It is what the library could be
// given where nobody shows the tenant's.
func (b *bench) virtual(ctx context.Context, from *database) (*database, error) {
	have, err := from.facts(ctx)
	if err != nil {
		return nil, err
	}
	d, err := b.load(ctx, b.next)
	if err != nil {
		return nil, err
	}
	db, err := introspect.Read(ctx, d.conn, introspect.Options{})
	if err != nil {
		d.close(ctx)
		return nil, err
	}
	spelt, err := db.Spellings(schema.Mapping{})
	if err != nil {
		d.close(ctx)
		return nil, err
	}
	if _, err := d.conn.Exec(ctx, makePlaceholder); err != nil {
		d.close(ctx)
		return nil, err
	}
	schemas := make(map[string]bool)
	for _, f := range have {
		schemas[f.Schema] = true
	}
	for _, s := range spelt {
		if sql := take(s); sql != "" && !have.Has(s.Fact) {
			// What went with something else cannot be taken again, and a primary key holds on to its NOT NULL.
			_, _ = d.conn.PgConn().Exec(ctx, sql).ReadAll()
		}
	}
	for _, name := range db.Schemas {
		if !schemas[name] && name != "public" {
			_, _ = d.conn.PgConn().Exec(ctx, "DROP SCHEMA "+schema.Quote(name)+" CASCADE").ReadAll()
		}
	}
	return d, nil
}

// take is the statement that takes a fact away, with what hangs on it; "" for facts that stay.
func take(s schema.Spelling) string {
	f := s.Fact
	table := schema.Quote(f.Schema) + "." + schema.Quote(f.Table)
	column := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s ", table, schema.Quote(f.Name))
	object := schema.Quote(f.Schema) + "." + schema.Quote(f.Name) + " CASCADE"
	switch f.Kind {
	case schema.KindTable:
		return "DROP TABLE " + table + " CASCADE"
	case schema.KindColumn:
		return fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s CASCADE", table, schema.Quote(f.Name))
	case schema.KindColumnType:
		return fmt.Sprintf("%sDROP DEFAULT; %sTYPE %s USING NULL", column, column, placeholder)
	case schema.KindNotNull:
		return column + "DROP NOT NULL"
	case schema.KindDefault:
		return column + "DROP DEFAULT"
	case schema.KindIdentity:
		return column + "DROP IDENTITY"
	case schema.KindPrimaryKey, schema.KindUnique, schema.KindForeignKey, schema.KindCheck, schema.KindExclusion:
		return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s CASCADE", table, schema.Quote(s.Object.Name))
	case schema.KindIndex:
		return "DROP INDEX " + schema.Quote(s.Object.Schema) + "." + schema.Quote(s.Object.Name) + " CASCADE"
	case schema.KindTrigger:
		return "DROP TRIGGER " + schema.Quote(f.Name) + " ON " + table
	case schema.KindEnum, schema.KindComposite, schema.KindRange:
		return "DROP TYPE " + object
	case schema.KindDomain:
		return "DROP DOMAIN " + object
	case schema.KindView:
		return "DROP VIEW " + object
	case schema.KindFunction:
		return "DROP ROUTINE " + object
	case schema.KindExtension:
		return "DROP EXTENSION " + schema.Quote(f.Name) + " CASCADE"
	case schema.KindSequence:
		if f.Table == "" {
			return "DROP SEQUENCE " + object
		}
	}
	return ""
}
