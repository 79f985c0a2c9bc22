package introspect

import "github.com/veilschema/veil/compare/schema"

// catalog is what the catalog's rows say, by object id.
type catalog struct {
	relations   []relation
	byOID       map[uint32]*relation
	constraints []constraint
	indexes     []index
	triggers    []trigger
	policies    []policy
	parents     map[uint32][]uint32 // of a partition or inheriting table, in order
	sequences   []sequence
	owners      map[uint32]owner
	composites  map[uint32]*relation // by pg_type.typrelid
	types       []typeRow
	labels      map[uint32][]string
	checks      map[uint32][]schema.DomainCheck
	ranges      map[uint32]rangeRow
	functions   []function
	methods     map[uint32]string // access methods

	typeInfo   map[uint32]*typeInfo
	spelt      map[typeUse]string
	collations map[uint32]string
	classes    map[uint32]opClass
	operators  map[uint32]schema.Relation
	roles      map[uint32]string
	routines   map[uint32]schema.Relation
	outside    map[uint32]schema.Relation // relations of schemas that were not read
	outsideCol map[columnKey]string
	keyInfo    map[columnKey]keyInfo
}

// columnKey is a column of a relation by number. Indexes have columns too.
type columnKey struct {
	relation uint32
	number   int16
}

// typeUse is a type with a modifier, -1 for none.
type typeUse struct {
	oid      uint32
	modifier int32
}

type relation struct {
	oid       uint32
	name      schema.Relation
	kind      string // pg_class.relkind
	rowSec    bool
	forced    bool
	partition bool
	key       string
	bounds    string
	columns   []column // by number, system and dropped columns left out
	byNumber  map[int16]int
}

type column struct {
	number    int16
	name      string
	use       typeUse
	collation uint32
	notNull   bool
	identity  string
	generated string
	value     string // default
}

type constraint struct {
	oid, relation, parent        uint32
	name, kind                   string
	deferrable, deferred         bool
	validated, enforced          bool
	noInherit, period            bool
	index, target                uint32
	onUpdate, onDelete, matching string
	columns, targets, sets       []int16
	operators                    []uint32
	expression                   string
}

type index struct {
	oid, relation, method             uint32
	name                              string
	unique, nullsNotDistinct, invalid bool
	keys                              int16
	columns, options                  []int16
	classes, collations               []uint32
	expressions, predicate            string
}

type trigger struct {
	oid, relation, function, from    uint32
	name, enabled, definition        string
	flags                            int16
	constraint, deferrable, deferred bool
	columns                          []int16
	arguments                        []byte
	oldTable, newTable               string
}

type policy struct {
	oid, relation    uint32
	name, command    string
	permissive       bool
	roles            []uint32
	using, withCheck string
}

type sequence struct {
	oid     uint32
	options schema.SequenceOptions
}

type owner struct {
	column   columnKey
	identity bool
}

type typeRow struct {
	oid, relation uint32
	name          schema.Relation
	kind          string // pg_type.typtype
	base          typeUse
	collation     uint32
	notNull       bool
	value         string
}

type rangeRow struct{ subtype, collation, class uint32 }

type function struct {
	oid     uint32
	name    schema.Relation
	kind    string // pg_proc.prokind
	set     bool
	result  uint32
	in, all []uint32
	modes   []string
	names   []string
}

type typeInfo struct {
	kind      string
	base      uint32 // of a domain, the type under all domains
	collation uint32
}

type opClass struct {
	spelling  string
	isDefault bool
	input     uint32
}

// keyInfo is what the column of an index says of a key.
type keyInfo struct {
	base      uint32 // type, under a domain
	collation uint32 // of that type
	options   []string
}
