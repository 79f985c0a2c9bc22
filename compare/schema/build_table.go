package schema

import "strings"

// table adds the facts of a table and of all that belongs to it.
func (b *builder) table(t *Table) {
	to := b.m.relation(t.Relation)
	add := func(k Kind, name, detail string) {
		b.add(Fact{Kind: k, Schema: to.Schema, Table: to.Name, Name: name, Detail: detail})
	}
	add(KindTable, "", "")
	for i := range t.Columns {
		b.column(t, &t.Columns[i], add)
	}
	for i := range t.Constraints {
		b.constraint(t, &t.Constraints[i], add)
	}
	for i := range t.Indexes {
		b.index(t.Relation, &t.Indexes[i], add)
	}
	for i := range t.Triggers {
		b.trigger(t.Relation, &t.Triggers[i], add)
	}
	b.hierarchy(t, add)
	b.rowSecurity(t, add)
}

// adder adds a fact of one table.
type adder func(k Kind, name, detail string)

func (b *builder) column(t *Table, c *Column, add adder) {
	name, typ := b.m.column(t.Relation, c.Name), b.typ(c.Type)
	add(KindColumn, name, "")
	add(KindColumnType, name, typ)
	if c.Collation != "" {
		add(KindCollation, name, b.qualified(c.Collation))
	}
	if c.NotNull {
		add(KindNotNull, name, "")
	}
	switch {
	case c.Identity != NoIdentity:
		add(KindIdentity, name, b.identityDetail(t, c, typ))
	case c.Default == "":
	case c.Generated == GeneratedStored:
		add(KindGenerated, name, "stored "+inParentheses([]string{b.value(c.Default, typ, t.Relation)}))
	case c.Generated == GeneratedVirtual:
		add(KindGenerated, name, "virtual "+inParentheses([]string{b.value(c.Default, typ, t.Relation)}))
	default:
		value := b.value(c.Default, typ, t.Relation)
		if value == "NULL" && !c.IsDomain {
			return // it is what a column without a default does
		}
		add(KindDefault, name, value)
	}
}

func (b *builder) identityDetail(t *Table, c *Column, typ string) string {
	detail := "always"
	if c.Identity == IdentityByDefault {
		detail = "by default"
	}
	if o := b.identity[ColumnName{t.Schema, t.Name, c.Name}]; o != nil {
		detail = phrase(detail, when(o.Type != typ, "as "+o.Type), o.detail())
	}
	return detail
}

// hierarchy adds how a table is divided and of what it is a part.
func (b *builder) hierarchy(t *Table, add adder) {
	if t.PartitionKey != "" {
		add(KindPartitionKey, "", b.expression(t.PartitionKey, t.Relation))
	}
	if t.PartitionOf != (Relation{}) {
		add(KindPartition, "", phrase("of", quoteRelation(b.m.relation(t.PartitionOf)), b.expression(t.Bounds, t.Relation)))
	}
	for _, parent := range t.Inherits {
		add(KindInheritance, "", "from "+quoteRelation(b.m.relation(parent)))
	}
}

func (b *builder) rowSecurity(t *Table, add adder) {
	if t.RowSecurity {
		add(KindRowSecurity, "", "enabled")
	}
	if t.ForceRowSec {
		add(KindRowSecurity, "", "forced")
	}
	for i := range t.Policies {
		p := &t.Policies[i]
		add(KindRowSecurity, p.Name, b.policyDetail(t, p))
	}
}

func (b *builder) policyDetail(t *Table, p *Policy) string {
	roles := "public"
	if len(p.Roles) > 0 {
		quoted := make([]string, len(p.Roles))
		for i, role := range sorted(p.Roles) {
			quoted[i] = Quote(role)
		}
		roles = strings.Join(quoted, ", ")
	}
	mode := "permissive"
	if p.Restrictive {
		mode = "restrictive"
	}
	return phrase("policy", mode, "for", p.Command, "to", roles,
		b.clause("using", p.Using, t.Relation), b.clause("with check", p.WithCheck, t.Relation))
}

// clause spells an expression in parentheses behind its keyword, or nothing.
func (b *builder) clause(keyword, text string, of Relation) string {
	if text == "" {
		return ""
	}
	return keyword + " (" + b.expression(text, of) + ")"
}
