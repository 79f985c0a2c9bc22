package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/provisioner/plan"
)

// hazardWords are the hazards that the columns of a plan do not say already.
var hazardWords = map[plan.Hazard]string{
	plan.HazardLossy:      "may change values",
	plan.HazardRows:       "rows may refuse it",
	plan.HazardDeletes:    "deletes data",
	plan.HazardCode:       "runs code of the template's",
	plan.HazardPrivileges: "needs more rights than the tables' owner has",
}

var reversalWords = map[plan.Reversal]string{
	plan.Exact: "exactly", plan.FromBackup: "from backup", plan.ForwardOnly: "not at all",
}

// planRow is one step as a person reads it.
type planRow struct {
	number, goal string
	out          string // who is locked out
	work         string // what the time depends on
	undo         string
	hazards      []string
	style        style
}

// effects are each step's hazards, without those that a table which the plan itself makes cannot have: it is empty, and nobody
// knows it yet.
func effects(pl *plan.Plan) [][]plan.Hazard {
	made := make(map[schema.Relation]bool)
	for _, s := range pl.Steps {
		if s.Action == plan.AddTable && !s.Guarded {
			made[schema.Relation{Schema: s.Object.Schema, Name: s.Object.Table}] = true
		}
	}
	list := make([][]plan.Hazard, len(pl.Steps))
	for i, s := range pl.Steps {
		list[i] = s.Hazards
		if !made[schema.Relation{Schema: s.Object.Schema, Name: s.Object.Table}] {
			continue
		}
		list[i] = slices.DeleteFunc(slices.Clone(s.Hazards), func(h plan.Hazard) bool {
			switch h {
			case plan.HazardRewrite, plan.HazardScan, plan.HazardRows, plan.HazardBlocksAll:
				return true
			case plan.HazardBlocks: // a foreign key also locks the table that it points at
				to := target(&s)
				return to == schema.Relation{} || made[to]
			}
			return false
		})
	}
	return list
}

func newPlanRow(number int, s *plan.Step, hazards []plan.Hazard) planRow {
	r := planRow{number: fmt.Sprint(number), goal: s.Goal, out: "nobody", work: "a moment", undo: cmp.Or(reversalWords[s.Reversible], "?")}
	has := func(h plan.Hazard) bool { return slices.Contains(hazards, h) }
	switch {
	case has(plan.HazardBlocksAll):
		r.out = "everybody"
	case has(plan.HazardBlocks):
		r.out = "writers"
	}
	switch {
	case has(plan.HazardRewrite):
		r.work = "rewrites table"
	case has(plan.HazardScan):
		r.work = "reads all rows"
	}
	if s.Action == plan.Ask {
		r.out, r.work, r.undo = "-", "-", "-"
		r.hazards = append(r.hazards, "no statement does it, so a person has to")
	}
	for _, h := range hazards {
		if words := hazardWords[h]; words != "" {
			r.hazards = append(r.hazards, words)
		}
	}
	if s.Reversible == plan.ForwardOnly {
		r.style = red
	} else if has(plan.HazardLossy) || has(plan.HazardRewrite) {
		r.style = yellow
	}
	return r
}

// Columns of a plan: the work and the undo are as wide as their longest words. Under the least width for the goal, the columns
// go below it.
const (
	outColumn  = 9
	workColumn = 14
	undoColumn = 11
	leastGoal  = 30
)

// plan writes the steps in their order, one below the other.
func (p *paper) plan(pl *plan.Plan) {
	if len(pl.Steps) == 0 {
		return
	}
	rows := make([]planRow, len(pl.Steps))
	for i, hazards := range effects(pl) {
		rows[i] = newPlanRow(i+1, &pl.Steps[i], hazards)
	}
	numbers := len(rows[len(rows)-1].number)
	goal := p.width - (2 + numbers + 2) - (2 + outColumn + 2 + workColumn + 2 + undoColumn)
	p.blank()
	if goal < leastGoal {
		for _, r := range rows {
			p.narrow(r, numbers)
		}
		return
	}
	head := planRow{number: "#", goal: "step", out: "locks out", work: "takes", undo: "undone", style: dim}
	for i, r := range append([]planRow{head}, rows...) {
		first := plain
		if i == 0 {
			first = dim
		}
		for k, part := range wrap(r.goal, goal) {
			label := span{dim, "  " + strings.Repeat(" ", numbers-len(r.number)) + r.number + "  "}
			if k > 0 {
				p.line(span{plain, strings.Repeat(" ", numbers+4)}, span{first, part})
				continue
			}
			p.line(label, span{first, padded(fit(part, goal), goal)}, span{r.style, "  " + padded(r.out, outColumn) + "  " + padded(r.work, workColumn) + "  " + r.undo})
		}
		p.hazards(r, numbers)
	}
}

// narrow writes a step with its columns below the goal.
func (p *paper) narrow(r planRow, numbers int) {
	p.wrapped("  "+strings.Repeat(" ", numbers-len(r.number))+r.number+"  ", r.goal, plain)
	p.wrapped(strings.Repeat(" ", numbers+4), "locks out "+r.out+"; takes: "+r.work+"; undone: "+r.undo, r.style)
	p.hazards(r, numbers)
}

func (p *paper) hazards(r planRow, numbers int) {
	if len(r.hazards) > 0 {
		p.wrapped(strings.Repeat(" ", numbers+4), strings.Join(r.hazards, ", "), dim)
	}
}

