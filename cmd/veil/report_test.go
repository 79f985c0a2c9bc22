package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/veilschema/veil/compare/report"
)

// promised are the keys that every report has at least, as paths. What stands in
// facts[] holds of each.
var promised = []string{
	"schema_version", "template.slug", "template.version", "template.digest", "verdict",
	"counts.required.present", "counts.required.absent", "counts.required.undisclosed",
	"counts.optional.present", "counts.optional.absent", "counts.optional.undisclosed",
	"counts.forbidden.present", "counts.forbidden.absent", "counts.forbidden.undisclosed",
	"facts[].kind", "facts[].schema", "facts[].table", "facts[].name", "facts[].detail", "facts[].rule", "facts[].verdict",
	"exchange.upload_bytes", "exchange.download_bytes", "exchange.parameter_set", "exchange.degree", "exchange.layers",
	"timings_ms.introspect", "timings_ms.facts", "timings_ms.encrypt", "timings_ms.evaluate", "timings_ms.decrypt", "timings_ms.verify",
	"verification.re_executed", "verification.response_digest",
}

// valid checks a report against the published schema and the promised keys.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: valid FILE")
	}
	validReport(ts, []byte(ts.ReadFile(args[0])))
}

func validReport(ts *testscript.TestScript, text []byte) {
	published, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	ts.Check(err)
	compiler := jsonschema.NewCompiler()
	ts.Check(compiler.AddResource("report.schema.json", published))
	schema, err := compiler.Compile("report.schema.json")
	ts.Check(err)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	ts.Check(err)
	if err := schema.Validate(instance); err != nil {
		ts.Fatalf("the report does not keep to its schema: %v", err)
	}
	var root map[string]any
	ts.Check(json.Unmarshal(text, &root))
	for _, path := range promised {
		if !has(root, strings.Split(path, ".")) {
			ts.Fatalf("the report has no %s", path)
		}
	}
}

// outcome checks the JSON of veil provision: its keys, and that the reports in it
// are those of veil check.
func outcome(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: outcome FILE")
	}
	text := ts.ReadFile(args[0])
	var root map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(text), &root))
	validReport(ts, root["before"])
	if string(root["after"]) != "null" {
		validReport(ts, root["after"])
	}
	var whole map[string]any
	ts.Check(json.Unmarshal([]byte(text), &whole))
	paths := []string{"result", "decisions", "actions", "timings_ms.apply", "plan.digest", "plan.strategy", "plan.steps"}
	if strings.Contains(string(root["plan"]), `"id"`) {
		for _, key := range []string{"id", "goal", "sql", "strategy", "hazards", "locks", "reversible"} {
			paths = append(paths, "plan.steps[]."+key)
		}
	}
	if strings.Contains(string(root["decisions"]), `"id"`) {
		paths = append(paths, "decisions[].id", "decisions[].fact.kind", "decisions[].why", "decisions[].choices[].choice", "decisions[].choices[].means")
	}
	for _, path := range paths {
		if !has(whole, strings.Split(path, ".")) {
			ts.Fatalf("the outcome has no %s", path)
		}
	}
}

// has says whether a path of keys leads to something.
func has(value any, path []string) bool {
	if len(path) == 0 {
		return value != nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	key, each := strings.CutSuffix(path[0], "[]")
	next, ok := object[key]
	if !each {
		return ok && has(next, path[1:])
	}
	list, ok := next.([]any)
	for _, item := range list {
		ok = ok && has(item, path[1:])
	}
	return ok && len(list) > 0
}
