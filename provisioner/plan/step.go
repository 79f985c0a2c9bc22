package plan

import "github.com/veilschema/veil/compare/schema"

// Step makes facts true, or one forbidden fact false.
type Step struct {
	// ID is unique in its plan and says what the step is about: "0012-column-public.visit.room".
	ID string `json:"id"`
	// Goal is the step in words: "add the column room to public.visit".
	Goal string `json:"goal"`
	// Action is what the step does to what.
	Action Action `json:"action"`
	Object Object `json:"-"`
	// Facts hold after the step, or, for a removal, the one fact that no longer does. In the order of [schema.Compare].
	Facts []schema.Fact `json:"facts"`
	// SQL reaches the goal where nothing is in the way, under the template's names. It is empty for what has no name in the
	// template, as a constraint to be removed.
	SQL []string `json:"sql"`
	// Why says of a step that only a person can take why that is so, "" where PostgreSQL has no statement for it.
	Why string `json:"why,omitempty"`
	// Parts are the clauses of a table's columns by the column's name.
	Parts map[string]string `json:"-"`
	// Strategy is how the step runs: "safe" or "validated".
	Strategy string `json:"strategy"`
	// Guarded says that the tenant did not disclose whether the facts hold.
	Guarded bool `json:"guarded,omitempty"`
	// Was is the type or default that the step replaces, where a follow-up comparison found it.
	Was        string   `json:"was,omitempty"`
	Rules      []Rule   `json:"rules,omitempty"`
	Hazards    []Hazard `json:"hazards"`
	Locks      []Lock   `json:"locks"`
	Reversible Reversal `json:"reversible"`
	Needs      []string `json:"needs,omitempty"` // steps before this one
	rank       int      // breaks ties in the order
}

// Action is what a step does.
type Action string

// The actions.
const (
	Create   Action = "create"    // an object of a schema
	AddTable Action = "add_table" // a table with its columns
	AddCol   Action = "add_column"
	SetType  Action = "set_type" // or the collation
	SetValue Action = "set_default"
	SetFill  Action = "set_not_null"
	SetIdent Action = "set_identity"
	AddKey   Action = "add_constraint"
	AddIndex Action = "add_index"
	Attach   Action = "attach" // a table to its parent
	Enable   Action = "enable" // row security
	Remove   Action = "remove" // what the template forbids
	Ask      Action = "ask"    // no statement can do it; a person has to
)

// Lock is a lock on a table of the template that exists before the step, held to the end of the transaction.
type Lock struct {
	Table string `json:"table"`
	Mode  string `json:"mode"` // as LOCK TABLE spells it: "ACCESS EXCLUSIVE"
}

// Hazard is what a person should know before the step runs.
type Hazard string

// The hazards.
const (
	HazardRewrite    Hazard = "rewrites_table"         // takes as long as the table is large, and its size in disk space
	HazardScan       Hazard = "reads_all_rows"         // takes as long as the table is large
	HazardBlocksAll  Hazard = "blocks_readers_writers" // until the end of the transaction
	HazardBlocks     Hazard = "blocks_writers"         // until the end of the transaction
	HazardLossy      Hazard = "may_change_values"      // values may not fit or lose precision
	HazardRows       Hazard = "rows_may_refuse"        // rows may break what is to hold
	HazardDeletes    Hazard = "deletes_data"
	HazardCode       Hazard = "runs_template_code" // a function of the template's runs in the tenant's database
	HazardPrivileges Hazard = "needs_privileges"   // more than ownership of the tables
)

// Reversal says how a step can be undone.
type Reversal string

// The reversals.
const (
	Exact       Reversal = "exact"        // by a statement
	FromBackup  Reversal = "from_backup"  // by a statement and the backup of the values
	ForwardOnly Reversal = "forward_only" // not at all
)

// Obstacle is what may stand in a step's way in the tenant's database.
type Obstacle string

// The obstacles.
const (
	NameTaken    Obstacle = "name_taken"          // something else has the name
	OtherKey     Obstacle = "other_primary_key"   // the table has another one
	OtherActions Obstacle = "other_actions"       // a foreign key of the same columns does something else
	OtherShape   Obstacle = "other_definition"    // an object of this name and kind differs
	RowsInTheWay Obstacle = "rows"                // rows would break the fact
	Lossy        Obstacle = "lossy"               // values do not keep in the new type
	Dependents   Obstacle = "dependents"          // views, triggers and the like use what changes
	NoSuchRole   Obstacle = "role_is_not_there"   // a policy names a role
	Impossible   Obstacle = "no_statement_for_it" // PostgreSQL cannot change it in place
)

// Response is what the executor does about an obstacle.
type Response string

// The responses.
const (
	RespondRename  Response = "rename"  // the new object gets another name; names of constraints and indexes are no facts
	RespondReplace Response = "replace" // what is there makes room
	RespondRestore Response = "restore" // it steps aside and is put back as it was
	RespondAsk     Response = "ask"     // a person decides
)

// Rule says what to do about an obstacle.
type Rule struct {
	When Obstacle `json:"when"`
	Then Response `json:"then"`
}

// Response returns what to do about an obstacle; what no rule names is for a person.
func (s *Step) Response(o Obstacle) Response {
	for _, r := range s.Rules {
		if r.When == o {
			return r.Then
		}
	}
	return RespondAsk
}
