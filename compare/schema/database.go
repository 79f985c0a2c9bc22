package schema

// Database is the model of a database as introspection read it: plain data, names as the catalog has them,
// types and expressions as the server prints them with an empty search_path. [Database.Facts] brings them to
// their canonical spelling.
//
// Lists may stand in any order and hold each object once. Constraints that the server has not validated, invalid indexes and
// disabled triggers are in the model, marked as such.
type Database struct {
	Name          string   // name of the database, "" where it has none
	ServerVersion string   // as the server says it: "15.18"
	Schemas       []string // the schemas that were read, sorted

	Extensions []Extension
	Tables     []Table
	Views      []View
	Sequences  []Sequence
	Enums      []Enum
	Domains    []Domain
	Composites []Composite
	Ranges     []Range
	Functions  []Function

	// NotJudged counts what introspection saw and the model has no place for.
	NotJudged []NotJudged
}

// Relation is the name of a table, view or sequence in its schema.
type Relation struct {
	Schema string
	Name   string
}

// Extension is an installed extension. Its members are in none of the other lists.
type Extension struct {
	Name    string
	Schema  string // where its objects are
	Version string
}

// Table is an ordinary, partitioned or unlogged table with all that belongs to it.
type Table struct {
	Relation
	Columns      []Column // in the table's order
	Constraints  []Constraint
	Indexes      []Index // those that back no constraint
	Triggers     []Trigger
	PartitionKey string     // "RANGE (a, lower(b))" as pg_get_partkeydef prints it, "" for a table that is not partitioned
	PartitionOf  Relation   // the parent of a partition, the zero Relation otherwise
	Bounds       string     // "FOR VALUES IN (1)" or "DEFAULT" for a partition
	Inherits     []Relation // parents of a table that is no partition
	RowSecurity  bool
	ForceRowSec  bool
	Policies     []Policy
}

// Column is a column of a table.
type Column struct {
	Name      string
	Type      string // as format_type prints it: "character varying(20)", "cdm.mood[]"
	IsDomain  bool   // the type is a domain, so that a NULL default overrides the domain's
	Collation string // qualified and quoted, "" where it is the type's own
	NotNull   bool   // and every row is known to comply
	Default   string // expression, "" without one
	Identity  Identity
	Generated Generated // the expression of a generated column is in Default
}

// Identity says whether and how a column is an identity column.
type Identity uint8

// The kinds of identity.
const (
	NoIdentity        Identity = 0
	IdentityAlways    Identity = 1
	IdentityByDefault Identity = 2
)

// Generated says whether and how a column is generated from others.
type Generated uint8

// The kinds of generated columns.
const (
	NotGenerated     Generated = 0
	GeneratedStored  Generated = 1
	GeneratedVirtual Generated = 2 // PostgreSQL 18 and later
)

// ConstraintType is the type of a table's constraint.
type ConstraintType uint8

// The types of constraints. Not-null constraints are in [Column].
const (
	UnknownConstraint   ConstraintType = 0
	PrimaryKey          ConstraintType = 1
	Unique              ConstraintType = 2
	ForeignKey          ConstraintType = 3
	Check               ConstraintType = 4
	Exclusion           ConstraintType = 5
	ConstraintOnTrigger ConstraintType = 6 // CREATE CONSTRAINT TRIGGER; its facts are the trigger's
)

// Constraint is a constraint of a table.
type Constraint struct {
	Name        string
	Type        ConstraintType
	NotValid    bool // the server has not checked all rows
	NotEnforced bool // PostgreSQL 18 and later
	Deferrable  bool
	Deferred    bool       // INITIALLY DEFERRED
	NoInherit   bool       // check constraints
	Period      bool       // the last column is WITHOUT OVERLAPS, or PERIOD in a foreign key
	Columns     []string   // of a foreign key; other keys have theirs in Index
	Expression  string     // of a check constraint
	Index       *Index     // of a primary key, unique or exclusion constraint
	Operators   []Relation // of an exclusion constraint, one for each key of its index; no schema for the system's

	// Of a foreign key.
	Target        Relation
	TargetColumns []string
	OnUpdate      Action
	OnDelete      Action
	SetColumns    []string // those that ON DELETE SET NULL or SET DEFAULT names
	MatchFull     bool
}

// Action is what a foreign key does when the row it points to changes.
type Action uint8

// The actions. The zero value is what a foreign key does unless it says something else.
const (
	NoAction   Action = 0
	Restrict   Action = 1
	Cascade    Action = 2
	SetNull    Action = 3
	SetDefault Action = 4
)

