package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// everyType has a column of every type for which there are alternatives of its
// own, and a default for each.
const everyType = `
CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'; -- as the extension uuid-ossp has it
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'a, b', '(x)', 'ba\ck', 'happy');
CREATE DOMAIN code AS varchar(20) COLLATE "C" NOT NULL DEFAULT 'x' CHECK (VALUE <> '');
CREATE DOMAIN "Od d" AS numeric(10,2) CHECK (VALUE > 0);
CREATE TABLE "Every 'Type" (
  small smallint DEFAULT 7, "Whole" integer DEFAULT 7, big bigint DEFAULT 7,
  num numeric DEFAULT 7, num2 numeric(10,2) DEFAULT 7, num3 numeric(1000,1000) DEFAULT 7, re real DEFAULT 7, dbl double precision DEFAULT 7,
  txt text DEFAULT 'q', vc varchar DEFAULT 'q', vc20 varchar(20) DEFAULT 'q', vc1 varchar(1) DEFAULT 'q', vcmax varchar(10485760) DEFAULT 'q',
  ch char DEFAULT 'q', ch3 char(3) DEFAULT 'q',
  tz timestamptz DEFAULT '2001-01-01', tz3 timestamptz(3) DEFAULT '2001-01-01', ts timestamp DEFAULT '2001-01-01', ts0 timestamp(0) DEFAULT '2001-01-01',
  d date DEFAULT '2001-01-01', t time DEFAULT '01:02', ttz timetz(3) DEFAULT '01:02+00', iv interval DEFAULT '2 days',
  b boolean DEFAULT true, u uuid DEFAULT '10000000-0000-0000-0000-000000000000', j json DEFAULT '1', jb jsonb DEFAULT '1', by bytea DEFAULT 'x',
  a integer[] DEFAULT '{1}', at text[] DEFAULT '{a}', av varchar(20)[] DEFAULT '{a}', az timestamptz(3)[] DEFAULT '{}', am mood[] DEFAULT '{sad}',
  m mood DEFAULT 'ba\ck', c code DEFAULT 'y', o "Od d" DEFAULT 3, i inet DEFAULT '::1', x xml DEFAULT '<a/>', bi bit(3) DEFAULT '101'
);`

// every is a scratch database with everyType in it, and the template of it.
type every struct {
	conn *pgx.Conn
	tmpl *template.Template
}

