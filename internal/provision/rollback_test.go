package provision_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is not the template's is the same to the byte after an upgrade, and all else after the rollback.
func TestAnUpgradeTouchesOnlyTheTemplateAndIsUndoneExactly(t *testing.T) {
	t.Run("clinic", func(t *testing.T) {
		t.Parallel()
		d := newTenant(t)
		s := clinic(t, d)
		s.upgradeAndBack(t, file(t, "testdata", "clinic", "template.sql"))
	})
	for _, pair := range upgrades {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			text := ddl(t, pair[1])
			newPair(t, newTenant(t), pair[0], pair[1], text).upgradeAndBack(t, text)
		})
	}
}

func (s *subject) upgradeAndBack(t *testing.T, template []byte) {
	t.Helper()
	o := s.outside(t, template)
	before, around, facts := seen(t, s.tenant, s.conn), o.look(t), factsOf(t, s.conn, s.apply.Mapping)
	run := s.complete(t)
	if diff := cmp.Diff(around, o.look(t)); diff != "" {
		t.Errorf("rows and dumps of what is not the template's (-was +is):\n%.6000s", diff)
	}
	if lines := o.touched(parseStructure(before.structure), newStructure(t, s.conn)); len(lines) > 0 {
		t.Errorf("lines about what is not the template's:\n%.6000s", strings.Join(lines, "\n"))
	}
	if lost := o.lost(facts, factsOf(t, s.conn, s.apply.Mapping)); len(lost) > 0 {
		t.Errorf("facts of the tenant's own are gone:\n%.6000s", strings.Join(lost, "\n"))
	}
	s.back(t, run)
	same(t, "rolled back", before, seen(t, s.tenant, s.conn))
	t.Logf("%d steps, %d lines of structure; of the tenant's own %d tables and %d columns", len(s.apply.Plan.Steps), strings.Count(before.structure, "\n"), len(o.tables), o.count)
}
