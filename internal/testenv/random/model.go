package random

import "math/rand/v2"

// generator makes one schema.
type generator struct {
	rng       *rand.Rand
	out       []string
	relations names // tables, views, sequences and indexes share their names with types
	routines  names
	kinds     []kind // that columns may have
	tables    []*table
	last      []string // statements that come when all tables are there
	sequence  string   // a sequence that defaults may use, "" if there is none
	constant  string   // a function without arguments that returns an integer, "" if there is none
	touch     string   // a trigger function, "" if there is none
}

func newGenerator(seed uint64) *generator {
	rng := rand.New(rand.NewPCG(seed, 0x5eed)) //nolint:gosec // the same seed gives the same schema
	return &generator{rng: rng, relations: make(names), routines: make(names)}
}

func (g *generator) chance(p float64) bool { return g.rng.Float64() < p }

// between returns a number from low to high, both included.
func (g *generator) between(low, high int) int { return low + g.rng.IntN(high-low+1) }

func (g *generator) say(sql string) { g.out = append(g.out, sql) }

func pick[T any](g *generator, list []T) T { return list[g.rng.IntN(len(list))] }

// some returns n elements of the list in random order, or all if there are fewer.
func some[T any](g *generator, list []T, n int) []T {
	shuffled := make([]T, 0, len(list))
	for _, i := range g.rng.Perm(len(list)) {
		shuffled = append(shuffled, list[i])
	}
	return shuffled[:min(n, len(shuffled))]
}

type table struct {
	name        string
	columns     []*column
	room        names // of columns
	constraints names
	keys        [][]*column // that foreign keys may point to
	primary     []*column
}

// column is a column of a table to be.
type column struct {
	name    string
	kind    kind
	rest    string // of its definition: NOT NULL, DEFAULT, ...
	notNull bool
	tied    bool // to another table by a foreign key, so that checks may ask for NULL and nothing else
	derived bool // generated from others
}

// kind is a type of columns.
type kind struct {
	sql     string
	family  family
	witness string // a value that all checks let pass
	other   string // another value
	modern  string // a default that is an expression, "" if there is none
}

// family says what can be done with a type.
type family int

// The families. Those from famInteger to famMoment have an order and can be keys.
const (
	famUnknown family = iota
	famInteger
	famNumber
	famText
	famMoment
	famBool
	famUUID
	famEnum
	famJSON
	famArray
	famRange
	famOther
)

func (k kind) keyable() bool {
	return k.family >= famInteger && k.family <= famEnum && k.family != famBool
}