func newEvery(t *testing.T, server *postgres.Server) every {
	t.Helper()
	conn, err := testenv.Scratch(t, server).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	e := every{conn: conn}
	e.run(t, everyType)
	e.tmpl, err = template.Build(template.Meta{Slug: "every", Version: "1"}, e.facts(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (e every) run(t *testing.T, sql string) {
	t.Helper()
	if _, err := e.conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

func (e every) facts(t *testing.T) schema.Facts {
	t.Helper()
	d, err := introspect.Read(t.Context(), e.conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts, _, err := d.Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// ask returns the candidates by column, where facts of the given kinds are absent.
func (e every) ask(t *testing.T, k schema.Kind, absent ...schema.Kind) map[string][]string {
	t.Helper()
	said := make([]schema.Verdict, len(e.tmpl.Judged))
	for i, j := range e.tmpl.Judged {
		said[i] = schema.Present
		for _, k := range absent {
			if j.Fact.Kind == k {
				said[i] = schema.Absent
			}
		}
	}
	f, err := template.FollowUp(e.tmpl, said, k)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]string{}
	for _, j := range f.Judged {
		list[j.Fact.Name] = append(list[j.Fact.Name], j.Fact.Detail)
	}
	return list
}

// columns makes a table of the columns, each "name type default", and returns the
// details of their facts by name.
func (e every) columns(t *testing.T, k schema.Kind, table string, columns []string) map[string]string {
	t.Helper()
	e.run(t, "CREATE TABLE "+table+" ("+strings.Join(columns, ", ")+")")
	details := map[string]string{}
	for _, f := range e.facts(t) {
		if f.Table == table && f.Kind == k {
			details[f.Name] = f.Detail
		}
	}
	return details
}

func onEveryVersion(t *testing.T, f func(t *testing.T, e every)) {
	for _, server := range testenv.PostgresVersions(t) {
		t.Run("PostgreSQL "+server.Version(), func(t *testing.T) { f(t, newEvery(t, server)) })
	}
}

// A candidate is worth asking only if it is spelt as the tenant's own fact would be.
func TestEveryCandidateForATypeIsTheFactOfAColumnOfThatType(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, e every) {
		asked := e.ask(t, schema.KindColumnType, schema.KindColumnType)
		if want := e.facts(t).Count()[schema.KindColumn]; len(asked) != want {
			t.Errorf("%d columns are asked about, want all %d", len(asked), want)
		}
		n := 0
		for name, candidates := range asked {
			columns := make([]string, len(candidates))
			for i, typ := range candidates {
				columns[i] = fmt.Sprintf("c%d %s", i, typ)
			}
			n++
			got := e.columns(t, schema.KindColumnType, fmt.Sprintf("types%d", n), columns)
			for i, typ := range candidates {
				if spelt := got[fmt.Sprintf("c%d", i)]; spelt != typ {
					t.Errorf("for %s: the candidate %q gives the fact %q", name, typ, spelt)
				}
			}
		}
	})
}

func TestEveryCandidateForADefaultIsTheFactOfAColumnWithThatDefault(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, e every) {
		types := map[string]string{}
		for _, j := range e.tmpl.Judged {
			if j.Fact.Kind == schema.KindColumnType {
				types[j.Fact.Name] = j.Fact.Detail
			}
		}
		n, sum := 0, 0
		for name, candidates := range e.ask(t, schema.KindDefault, schema.KindDefault) {
			columns, want := []string(nil), []string(nil)
			for _, value := range candidates {
				if !strings.HasPrefix(value, "nextval(") {
					columns = append(columns, fmt.Sprintf("c%d %s DEFAULT (%s)", len(columns), types[name], value))
					want = append(want, value)
				}
			}
			n, sum = n+1, sum+len(want)
			got := e.columns(t, schema.KindDefault, fmt.Sprintf("defaults%d", n), columns)
			for i, value := range want {
				if spelt := got[fmt.Sprintf("c%d", i)]; spelt != value {
					t.Errorf("for %s of type %s: the candidate %q gives the fact %q", name, types[name], value, spelt)
				}
			}
		}
		if n < 35 || sum < 300 {
			t.Errorf("%d defaults of %d columns were tried", sum, n)
		}
	})
}

func TestCandidatesForSequencesAreTheFactsOfColumnsThatTakeNumbersFromOne(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, e every) {
		const table, sequence = `public."Every 'Type"`, `public."Every 'Type_Whole_seq"`
		candidates := e.ask(t, schema.KindDefault, schema.KindDefault)["Whole"]
		literal := strings.ReplaceAll(sequence, "'", "''")
		for name, sql := range map[string]string{
			"a sequence of nobody's": "CREATE SEQUENCE " + sequence,
			"a sequence of its own":  "ALTER SEQUENCE " + sequence + " OWNED BY " + table + `."Whole"`,
		} {
			if name == "a sequence of its own" {
				e.run(t, "CREATE SEQUENCE IF NOT EXISTS "+sequence)
			}
			e.run(t, sql+"; ALTER TABLE "+table+` ALTER "Whole" SET DEFAULT nextval('`+literal+`')`)
			found := false
			for _, value := range candidates {
				found = found || e.facts(t).Has(schema.Fact{Kind: schema.KindDefault, Schema: "public", Table: "Every 'Type", Name: "Whole", Detail: value})
			}
			if !found {
				t.Errorf("%s is not among the candidates %q", name, candidates)
			}
			e.run(t, "ALTER TABLE "+table+` ALTER "Whole" DROP DEFAULT; DROP SEQUENCE `+sequence)
		}
	})
}

// Where the tenant's type is not known, a candidate has to be the fact of a column
// of one type at least.
func TestEveryCandidateForADefaultOfAnUnknownTypeFitsSomeType(t *testing.T) {
	onEveryVersion(t, func(t *testing.T, e every) {
		types := []string{
			"integer", "numeric", "text", "boolean", "timestamptz", "timestamp", "date", "uuid", "jsonb", "time", "interval", "bytea", "integer[]", "mood", "code",
			`"Od d"`, "inet", "xml", "bit(3)", "char(3)", "text[]", "real", "timestamptz(3)[]", "mood[]", "varchar(20)[]",
		}
		values := map[string]bool{}
		for _, candidates := range e.ask(t, schema.KindDefault, schema.KindDefault, schema.KindColumnType) {
			for _, value := range candidates {
				if !strings.HasPrefix(value, "nextval(") {
					values[value] = true
				}
			}
		}
		for value := range values {
			for i, typ := range types {
				_, _ = e.conn.Exec(t.Context(), fmt.Sprintf(`CREATE TABLE "value %d of %s" (x %s DEFAULT (%s))`, i, value, typ, value)) // not every type takes it
			}
		}
		for _, f := range e.facts(t) {
			if f.Kind == schema.KindDefault {
				delete(values, f.Detail)
			}
		}
		for value := range values {
			t.Errorf("no column has the default %q", value)
		}
	})
}

func TestAFollowUpFitsIntoOneComparison(t *testing.T) {
	if template.MaxFollowUp > compare.MaxFacts {
		t.Errorf("a follow-up has up to %d facts and a comparison takes %d", template.MaxFollowUp, compare.MaxFacts)
	}
	for _, tenant := range []int{1, 1000, compare.MaxFacts} {
		if _, err := compare.ChooseLayout(0, compare.Bucket(tenant), template.MaxFollowUp); err != nil {
			t.Errorf("the largest follow-up with a tenant of %d facts: %v", tenant, err)
		}
	}
}
