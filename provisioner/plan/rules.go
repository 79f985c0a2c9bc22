package plan

import "github.com/veilschema/veil/compare/schema"

// rules say what to do about what stands in the way of each action; what they do not name, a person decides.
var rules = map[Action][]Rule{
	AddCol:   {{RowsInTheWay, RespondAsk}},
	SetType:  {{Lossy, RespondAsk}, {Dependents, RespondRestore}, {Impossible, RespondAsk}},
	SetValue: {{OtherShape, RespondReplace}},
	SetFill:  {{RowsInTheWay, RespondAsk}},
	SetIdent: {{OtherShape, RespondReplace}},
	AddKey: {
		{NameTaken, RespondRename},
		{OtherKey, RespondReplace},
		{OtherActions, RespondReplace},
		{RowsInTheWay, RespondAsk},
	},
	AddIndex: {{NameTaken, RespondRename}, {RowsInTheWay, RespondAsk}},
	Attach:   {{RowsInTheWay, RespondAsk}, {Impossible, RespondAsk}},
	Remove:   {{Dependents, RespondAsk}, {Lossy, RespondAsk}},
	Ask:      {{Impossible, RespondAsk}},
}

// objectRules are those of objects of a schema, and of triggers and policies.
var objectRules = map[schema.Kind][]Rule{
	schema.KindEnum:        {{OtherShape, RespondReplace}, {Dependents, RespondRestore}},
	schema.KindDomain:      {{OtherShape, RespondReplace}, {Dependents, RespondRestore}},
	schema.KindComposite:   {{OtherShape, RespondAsk}},
	schema.KindRange:       {{OtherShape, RespondAsk}},
	schema.KindSequence:    {{OtherShape, RespondReplace}, {NameTaken, RespondRename}},
	schema.KindView:        {{OtherShape, RespondReplace}, {Dependents, RespondRestore}},
	schema.KindExtension:   {},
	schema.KindFunction:    {{OtherShape, RespondAsk}},
	schema.KindTrigger:     {{OtherShape, RespondReplace}},
	schema.KindRowSecurity: {{OtherShape, RespondReplace}, {NoSuchRole, RespondAsk}},
}

// ranks break ties in the order of steps: what others tend to need comes first.
var ranks = map[Action]int{
	Remove: 1, AddTable: 20, AddCol: 21, SetType: 22, SetValue: 23, SetIdent: 25, SetFill: 24, Attach: 26, AddKey: 30, AddIndex: 31,
	Enable: 61, Ask: 0,
}

var objectRanks = map[schema.Kind]int{
	schema.KindExtension: 2, schema.KindEnum: 3, schema.KindComposite: 4, schema.KindRange: 4, schema.KindDomain: 5, schema.KindSequence: 6,
	schema.KindFunction: 32, schema.KindView: 50, schema.KindTrigger: 51, schema.KindRowSecurity: 60,
}

// keyRanks order the constraints: what foreign keys point at comes before them.
var keyRanks = map[schema.Kind]int{
	schema.KindPrimaryKey: 30, schema.KindUnique: 31, schema.KindExclusion: 31, schema.KindCheck: 33, schema.KindForeignKey: 40,
}
