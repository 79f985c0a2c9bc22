package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/provisioner/plan"
)

// Result is how a run ended.
type Result struct {
	Run       string // its id, for [Rollback]; "" where nothing was to be done
	Actions   []Action
	Decisions []Decision // not empty: nothing was changed, and these have to be made first
}

// Apply carries the plan out, all of it or nothing. It needs every decision that [Inspect] asks for; rows that refuse a step become
// further decisions, and then nothing was changed. After an error nothing was changed either, unless it is an *[Indeterminate].
func Apply(ctx context.Context, conn *pgx.Conn, o Options) (*Result, error) {
	server, err := memento.Identify(ctx, conn)
	if err != nil {
		return nil, err
	}
	lock, err := memento.LockDatabase(o.State, server)
	if err != nil {
		return nil, err
	}
	defer lock.Release() //nolint:errcheck // nothing was written
	if err := settle(ctx, conn, o.State, server); err != nil {
		return nil, err
	}
	var out *Result
	err = patiently(ctx, o, func(ctx context.Context) error {
		a := &attempt{o: &o, conn: conn, server: server}
		var err error
		out, err = a.run(ctx)
		return err
	})
	return out, err
}

// attempt is one transaction.
type attempt struct {
	o       *Options
	conn    *pgx.Conn
	server  memento.Server
	tx      pgx.Tx
	journal *memento.Journal
	record  memento.Run
	state   map[schema.Fact]bool
	touched []memento.Table // under their new names, as before the first step
	sums    map[memento.TableName]memento.Sum
	rest    map[memento.TableName]memento.Sum // of tables of which values change by decision, without those columns
	altered map[schema.ColumnName]bool        // those columns
	failed  map[string]bool
	forced  []schema.Relation        // tables whose row security is for their owner too, and is not until the end
	recast  map[schema.Relation]bool // tables of which a column has another type since, or that became partitions
	made    []string                 // new schemas
	ended   bool                     // the transaction is committed, or only the server knows: nothing is left to roll back
}

func (a *attempt) run(ctx context.Context) (out *Result, err error) {
	first, err := Inspect(ctx, a.conn, *a.o)
	if err != nil {
		return nil, err
	}
	if len(first.Decisions) > 0 || first.Keeps() && len(renames(a.o.Mapping).do) == 0 {
		return &Result{Actions: first.Actions, Decisions: first.Decisions}, nil
	}
	if a.tx, err = begin(ctx, a.conn); err != nil {
		return nil, err
	}
	defer func() {
		if !a.ended { // also when a step panics
			err = errors.Join(err, a.compensate(context.WithoutCancel(ctx)))
		}
	}()
	a.o.progress("locking the tables")
	if err := a.lockTables(ctx, first); err != nil {
		return nil, err
	}
	resolution, err := a.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if len(resolution.Decisions) > 0 {
		return &Result{Actions: resolution.Actions, Decisions: resolution.Decisions}, nil
	}
	decisions, err := a.steps(ctx, resolution)
	if err != nil {
		return nil, err
	}
	if len(decisions) > 0 {
		return &Result{Actions: resolution.Actions, Decisions: decisions}, nil
	}
	if decisions, err = a.verify(ctx, resolution); err != nil {
		return nil, err
	}
	if len(decisions) > 0 {
		return &Result{Actions: resolution.Actions, Decisions: decisions}, nil
	}
	if err := a.commit(ctx); err != nil {
		return nil, err
	}
	return &Result{Run: a.journal.ID(), Actions: resolution.Actions}, nil
}

// prepare records the run, renames what the mapping renames, resolves the plan under the locks and keeps the memento.
func (a *attempt) prepare(ctx context.Context) (*Resolution, error) {
	a.o.progress("keeping a memento")
	var err error
	if a.journal, err = memento.Create(a.o.State, time.Now()); err != nil {
		return nil, err
	}
	schemas, err := a.schemas(ctx)
	if err != nil {
		return nil, err
	}
	before, err := memento.Structure(ctx, a.tx, schemas)
	if err != nil {
		return nil, err
	}
	if err := a.journal.WriteFile(memento.StructureFile, before); err != nil {
		return nil, err
	}
	a.record = memento.Run{
		Status: memento.StatusPrepared, Server: a.server, Schemas: schemas, Structure: memento.Digest(before), Started: time.Now().UTC(),
	}
	if err := a.journal.Save(a.record); err != nil {
		return nil, err
	}
	if a.record.XID, err = memento.TransactionID(ctx, a.tx); err != nil {
		return nil, err
	}
	a.record.Status = memento.StatusApplying
	if err := a.journal.Save(a.record); err != nil {
		return nil, err
	}
	return a.resolve(ctx)
}

