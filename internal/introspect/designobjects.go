package introspect

import "github.com/veilschema/veil/compare/schema"

// identify fills in which objects the rows are about.
func (d *designer) identify() error {
	d.known, d.waiting = make(map[address]Object), make(map[address][]Need)
	for i := range d.cat.relations {
		rel := &d.cat.relations[i]
		if kind := relationKinds[rel.kind]; kind == schema.KindTable {
			d.know(classRelation, rel.oid, Object{Kind: kind, Schema: rel.name.Schema, Table: rel.name.Name})
		} else if kind != schema.KindUnknown {
			d.know(classRelation, rel.oid, named(kind, rel.name))
		}
	}
	for sequence, own := range d.cat.owners {
		if column, ok := d.column(own.column.relation, own.column.number); ok {
			if !own.identity { // it is a part of the column otherwise
				column.Kind = schema.KindSequence
			}
			d.know(classRelation, sequence, column)
		}
	}
	d.identifyConstraints()
	for _, t := range d.cat.triggers {
		if d.holdsFacts(t.relation) {
			d.know(classTrigger, t.oid, d.member(schema.KindTrigger, t.relation, t.name))
		}
	}
	for _, p := range d.cat.policies {
		d.know(classPolicy, p.oid, d.member(schema.KindRowSecurity, p.relation, p.name))
	}
	d.identifyTypes()
	return d.identifyFunctions()
}

var (
	relationKinds = map[string]schema.Kind{
		"r": schema.KindTable, "p": schema.KindTable, "v": schema.KindView, "m": schema.KindView, "S": schema.KindSequence,
	}
	constraintKinds = map[string]schema.Kind{
		"p": schema.KindPrimaryKey, "u": schema.KindUnique, "f": schema.KindForeignKey, "c": schema.KindCheck,
		"x": schema.KindExclusion, "t": schema.KindTrigger,
	}
	typeKinds = map[string]schema.Kind{
		"e": schema.KindEnum, "d": schema.KindDomain, "c": schema.KindComposite, "r": schema.KindRange,
	}
)

func (d *designer) know(class, oid uint32, object Object) { d.known[address{class, oid}] = object }

// holdsFacts says whether facts are about what belongs to a relation; those of foreign tables are about nothing.
func (d *designer) holdsFacts(relation uint32) bool {
	rel := d.cat.byOID[relation]
	return rel != nil && relationKinds[rel.kind] != schema.KindUnknown
}

func named(kind schema.Kind, name schema.Relation) Object {
	return Object{Kind: kind, Schema: name.Schema, Name: name.Name}
}

// member is an object that belongs to a table or view.
func (d *designer) member(kind schema.Kind, relation uint32, name string) Object {
	of := d.relationName(relation)
	return Object{Kind: kind, Schema: of.Schema, Table: of.Name, Name: name}
}

// column is a table's column by its number.
func (d *designer) column(relation uint32, number int16) (Object, bool) {
	rel := d.cat.byOID[relation]
	if rel == nil || relationKinds[rel.kind] != schema.KindTable {
		return Object{}, false
	}
	at, ok := rel.byNumber[number]
	if !ok {
		return Object{}, false
	}
	return d.member(schema.KindColumn, relation, rel.columns[at].name), true
}

// identifyConstraints knows constraints and indexes; one that backs a constraint is that constraint.
func (d *designer) identifyConstraints() {
	for _, x := range d.cat.indexes {
		d.know(classRelation, x.oid, d.member(schema.KindIndex, x.relation, x.name))
	}
	on := make(map[uint32]uint32, len(d.cat.constraints)) // constraint to table
	for _, c := range d.cat.constraints {
		on[c.oid] = c.relation
	}
	for _, c := range d.cat.constraints {
		kind, ok := constraintKinds[c.kind]
		if !ok || !d.holdsFacts(c.relation) || c.kind == "f" && c.parent != 0 && on[c.parent] == c.relation {
			continue // that of a column, and the server's own copy for one partition of the target
		}
		object := d.member(kind, c.relation, c.name)
		d.know(classConstraint, c.oid, object)
		if kind == schema.KindPrimaryKey || kind == schema.KindUnique || kind == schema.KindExclusion {
			d.know(classRelation, c.index, object)
		}
	}
}

// identifyTypes knows types, and the relations that the catalog has of composite ones.
func (d *designer) identifyTypes() {
	for _, t := range d.cat.types {
		object := named(typeKinds[t.kind], t.name)
		if t.kind == "m" {
			continue // a part of its range
		}
		if object.Kind == schema.KindUnknown {
			object.Detail = "base type " + schema.Quote(t.name.Schema) + "." + schema.Quote(t.name.Name)
		}
		d.know(classType, t.oid, object)
		if t.kind == "c" {
			d.know(classRelation, t.relation, object)
		}
	}
}

// identifyFunctions knows functions. What tells overloaded ones apart is the detail of the fact that each of them alone gives.
func (d *designer) identifyFunctions() error {
	for i, f := range d.out.Functions {
		alone := schema.Database{Schemas: d.out.Schemas, Functions: []schema.Function{f}}
		facts, _, err := alone.Facts(schema.Mapping{})
		if err != nil {
			return refused{err}
		}
		object := named(schema.KindFunction, f.Relation)
		for _, fact := range facts {
			object.Detail = fact.Detail
		}
		d.know(classFunction, d.cat.functions[i].oid, object)
	}
	return nil
}
