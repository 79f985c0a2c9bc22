package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/provision"
)

// differencesShown is how many lines of the difference between database and template stand before a plan.
const differencesShown = 24

// provisioned writes how a run ended, in the order in which it went.
func (p *paper) provisioned(out *provision.Outcome, o provision.Options) {
	p.before(out)
	p.planned(out)
	p.here(out)
	p.decisions(out.Decisions, o.Decisions)
	p.result(out, o.State)
}

// before writes what the first check found.
func (p *paper) before(out *provision.Outcome) {
	r := out.Before
	p.line(span{bold, r.Template.Slug + " " + r.Template.Version}, span{verdictStyle(r.Verdict), "  " + verdictWords(r.Verdict)})
	p.wrapped("  ", r.Summary, plain)
	p.differences(out)
}

// differences shows what the verdicts say is missing and what is too much, as far as there is room.
func (p *paper) differences(out *provision.Outcome) {
	view, err := diff.TablesByVerdict(out.First.Template, out.First.Exchange.Result.Verdicts, nil)
	if err != nil || view.Same() {
		return
	}
	var b bytes.Buffer
	if err := diff.WriteText(&b, view, diff.TextOptions{Changes: true, MaxLines: differencesShown}); err != nil {
		return // a buffer takes everything
	}
	p.blank()
	for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		p.line(span{plain, "  "}, span{signStyle(line), line})
	}
}

func signStyle(line string) style {
	switch line[:1] {
	case "+":
		return green
	case "-":
		return red
	case "?":
		return yellow
	}
	return plain
}

// planned writes the plan, what it locks and what was left out of the template.
func (p *paper) planned(out *provision.Outcome) {
	p.title("THE PLAN")
	p.wrapped("  ", capital(planSummary(out.Plan))+".", plain)
	p.plan(out.Plan)
	p.locks(out)
	for _, l := range out.LeftOut {
		p.wrapped("  left out: ", fmt.Sprintf("the event trigger in line %d of %s, which would run code on every later change of the database (%s)", l.Line, l.File, l.Statement), yellow)
	}
	p.printf(dim, "  strategy %s, digest %s", out.Plan.Strategy, out.Plan.Digest)
}

// result writes what came of it: what the verdicts were and are, and how to go back.
func (p *paper) result(out *provision.Outcome, state string) {
	p.title("RESULT")
	switch out.Result {
	case provision.Planned:
		p.wrapped("  ", "Planned. Nothing was changed; the same command without --dry-run carries it out.", plain)
	case provision.NeedsDecision:
		p.wrapped("  ", "Nothing was changed. Decide, and run again with --decisions FILE.", yellow)
	case provision.Compensated:
		p.wrapped("  ", "It failed, and nothing was changed.", red)
	case provision.Completed:
		p.compared(out.Before, out.After)
		p.journal(out, state)
	}
}

// compared sets the two checks side by side.
func (p *paper) compared(before, after *report.Report) {
	p.printf(dim, "  %-22s %18s %18s", "", "before", "after")
	p.line(span{plain, fmt.Sprintf("  %-22s ", "verdict")}, span{verdictStyle(before.Verdict), fmt.Sprintf("%18s", verdictWords(before.Verdict))},
		span{plain, " "}, span{verdictStyle(after.Verdict), fmt.Sprintf("%18s", verdictWords(after.Verdict))})
	b, a := before.Counts, after.Counts
	for _, row := range []struct {
		words         string
		before, after int
	}{
		{"required, present", b.Required.Present, a.Required.Present},
		{"required, absent", b.Required.Absent, a.Required.Absent},
		{"required, undisclosed", b.Required.Undisclosed, a.Required.Undisclosed},
		{"forbidden, present", b.Forbidden.Present, a.Forbidden.Present},
		{"forbidden, undisclosed", b.Forbidden.Undisclosed, a.Forbidden.Undisclosed},
		{"alternatives, none", b.AnyOf.Failed, a.AnyOf.Failed},
		{"waived", b.Required.Waived + b.Forbidden.Waived, a.Required.Waived + a.Forbidden.Waived},
	} {
		if row.before != 0 || row.after != 0 {
			p.printf(plain, "  %-22s %18d %18d", row.words, row.before, row.after)
		}
	}
}

// journal says where the run is recorded and whether it can be taken back.
func (p *paper) journal(out *provision.Outcome, state string) {
	p.blank()
	if out.Run == "" {
		p.wrapped("  ", "Nothing was to be done, so there is no journal.", plain)
		return
	}
	back := "veil provision rollback " + out.Run + " takes it back exactly while structure and rows stay as they are"
	for _, act := range out.Actions {
		if act.Forward {
			back = "it cannot be taken back, because nothing undoes " + act.Step
			break
		}
	}
	p.wrapped("  run      ", out.Run+"; "+back, plain)
	dir := filepath.Join(state, "provision", out.Run)
	if journal, err := memento.Open(state, out.Run); err == nil {
		dir = journal.Dir()
	}
	p.wrapped("  journal  ", dir, plain)
}

func verdictWords(c template.Conformance) string { return strings.ReplaceAll(c.String(), "_", " ") }

func verdictStyle(c template.Conformance) style {
	switch c {
	case template.Conforms:
		return bold + ";" + green
	case template.DoesNotConform:
		return bold + ";" + red
	}
	return bold + ";" + yellow
}