// planSummary counts a plan's steps by what they do.
func planSummary(pl *plan.Plan) string {
	create, change, remove, ask, everybody, writers, forward := 0, 0, 0, 0, 0, 0, 0
	hazards := effects(pl)
	for i, s := range pl.Steps {
		switch s.Action {
		case plan.Create, plan.AddTable, plan.AddCol, plan.AddKey, plan.AddIndex:
			create++
		case plan.Remove:
			remove++
		case plan.Ask:
			ask++
		default:
			change++
		}
		if slices.Contains(hazards[i], plan.HazardBlocksAll) {
			everybody++
		} else if slices.Contains(hazards[i], plan.HazardBlocks) {
			writers++
		}
		if s.Reversible == plan.ForwardOnly {
			forward++
		}
	}
	if len(pl.Steps) == 0 {
		return "nothing is to be done"
	}
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, count(n, one, many))
		}
	}
	add(create, "creates", "create")
	add(change, "changes", "change")
	add(remove, "removes", "remove")
	add(ask, "is a person's to do", "are a person's to do")
	add(everybody, "locks readers and writers", "lock readers and writers")
	add(writers, "locks writers", "lock writers")
	add(forward, "cannot be undone", "cannot be undone")
	return count(len(pl.Steps), "step", "steps") + ": " + strings.Join(parts, ", ")
}

// locks says what the run locks and for how long, under the tenant's names.
func (p *paper) locks(out *provision.Outcome) {
	if len(out.Plan.Steps) == 0 {
		return
	}
	there := present(out)
	var tables, targets []string
	spell := func(r schema.Relation) string { return schema.Quote(r.Schema) + "." + schema.Quote(r.Name) }
	for _, act := range out.Actions {
		if len(act.SQL) == 0 && act.Do != executor.Wait {
			continue
		}
		if s := out.Plan.Step(act.Step); s != nil {
			if at, ok := there[schema.Relation{Schema: s.Object.Schema, Name: s.Object.Table}]; ok {
				tables = append(tables, spell(at))
			}
			if at, ok := there[target(s)]; ok {
				targets = append(targets, spell(at))
			}
		} else if act.Table != (schema.Relation{}) {
			tables = append(tables, spell(act.Table))
		}
	}
	slices.Sort(tables)
	slices.Sort(targets)
	text := "All of it is one transaction, which commits everything or nothing."
	if tables = slices.Compact(tables); len(tables) > 0 {
		text += " Whatever a step needs by itself, it locks " + count(len(tables), "table", "tables") + " against readers and writers before the first step and holds them to " +
			"its end, asking for the locks in turns of a fifth of a second so that nobody waits long behind it: " + strings.Join(tables, ", ") + "."
	}
	targets = slices.DeleteFunc(slices.Compact(targets), func(name string) bool { return slices.Contains(tables, name) })
	if len(targets) > 0 {
		text += " New foreign keys point at " + strings.Join(targets, ", ") + ": no rows are written there from the step that adds them on."
	}
	p.blank()
	p.wrapped("  ", text, plain)
}

// target is the table that a step's foreign key points at, the zero Relation if it adds none.
func target(s *plan.Step) schema.Relation {
	if s.Action != plan.AddKey || len(s.Facts) == 0 {
		return schema.Relation{}
	}
	to, _ := s.Facts[0].Target()
	return to
}

// present are the tables that were there before, by the template's name for them: with the tenant's schema, and the name that the
// mapping gives them.
func present(out *provision.Outcome) map[schema.Relation]schema.Relation {
	there := make(map[schema.Relation]schema.Relation)
	m := out.First.Mapping
	for i := range out.First.Tenant.Database.Tables {
		at := out.First.Tenant.Database.Tables[i].Relation
		if to, renamed := m.Tables[at]; renamed {
			at.Name = to
		}
		there[schema.Relation{Schema: cmp.Or(m.Schemas[at.Schema], at.Schema), Name: at.Name}] = at
	}
	return there
}

// here says what is done otherwise than the plan has it, and why.
func (p *paper) here(out *provision.Outcome) {
	number := make(map[string]int, len(out.Plan.Steps))
	for i := range out.Plan.Steps {
		number[out.Plan.Steps[i].ID] = i + 1
	}
	kept := 0
	var rows [][2]string
	for _, act := range out.Actions {
		note := act.Note
		if s := out.Plan.Step(act.Step); act.Forward && s != nil && s.Reversible != plan.ForwardOnly {
			note = strings.TrimPrefix(note+"; nothing undoes it here", "; ")
		}
		switch {
		case act.Do == executor.Keep && note == "":
			kept++
			continue
		case act.Do == executor.Wait || note == "":
			continue
		}
		label := "      "
		if n := number[act.Step]; n > 0 {
			label = fmt.Sprintf("%6d", n)
		}
		row := [2]string{label + "  " + padded(doWords[act.Do], 8) + "  ", note}
		if !slices.Contains(rows, row) { // what steps aside comes back under the same note
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 && kept == 0 {
		return
	}
	p.title("WHAT WAS FOUND IN THE DATABASE ITSELF, WHICH THE PLANNER CANNOT SEE")
	for _, r := range rows {
		p.wrapped(r[0], r[1], plain)
	}
	if kept > 0 {
		p.wrapped("        kept      ", count(kept, "step has nothing to do: what it is for holds already", "steps have nothing to do: what they are for holds already"), plain)
	}
}

// doWords say what is done about a step that is not as planned.
var doWords = map[executor.Do]string{executor.Keep: "kept", executor.Run: "noted", executor.Adapt: "adapted", executor.Skip: "left out"}
