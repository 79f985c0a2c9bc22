package provision_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/memento"
)

// outside is what a tenant has that the template does not know.
type outside struct {
	s       *subject
	inside  map[string]bool      // what the template's own structure is about, and the relations that this belongs to
	facts   map[schema.Fact]bool // the template's
	slots   map[schema.Fact]bool // places that the template fills, see slotOf
	parts   map[string]string    // partitions to the root above
	tables  []string
	columns map[string][]string // by the table's name, of tables of the template's
	count   int                 // of columns
}

const partsSQL = `SELECT p.relid::text, c.oid::regclass::text FROM pg_class c, pg_partition_tree(c.oid) p
	WHERE c.relkind = 'p' AND NOT c.relispartition AND p.relid <> c.oid`

// outside builds the template in a database of its own, which shows what is the template's.
func (s *subject) outside(t *testing.T, template []byte) *outside {
	t.Helper()
	d := newTenant(t)
	d.load(t, "template", template)
	o := &outside{
		s: s, inside: make(map[string]bool), columns: make(map[string][]string), parts: pairs(t, s.conn, partsSQL),
		facts: factsOf(t, d.conn, schema.Mapping{}), slots: make(map[schema.Fact]bool),
	}
	for f := range o.facts {
		o.slots[slotOf(f)] = true
	}
	text := newStructure(t, d.conn)
	for mine, theirs := range s.apply.Mapping.Schemas {
		text = text.replace(" "+theirs+".", " "+mine+".")
	}
	for line := range text.lines {
		o.inside[subjectOf(line)], o.inside[text.relation(line)] = true, true
	}
	for name, kind := range pairs(t, s.conn, ownTables) {
		if kind == "m" {
			continue // its rows have the types of the tables that it asks
		}
		if o.inside[s.renamed(o.root(name))] {
			o.ownColumns(t, name)
		} else {
			o.tables = append(o.tables, name)
		}
	}
	slices.Sort(o.tables)
	return o
}

// root is the partitioned table above a partition, or else the table.
func (o *outside) root(table string) string {
	if root, is := o.parts[table]; is {
		return root
	}
	return table
}

func (o *outside) ownColumns(t *testing.T, table string) {
	t.Helper()
	for column := range pairs(t, o.s.conn, `SELECT quote_ident(attname), '' FROM pg_attribute
		WHERE attrelid = '`+table+`'::regclass AND attnum > 0 AND NOT attisdropped`) {
		if !o.inside["column "+o.s.renamed(o.root(table))+"."+o.s.renamedColumn(table, column)] {
			o.columns[table] = append(o.columns[table], column)
			o.count++
		}
	}
	slices.Sort(o.columns[table])
}

// qualified cuts a name as regclass spells it, which leaves out the schema that the search path has.
func qualified(table string) (in, name string) {
	if in, name, ok := strings.Cut(table, "."); ok {
		return in, name
	}
	return "public", table
}

// renamed is a table's name after the run.
func (s *subject) renamed(table string) string {
	in, name := qualified(table)
	if to, ok := s.apply.Mapping.Tables[schema.Relation{Schema: in, Name: name}]; ok {
		name = to
	}
	return in + "." + name
}

func (s *subject) renamedColumn(table, column string) string {
	in, name := qualified(table)
	if to, ok := s.apply.Mapping.Columns[schema.ColumnName{Schema: in, Table: name, Column: column}]; ok {
		return to
	}
	return column
}

// look reads what is outside: its rows, and how pg_dump makes its tables.
func (o *outside) look(t *testing.T) map[string]string {
	t.Helper()
	out := make(map[string]string)
	now := pairs(t, o.s.conn, ownTables)
	for table, columns := range o.columns {
		at := table
		if _, there := now[table]; !there {
			at = o.s.renamed(table)
		}
		out["columns of "+table] = copied(t, o.s.conn, "SELECT "+strings.Join(columns, ", ")+" FROM ONLY "+at)
	}
	var args []string
	for _, table := range o.tables {
		out[table] = copied(t, o.s.conn, "SELECT * FROM ONLY "+table)
		in, name := qualified(table)
		args = append(args, "--table", in+"."+name)
	}
	if len(args) > 0 {
		out["pg_dump"] = strings.Join(dump(t, o.s.tenant, args...), "")
	}
	return out
}