// Index is an index. Its name is no part of its structure.
type Index struct {
	Name             string
	Method           string // "btree"
	Unique           bool
	NullsNotDistinct bool
	Invalid          bool // CREATE INDEX CONCURRENTLY has failed or is under way
	Keys             []IndexKey
	Include          []string // columns
	Predicate        string   // expression, "" for a whole index
}

// IndexKey is one key of an index: a column or an expression.
type IndexKey struct {
	Column     string // "" for an expression
	Expression string
	Collation  string // qualified and quoted, "" where it is the default for the key
	OpClass    string // qualified and quoted; "" where it is the default for the key's type
	Options    string // of the operator class: "siglen=32"
	Descending bool
	NullsFirst bool // the default is nulls last, or nulls first for a descending key
}

// Trigger is a trigger of a table.
type Trigger struct {
	Name       string
	Disabled   bool
	Firing     Firing
	Timing     string   // "before", "after", "instead of"
	Events     []string // of "insert", "delete", "update", "truncate", in this order
	UpdateOf   []string // columns
	ForEachRow bool
	Definition string   // as pg_get_triggerdef prints it where there is a WHEN clause, "" otherwise
	Function   Relation // the function it executes
	Arguments  []string
	Constraint bool // CREATE CONSTRAINT TRIGGER
	Deferrable bool
	Deferred   bool
	From       Relation // FROM of a constraint trigger
	OldTable   string   // REFERENCING OLD TABLE AS
	NewTable   string   // REFERENCING NEW TABLE AS
}

// Firing says in which session replication roles a trigger fires.
type Firing uint8

// The ways to fire.
const (
	FiresOnOrigin  Firing = 0 // as every trigger does unless told otherwise
	FiresOnReplica Firing = 1 // ENABLE REPLICA TRIGGER
	FiresAlways    Firing = 2 // ENABLE ALWAYS TRIGGER
)

// Policy is a policy of row security.
type Policy struct {
	Name        string
	Restrictive bool
	Command     string   // "all", "select", "insert", "update", "delete"
	Roles       []string // nil for PUBLIC
	Using       string   // expression or ""
	WithCheck   string   // expression or ""
}

// View is a view or materialized view. Its text is not in the model.
type View struct {
	Relation
	Materialized bool
	Columns      []Attribute
	Indexes      []Index // of a materialized view
	Triggers     []Trigger
}

// Attribute is a name with a type, of a view's output, a composite type or a function's result.
type Attribute struct {
	Name      string
	Type      string // as in Column
	Collation string // as in Column; only of composite types
}

// Sequence is a sequence. Those of identity columns are among them.
type Sequence struct {
	Relation
	Options    SequenceOptions
	Owner      Relation // the table whose column owns it, the zero Relation for a standalone sequence
	OwnerName  string   // that column
	OfIdentity bool     // it belongs to an identity column
}

// SequenceOptions are the numbers of a sequence.
type SequenceOptions struct {
	Type      string // "bigint", "integer", "smallint"
	Start     int64
	Increment int64
	Min, Max  int64
	Cache     int64
	Cycle     bool
}

// Enum is an enumerated type.
type Enum struct {
	Relation
	Labels []string // in order
}

// Domain is a domain with its constraints.
type Domain struct {
	Relation
	Type      string // the type under it
	Collation string // as in Column
	NotNull   bool
	Default   string
	Checks    []DomainCheck
}

// DomainCheck is one check constraint of a domain.
type DomainCheck struct {
	Expression string
	NotValid   bool
}

// Composite is a type made by CREATE TYPE ... AS (...).
type Composite struct {
	Relation
	Attributes []Attribute
}

// Range is a range type.
type Range struct {
	Relation
	Subtype   string
	OpClass   string // as in IndexKey
	Collation string // as in Column
}

// Function is the signature of a function or procedure. Bodies are not in the model.
type Function struct {
	Relation
	Type      FunctionType
	Arguments []Argument
	Result    string // type; "" for a procedure
	ReturnSet bool
}

// FunctionType says what a routine is.
type FunctionType uint8

// The routines whose signatures are judged.
const (
	UnknownFunction FunctionType = 0
	PlainFunction   FunctionType = 1
	WindowFunction  FunctionType = 2
	Procedure       FunctionType = 3
)

// Argument is an argument of a function.
type Argument struct {
	Mode string // "in", "out", "inout", "variadic", "table"
	Name string // only of out, inout and table: it names an output column
	Type string
}
