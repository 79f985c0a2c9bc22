package executor

import (
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// Options say what is carried out and how.
type Options struct {
	Plan *plan.Plan
	// Template holds the judged facts: what is among them is never replaced.
	Template schema.Facts
	// Mapping are the tenant's names for the template's. Tables and columns are renamed to the template's names.
	Mapping schema.Mapping
	// Schemas are the tenant's schemas to read; none means all that are not the system's.
	Schemas []string
	// Decisions are those that people made.
	Decisions Decisions
	// State is the folder that runs are recorded in.
	State string
	// Patience is how long locks are asked for, again and again; zero is 30 s.
	Patience time.Duration
	// Failpoint is called at each [Point] and may return an error or panic; tests use it. Nil does nothing.
	Failpoint func(Point) error
	// Progress is told what begins; it may be nil.
	Progress func(step string)
}

// Point is a moment in a run: before, during or after a step, or before and after the commit.
type Point struct {
	When string // "before", "during", "after"
	Step string // the step's id, or "commit"
}

func (o *Options) at(when, step string) error {
	if o.Failpoint == nil {
		return nil
	}
	return o.Failpoint(Point{when, step})
}

func (o *Options) progress(step string) {
	if o.Progress != nil {
		o.Progress(step)
	}
}

// Do is what is done about a step.
type Do string

// What can be done about a step.
const (
	Keep  Do = "keep"  // its facts hold
	Run   Do = "run"   // its SQL as the plan has it, under the tenant's schema names
	Adapt Do = "adapt" // other SQL, because something was in the way
	Skip  Do = "skip"  // left out, by decision or because it needs what was left out
	Wait  Do = "wait"  // for a decision
)

// Action is what is done about one step of the plan, in the tenant's names.
type Action struct {
	Step string   `json:"step"` // the step's id; "" for what prepares or follows steps
	Do   Do       `json:"do"`
	SQL  []string `json:"sql,omitempty"`
	Undo []string `json:"undo,omitempty"` // in the order to run
	// Finally run when values are back from the backup.
	Finally []string `json:"finally,omitempty"`
	Note    string   `json:"note,omitempty"` // why it is not the plan's SQL

	// Met are the obstacles that the action deals with, if the step's rules say so.
	Met []plan.Obstacle `json:"-"`
	// Schema is the schema that the action makes, "" if none.
	Schema string `json:"-"`
	// Changed are columns of which values change and do not come back by the undo statements alone.
	Changed []schema.ColumnName `json:"-"`
	// Recast are columns of another type before: the type that their values are cast to to be compared.
	Recast map[schema.ColumnName]string `json:"-"`
	// Forward says that nothing undoes it.
	Forward bool `json:"forward_only,omitempty"`
	// Table is the table that is touched, the zero Relation if none.
	Table schema.Relation `json:"-"`
	// Also are the other tables whose rows are touched: those that inherit from it, or use a type that is replaced.
	Also []schema.Relation `json:"-"`
	// Beside are tables whose rows are not touched and that its statements lock all the same, in the mode ACCESS EXCLUSIVE: those that
	// foreign keys join to it.
	Beside []schema.Relation `json:"-"`
}
