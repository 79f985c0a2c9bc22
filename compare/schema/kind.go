package schema

import "fmt"

// Kind says what a [Fact] is about. The numbers are part of the binary form of a fact: they are
// never reused and never change their meaning.
type Kind uint8

// The kinds of facts. Which fields of a [Fact] each one uses, and how its detail is spelt, stands in
// docs/facts.md.
const (
	KindUnknown      Kind = 0
	KindTable        Kind = 1  // a table, partitioned or not
	KindColumn       Kind = 2  // a column of a table
	KindColumnType   Kind = 3  // the type of a column
	KindNotNull      Kind = 4  // a column that refuses NULL
	KindDefault      Kind = 5  // the default of a column
	KindIdentity     Kind = 6  // GENERATED ... AS IDENTITY
	KindGenerated    Kind = 7  // GENERATED ... AS (expression)
	KindPrimaryKey   Kind = 8  // a primary key with its columns in order
	KindUnique       Kind = 9  // a unique constraint
	KindForeignKey   Kind = 10 // a foreign key with columns, target and actions
	KindCheck        Kind = 11 // a check constraint of a table
	KindExclusion    Kind = 12 // an exclusion constraint
	KindIndex        Kind = 13 // an index that backs no constraint
	KindPartitionKey Kind = 14 // how a partitioned table is divided
	KindEnum         Kind = 15 // an enum type with its labels in order
	KindDomain       Kind = 16 // a domain with its constraints
	KindSequence     Kind = 17 // a sequence, standalone or owned by a column
	KindView         Kind = 18 // a view or materialized view with its output columns
	KindExtension    Kind = 19 // an installed extension
	KindTrigger      Kind = 20 // an enabled trigger
	KindFunction     Kind = 21 // a function's or procedure's signature
	KindRowSecurity  Kind = 22 // row security switched on or forced, or one of its policies
	KindPartition    Kind = 23 // a table that is a partition, with its bounds
	KindInheritance  Kind = 24 // a table that inherits from another without being a partition
	KindCollation    Kind = 25 // a column with another collation than its type's
	KindComposite    Kind = 26 // a composite type with its attributes in order
	KindRange        Kind = 27 // a range type with its subtype
)

var kindNames = [...]string{
	KindTable:        "table",
	KindColumn:       "column",
	KindColumnType:   "type",
	KindNotNull:      "not_null",
	KindDefault:      "default",
	KindIdentity:     "identity",
	KindGenerated:    "generated",
	KindPrimaryKey:   "primary_key",
	KindUnique:       "unique",
	KindForeignKey:   "foreign_key",
	KindCheck:        "check",
	KindExclusion:    "exclusion",
	KindIndex:        "index",
	KindPartitionKey: "partition_key",
	KindEnum:         "enum",
	KindDomain:       "domain",
	KindSequence:     "sequence",
	KindView:         "view",
	KindExtension:    "extension",
	KindTrigger:      "trigger",
	KindFunction:     "function",
	KindRowSecurity:  "row_security",
	KindPartition:    "partition",
	KindInheritance:  "inheritance",
	KindCollation:    "collation",
	KindComposite:    "composite",
	KindRange:        "range",
}

// Kinds lists every known kind in the order of its number.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(kindNames)-1)
	for k := KindTable; k.known(); k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// String returns the kind's name as reports, policies and the JSON of a fact write it.
func (k Kind) String() string {
	if !k.known() {
		return fmt.Sprintf("unknown kind %d", uint8(k))
	}
	return kindNames[k]
}

// ParseKind returns the kind that [Kind.String] calls name.
func ParseKind(name string) (Kind, error) {
	for _, k := range Kinds() {
		if kindNames[k] == name {
			return k, nil
		}
	}
	return KindUnknown, fmt.Errorf("%q is no kind of fact; the kinds are listed in docs/facts.md", name)
}

// MarshalText returns the kind's name.
func (k Kind) MarshalText() ([]byte, error) {
	if !k.known() {
		return nil, fmt.Errorf("kind %d has no name", uint8(k))
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	kind, err := ParseKind(string(text))
	if err != nil {
		return err
	}
	*k = kind
	return nil
}

func (k Kind) known() bool { return k > KindUnknown && int(k) < len(kindNames) }
