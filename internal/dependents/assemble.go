package dependents

import (
	"cmp"
	"maps"
	"slices"
)

// part is an object that steps aside, as each statement of the package tells it.
type part struct {
	object
	what    string
	drop    string   // "" if it goes with another
	restore []string // of a view, CREATE first
	late    []string // what comes when all is there; of a materialized view, its REFRESH
	why     string   // why it cannot step aside, "" if it can
}

// kind is a kind of objects on which nothing depends.
type kind struct {
	name string
	sql  string
}

// kinds in the order in which they step aside; they come back the other way round.
var kinds = []kind{
	{triggers, triggersSQL},
	{rules, rulesSQL},
	{policies, policiesSQL},
	{foreignKeys, foreignKeysSQL},
	{defaults, defaultsSQL},
	{statistics, statisticsSQL},
	{checks, checksSQL},
	{indexes, indexesSQL},
}

// parts is all that steps aside.
type parts struct {
	of    map[string][]part // by kind, in the order in which they go
	views map[uint32]part
}

func (p *parts) query(q *round, k kind, oids []uint32) {
	if len(oids) == 0 {
		return
	}
	queryParts(q, k.sql, oids, func(x part) {
		x.kind = k.name
		p.of[k.name] = append(p.of[k.name], x)
	})
}

func (p *parts) queryViews(q *round, oids []uint32) {
	if len(oids) == 0 {
		return
	}
	queryParts(q, viewsSQL, oids, func(x part) { p.views[x.oid] = x })
}

func queryParts(q *round, sql string, oids []uint32, f func(part)) {
	var p part
	q.each(sql, []any{oids}, []any{&p.oid, &p.what, &p.drop, &p.restore, &p.late, &p.why}, func() { f(p) })
}

// assemble puts the statements in order.
func (r *reader) assemble(p *parts) {
	s := r.set
	var leaves []part
	for _, k := range kinds {
		leaves = append(leaves, p.of[k.name]...)
	}
	for _, x := range p.of[indexes] {
		s.Carried = slices.DeleteFunc(s.Carried, func(name string) bool { return name == x.what })
	}
	views := r.order(p.views)
	for _, x := range slices.Concat(leaves, backwards(views)) {
		switch {
		case x.why != "":
			s.Blocked = append(s.Blocked, Blocked{What: x.what, Why: x.why, Target: r.target(r.graph.origin[x.object])})
		case x.drop != "":
			s.Drop, s.Aside = append(s.Drop, x.drop), append(s.Aside, x.what)
		}
	}
	for _, x := range views {
		s.Restore, s.Refresh = append(s.Restore, x.restore...), append(s.Refresh, x.late...)
	}
	var late []string
	for _, x := range backwards(leaves) {
		s.Restore, late = append(s.Restore, x.restore...), append(late, x.late...)
	}
	s.Restore = append(s.Restore, late...)
	slices.SortFunc(s.Blocked, func(a, b Blocked) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why)) })
	if made, ok := p.views[r.made]; ok {
		s.Own = made.restore[1:]
	}
}

func backwards(list []part) []part {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// order returns the views so that each comes after those that it uses, of several possible ones by name (Kahn's algorithm). Views that
// use each other in a circle can be made, although nothing can be read from them; they forbid the change.
func (r *reader) order(parts map[uint32]part) []part {
	var list []part
	waits := make(map[uint32]map[uint32]bool)
	for view, uses := range r.graph.views {
		waits[view] = maps.Clone(uses)
		delete(waits[view], r.made)
	}
	for len(waits) > 0 {
		var ready []part
		for view, uses := range waits {
			if len(uses) == 0 {
				ready = append(ready, parts[view])
			}
		}
		if len(ready) == 0 {
			break
		}
		slices.SortFunc(ready, func(a, b part) int { return cmp.Compare(a.what, b.what) })
		for _, x := range ready {
			delete(waits, x.oid)
			for _, uses := range waits {
				delete(uses, x.oid)
			}
		}
		list = append(list, ready...)
	}
	for view := range waits {
		r.set.Blocked = append(r.set.Blocked, Blocked{
			What:   parts[view].what,
			Why:    "it is, or uses, one of views that use each other in a circle; drop them, nothing can be read from them",
			Target: r.target(r.graph.origin[object{"", view}]),
		})
	}
	return list
}
