package plan_test

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// A template has the table visit with a room and an index. The comparison says that the tenant has the table, and lacks both.
func ExampleNew() {
	fact := func(k schema.Kind, name, detail string) schema.Spelling {
		f := schema.Fact{Kind: k, Schema: "public", Table: "visit", Name: name, Detail: detail}
		return schema.Spelling{Fact: f, SQL: detail}
	}
	index := fact(schema.KindIndex, "", "btree (room)")
	index.Object = schema.Relation{Schema: "public", Name: "visit_room_idx"}
	template := &plan.Blueprint{Facts: []schema.Spelling{
		fact(schema.KindTable, "", ""),
		fact(schema.KindColumn, "room", ""),
		fact(schema.KindColumnType, "room", "integer"),
		fact(schema.KindNotNull, "room", ""),
		fact(schema.KindDefault, "room", "0"),
		index,
	}}
	var goals []plan.Goal
	for _, s := range template.Facts {
		verdict := schema.Absent
		if s.Fact.Kind == schema.KindTable {
			verdict = schema.Present
		}
		goals = append(goals, plan.Goal{Fact: s.Fact, Verdict: verdict, Want: plan.WantPresent})
	}
	p, err := plan.New(template, goals, plan.Config{Strategy: plan.Safe})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range p.Steps {
		fmt.Println(s.Goal)
		fmt.Println(" ", s.SQL[0])
		fmt.Println("  where", s.Rules[0].When, "stands in the way:", s.Response(s.Rules[0].When))
	}
	// Output:
	// add the column public.visit.room
	//   ALTER TABLE public.visit ADD COLUMN room integer DEFAULT 0 NOT NULL
	//   where rows stands in the way: ask
	// index public.visit by btree (room)
	//   CREATE INDEX visit_room_idx ON public.visit USING btree (room)
	//   where name_taken stands in the way: rename
}
