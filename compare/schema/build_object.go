package schema

import (
	"math"
	"slices"
	"strings"
)

// objects adds the facts of what belongs to no table.
func (b *builder) objects(d *Database) {
	for _, e := range d.Extensions {
		b.add(Fact{Kind: KindExtension, Name: e.Name})
	}
	for i := range d.Views {
		b.view(&d.Views[i])
	}
	for _, t := range d.Enums {
		labels := make([]string, len(t.Labels))
		for i, label := range t.Labels {
			labels[i] = quoteText(label)
		}
		b.object(KindEnum, t.Relation, inParentheses(labels))
	}
	for i := range d.Domains {
		b.domain(&d.Domains[i])
	}
	for _, t := range d.Composites {
		b.object(KindComposite, t.Relation, b.attributes(Relation{}, t.Attributes))
	}
	for _, t := range d.Ranges {
		b.object(KindRange, t.Relation, phrase("of", b.typ(t.Subtype), b.collate(t.Collation), b.optional(t.OpClass)))
	}
	for i := range d.Functions {
		b.function(&d.Functions[i])
	}
}

// object adds the fact of an object of a schema that is no relation.
func (b *builder) object(k Kind, name Relation, detail string) {
	b.add(Fact{Kind: k, Schema: b.m.schema(name.Schema), Name: name.Name, Detail: detail})
}

// view adds the facts of a view: its output columns and what hangs on it, never its text.
func (b *builder) view(v *View) {
	to := b.m.relation(v.Relation)
	word := "view"
	if v.Materialized {
		word = "materialized view"
	}
	b.add(Fact{Kind: KindView, Schema: to.Schema, Name: to.Name, Detail: phrase(word, b.attributes(v.Relation, v.Columns))})
	add := func(k Kind, name, detail string) {
		b.add(Fact{Kind: k, Schema: to.Schema, Table: to.Name, Name: name, Detail: detail})
	}
	for i := range v.Indexes {
		b.index(v.Relation, &v.Indexes[i], add)
	}
	for i := range v.Triggers {
		b.trigger(v.Relation, &v.Triggers[i], add)
	}
}

func (b *builder) attributes(of Relation, list []Attribute) string {
	spelt := make([]string, len(list))
	for i, a := range list {
		spelt[i] = phrase(Quote(b.m.column(of, a.Name)), b.typ(a.Type), b.collate(a.Collation))
	}
	return inParentheses(spelt)
}

func (b *builder) collate(collation string) string {
	if collation == "" {
		return ""
	}
	return "collate " + b.qualified(collation)
}

func (b *builder) optional(name string) string {
	if name == "" {
		return ""
	}
	return b.qualified(name)
}

func (b *builder) domain(t *Domain) {
	typ := b.typ(t.Type)
	value := ""
	if t.Default != "" {
		if value = b.value(t.Default, typ, Relation{}); value == "NULL" {
			value = ""
		}
	}
	var checks []string
	for _, c := range t.Checks {
		if c.NotValid {
			b.unread.add("constraints", "NOT VALID: rows may break them", 1)
			continue
		}
		checks = append(checks, "check ("+b.expression(c.Expression, Relation{})+")")
	}
	slices.Sort(checks)
	b.object(KindDomain, t.Relation, phrase("as", typ, b.collate(t.Collation), when(t.NotNull, "not null"),
		when(value != "", "default ("+value+")"), strings.Join(slices.Compact(checks), " ")))
}

// sequences adds the facts of sequences. One that a column owns stands under its column, since its name is made up by the
// server more often than not; those of identity columns are part of the identity.
func (b *builder) sequences(list []Sequence) {
	for i := range list {
		s := &list[i]
		switch {
		case s.OfIdentity:
			b.identity[ColumnName{s.Owner.Schema, s.Owner.Name, s.OwnerName}] = &s.Options
		case s.Owner != (Relation{}):
			to := b.m.relation(s.Owner)
			b.about = s.Relation
			b.add(Fact{
				Kind: KindSequence, Schema: to.Schema, Table: to.Name, Name: b.m.column(s.Owner, s.OwnerName),
				Detail: phrase("owned as", s.Options.Type, s.Options.detail()),
			})
			b.about = Relation{}
		default:
			to := b.m.relation(s.Relation)
			b.add(Fact{Kind: KindSequence, Schema: to.Schema, Name: to.Name, Detail: phrase("as", s.Options.Type, s.Options.detail())})
		}
	}
}

// detail spells those options that are not what the server takes unless told otherwise.
func (o *SequenceOptions) detail() string {
	lowest, highest := typeLimits(o.Type)
	low, high, start := int64(1), highest, o.Min
	if o.Increment < 0 {
		low, high, start = lowest, -1, o.Max
	}
	return phrase(
		when(o.Increment != 1, "increment "+decimal(o.Increment)),
		when(o.Min != low, "minvalue "+decimal(o.Min)),
		when(o.Max != high, "maxvalue "+decimal(o.Max)),
		when(o.Start != start, "start "+decimal(o.Start)),
		when(o.Cache != 1, "cache "+decimal(o.Cache)),
		when(o.Cycle, "cycle"))
}

func typeLimits(typ string) (lowest, highest int64) {
	switch typ {
	case "smallint":
		return math.MinInt16, math.MaxInt16
	case "integer":
		return math.MinInt32, math.MaxInt32
	default:
		return math.MinInt64, math.MaxInt64
	}
}