// schemas are those that the run may change: the tenant's that are read, and new ones.
func (a *attempt) schemas(ctx context.Context) ([]string, error) {
	l, err := look(ctx, a.tx, a.o.Schemas, schema.Mapping{})
	if err != nil {
		return nil, err
	}
	return l.db.Schemas, nil
}

func (a *attempt) resolve(ctx context.Context) (*Resolution, error) {
	moves := renames(a.o.Mapping)
	if err := execute(ctx, a.tx, moves.do...); err != nil {
		return nil, err
	}
	if len(moves.undo) > 0 {
		a.record.Undo = append(a.record.Undo, memento.Undo{Step: "rename", Statements: moves.undo})
	}
	l, err := look(ctx, a.tx, a.o.Schemas, a.o.Mapping)
	if err != nil {
		return nil, err
	}
	if a.forced, err = unforce(ctx, a.tx, l.db.Schemas); err != nil {
		return nil, err
	}
	for _, t := range a.forced {
		old := oldName(a.o.Mapping, t)
		a.record.Forced = append(a.record.Forced, memento.TableName{Schema: old.Schema, Name: old.Name})
	}
	a.state = make(map[schema.Fact]bool, len(l.facts))
	for f := range l.facts {
		a.state[f] = true
	}
	res, err := resolve(ctx, a.tx, a.o, l)
	if err != nil || len(res.Decisions) > 0 {
		return res, err
	}
	return res, a.remember(ctx, res)
}

// steps runs the actions. Statements that rows refuse become decisions.
func (a *attempt) steps(ctx context.Context, res *Resolution) ([]Decision, error) {
	var decisions []Decision
	a.failed, a.recast = make(map[string]bool), make(map[schema.Relation]bool)
	for i := range res.Actions {
		act := &res.Actions[i]
		s := a.o.Plan.Step(act.Step)
		if s != nil && slices.ContainsFunc(s.Needs, func(id string) bool { return a.failed[id] }) {
			a.failed[s.ID] = true
			continue
		}
		if len(act.SQL) == 0 {
			a.remain(act)
			continue
		}
		if s != nil {
			a.o.progress(s.Goal)
		}
		if came, err := a.cameAlong(ctx, act, s); err != nil {
			return nil, err
		} else if came {
			*act = Action{Step: act.Step, Do: Keep, Note: "it came with another step"}
			continue
		}
		refused, err := a.step(ctx, act, s)
		if s == nil {
			if list := a.refusedBack(res, err); len(list) > 0 {
				return append(decisions, list...), nil // the statements that follow need what could not come back
			}
		}
		if err != nil {
			return nil, err
		}
		if refused != nil {
			a.onlyPossible(refused)
			decisions = append(decisions, *refused)
			a.failed[act.Step] = true
			continue
		}
		a.remain(act)
	}
	return decisions, nil
}

// remain records how an action is undone: by statements, or by none if it is forward only. Some actions only have a part in the way back.
func (a *attempt) remain(act *Action) {
	switch {
	case act.Forward:
		a.record.Undo = append(a.record.Undo, memento.Undo{Step: act.Step})
	case len(act.Undo) > 0:
		a.record.Undo = append(a.record.Undo, memento.Undo{Step: act.Step, Statements: act.Undo, Finally: act.Finally})
	}
}

// onlyPossible takes away the choice to put NULL where a column refuses it.
func (a *attempt) onlyPossible(d *Decision) {
	from, _ := foreignColumns(d.Fact.Detail)
	refuses := slices.ContainsFunc(from, func(name string) bool {
		return a.state[schema.Fact{Kind: schema.KindNotNull, Schema: d.Fact.Schema, Table: d.Fact.Table, Name: name}]
	})
	d.Choices = slices.DeleteFunc(d.Choices, func(c Choice) bool {
		return c.Choice == ChooseClear && refuses || c.Choice == ChooseFill && len(from) > 1
	})
}

