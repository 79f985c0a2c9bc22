package allowlist_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// planFor is the plan that makes all of a file's structure in an empty database.
func planFor(t *testing.T, path string) *plan.Plan {
	t.Helper()
	d := testenv.Scratch(t, testenv.Postgres(t))
	if _, err := d.LoadFileWith(t.Context(), path, postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	conn, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	db, design, err := introspect.ReadDesign(t.Context(), conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts, err := db.Spellings(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	b := &plan.Blueprint{Facts: facts, Extensions: map[string]string{}}
	for _, e := range db.Extensions {
		b.Extensions[e.Name] = e.Schema
	}
	for _, body := range design.Bodies {
		b.Bodies = append(b.Bodies, plan.Body{Object: plan.Object(body.Object), SQL: body.SQL})
	}
	for _, n := range design.Needs {
		b.Needs = append(b.Needs, plan.Need{Object: plan.Object(n.Object), Needs: plan.Object(n.Needs)})
	}
	var goals []plan.Goal
	for _, f := range facts {
		goals = append(goals, plan.Goal{Fact: f.Fact, Verdict: schema.Absent, Want: plan.WantPresent})
	}
	p, err := plan.New(b, goals, plan.Config{Strategy: plan.Safe})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// refusedInPlans says why statements of plans for real schemas are refused: what their errors have to say.
var refusedInPlans = map[string][]string{
	"gitlab_18": {"SECURITY DEFINER"}, // of a function that shows what others are doing in pg_stat_activity
}

// Whatever a plan has for a real schema may run in a tenant's database, but for what is named above.
func TestPlansForRealSchemasPass(t *testing.T) {
	for _, path := range realFiles(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		if strings.Contains(path, "spider") || !testenv.Long() && strings.HasPrefix(name, "gi") { // GitLab is large
			continue
		}
		t.Run(name, func(t *testing.T) {
			var refused []string
			statements := 0
			for _, step := range planFor(t, path).Steps {
				for _, sql := range step.SQL {
					statements++
					if err := allowlist.Statement(sql); err != nil {
						refused = append(refused, err.Error())
					}
				}
			}
			want := refusedInPlans[name]
			for i, r := range refused {
				if i >= len(want) || !strings.Contains(r, want[i]) {
					t.Errorf("%s", r)
				}
			}
			if len(refused) < len(want) {
				t.Errorf("%q were refused, want %q", refused, want)
			}
			t.Logf("%d statements", statements)
		})
	}
}
