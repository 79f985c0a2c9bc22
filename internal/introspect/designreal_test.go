package introspect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/testenv"
)

// designed is what the designs of real schemas must have, among much else.
var designed = map[string][]string{
	"northwind": {`foreign_key public.orders.fk_orders_customers -> primary_key public.customers.pk_customers`},
	"adventureworks": {
		`column person.address.rowguid -> extension "uuid-ossp"`,
		`column humanresources.department.departmentid -> sequence humanresources.department.departmentid`,
		`column humanresources.employee.currentflag -> domain public."Flag"`,
		`index person.vstateprovincecountryregion.ix_vstateprovincecountryregion -> view person.vstateprovincecountryregion`,
		`view sales.vsalespersonsalesbyfiscalyears -> extension tablefunc`,
		`view sales.vstorewithdemographics -> domain public."Name"`,
	},
	"osm_website_2026": {
		`column public.diary_comments.body_format -> enum public.format_enum`,
	},
	"gisia_2026": {`index public.routes.index_routes_on_name -> extension pg_trgm`},
	"gitlab_18": {
		`column gitlab_partitions_static.virtual_registries_container_cache_remote_entries_00.iid -> sequence public.virtual_registries_container_cache_remote_entries_iid_seq`,
		`exclusion public.sprints.iteration_start_and_due_date_iterations_cadence_id_constraint -> extension btree_gist`,
		`foreign_key gitlab_partitions_static.issue_search_data_60.issue_search_data_project_id_fkey is a part of foreign_key public.issue_search_data.issue_search_data_project_id_fkey`,
		`foreign_key public.ci_cost_settings.fk_9e5e051839 -> unique public.instance_type_ci_runners.check_5c34a3c1db`,
		`foreign_key public.p_generated_ref_commits.fk_generated_ref_commits_merge_request_id -> index public.merge_requests.index_merge_requests_on_target_project_id_and_iid`,
		`function public.find_projects_by_id: function (bigint) returns public.projects -> table public.projects`,
		`index public.todos.index_todos_coalesced_snoozed_until_created_at -> function public.timestamp_coalesce: function (timestamp with time zone, anyelement) returns timestamp without time zone`,
		`trigger gitlab_partitions_static.namespace_descendants_03.trigger_03be0f8add7e is a part of trigger public.namespace_descendants.trigger_03be0f8add7e`,
		`view public.postgres_autovacuum_activity -> function public.postgres_pg_stat_activity_autovacuum: function (table query text, table query_start timestamp with time zone) returns setof record`,
	},
}

