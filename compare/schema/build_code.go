package schema

import (
	"strings"

	"github.com/veilschema/veil/compare/schema/internal/expr"
)

// trigger adds the fact of a trigger, or counts why it is none.
func (b *builder) trigger(of Relation, t *Trigger, add adder) {
	if t.Disabled {
		b.unread.add("triggers", "disabled", 1)
		return
	}
	add(KindTrigger, t.Name, b.triggerDetail(of, t))
}

func (b *builder) triggerDetail(of Relation, t *Trigger) string {
	events := make([]string, len(t.Events))
	for i, event := range t.Events {
		if events[i] = event; event == "update" && len(t.UpdateOf) > 0 {
			events[i] = "update of " + quoteAll(sorted(b.columns(of, t.UpdateOf)))
		}
	}
	level := "for each statement"
	if t.ForEachRow {
		level = "for each row"
	}
	from := ""
	if t.From != (Relation{}) {
		from = "from " + quoteRelation(b.m.relation(t.From))
	}
	return phrase(
		map[Firing]string{FiresOnReplica: "replica", FiresAlways: "always"}[t.Firing],
		when(t.Constraint, "constraint"), t.Timing, strings.Join(events, " or "), from,
		when(t.Deferrable, "deferrable"), when(t.Deferred, "initially deferred"),
		when(t.OldTable != "", "old table as "+Quote(t.OldTable)), when(t.NewTable != "", "new table as "+Quote(t.NewTable)),
		level, b.clause("when", t.condition(), of), "execute "+b.call(t))
}

func (b *builder) call(t *Trigger) string {
	arguments := make([]string, len(t.Arguments))
	for i, argument := range t.Arguments {
		arguments[i] = quoteText(argument)
	}
	return quoteRelation(Relation{b.m.schema(t.Function.Schema), t.Function.Name}) + inParentheses(arguments)
}

// condition returns what stands in parentheses behind WHEN in the trigger's definition. The server prints conditions only as
// a part of the whole.
func (t *Trigger) condition() string {
	if t.Definition == "" {
		return ""
	}
	return expr.Between(t.Definition, "WHEN", "EXECUTE")
}

// function adds the fact of a function's signature. Names of input arguments are no part of it, names of output columns are.
func (b *builder) function(f *Function) {
	arguments := make([]string, len(f.Arguments))
	for i, a := range f.Arguments {
		name := ""
		if a.Name != "" && (a.Mode == "out" || a.Mode == "inout" || a.Mode == "table") {
			name = Quote(a.Name)
		}
		arguments[i] = phrase(when(a.Mode != "in", a.Mode), name, b.typ(a.Type))
	}
	word := map[FunctionType]string{PlainFunction: "function", WindowFunction: "window function", Procedure: "procedure"}[f.Type]
	result := ""
	if f.Result != "" {
		result = phrase("returns", when(f.ReturnSet, "setof"), b.typ(f.Result))
	}
	b.object(KindFunction, f.Relation, phrase(word, inParentheses(arguments), result))
}
