package check_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// plain is a statement about a structure in this test's own spelling. It comes
// from an independent dump of a catalog by the code in this file, which
// shares nothing with the code under test, or from a fact by the code in
// detail_test.go.
type plain struct{ kind, schema, table, name, detail string }

type plainSet map[plain]bool

// dump is what an independent dump in JSON says of a catalog.
type dump struct {
	Tables []struct {
		Schema      string
		Name        string
		IsPartition bool `json:"is_partition"`
		Columns     []struct {
			Name     string
			Type     string
			Nullable bool
		}
		PrimaryKey  []string `json:"primary_key"`
		ForeignKeys []struct {
			Name       string
			Columns    []string
			RefTable   string   `json:"ref_table"` // schema.table
			RefColumns []string `json:"ref_columns"`
			OnDelete   string   `json:"on_delete"` // pg_constraint.confdeltype
		} `json:"foreign_keys"`
	}
}

// readDump reads json/NAME.json.
func readDump(t testing.TB, folder, name string) *dump {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "json", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d := new(dump)
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// schemas are the schemas that have tables, sorted.
func (d *dump) schemas() []string {
	var names []string
	for _, t := range d.Tables {
		names = append(names, t.Schema)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// plain turns the dump into statements, with schemas renamed. What the JSON does
// not say of foreign keys, everything behind their target but ON DELETE, is
// taken from the text of the DDL; so are the NOT VALID ones, which are no facts.
func (d *dump) plain(t testing.TB, clauses *clauses, rename map[string]string) plainSet {
	t.Helper()
	to := func(schema string) string {
		if renamed, ok := rename[schema]; ok {
			return renamed
		}
		return schema
	}
	set := plainSet{}
	for _, table := range d.Tables {
		add := func(kind, name, detail string) {
			set[plain{kind, to(table.Schema), table.Name, name, detail}] = true
		}
		add("table", "", "")
		for _, c := range table.Columns {
			add("column", c.Name, "")
			add("type", c.Name, plainType(c.Type, to))
			if !c.Nullable {
				add("not_null", c.Name, "")
			}
		}
		if len(table.PrimaryKey) > 0 {
			add("primary_key", "", list(table.PrimaryKey))
		}
		for _, f := range table.ForeignKeys {
			refSchema, refTable, ok := strings.Cut(f.RefTable, ".")
			if !ok || len(f.Columns) != len(f.RefColumns) {
				t.Fatalf("the dump has a foreign key of %s that is not understood: %+v", table.Name, f)
			}
			key := foreignKey{
				schema: to(refSchema), table: refTable,
				from: f.Columns, to: f.RefColumns, onDelete: onDelete[f.OnDelete],
			}
			rest, valid := clauses.of(t, table.Schema, table.Name, f.Name, f.Columns)
			if key.rest = rest; valid {
				add("foreign_key", "", key.String())
			}
		}
	}
	return set
}

// onDelete spells pg_constraint.confdeltype.
var onDelete = map[string]string{"a": "", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}

// foreignKey spells a foreign key without regard to the order of its pairs.
type foreignKey struct {
	schema, table  string
	from, to       []string
	onDelete, rest string
}

func (k foreignKey) String() string {
	pairs := make([]string, len(k.from))
	for i := range pairs {
		pairs[i] = fmt.Sprintf("%q=%q", k.from[i], k.to[i])
	}
	slices.Sort(pairs)
	return fmt.Sprintf("%s to %q.%q; delete %q; rest %q", strings.Join(pairs, " "), k.schema, k.table, k.onDelete, k.rest)
}

func list(names []string) string { return fmt.Sprintf("%q", names) }

// builtin are the types of the dumps that are PostgreSQL's own. The dumps were
// made with public on the search path, so a type that is none of these and
// has no schema is public's.
var builtin = regexp.MustCompile(`^(bigint|boolean|bytea|character|character varying|date|daterange|double precision|inet|` +
	`integer|jsonb?|numeric|real|smallint|text|time without time zone|timestamp with(out)? time zone|tsvector|uuid|xml)$`)

var typeForm = regexp.MustCompile(`^([^(\[]*?)( ?\([0-9,]+\))?( with(?:out)? time zone)?((?:\[\])*)$`)

// plainType spells a type as its schema ("" for PostgreSQL's own), its name,
// and what follows.
func plainType(text string, rename func(string) string) string {
	m := typeForm.FindStringSubmatch(text)
	if m == nil {
		return fmt.Sprintf("not understood: %q", text)
	}
	base, modifier, array := m[1]+m[3], strings.TrimSpace(m[2]), m[4]
	if builtin.MatchString(base) {
		return fmt.Sprintf(`"" %q %s%s`, base, modifier, array)
	}
	schema, name := "public", base
	if before, after, ok := strings.Cut(base, "."); ok {
		schema, name = before, after
	}
	return fmt.Sprintf("%q %q %s%s", rename(unquoted(schema)), unquoted(name), modifier, array)
}

func unquoted(name string) string {
	if len(name) > 1 && name[0] == '"' {
		return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return name
}

// clauses are what the text of a dump says of foreign keys behind their target.
type clauses struct {
	byName   map[[3]string]string    // schema, table, constraint
	byColumn map[[3]string]string    // schema, table, list of columns
	parent   map[[2]string][2]string // partition to what it is attached to
}

const sqlName = `("(?:[^"]|"")+"|[^\s".(,]+)`

var (
	foreignKeyText = regexp.MustCompile(`(?m)^ALTER TABLE (?:ONLY )?` + sqlName + `\.` + sqlName +
		`\s+ADD CONSTRAINT ` + sqlName + ` FOREIGN KEY \(([^)]*)\) REFERENCES ` + sqlName + `\.` + sqlName + `\([^)]*\)([^;]*);$`)
	attachText = regexp.MustCompile(`(?m)^ALTER TABLE ONLY ` + sqlName + `\.` + sqlName + ` ATTACH PARTITION ` + sqlName + `\.` + sqlName + ` `)
	deleteText = regexp.MustCompile(` ?ON DELETE (CASCADE|RESTRICT|SET NULL|SET DEFAULT|NO ACTION)`)
)

func readClauses(t testing.TB, folder, name string) *clauses {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "ddl", name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	c := &clauses{map[[3]string]string{}, map[[3]string]string{}, map[[2]string][2]string{}}
	for _, m := range foreignKeyText.FindAllStringSubmatch(string(text), -1) {
		rest := strings.TrimSpace(deleteText.ReplaceAllString(m[7], ""))
		schema, table := unquoted(m[1]), unquoted(m[2])
		c.byName[[3]string{schema, table, unquoted(m[3])}] = rest
		var columns []string
		for column := range strings.SplitSeq(m[4], ", ") {
			columns = append(columns, unquoted(column))
		}
		c.byColumn[[3]string{schema, table, list(columns)}] = rest
	}
	for _, m := range attachText.FindAllStringSubmatch(string(text), -1) {
		c.parent[[2]string{unquoted(m[3]), unquoted(m[4])}] = [2]string{unquoted(m[1]), unquoted(m[2])}
	}
	return c
}

// of returns the clauses of a foreign key in small letters, and whether it is
// valid. A partition's stands in no text of its own where it is its parent's.
func (c *clauses) of(t testing.TB, schema, table, name string, columns []string) (rest string, valid bool) {
	t.Helper()
	rest, ok := c.byName[[3]string{schema, table, name}]
	if !ok {
		parent := c.parent[[2]string{schema, table}]
		if rest, ok = c.byColumn[[3]string{parent[0], parent[1], list(columns)}]; !ok {
			t.Errorf("the DDL has no foreign key %s of %s.%s%s nor one of its parent %s", name, schema, table, list(columns), parent)
		}
	}
	rest, notValid := strings.CutSuffix(rest, "NOT VALID")
	return strings.ToLower(strings.TrimSpace(rest)), !notValid
}
