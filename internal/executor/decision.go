package executor

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// Decision is a question that a person has to answer before anything is changed.
type Decision struct {
	// ID is the same in every run for the same question: "lossy:public.person.born". Decisions files name it.
	ID   string      `json:"id"`
	Step string      `json:"step,omitempty"` // the step that waits for it
	Fact schema.Fact `json:"fact"`
	// Why is one sentence. It may hold names of the tenant's own, so it stays with the tenant.
	Why     string   `json:"why"`
	Choices []Choice `json:"choices"`
}

// Choice is a possible answer.
type Choice struct {
	Choice string `json:"choice"`
	Means  string `json:"means"`           // one sentence
	Value  string `json:"value,omitempty"` // what value has to be given with it, "" if none
}

// The choices.
const (
	ChooseConvert = "convert" // change the type and the values with it
	ChooseFill    = "fill"    // put the given value where there is none
	ChooseNumber  = "number"  // write 1, 2, 3, ... into the rows
	ChooseClear   = "clear"   // put NULL where a reference points nowhere
	ChooseSkip    = "skip"    // leave the step out; the database does not conform in this point
	ChooseRemove  = "remove"  // take away what is forbidden, with its data
	ChooseRename  = "rename"  // give what has the name another one, the given value
	ChooseSchema  = "schema"  // make new objects in the schema that the value names
)

// choices are the choices with what they mean.
var choices = map[string]Choice{
	ChooseConvert: {ChooseConvert, "change the type and cast every value; values may be cut, rounded or refused, and times get or lose their zone as UTC", ""},
	ChooseFill:    {ChooseFill, "write the given value into the rows that have none", "the value as text"},
	ChooseNumber:  {ChooseNumber, "write a number of its own into each row: 1, 2, 3, ...", ""},
	ChooseClear:   {ChooseClear, "write NULL where a reference points nowhere; what was there is in the backup", ""},
	ChooseSkip:    {ChooseSkip, "leave this out; the database does not conform in this point", ""},
	ChooseRemove:  {ChooseRemove, "remove it with its data; this cannot be undone", ""},
	ChooseRename:  {ChooseRename, "give what has the name now another name", "the other name"},
	ChooseSchema:  {ChooseSchema, "make what is new in the schema of the given name", "the schema's name"},
}

// obstacles are all that a step can be left out for.
var obstacles = []plan.Obstacle{
	plan.NameTaken, plan.OtherKey, plan.OtherActions, plan.OtherShape, plan.RowsInTheWay, plan.Lossy, plan.Dependents, plan.NoSuchRole, plan.Impossible,
}

// decisionID names a question: what stands in the way, and the fact it is about. Names are quoted where they have what separates them.
// Facts whose detail is their name get a part of its hash.
func decisionID(o plan.Obstacle, f schema.Fact) string {
	var parts []string
	for _, name := range []string{f.Schema, f.Table, f.Name} {
		if strings.ContainsAny(name, ".:\"") {
			name = schema.Quote(name)
		}
		if name != "" {
			parts = append(parts, name)
		}
	}
	id := string(o) + ":" + strings.Join(parts, ".")
	switch f.Kind {
	case schema.KindUnknown, schema.KindTable, schema.KindColumn, schema.KindColumnType, schema.KindEnum, schema.KindDomain, schema.KindView:
		return id
	case schema.KindNotNull, schema.KindDefault, schema.KindIdentity, schema.KindGenerated, schema.KindCollation, schema.KindSequence:
		return id + ":" + f.Kind.String()
	}
	digest := sha256.Sum256([]byte(f.Detail))
	return id + ":" + f.Kind.String() + ":" + hex.EncodeToString(digest[:4])
}

// Answer is the answer to one decision.
type Answer struct {
	ID     string `json:"id" yaml:"id"`
	Choice string `json:"choice" yaml:"choice"`
	Value  string `json:"value,omitempty" yaml:"value"`
}

// Decisions are answers by the decision's id.
type Decisions map[string]Answer

const (
	maxDecisionsBytes = 4 << 20
	maxAnswers        = 100_000
)

// ParseDecisions reads a decisions file, YAML or JSON:
//
//	decisions:
//	  - {id: "lossy:public.person.born", choice: convert}
//	  - {id: "rows:public.note.title", choice: fill, value: "untitled"}
//
// Answers to questions that are not asked are no error, so that one file serves every run.
func ParseDecisions(r io.Reader) (Decisions, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxDecisionsBytes+1))
	if err != nil {
		return nil, fmt.Errorf("the decisions could not be read: %w", err)
	}
	if len(text) > maxDecisionsBytes {
		return nil, fmt.Errorf("the decisions have more than %d bytes", maxDecisionsBytes)
	}
	var file struct {
		Decisions []Answer `yaml:"decisions"`
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil && err != io.EOF { //nolint:errorlint // the decoder returns it bare for an empty file
		return nil, fmt.Errorf("the decisions are not understood; write a list \"decisions\" of id, choice and value: %w", err)
	}
	if len(file.Decisions) > maxAnswers {
		return nil, fmt.Errorf("there are %d decisions, at most %d are read", len(file.Decisions), maxAnswers)
	}
	out := make(Decisions, len(file.Decisions))
	for i, a := range file.Decisions {
		known, ok := choices[a.Choice]
		switch {
		case a.ID == "":
			return nil, fmt.Errorf("decision %d has no id", i+1)
		case !ok:
			return nil, fmt.Errorf("decision %d, %q, has the choice %q, which there is not", i+1, a.ID, a.Choice)
		case strings.ContainsRune(a.Value, 0):
			return nil, fmt.Errorf("decision %d, %q, has a value with a zero byte, which PostgreSQL does not store", i+1, a.ID)
		case known.Value == "" && a.Value != "":
			return nil, fmt.Errorf("decision %d, %q, has a value, and the choice %s takes none", i+1, a.ID, a.Choice)
		case a.Choice != ChooseFill && known.Value != "" && a.Value == "":
			return nil, fmt.Errorf("decision %d, %q, lacks %s, which the choice %s takes as its value", i+1, a.ID, known.Value, a.Choice)
		}
		if old, twice := out[a.ID]; twice && old != a {
			return nil, fmt.Errorf("decision %d, %q, was made differently before", i+1, a.ID)
		}
		out[a.ID] = a
	}
	return out, nil
}