// copied copies rows, sorted.
func copied(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := conn.PgConn().CopyTo(t.Context(), &b, "COPY ("+sql+") TO STDOUT"); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	lines := strings.SplitAfter(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// touched returns the lines that only one of two structures has, though they are about something that the template does not have. Two
// kinds of lines follow others and are no touch: the types of a view's columns, and all about partitions of the template's tables.
func (o *outside) touched(before, after *structure) []string {
	before = before.rename(o.s.apply.Mapping)
	var out []string
	look := func(sign string, here, there *structure) {
		for line := range here.lines {
			relation := here.relation(line)
			_, attribute, _ := strings.Cut(line, ": ")
			follows := here.views[relation] && (strings.HasPrefix(attribute, "type ") || strings.HasPrefix(attribute, "collation "))
			part := o.inside[o.s.renamed(o.root(strings.TrimPrefix(relation, "public.")))]
			if !there.lines[line] && !o.inside[subjectOf(line)] && !o.inside[relation] && !follows && !part {
				out = append(out, sign+line)
			}
		}
	}
	look("- ", before, after)
	look("+ ", after, before)
	return append(out, o.unsaid(before, after)...)
}

// unsaid returns the comments and rights that are gone, whatever they are about.
func (o *outside) unsaid(before, after *structure) []string {
	var out []string
	for line := range before.lines {
		_, attribute, _ := strings.Cut(line, ": ")
		if (strings.HasPrefix(attribute, "comment ") || strings.HasPrefix(attribute, "privileges ")) && !after.lines[line] {
			out = append(out, "- "+line)
		}
	}
	return out
}

// slotOf is the place of a fact where there can be only one: the type of a column, the view of a name. All else is its own place.
func slotOf(f schema.Fact) schema.Fact {
	switch f.Kind {
	case schema.KindDefault, schema.KindIdentity, schema.KindGenerated:
		return schema.Fact{Kind: schema.KindDefault, Schema: f.Schema, Table: f.Table, Name: f.Name}
	case schema.KindColumnType, schema.KindCollation, schema.KindView, schema.KindEnum, schema.KindDomain, schema.KindComposite, schema.KindRange,
		schema.KindSequence, schema.KindTrigger, schema.KindPrimaryKey, schema.KindFunction:
		f.Detail = ""
	case schema.KindRowSecurity:
		if f.Name != "" {
			f.Detail = ""
		}
	case schema.KindForeignKey:
		f.Detail, _, _ = strings.Cut(f.Detail, " references ")
	}
	return f
}

// lost returns the facts that the tenant had, the template has not, and the tenant has no more. A fact is not lost where the template has
// another in its place, or where the tenant's own is spelt otherwise since the type of a column is another one.
func (o *outside) lost(before, after map[schema.Fact]bool) []string {
	respelt := make(map[schema.Fact]int) // by kind and table
	of := func(f schema.Fact) schema.Fact { return schema.Fact{Kind: f.Kind, Schema: f.Schema, Table: f.Table} }
	for f := range after {
		if !before[f] && !o.facts[f] {
			respelt[of(f)]++
		}
	}
	var out []string
	for f := range before {
		name := f.Table
		f.Table = strings.TrimPrefix(o.s.renamed(f.Schema+"."+f.Table), f.Schema+".")
		f.Name = o.s.renamedColumn(f.Schema+"."+name, f.Name)
		unique := f
		unique.Kind = schema.KindUnique
		switch {
		case after[f], o.slots[slotOf(f)] && (f.Kind != schema.KindPrimaryKey || after[unique]), f.Kind == schema.KindView && after[f]:
		case respelt[of(f)] > 0:
			respelt[of(f)]--
		default:
			out = append(out, f.String())
		}
	}
	slices.Sort(out)
	return out
}

// structure is what memento prints of a database.
type structure struct {
	lines   map[string]bool
	views   map[string]bool
	indexes map[string]string // to their tables
}

func newStructure(t testing.TB, conn *pgx.Conn) *structure {
	t.Helper()
	text, err := memento.Structure(t.Context(), conn, schemasOf(t, conn))
	if err != nil {
		t.Fatal(err)
	}
	return parseStructure(string(text))
}

func parseStructure(text string) *structure {
	s := &structure{lines: make(map[string]bool), views: make(map[string]bool), indexes: make(map[string]string)}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		s.lines[line] = true
		subject, attribute, _ := strings.Cut(line, ": ")
		kind, name, _ := strings.Cut(subject, " ")
		switch {
		case kind == "view":
			s.views[name] = true
		case kind == "materialized":
			s.views[strings.TrimPrefix(name, "view ")] = true
		case strings.Contains(subject, "index ") && strings.HasPrefix(attribute, "definition "):
			_, table, _ := strings.Cut(attribute, " ON ")
			s.indexes[subject], _, _ = strings.Cut(strings.TrimPrefix(table, "ONLY "), " USING ")
		}
	}
	return s
}

// rename is the structure as it would be if tables had their new names.
func (s *structure) rename(m schema.Mapping) *structure {
	for from, to := range m.Tables {
		for _, end := range []string{".", ":", " "} {
			s = s.replace(" "+from.Schema+"."+from.Name+end, " "+from.Schema+"."+to+end)
		}
	}
	return s
}

func (s *structure) replace(from, to string) *structure {
	var b strings.Builder
	for line := range s.lines {
		b.WriteString(strings.ReplaceAll(line, from, to) + "\n")
	}
	return parseStructure(b.String())
}

// subjectOf is what a line of a structure is about.
func subjectOf(line string) string {
	subject, _, _ := strings.Cut(line, ": ")
	return subject
}

// relation is the table or view that a line's subject belongs to, or else the subject.
func (s *structure) relation(line string) string {
	subject := subjectOf(line)
	if _, on, ok := strings.Cut(subject, " on "); ok {
		return on
	}
	if table, is := s.indexes[subject]; is {
		return table
	}
	if name, ok := strings.CutPrefix(subject, "column "); ok {
		return name[:strings.LastIndex(name, ".")]
	}
	for _, kind := range []string{"table ", "partitioned table ", "view ", "materialized view "} {
		if name, ok := strings.CutPrefix(subject, kind); ok {
			return name
		}
	}
	return subject
}
