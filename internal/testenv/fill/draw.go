package fill

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// bundle has a row for each table of a unit, in the same order.
type bundle []row

// state is what has been drawn for a table.
type state struct {
	maker *maker
	count map[*column]int64        // of values drawn for serial columns
	seen  map[*key]map[string]bool // values of plain keys
}

func (f *filler) newMaker(name string) *maker {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))                                                                       // a hash never fails
	return &maker{rng: rand.New(rand.NewPCG(f.options.Seed, h.Sum64())), moderate: f.options.Moderate} //nolint:gosec // the same seed gives the same rows
}

func (f *filler) state(t *table) *state {
	s := f.states[t]
	if s == nil {
		s = &state{maker: f.newMaker(t.label()), count: make(map[*column]int64), seen: make(map[*key]map[string]bool)}
		f.states[t] = s
	}
	return s
}

func (f *filler) maker(t *table) *maker { return f.state(t).maker }

// draw draws the bundle with the number n: the first has no NULL it can do without, the second all it can have.
func (f *filler) draw(u *unit, n int) (bundle, bool) {
	nulls := 0.15
	switch n {
	case 0:
		nulls = 0
	case 1:
		nulls = 1
	}
	b := make(bundle, len(u.tables))
	for i, t := range u.tables {
		b[i] = make(row, len(t.columns))
		for _, c := range t.columns {
			f.fresh(t, b[i], c, nulls)
		}
	}
	for i := range u.tables {
		f.tie(u, b, i, u.tables[i].links, nulls)
	}
	for range drawTries {
		i, k := f.collision(u, b)
		if k == nil {
			return b, true
		}
		f.redraw(u, b, i, k.columns, nulls/2)
	}
	return nil, false
}

// fresh draws a value for the column, NULL with the probability given.
func (f *filler) fresh(t *table, r row, c *column, nulls float64) {
	s := f.state(t)
	r[c.index] = nil
	switch {
	case c.generated, !c.notNull && s.maker.chance(nulls):
	case c.serial() && c.kind.builtin && strings.HasPrefix(c.kind.name, "int") && c.kind.category == "N" && len(c.pool) == 0 &&
		(len(c.words) == 0 || s.maker.chance(0.5)):
		s.count[c]++
		v := strconv.FormatInt(s.count[c], 10)
		r[c.index] = &v
	case len(c.likely) > 0 && s.maker.chance(0.3):
		r[c.index] = &c.likely[s.maker.rng.IntN(len(c.likely))]
	case len(c.pool) > 0:
		r[c.index] = &c.pool[s.maker.rng.IntN(len(c.pool))]
	default:
		r[c.index] = s.maker.value(c.kind, c.mod, c.words, 0)
	}
}

// redraw draws the columns of one row again, and ties the links that they take part in.
func (f *filler) redraw(u *unit, b bundle, i int, columns []*column, nulls float64) {
	t := u.tables[i]
	var links []*link
	for _, l := range t.links {
		if slices.ContainsFunc(l.columns, func(c *column) bool { return slices.Contains(columns, c) }) {
			links = append(links, l)
		}
	}
	for _, c := range columns {
		f.fresh(t, b[i], c, nulls)
	}
	f.tie(u, b, i, links, nulls)
	// What points to this row inside the unit points to something else now.
	for j, other := range u.tables {
		var inner []*link
		for _, l := range other.links {
			if (j != i || !slices.Contains(links, l)) && slices.Contains(f.catalog.leaves[l.target], t.oid) {
				inner = append(inner, l)
			}
		}
		f.tie(u, b, j, inner, nulls)
	}
}

// tie gives the links of row i tuples that their targets have. A column that two links share gets a value that suits both.
func (f *filler) tie(u *unit, b bundle, i int, links []*link, nulls float64) {
	var (
		t     = u.tables[i]
		m     = f.maker(t)
		fixed = make(map[*column]bool)
	)
	for _, l := range t.links {
		if !slices.Contains(links, l) {
			for _, c := range l.columns {
				fixed[c] = fixed[c] || b[i][c.index] != nil
			}
		}
	}
	for _, l := range links {
		var options []row
		if !l.soft() || !m.chance(nulls) {
			options = slices.DeleteFunc(f.targets(u, b, l), func(tuple row) bool {
				for j, c := range l.columns {
					if fixed[c] && b[i][c.index] != nil && *b[i][c.index] != *tuple[j] {
						return true
					}
				}
				return false
			})
		}
		if len(options) == 0 {
			for _, c := range l.columns {
				if !c.notNull && !fixed[c] && l.soft() {
					b[i][c.index] = nil
				}
			}
			continue
		}
		tuple := options[m.rng.IntN(len(options))]
		for j, c := range l.columns {
			b[i][c.index], fixed[c] = tuple[j], true
		}
	}
}

// targets are the tuples that a link of the bundle may take: those in the database, and of the unit itself those that were drawn.
func (f *filler) targets(u *unit, b bundle, l *link) []row {
	list := slices.Clone(l.offers)
	for i, t := range u.tables {
		if !slices.Contains(f.catalog.leaves[l.target], t.oid) {
			continue
		}
		for _, other := range append(slices.Clone(u.rows), b) {
			if tuple := l.tuple(t, other[i]); tuple != nil {
				list = append(list, tuple)
			}
		}
	}
	return list
}

// tuple is what the row of a target offers to the link, nil if a value is missing.
func (l *link) tuple(t *table, r row) row {
	tuple := make(row, len(l.keys))
	for i, name := range l.keys {
		j := slices.IndexFunc(t.columns, func(c *column) bool { return c.name == name })
		if j < 0 || r[j] == nil {
			return nil
		}
		tuple[i] = r[j]
	}
	return tuple
}

// place names the columns that a link points to.
func (l *link) place() string { return fmt.Sprintf("%d %q", l.target, l.keys) }

// collision finds a row of the bundle, and its key, that is like one drawn before.
func (f *filler) collision(u *unit, b bundle) (int, *key) {
	for i, t := range u.tables {
		for _, k := range t.keys {
			if value, counts := k.value(b[i]); counts && f.state(t).seen[k][value] {
				return i, k
			}
		}
	}
	return 0, nil
}

// keep remembers the bundle's keys.
func (f *filler) keep(u *unit, b bundle) {
	u.rows = append(u.rows, b)
	for i, t := range u.tables {
		s := f.state(t)
		for _, k := range t.keys {
			if value, counts := k.value(b[i]); counts {
				if s.seen[k] == nil {
					s.seen[k] = make(map[string]bool)
				}
				s.seen[k][value] = true
			}
		}
	}
}

// forget takes back all that keep did.
func (f *filler) forget(u *unit) {
	u.rows = nil
	for _, t := range u.tables {
		clear(f.state(t).seen)
	}
}

// value is the key's value in a row. counts is false where it is unlike every other: with NULL in it, or if only the server knows.
func (k *key) value(r row) (value string, counts bool) {
	if !k.plain {
		return "", false
	}
	var b strings.Builder
	for _, c := range k.columns {
		v := r[c.index]
		if v == nil && !k.oneNull {
			return "", false
		}
		if v == nil {
			b.WriteString("NULL,")
		} else {
			b.WriteString(quote(*v) + ",")
		}
	}
	return b.String(), true
}
