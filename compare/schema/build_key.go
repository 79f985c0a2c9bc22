package schema

import (
	"slices"
	"strings"
)

// constraint adds the fact of a constraint, or counts why it is none.
func (b *builder) constraint(t *Table, c *Constraint, add adder) {
	switch {
	case c.Type == ConstraintOnTrigger:
		return
	case c.NotEnforced:
		b.unread.add("constraints", "NOT ENFORCED: the server does not check them", 1)
		return
	case c.NotValid:
		b.unread.add("constraints", "NOT VALID: rows may break them", 1)
		return
	case c.Index != nil && c.Index.Invalid:
		b.unread.add("constraints", "their index is invalid", 1)
		return
	}
	b.about = Relation{t.Schema, c.Name}
	defer func() { b.about = Relation{} }()
	deferral := phrase(when(c.Deferrable, "deferrable"), when(c.Deferred, "initially deferred"))
	switch c.Type {
	case PrimaryKey:
		add(KindPrimaryKey, "", phrase(b.keyColumns(t, c), deferral))
	case Unique:
		add(KindUnique, "", phrase(when(c.Index.NullsNotDistinct, "nulls not distinct"), b.keyColumns(t, c), deferral))
	case ForeignKey:
		add(KindForeignKey, "", phrase(b.foreignKey(t, c), deferral))
	case Check:
		add(KindCheck, "", phrase("("+b.expression(c.Expression, t.Relation)+")", when(c.NoInherit, "no inherit")))
	case Exclusion:
		add(KindExclusion, "", phrase(b.indexDetail(t.Relation, c.Index, c.Operators), deferral))
	}
}

// keyColumns spells the columns of a primary key or unique constraint, in order.
func (b *builder) keyColumns(t *Table, c *Constraint) string {
	keys := make([]string, len(c.Index.Keys))
	for i, key := range c.Index.Keys {
		keys[i] = Quote(b.m.column(t.Relation, key.Column))
	}
	if c.Period {
		keys[len(keys)-1] += " without overlaps"
	}
	return phrase(inParentheses(keys), b.include(t.Relation, c.Index))
}

// foreignKey spells a foreign key. The order of its pairs of columns means nothing, so they are sorted by the referencing
// column; a period stays last.
func (b *builder) foreignKey(t *Table, c *Constraint) string {
	type pair struct{ from, to string }
	pairs := make([]pair, min(len(c.Columns), len(c.TargetColumns)))
	for i := range pairs {
		pairs[i] = pair{
			Quote(b.m.column(t.Relation, c.Columns[i])),
			Quote(b.m.column(c.Target, c.TargetColumns[i])),
		}
	}
	plain := pairs
	if last := len(pairs) - 1; c.Period && last >= 0 {
		plain = pairs[:last]
		pairs[last] = pair{"period " + pairs[last].from, "period " + pairs[last].to}
	}
	slices.SortStableFunc(plain, func(a, b pair) int { return strings.Compare(a.from, b.from) })
	from, to := make([]string, len(pairs)), make([]string, len(pairs))
	for i, p := range pairs {
		from[i], to[i] = p.from, p.to
	}
	onDelete := actions[c.OnDelete]
	if len(c.SetColumns) > 0 {
		onDelete = phrase(onDelete, quoteAll(sorted(b.columns(t.Relation, c.SetColumns))))
	}
	return phrase(inParentheses(from), "references", quoteRelation(b.m.relation(c.Target)), inParentheses(to),
		when(c.MatchFull, "match full"),
		when(c.OnUpdate != NoAction, "on update "+actions[c.OnUpdate]),
		when(c.OnDelete != NoAction, "on delete "+onDelete))
}

var actions = map[Action]string{
	NoAction: "no action", Restrict: "restrict", Cascade: "cascade", SetNull: "set null", SetDefault: "set default",
}

// index adds the fact of an index.
func (b *builder) index(of Relation, x *Index, add adder) {
	if x.Invalid {
		b.unread.add("indexes", "invalid: the server does not use them", 1)
		return
	}
	b.about = Relation{of.Schema, x.Name}
	add(KindIndex, "", b.indexDetail(of, x, nil))
	b.about = Relation{}
}

// indexDetail spells an index, or with operators an exclusion constraint.
func (b *builder) indexDetail(of Relation, x *Index, operators []Relation) string {
	keys := make([]string, len(x.Keys))
	for i, key := range x.Keys {
		keys[i] = b.indexKey(of, key)
		if i < len(operators) {
			keys[i] += " with " + b.operator(operators[i])
		}
	}
	return phrase(when(x.Unique && operators == nil, "unique"), x.Method, inParentheses(keys), b.include(of, x),
		when(x.NullsNotDistinct, "nulls not distinct"), b.clause("where", x.Predicate, of))
}

func (b *builder) indexKey(of Relation, key IndexKey) string {
	spelt := Quote(b.m.column(of, key.Column))
	if key.Column == "" {
		spelt = "(" + b.expression(key.Expression, of) + ")"
	}
	collation, class := key.Collation, key.OpClass
	if collation != "" {
		collation = "collate " + b.qualified(collation)
	}
	if class != "" {
		class = b.qualified(class)
	}
	if key.Options != "" {
		class = phrase(class, "("+key.Options+")")
	}
	order := ""
	switch {
	case key.Descending && !key.NullsFirst:
		order = "desc nulls last"
	case key.Descending:
		order = "desc"
	case key.NullsFirst:
		order = "nulls first"
	}
	return phrase(spelt, collation, class, order)
}

// operator spells an operator.
func (b *builder) operator(op Relation) string {
	if op.Schema == "" {
		return op.Name
	}
	return "operator(" + Quote(b.m.schema(op.Schema)) + "." + op.Name + ")"
}

func (b *builder) include(of Relation, x *Index) string {
	if len(x.Include) == 0 {
		return ""
	}
	return "include " + quoteAll(sorted(b.columns(of, x.Include)))
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
