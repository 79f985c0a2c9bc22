package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/provisioner/plan"
)

// remember sums up the rows of the touched tables and backs up values that the actions change.
func (a *attempt) remember(ctx context.Context, res *Resolution) error {
	changed, seen := make(map[schema.Relation][]string), make(map[schema.Relation]bool)
	forward := false
	for _, act := range res.Actions {
		if len(act.SQL) == 0 {
			continue
		}
		for _, t := range act.tables() {
			seen[t] = true
		}
		forward = forward || act.Forward
		for _, c := range act.Changed {
			if !act.Forward { // what is removed for good leaves no copy behind
				changed[relation(c)] = append(changed[relation(c)], c.Column)
			}
		}
	}
	there, err := existing(ctx, a.tx, slices.Collect(maps.Keys(seen)))
	if err != nil {
		return err
	}
	touched := slices.SortedFunc(maps.Keys(there), func(x, y schema.Relation) int { return strings.Compare(quote(x), quote(y)) })
	var backups []memento.TableName
	for _, name := range touched {
		a.touched = append(a.touched, there[name])
		if len(changed[name]) > 0 && !forward {
			backups = append(backups, memento.TableName{Schema: name.Schema, Name: name.Name})
		}
	}
	if err := a.space(ctx, backups, touched); err != nil {
		return err
	}
	if a.sums, err = memento.Checksums(ctx, a.tx, a.touched); err != nil {
		return err
	}
	var rest []memento.Table
	if a.altered, err = alteredBy(ctx, a.tx, res); err != nil {
		return err
	}
	for _, t := range a.touched {
		if r := without(t, a.altered); len(r.Columns) < len(t.Columns) {
			rest = append(rest, r)
		}
	}
	if a.rest, err = memento.Checksums(ctx, a.tx, rest); err != nil {
		return err
	}
	for i, t := range a.touched {
		state := memento.TableState{Table: a.before(t), Sum: a.sums[t.ID()]}
		if columns := changed[touched[i]]; len(columns) > 0 && !forward {
			if err := a.backup(ctx, t, columns, &state, i); err != nil {
				return err
			}
		}
		a.record.Tables = append(a.record.Tables, state)
	}
	return nil
}

// space refuses to begin where the disk would run full.
func (a *attempt) space(ctx context.Context, backups []memento.TableName, touched []schema.Relation) error {
	work := memento.Work{Backups: backups}
	for _, t := range touched {
		work.Rewrites = append(work.Rewrites, memento.TableName{Schema: t.Schema, Name: t.Name})
	}
	estimate, err := memento.EstimateSpace(ctx, a.tx, a.o.State, work)
	if err != nil {
		return err
	}
	return estimate.Err()
}

