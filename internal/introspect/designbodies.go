package introspect

import "strings"

// queryBodies asks for the texts.
func (d *designer) queryBodies(q *round) {
	d.queryViews(q)
	d.queryFunctionTexts(q)
	d.queryTriggerTexts(q)
}

func (d *designer) body(at address, statements ...string) {
	if object, ok := d.known[at]; ok && statements[0] != "" { // it is empty for what was dropped since
		d.design.Bodies = append(d.design.Bodies, Body{object, statements})
	}
}

func (d *designer) queryViews(q *round) {
	var (
		oid             uint32
		populated       bool
		options, clause string
		text            string
	)
	q.each(`SELECT c.oid, c.relispopulated, coalesce(pg_get_viewdef(c.oid), ''),
			coalesce((SELECT string_agg(format('%I=%L', o.option_name, o.option_value), ', ') FROM pg_options_to_table(c.reloptions) o), '')
		FROM pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('v', 'm')`,
		[]any{d.objects["pg_class"]}, []any{&oid, &populated, &text, &options}, func() {
			view := d.cat.byOID[oid]
			if view == nil || text == "" {
				return
			}
			create := "CREATE VIEW "
			clause = ""
			if view.kind == "m" {
				if create = "CREATE MATERIALIZED VIEW "; !populated {
					clause = " WITH NO DATA"
				}
			}
			name := qualify(view.name)
			if options != "" {
				options = " WITH (" + options + ")"
			}
			statements := []string{create + name + options + " AS" + strings.TrimSuffix(text, ";") + clause}
			for _, c := range view.columns {
				if c.value != "" {
					statements = append(statements, "ALTER VIEW "+name+" ALTER COLUMN "+quote(c.name)+" SET DEFAULT "+c.value)
				}
			}
			d.body(address{classRelation, oid}, statements...)
		})
}

func (d *designer) queryFunctionTexts(q *round) {
	var (
		oid  uint32
		text string
	)
	oids := make([]uint32, len(d.cat.functions))
	for i := range d.cat.functions {
		oids[i] = d.cat.functions[i].oid
	}
	q.each(`SELECT oid, coalesce(pg_get_functiondef(oid), '') FROM unnest($1::oid[]) u (oid)`,
		[]any{oids}, []any{&oid, &text}, func() { d.body(address{classFunction, oid}, strings.TrimSuffix(text, "\n")) })
}

// firing is what ALTER TABLE says of a trigger, by pg_trigger.tgenabled.
var firing = map[string]string{"R": " ENABLE REPLICA TRIGGER ", "A": " ENABLE ALWAYS TRIGGER ", "D": " DISABLE TRIGGER "}

func (d *designer) queryTriggerTexts(q *round) {
	var (
		oid  uint32
		text string
	)
	oids, triggers := make([]uint32, len(d.cat.triggers)), make(map[uint32]*trigger, len(d.cat.triggers))
	for i := range d.cat.triggers {
		t := &d.cat.triggers[i]
		oids[i], triggers[t.oid] = t.oid, t
	}
	q.each(`SELECT oid, coalesce(pg_get_triggerdef(oid), '') FROM unnest($1::oid[]) u (oid)`,
		[]any{oids}, []any{&oid, &text}, func() {
			t, statements := triggers[oid], []string{text}
			if words := firing[t.enabled]; words != "" {
				statements = append(statements, "ALTER TABLE "+qualify(d.relationName(t.relation))+words+quote(t.name))
			}
			d.body(address{classTrigger, oid}, statements...)
		})
}
