package dependents

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// change is what is about to happen, as far as it decides what stands in its way.
type change int

const (
	retypesColumns change = iota + 1
	swapsType
	remakesRelation
	replacesKey
)

// reader makes one Set.
type reader struct {
	q       Querier
	change  change
	made    uint32         // the relation that is made anew, 0 if none
	changed uint32         // the type or key that is replaced, 0 if none
	array   uint32         // the array of the type that is swapped, 0 if none
	targets map[ref]Target // the columns whose types change
	graph   *graph
	set     *Set
}

func read(ctx context.Context, q Querier, c change, start func(*reader) ([]ref, []uint32, error)) (*Set, error) {
	r := &reader{q: q, change: c, targets: make(map[ref]Target), graph: newGraph(), set: &Set{}}
	err := aside(ctx, q, func() error {
		refs, views, err := start(r)
		if err != nil {
			return err
		}
		list, err := r.walk(ctx, refs, views)
		if err != nil {
			return err
		}
		r.sort(list)
		return r.statements(ctx)
	})
	if err != nil {
		return nil, err
	}
	return r.set, nil
}

// Of finds what must step aside while the types of the targets change. A target that does not exist is an error; without targets the
// set is empty and the server is not asked. The targets' own defaults stay where they are: whether the server can convert them depends on
// the new type.
func Of(ctx context.Context, q Querier, targets []Target) (*Set, error) {
	if len(targets) == 0 {
		return &Set{}, nil
	}
	return read(ctx, q, retypesColumns, func(r *reader) ([]ref, []uint32, error) {
		columns, err := r.resolve(ctx, targets)
		if err != nil {
			return nil, nil, err
		}
		views, err := r.rowUsers(ctx, columns)
		return columns, views, err
	})
}

// OfType finds what must step aside while an enum or domain is swapped for another of the same name. [Set.Columns] lists the columns
// to which the new type is to be given, those that are inherited with them. Defaults of these columns, and others that name the type,
// step aside. The type itself is the caller's to swap (see [Set.Own] for what it has besides its definition). A type that does not exist, or of another kind, is an error.
func OfType(ctx context.Context, q Querier, schema, name string) (*Set, error) {
	return read(ctx, q, swapsType, func(r *reader) ([]ref, []uint32, error) {
		refs, err := r.resolveType(ctx, schema, name)
		return refs, nil, err
	})
}

// OfRelation finds what must step aside while a view or materialized view is dropped and made anew: what depends on it, and what belongs
// to it without being part of its definition (see [Set.Own] for the rest). The relation itself is the caller's to drop, after Drop. Any
// other relation is an error.
func OfRelation(ctx context.Context, q Querier, schema, name string) (*Set, error) {
	return read(ctx, q, remakesRelation, func(r *reader) ([]ref, []uint32, error) {
		var q round
		const sql = `SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('v', 'm')`
		q.each(sql, []any{schema, name}, []any{&r.made}, func() {})
		if err := q.send(ctx, r.q); err != nil {
			return nil, nil, err
		}
		if r.made == 0 {
			return nil, nil, fmt.Errorf("%q.%q, which is to be made anew, is no view of the database", schema, name)
		}
		return nil, []uint32{r.made}, nil
	})
}

// OfKey finds what must step aside while a primary key or unique constraint is replaced: the foreign keys of whatever table that point
// to it, and views that group by it. The key itself is the caller's to replace (see [Set.Own] for what it has besides its definition). A constraint that does not exist, or of another kind, is an error.
func OfKey(ctx context.Context, q Querier, schema, table, constraint string) (*Set, error) {
	return read(ctx, q, replacesKey, func(r *reader) ([]ref, []uint32, error) {
		var (
			q     round
			index uint32
		)
		const sql = `SELECT k.oid, k.conindid FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3 AND k.contype IN ('p', 'u')`
		q.each(sql, []any{schema, table, constraint}, []any{&r.changed, &index}, func() {})
		if err := q.send(ctx, r.q); err != nil {
			return nil, nil, err
		}
		if r.changed == 0 {
			return nil, nil, fmt.Errorf("the table %q.%q has no primary key or unique constraint %q", schema, table, constraint)
		}
		return []ref{{"pg_constraint", r.changed, whole}, {"pg_class", index, whole}}, nil, nil
	})
}

// statements asks for what takes each object away and puts it back.
func (r *reader) statements(ctx context.Context) error {
	var q round
	p := &parts{
		of:    make(map[string][]part),
		views: make(map[uint32]part),
	}
	views := slices.Collect(maps.Keys(r.graph.views))
	if r.made != 0 {
		views = append(views, r.made)
	}
	r.queryColumns(&q)
	r.queryOwn(&q)
	r.queryCarried(&q)
	p.queryViews(&q, views)
	for _, kind := range kinds {
		p.query(&q, kind, r.graph.list(kind.name))
	}
	if err := q.send(ctx, r.q); err != nil {
		return err
	}
	r.assemble(p)
	return nil
}
