package fill

import (
	"cmp"
	"slices"
)

// unit is a table, or the tables of a cycle of hard links, which are filled by the same statement.
type unit struct {
	tables []*table // by schema and name
	member map[uint32]bool
	sql    string   // inserts bundles
	rows   []bundle // drawn, or once the server has refused some, accepted
}

// order cuts the tables into units and sorts them so that a unit comes after those its hard links point to, and where there is
// a choice, after as many as possible that its soft links point to.
func (c *catalog) order() []*unit {
	units := c.cycles()
	home := make(map[uint32]int) // of a table, its unit
	for i, u := range units {
		for _, t := range u.tables {
			home[t.oid] = i
		}
	}
	hard, soft := make([]map[int]bool, len(units)), make([]map[int]bool, len(units))
	for i, u := range units {
		hard[i], soft[i] = make(map[int]bool), make(map[int]bool)
		for _, t := range u.tables {
			for _, l := range t.links {
				for _, leaf := range c.leaves[l.target] {
					j, ours := home[leaf]
					if !ours || j == i {
						continue
					}
					if l.soft() {
						soft[i][j] = true
					} else {
						hard[i][j] = true
					}
				}
			}
		}
	}
	var (
		done   = make(map[int]bool)
		sorted []*unit
	)
	missing := func(of map[int]bool) int {
		n := 0
		for j := range of {
			if !done[j] {
				n++
			}
		}
		return n
	}
	for len(sorted) < len(units) {
		best, fewest := -1, 0
		for i := range units {
			if done[i] || missing(hard[i]) > 0 {
				continue
			}
			if n := missing(soft[i]); best < 0 || n < fewest {
				best, fewest = i, n
			}
		}
		done[best], sorted = true, append(sorted, units[best])
	}
	return sorted
}

// cycles returns the strongly connected components of the tables under hard links, by Tarjan's algorithm.
func (c *catalog) cycles() []*unit {
	var (
		units  []*unit
		stack  []*table
		number = make(map[uint32]int) // in order of discovery, from 1
		low    = make(map[uint32]int)
		onto   = make(map[uint32]bool)
		visit  func(*table)
	)
	visit = func(t *table) {
		number[t.oid] = len(number) + 1
		low[t.oid] = number[t.oid]
		stack, onto[t.oid] = append(stack, t), true
		for _, l := range t.links {
			if l.soft() {
				continue
			}
			for _, leaf := range c.leaves[l.target] {
				next := c.byOID[leaf]
				switch {
				case next == nil:
				case number[leaf] == 0:
					visit(next)
					low[t.oid] = min(low[t.oid], low[leaf])
				case onto[leaf]:
					low[t.oid] = min(low[t.oid], number[leaf])
				}
			}
		}
		if low[t.oid] != number[t.oid] {
			return
		}
		u := &unit{member: make(map[uint32]bool)}
		for {
			top := stack[len(stack)-1]
			stack, onto[top.oid] = stack[:len(stack)-1], false
			u.tables, u.member[top.oid] = append(u.tables, top), true
			if top == t {
				break
			}
		}
		slices.SortFunc(u.tables, func(a, b *table) int {
			return cmp.Or(cmp.Compare(a.schema, b.schema), cmp.Compare(a.name, b.name))
		})
		units = append(units, u)
	}
	for _, t := range c.tables {
		if number[t.oid] == 0 {
			visit(t)
		}
	}
	return units
}
