package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/introspect"
)

// holdings are what a tenant has of its own at a moment: the facts about names that only it has, and its rows.
type holdings struct {
	facts   map[schema.Fact]bool
	tables  []ownTable
	decided []string // columns that are left out, because a decision changes them
}

// ownTable is a table's rows, as far as their columns are to stay.
type ownTable struct {
	name    schema.Relation
	columns []string
	rows    int
	hash    string // of the rows in an order that does not depend on where they lie
}

// holdingsOf reads what the tenant has of its own. Columns that decisions are about are left out.
func holdingsOf(ctx context.Context, conn *pgx.Conn, decisions []executor.Decision) (*holdings, error) {
	o := &holdings{}
	db, err := o.readFacts(ctx, conn)
	if err != nil {
		return nil, err
	}
	for i := range db.Tables {
		t := &db.Tables[i]
		table := ownTable{name: t.Relation}
		for _, c := range t.Columns {
			if slices.ContainsFunc(decisions, func(d executor.Decision) bool { return d.Fact.Table == t.Name && d.Fact.Name == c.Name }) {
				o.decided = append(o.decided, t.Name+"."+c.Name)
				continue
			}
			table.columns = append(table.columns, c.Name)
		}
		o.tables = append(o.tables, table)
	}
	return o, o.readRows(ctx, conn)
}

// again reads the facts, and the rows of the same columns.
func (h *holdings) again(ctx context.Context, conn *pgx.Conn) (*holdings, error) {
	o := &holdings{tables: slices.Clone(h.tables), decided: h.decided}
	if _, err := o.readFacts(ctx, conn); err != nil {
		return nil, err
	}
	return o, o.readRows(ctx, conn)
}

func (h *holdings) readFacts(ctx context.Context, conn *pgx.Conn) (*schema.Database, error) {
	db, err := introspect.Read(ctx, conn, introspect.Options{})
	if err != nil {
		return nil, err
	}
	facts, _, err := db.Facts(schema.Mapping{})
	if err != nil {
		return nil, err
	}
	h.facts = make(map[schema.Fact]bool)
	for _, f := range facts {
		text := f.Table + "\x00" + f.Name + "\x00" + f.Detail
		for _, name := range demo.TenantOnly() {
			if name != demo.TenantSchema && strings.Contains(text, name) {
				h.facts[f] = true
			}
		}
	}
	return db, nil
}

func (h *holdings) readRows(ctx context.Context, conn *pgx.Conn) error {
	for i := range h.tables {
		t := &h.tables[i]
		columns := make([]string, len(t.columns))
		for k, name := range t.columns {
			columns[k] = schema.Quote(name)
		}
		from := schema.Quote(t.name.Schema) + "." + schema.Quote(t.name.Name)
		err := conn.QueryRow(ctx, "SELECT count(*), coalesce(md5(string_agg(r::text, E'\\n' ORDER BY r::text)), '') FROM (SELECT "+
			strings.Join(columns, ", ")+" FROM "+from+") AS r").Scan(&t.rows, &t.hash)
		if err != nil {
			return fmt.Errorf("the rows of %s could not be read: %w", from, err)
		}
	}
	return nil
}

// kept counts the facts that are there after, too.
func (h *holdings) kept(after *holdings) (n int) {
	for f := range h.facts {
		if after.facts[f] {
			n++
		}
	}
	return n
}

// size counts rows and columns.
func (h *holdings) size() (rows, columns int) {
	for _, t := range h.tables {
		rows += t.rows
		columns += len(t.columns)
	}
	return rows, columns
}

// differing names the tables whose rows are not the same after.
func (h *holdings) differing(after *holdings) []string {
	var names []string
	for i, t := range h.tables {
		if u := after.tables[i]; u.rows != t.rows || u.hash != t.hash {
			names = append(names, t.name.Name)
		}
	}
	return names
}
