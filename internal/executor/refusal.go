package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// refusal turns a statement that the server refused into a decision. It returns nil for errors that are no fault of the statement:
// lost connections, want of locks, disk or memory, a shutdown.
func refusal(s *plan.Step, err error) *Decision {
	var pg *pgconn.PgError
	if s == nil || !errors.As(err, &pg) || !refuses(pg) {
		return nil
	}
	obstacle := plan.Impossible
	switch {
	case strings.HasPrefix(pg.Code, "23"), strings.HasPrefix(pg.Code, "22"):
		obstacle = plan.RowsInTheWay
	case pg.Code == "2BP01": // dependent_objects_still_exist
		obstacle = plan.Dependents
	}
	why := "the server refuses to " + s.Goal + ": " + pg.Message
	if pg.Detail != "" && obstacle != plan.RowsInTheWay { // of rows the detail has values
		why += " (" + pg.Detail + ")"
	}
	if obstacle == plan.RowsInTheWay {
		why = fmt.Sprintf("rows do not allow to %s: %s", s.Goal, pg.Message)
	}
	d := &Decision{ID: decisionID(obstacle, about(s)), Step: s.ID, Fact: about(s), Why: why}
	if obstacle == plan.RowsInTheWay {
		d.Choices = rowChoices(s)
	}
	d.Choices = append(d.Choices, choices[ChooseSkip])
	return d
}

// refuses says whether the statement is at fault.
func refuses(err *pgconn.PgError) bool {
	return !busy(err) && !slices.Contains([]string{"53", "57", "58", "08", "XX"}, err.Code[:2])
}

// rowChoices are what can be done about the rows that a step does not find as it wants them, a value that was given before among them.
func rowChoices(s *plan.Step) []Choice {
	kinds := make(map[schema.Kind]bool)
	for _, f := range s.Facts {
		kinds[f.Kind] = true
	}
	switch {
	case s.Action == plan.AddKey && kinds[schema.KindForeignKey]:
		return []Choice{choices[ChooseClear], choices[ChooseFill]}
	case s.Action == plan.SetFill, s.Action == plan.AddCol && needsValue(kinds):
		return []Choice{choices[ChooseFill], choices[ChooseNumber]}
	}
	return nil
}

// needsValue says whether a new column with facts of these kinds has no value for rows that are there.
func needsValue(kinds map[schema.Kind]bool) bool {
	return kinds[schema.KindNotNull] && !kinds[schema.KindDefault] && !kinds[schema.KindGenerated] && !kinds[schema.KindIdentity]
}

// refusedBack turns what cannot come back after changes of types, because rows or expressions in a new type break it, into decisions on
// those changes: of the table that the server or the statement names, or of all.
func (a *attempt) refusedBack(res *Resolution, err error) []Decision {
	var pg *pgconn.PgError
	failed := new(StatementError)
	if !errors.As(err, &pg) || !errors.As(err, &failed) || !refuses(pg) {
		return nil
	}
	obstacle := plan.Impossible
	if strings.HasPrefix(pg.Code, "23") || strings.HasPrefix(pg.Code, "22") {
		obstacle = plan.RowsInTheWay
	}
	var named, all []Decision
	for _, act := range res.Actions {
		s := a.o.Plan.Step(act.Step)
		if s == nil || s.Action != plan.SetType || len(act.SQL) == 0 {
			continue
		}
		f := about(s)
		d := Decision{
			ID: decisionID(obstacle, f), Step: s.ID, Fact: f, Choices: []Choice{choices[ChooseSkip]},
			Why: "it is not possible to " + s.Goal + ", because something of the tenant's own uses the columns: " + pg.Message,
		}
		all = append(all, d)
		if act.Table == (schema.Relation{Schema: pg.SchemaName, Name: pg.TableName}) || pg.TableName == "" && mentions(failed.SQL, act.Table) {
			named = append(named, d)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// mentions says whether a statement has a table's name.
func mentions(sql string, t schema.Relation) bool {
	for rest := sql; ; {
		_, after, found := strings.Cut(rest, quote(t))
		if !found {
			return false
		}
		if after == "" || strings.ContainsAny(after[:1], " (;") {
			return true
		}
		rest = after
	}
}