// alteredBy are the columns of which values change by decision, and the generated ones of their tables, which follow them.
func alteredBy(ctx context.Context, tx pgx.Tx, res *Resolution) (map[schema.ColumnName]bool, error) {
	altered := make(map[schema.ColumnName]bool)
	var schemas, tables []string
	for _, act := range res.Actions {
		for _, at := range act.Changed {
			altered[at] = true
			schemas, tables = append(schemas, at.Schema), append(tables, at.Table)
		}
	}
	if len(altered) == 0 {
		return altered, nil
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT w.space, w.name, a.attname FROM unnest($1::text[], $2::text[]) AS w (space, name)
		JOIN pg_catalog.pg_namespace n ON n.nspname = w.space JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attgenerated <> ''`, schemas, tables)
	if err != nil {
		return nil, fmt.Errorf("the generated columns could not be listed: %w", err)
	}
	generated, err := pgx.CollectRows(rows, pgx.RowToStructByPos[schema.ColumnName])
	if err != nil {
		return nil, fmt.Errorf("the generated columns could not be listed: %w", err)
	}
	for _, at := range generated {
		altered[at] = true
	}
	return altered, nil
}

// without is a table without some of its columns.
func without(t memento.Table, altered map[schema.ColumnName]bool) memento.Table {
	out := memento.Table{Schema: t.Schema, Name: t.Name}
	for _, c := range t.Columns {
		if !altered[schema.ColumnName{Schema: t.Schema, Table: t.Name, Column: c.Name}] {
			out.Columns = append(out.Columns, c)
		}
	}
	return out
}

// before is a table under the names that it has before the renames.
func (a *attempt) before(t memento.Table) memento.Table {
	old := oldName(a.o.Mapping, schema.Relation{Schema: t.Schema, Name: t.Name})
	out := memento.Table{Schema: old.Schema, Name: old.Name}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, memento.Column{Name: oldColumn(a.o.Mapping, old, c.Name), As: c.As})
	}
	return out
}

// backup writes the columns of a table that change, with a key to find the rows by, or all of them.
func (a *attempt) backup(ctx context.Context, t memento.Table, columns []string, state *memento.TableState, n int) error {
	slices.Sort(columns)
	columns = slices.Compact(columns)
	key, err := memento.KeyOf(ctx, a.tx, t.Schema, t.Name, columns)
	if err != nil {
		return err
	}
	kept := t
	if key != nil {
		kept.Columns = nil
		for _, name := range slices.Concat(key, columns) {
			kept.Columns = append(kept.Columns, memento.Column{Name: name})
		}
	}
	state.Backup = fmt.Sprintf("rows-%04d", n+1)
	file, err := a.journal.CreateFile(state.Backup)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // Commit says whether it is whole
	if _, err := memento.Backup(ctx, a.tx, kept, file); err != nil {
		return err
	}
	state.BackupTable = a.before(kept)
	old := schema.Relation{Schema: state.BackupTable.Schema, Name: state.BackupTable.Name}
	for _, c := range columns {
		state.Restore = append(state.Restore, oldColumn(a.o.Mapping, old, c))
	}
	for _, c := range key {
		state.Key = append(state.Key, oldColumn(a.o.Mapping, old, c))
	}
	return file.Commit()
}

// verify holds what is there now against the plan and the memento. A fact that does not hold is a decision: the step's SQL does not
// reach it here, whatever the reason.
func (a *attempt) verify(ctx context.Context, res *Resolution) ([]Decision, error) {
	a.o.progress("verifying facts and rows")
	more, err := unforce(ctx, a.tx, a.record.Schemas) // what a step has forced
	if err != nil {
		return nil, err
	}
	l, err := look(ctx, a.tx, a.after(a.record.Schemas), a.o.Mapping)
	if err != nil {
		return nil, err
	}
	if err := a.verifyRows(ctx, res, l); err != nil {
		return nil, err
	}
	if err := force(ctx, a.tx, append(a.forced, more...)); err != nil {
		return nil, err
	}
	if decisions, err := a.verifyFacts(ctx, res); err != nil || len(decisions) > 0 {
		return decisions, err
	}
	after, err := memento.Structure(ctx, a.tx, a.record.Schemas)
	if err != nil {
		return nil, err
	}
	a.record.StructureAfter = memento.Digest(after)
	return nil, nil
}

func (a *attempt) verifyFacts(ctx context.Context, res *Resolution) ([]Decision, error) {
	l, err := look(ctx, a.tx, a.after(a.record.Schemas), a.o.Mapping)
	if err != nil {
		return nil, err
	}
	var decisions []Decision
	left := a.left(res)
	for _, act := range res.Actions {
		s := a.o.Plan.Step(act.Step)
		if s == nil || act.Do == Skip {
			continue
		}
		if d := missed(s, l.facts, left); d != nil {
			decisions = append(decisions, *d)
		}
	}
	return decisions, nil
}

// missed is the decision about a step whose facts are not as it wants them, nil if they are. Facts that were left out are not looked at.
func missed(s *plan.Step, facts, left map[schema.Fact]bool) *Decision {
	for _, f := range s.Facts {
		if !left[f] && facts[f] == (s.Action == plan.Remove) {
			return &Decision{
				ID: decisionID(plan.Impossible, about(s)), Step: s.ID, Fact: about(s), Choices: []Choice{choices[ChooseSkip]},
				Why: fmt.Sprintf("the statements ran, and the fact [%s] is still not as the template wants it", f),
			}
		}
	}
	return nil
}

// left are the facts that were left out. Where it is not disclosed what a table has, they are also facts of the step that would make it.
func (a *attempt) left(res *Resolution) map[schema.Fact]bool {
	left := make(map[schema.Fact]bool)
	for _, act := range res.Actions {
		if s := a.o.Plan.Step(act.Step); s != nil && act.Do == Skip {
			for _, f := range s.Facts {
				left[f] = true
			}
		}
	}
	return left
}

// after are the schemas to read at the end: the plan's new ones too.
func (a *attempt) after(schemas []string) []string {
	if len(a.o.Schemas) == 0 {
		return nil
	}
	return slices.Concat(schemas, a.made)
}

// verifyRows sums the rows up again, cast back to what they were, without the columns that were changed by decision.
func (a *attempt) verifyRows(ctx context.Context, res *Resolution, l *local) error {
	recast := make(map[schema.ColumnName]string)
	gone := make(map[schema.Relation]bool)
	for _, act := range res.Actions {
		for at, typ := range act.Recast {
			recast[at] = typ
		}
		if act.Forward && len(act.Changed) == 0 {
			gone[act.Table] = true
		}
	}
	var after []memento.Table
	var left []schema.Relation
	for _, t := range a.touched {
		rel := schema.Relation{Schema: t.Schema, Name: t.Name}
		if gone[rel] {
			continue
		}
		left = append(left, rel)
		is := without(t, a.altered)
		for i := range is.Columns {
			is.Columns[i].As = recast[schema.ColumnName{Schema: t.Schema, Table: t.Name, Column: is.Columns[i].Name}]
		}
		after = append(after, is)
	}
	sums, err := memento.Checksums(ctx, a.tx, after)
	if err != nil {
		return err
	}
	for _, t := range after {
		was, partly := a.rest[t.ID()]
		if !partly {
			was = a.sums[t.ID()]
		}
		if sums[t.ID()] != was {
			return fmt.Errorf("the rows of %s are not what they were before the first step, so everything is rolled back", t.ID())
		}
	}
	for _, act := range res.Actions { // a rollback drops new tables, unless they have rows by then
		if s := a.o.Plan.Step(act.Step); s != nil && s.Action == plan.AddTable && len(act.SQL) > 0 {
			if table := l.tables[schema.Relation{Schema: s.Object.Schema, Name: s.Object.Table}]; table != nil {
				left = append(left, table.Relation)
			}
		}
	}
	return a.sumUp(ctx, left)
}

// sumUp records how the run leaves the rows of tables.
func (a *attempt) sumUp(ctx context.Context, tables []schema.Relation) error {
	there, err := existing(ctx, a.tx, tables)
	if err != nil {
		return err
	}
	now := slices.SortedFunc(maps.Values(there), func(x, y memento.Table) int { return strings.Compare(x.ID().String(), y.ID().String()) })
	final, err := memento.Checksums(ctx, a.tx, now)
	if err != nil {
		return err
	}
	for _, t := range now {
		a.record.SumsAfter = append(a.record.SumsAfter, memento.TableSum{Table: t, Sum: final[t.ID()]})
	}
	return nil
}

// assertBefore holds, under the strategy Validated, that the step's facts are still as the resolution found them.
func (a *attempt) assertBefore(ctx context.Context, s *plan.Step) error {
	if !asserts(s) {
		return nil
	}
	facts, err := a.current(ctx, a.tx, s)
	if err != nil {
		return err
	}
	for _, f := range s.Facts {
		if facts[f] != a.state[f] {
			return fmt.Errorf("before the step %s the fact [%s] is not as it was found, so somebody else changes the schema; everything is rolled back", s.ID, f)
		}
	}
	return nil
}

// assertAfter holds, under the strategy Validated, that the step's facts are as it wants them.
func (a *attempt) assertAfter(ctx context.Context, tx pgx.Tx, s *plan.Step) (*Decision, error) {
	if !asserts(s) {
		return nil, nil
	}
	facts, err := a.current(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	if d := missed(s, facts, nil); d != nil {
		return d, nil
	}
	for _, f := range s.Facts {
		a.state[f] = facts[f]
	}
	for f := range facts { // a statement may bring about more than its step's facts: a primary key that columns refuse NULL
		a.state[f] = true
	}
	return nil, nil
}

func asserts(s *plan.Step) bool {
	return s != nil && s.Strategy == plan.Validated && len(s.Facts) > 0
}

// current reads the facts of the step's table, or of everything where it has none.
func (a *attempt) current(ctx context.Context, tx pgx.Tx, s *plan.Step) (map[schema.Fact]bool, error) {
	var only []schema.Relation
	for _, f := range s.Facts {
		if f.Table == "" {
			only = nil
			break
		}
		for _, from := range append([]string{f.Schema}, a.record.Schemas...) {
			only = append(only, schema.Relation{Schema: from, Name: f.Table})
		}
	}
	db, err := introspect.ReadTx(ctx, tx, introspect.Options{Schemas: a.after(a.record.Schemas), Relations: only})
	if err != nil {
		return nil, err
	}
	facts, _, err := db.Facts(schema.Mapping{Schemas: present(a.o.Mapping.Schemas, db.Schemas)})
	if err != nil {
		return nil, err
	}
	out := make(map[schema.Fact]bool, len(facts))
	for _, f := range facts {
		out[f] = true
	}
	for _, t := range a.forced { // they will be so again
		out[a.isForced(t)] = true
	}
	return out, nil
}
