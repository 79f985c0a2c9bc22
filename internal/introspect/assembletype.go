package introspect

import (
	"github.com/veilschema/veil/compare/schema"
)

func (r *reader) assembleSequences() {
	for _, s := range r.cat.sequences {
		rel := r.cat.byOID[s.oid]
		if rel == nil {
			continue
		}
		out := schema.Sequence{Relation: rel.name, Options: s.options}
		if own, ok := r.cat.owners[s.oid]; ok {
			// A column of a table in a schema that was not read owns nothing here.
			if name := r.columnName(own.column.relation, own.column.number); name != "" {
				out.Owner, out.OwnerName, out.OfIdentity = r.relationName(own.column.relation), name, own.identity
			}
		}
		r.out.Sequences = append(r.out.Sequences, out)
	}
}

func (r *reader) assembleTypes() {
	for _, t := range r.cat.types {
		switch t.kind {
		case "e":
			r.out.Enums = append(r.out.Enums, schema.Enum{Relation: t.name, Labels: r.cat.labels[t.oid]})
		case "d":
			r.out.Domains = append(r.out.Domains, schema.Domain{
				Relation: t.name, Type: r.cat.spelt[t.base], Collation: r.collation(t.collation, t.base.oid),
				NotNull: t.notNull, Default: t.value, Checks: r.cat.checks[t.oid],
			})
		case "c":
			r.assembleComposite(&t)
		case "r":
			rng := r.cat.ranges[t.oid]
			out := schema.Range{
				Relation: t.name, Subtype: r.cat.spelt[typeUse{rng.subtype, -1}],
				Collation: r.collation(rng.collation, rng.subtype),
			}
			if class := r.cat.classes[rng.class]; !class.isDefault || !takes(class.input, r.typeInfo(rng.subtype).base) {
				out.OpClass = class.spelling
			}
			r.out.Ranges = append(r.out.Ranges, out)
		case "m": // comes with its range
		case "b":
			r.tally(true, "base types", "code, not structure")
		default:
			r.tally(true, "shell types", "declared and not defined")
		}
	}
}

func (r *reader) assembleComposite(t *typeRow) {
	out := schema.Composite{Relation: t.name}
	if rel := r.cat.composites[t.relation]; rel != nil {
		out.Attributes = r.attributes(rel)
		for i, c := range rel.columns {
			out.Attributes[i].Collation = r.collation(c.collation, c.use.oid)
		}
	}
	r.out.Composites = append(r.out.Composites, out)
}

var functionTypes = map[string]schema.FunctionType{
	"f": schema.PlainFunction, "w": schema.WindowFunction, "p": schema.Procedure,
}

var modes = map[string]string{"i": "in", "o": "out", "b": "inout", "v": "variadic", "t": "table"}

func (r *reader) assembleFunctions() {
	for i := range r.cat.functions {
		f := &r.cat.functions[i]
		out := schema.Function{Relation: f.name, Type: functionTypes[f.kind], ReturnSet: f.set}
		if f.result != 0 && f.kind != "p" {
			out.Result = r.cat.spelt[typeUse{f.result, -1}]
		}
		types := f.all
		if len(types) == 0 {
			types = f.in
		}
		for j, typ := range types {
			a := schema.Argument{Mode: "in", Type: r.cat.spelt[typeUse{typ, -1}]}
			if j < len(f.modes) {
				a.Mode = modes[f.modes[j]]
			}
			if j < len(f.names) {
				a.Name = f.names[j]
			}
			out.Arguments = append(out.Arguments, a)
		}
		r.out.Functions = append(r.out.Functions, out)
	}
}