func TestDesignsOfRealSchemas(t *testing.T) {
	for _, name := range []string{"northwind", "adventureworks", "osm_website_2026", "gisia_2026", "gitlab_18"} {
		t.Run(name, func(t *testing.T) {
			ddl, err := os.ReadFile(filepath.Join(testenv.Schemas(t), "ddl", name+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			conn := load(t, testenv.Postgres(t), name, ddl)
			began := time.Now()
			plain := read(t, conn)
			reading := time.Since(began)
			began = time.Now()
			db, d := design(t, conn, introspect.Options{})
			t.Logf("%d bodies and %d needs in %v; the structure alone takes %v", len(d.Bodies), len(d.Needs), time.Since(began), reading)
			sameFacts(t, "read with its design", facts(t, db, schema.Mapping{}), facts(t, plain, schema.Mapping{}))
			identified(t, db, d)
			got := needs(d)
			for _, want := range designed[name] {
				if !slices.Contains(got, want) {
					t.Errorf("missing: %s", want)
				}
			}
			rebuild(t, conn, db, d)
		})
	}
}

// identified checks that every fact of code has its body, and that every object is what some fact or constraint is about.
func identified(t *testing.T, db *schema.Database, d *introspect.Design) {
	t.Helper()
	all := objects(t, db)
	body := make(map[introspect.Object]bool)
	for _, b := range d.Bodies {
		body[b.Object] = true
		if !all[b.Object] {
			t.Errorf("no fact is about %v, which has a body", b.Object)
		}
	}
	for o := range all {
		if (o.Kind == schema.KindView || o.Kind == schema.KindFunction || o.Kind == schema.KindTrigger) && !body[o] {
			t.Errorf("%v has no body", o)
		}
	}
	for _, n := range d.Needs {
		for _, o := range []introspect.Object{n.Object, n.Needs} {
			if !all[o] {
				t.Errorf("no fact is about %v, of %v -> %v", o, n.Object, n.Needs)
			}
		}
	}
}

// objects are what the facts of the database are about, constraints and indexes by their own names.
func objects(t *testing.T, db *schema.Database) map[introspect.Object]bool {
	t.Helper()
	all := make(map[introspect.Object]bool)
	for _, f := range facts(t, db, schema.Mapping{}) {
		o := introspect.Object{Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name}
		if f.Kind == schema.KindFunction {
			o.Detail = f.Detail
		}
		all[o] = true
	}
	index := func(of schema.Relation, list []schema.Index) {
		for _, x := range list {
			all[introspect.Object{Kind: schema.KindIndex, Schema: of.Schema, Table: of.Name, Name: x.Name}] = true
		}
	}
	kinds := map[schema.ConstraintType]schema.Kind{
		schema.PrimaryKey: schema.KindPrimaryKey, schema.Unique: schema.KindUnique, schema.ForeignKey: schema.KindForeignKey,
		schema.Check: schema.KindCheck, schema.Exclusion: schema.KindExclusion,
	}
	for _, table := range db.Tables {
		index(table.Relation, table.Indexes)
		for _, c := range table.Constraints {
			all[introspect.Object{Kind: kinds[c.Type], Schema: table.Schema, Table: table.Name, Name: c.Name}] = true
		}
	}
	for _, v := range db.Views {
		index(v.Relation, v.Indexes)
	}
	return all
}

// rebuild drops what has a body and makes it anew, in an order that needs allow; the facts must be the same afterwards, and the bodies.
func rebuild(t *testing.T, conn *pgx.Conn, before *schema.Database, d *introspect.Design) {
	t.Helper()
	drop := []string{`SET search_path = ''`, `SET check_function_bodies = off`}
	parts := make(map[introspect.Object]bool)
	for _, n := range d.Needs {
		parts[n.Object] = parts[n.Object] || n.Part
	}
	var build []string
	for _, b := range ordered(t, d) {
		if parts[b.Object] {
			continue
		}
		switch b.Kind {
		case schema.KindTrigger:
			drop = append(drop, fmt.Sprintf(`DROP TRIGGER IF EXISTS %s ON %s`, quoted(b.Name), quoted(b.Schema, b.Table)))
		case schema.KindView:
			drop = append(drop, fmt.Sprintf(`DO $do$ BEGIN DROP VIEW IF EXISTS %s CASCADE; EXCEPTION WHEN wrong_object_type THEN DROP MATERIALIZED VIEW IF EXISTS %[1]s CASCADE; END $do$`, quoted(b.Schema, b.Name)))
		}
		build = append(build, b.SQL...)
	}
	execute(t, conn, strings.Join(slices.Concat(drop, build), ";\n"))
	opts := introspect.Options{Schemas: before.Schemas}
	after, again := design(t, conn, opts)
	sameFacts(t, "made anew", withoutIndexesOfViews(t, after), withoutIndexesOfViews(t, before))
	for i, b := range d.Bodies {
		if i >= len(again.Bodies) || again.Bodies[i].Object != b.Object || !slices.Equal(again.Bodies[i].SQL, b.SQL) {
			t.Errorf("made anew, the body of %v is another", b.Object)
			break
		}
	}
}

func quoted(names ...string) string { return pgx.Identifier(names).Sanitize() }

// withoutIndexesOfViews leaves out what goes with a materialized view and has no body.
func withoutIndexesOfViews(t *testing.T, d *schema.Database) schema.Facts {
	t.Helper()
	views := make(map[schema.Relation]bool)
	for _, v := range d.Views {
		views[v.Relation] = true
	}
	var rest []schema.Fact
	for _, f := range facts(t, d, schema.Mapping{}) {
		if f.Kind != schema.KindIndex || !views[schema.Relation{Schema: f.Schema, Name: f.Table}] {
			rest = append(rest, f)
		}
	}
	return schema.NewFacts(rest)
}

// ordered returns the bodies so that each stands after what it needs, and fails where needs go round in a circle.
func ordered(t *testing.T, d *introspect.Design) []introspect.Body {
	t.Helper()
	bodies, after := make(map[introspect.Object]introspect.Body), make(map[introspect.Object][]introspect.Object)
	for _, b := range d.Bodies {
		bodies[b.Object] = b
	}
	for _, n := range d.Needs {
		after[n.Object] = append(after[n.Object], n.Needs)
	}
	const open, done = 1, 2
	var (
		list  []introspect.Body
		state = make(map[introspect.Object]int)
		visit func(o introspect.Object)
	)
	visit = func(o introspect.Object) {
		if state[o] == open {
			t.Fatalf("%v needs itself", o)
		}
		if state[o] == done {
			return
		}
		state[o] = open
		for _, n := range after[o] {
			visit(n)
		}
		state[o] = done
		if b, ok := bodies[o]; ok {
			list = append(list, b)
		}
	}
	for _, n := range d.Needs {
		visit(n.Object)
	}
	for _, b := range d.Bodies {
		visit(b.Object)
	}
	return list
}