// step runs one action in a savepoint.
func (a *attempt) step(ctx context.Context, act *Action, s *plan.Step) (*Decision, error) {
	if err := a.o.at("before", act.Step); err != nil {
		return nil, err
	}
	if err := a.assertBefore(ctx, s); err != nil {
		return nil, err
	}
	inner, err := a.tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	besides, err := aftermath(ctx, inner, s, act.Table)
	if err != nil {
		return nil, err
	}
	if err = a.carryOut(ctx, inner, act); err != nil {
		if failed := new(StatementError); !errors.As(err, &failed) {
			return nil, err
		}
		d := refusal(s, err)
		if d == nil {
			return nil, err
		}
		return d, inner.Rollback(ctx)
	}
	a.unforced(s)
	if missed, err := a.assertAfter(ctx, inner, s); err != nil {
		return nil, err
	} else if missed != nil {
		return missed, inner.Rollback(ctx)
	}
	more, err := besides()
	if err != nil {
		return nil, err
	}
	act.Undo = append(act.Undo, more...)
	if act.Schema != "" {
		a.made = append(a.made, act.Schema)
	}
	if err := inner.Commit(ctx); err != nil {
		return nil, err
	}
	if s != nil && (s.Action == plan.SetType || s.Action == plan.Attach || s.Action == plan.Create) {
		for _, t := range act.tables() {
			a.recast[t] = true
		}
	}
	return nil, a.o.at("after", act.Step)
}

// cameAlong says whether a step's facts hold because the type of a column has changed, whose expressions are spelt otherwise then, or
// because a partition got what the whole has.
func (a *attempt) cameAlong(ctx context.Context, act *Action, s *plan.Step) (bool, error) {
	if s == nil || s.Action == plan.SetType || s.Action == plan.Remove || !a.recast[act.Table] {
		return false, nil
	}
	facts, err := a.current(ctx, a.tx, s)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(s.Facts, func(f schema.Fact) bool { return !facts[f] }), nil
}

// carryOut runs an action's statements. Where they write values, nothing of the tenant's acts on it: its triggers would write more.
func (a *attempt) carryOut(ctx context.Context, inner pgx.Tx, act *Action) error {
	var loud []string
	if slices.ContainsFunc(act.SQL, func(sql string) bool { return strings.HasPrefix(sql, "UPDATE ") }) {
		for _, t := range act.tables() {
			more, err := memento.Silence(ctx, inner, memento.TableName{Schema: t.Schema, Name: t.Name})
			if err != nil {
				return err
			}
			loud = append(loud, more...)
		}
	}
	for i, sql := range act.SQL {
		if err := execute(ctx, inner, sql); err != nil {
			return err
		}
		if i == 0 {
			if err := a.o.at("during", act.Step); err != nil {
				return err
			}
		}
	}
	return execute(ctx, inner, loud...)
}

// commit records what the state will be and commits.
func (a *attempt) commit(ctx context.Context) error {
	if err := a.journal.Save(a.record); err != nil {
		return err
	}
	if err := a.o.at("before", "commit"); err != nil {
		return err
	}
	if err := a.tx.Commit(ctx); err != nil {
		if a.ended = a.conn.IsClosed(); a.ended {
			return &Indeterminate{a.journal.ID(), err}
		}
		return fmt.Errorf("the transaction was not committed, so nothing was changed: %w", err)
	}
	a.ended = true // whatever goes wrong from here on
	err := a.o.at("after", "commit")
	if err == nil {
		a.record.Status, a.record.Ended = memento.StatusCompleted, time.Now().UTC()
		err = a.journal.Save(a.record)
	}
	if err != nil {
		return &Indeterminate{a.journal.ID(), err}
	}
	return nil
}

// compensate rolls the transaction back and records that nothing was changed.
func (a *attempt) compensate(ctx context.Context) error {
	err := a.tx.Rollback(ctx)
	if errors.Is(err, pgx.ErrTxClosed) || a.conn.IsClosed() {
		err = nil // the server rolls back what nobody commits
	}
	if a.journal == nil || a.journal.Run().Status == "" || a.conn.IsClosed() {
		return err
	}
	last := a.journal.Run()
	last.Status, last.Ended = memento.StatusCompensated, time.Now().UTC()
	return errors.Join(err, a.journal.Save(last))
}

// Indeterminate says that a run was being committed when the connection was lost, or that its end could not be recorded, so that only the
// server knows whether the change was made.
type Indeterminate struct {
	Run string
	Err error
}

// Error says what to do.
func (e *Indeterminate) Error() string {
	return fmt.Sprintf("the run %s was being committed, and what became of it could not be recorded; run the same command again, which asks the server: %v", e.Run, e.Err)
}

// Unwrap returns the cause.
func (e *Indeterminate) Unwrap() error { return e.Err }
