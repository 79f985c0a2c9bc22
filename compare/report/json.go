package report

import (
	"bytes"
	_ "embed" // the published schema
	"encoding/json"
	"errors"
	"fmt"
)

//go:embed report.schema.json
var schemaJSON []byte

// Schema returns the JSON Schema (2020-12) of the JSON form.
func Schema() []byte { return bytes.Clone(schemaJSON) }

var emptyFacts = []byte("\"facts\": []\n}\n")

// JSON returns the report as indented JSON in which every judged fact is one
// line, so that two reports can be compared with a line diff. The same report
// gives the same bytes.
func (r *Report) JSON() ([]byte, error) {
	head := *r
	head.Facts = []Fact{}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(head); err != nil {
		return nil, fmt.Errorf("write the report as JSON: %w", err)
	}
	if !bytes.HasSuffix(out.Bytes(), emptyFacts) {
		return nil, errors.New("write the report as JSON: the facts are not its last part")
	}
	if len(r.Facts) == 0 {
		return out.Bytes(), nil
	}
	out.Truncate(out.Len() - len(emptyFacts))
	out.WriteString("\"facts\": [")
	line := json.NewEncoder(&out)
	line.SetEscapeHTML(false)
	for i, f := range r.Facts {
		if i > 0 {
			out.Truncate(out.Len() - 1) // the encoder ends each value with a line break
			out.WriteByte(',')
		}
		out.WriteString("\n    ")
		if err := line.Encode(f); err != nil {
			return nil, fmt.Errorf("write a fact as JSON: %w", err)
		}
	}
	out.WriteString("  ]\n}\n")
	return out.Bytes(), nil
}

// Parse reads a report from its JSON. Whether the bytes follow the published
// schema is for [Schema] and a validator to say; Parse refuses unknown keys
// and other schema versions.
func Parse(b []byte) (*Report, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	r := new(Report)
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("this is not a report: %w", err)
	}
	if dec.More() {
		return nil, errors.New("this is not a report: something follows its end")
	}
	if r.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("the report has schema_version %q, this program reads %q", r.SchemaVersion, SchemaVersion)
	}
	return r, nil
}
