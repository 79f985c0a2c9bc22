package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// description is as much of an OpenAPI document as requests are made from.
type description struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schemaOf `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name     string   `json:"name"`
		In       string   `json:"in"`
		Required bool     `json:"required"`
		Schema   schemaOf `json:"schema"`
	} `json:"parameters"`
	Body struct {
		Content map[string]struct {
			Schema schemaOf `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type schemaOf struct {
	Ref        string              `json:"$ref"`
	Type       any                 `json:"type"` // a name, or several
	Format     string              `json:"format"`
	Encoding   string              `json:"contentEncoding"`
	Pattern    string              `json:"pattern"`
	Enum       []any               `json:"enum"`
	Minimum    *float64            `json:"minimum"`
	Maximum    *float64            `json:"maximum"`
	MaxLength  int                 `json:"maxLength"`
	Items      *schemaOf           `json:"items"`
	Properties map[string]schemaOf `json:"properties"`
}

// maker makes requests from a description.
type maker struct {
	*world
	description
	random     *rand.Rand
	comparison string
	statuses   map[int]int // how often each was the answer
}

func (m *maker) pick(of ...string) string { return of[m.random.IntN(len(of))] }

// wild are values that no description means.
func (m *maker) wild() any {
	values := []any{
		nil, true, -1, 1e300, "", "\x00", "\ufffd", "*", "%ff", "%00", "../..", "é", strings.Repeat("9", 300), strings.Repeat("x", 70_000),
		[]any{},
		map[string]any{},
		[]any{nil},
		"9223372036854775808", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "veil_" + strings.Repeat("A", 43),
	}
	return values[m.random.IntN(len(values))]
}

// value makes a value of a schema: one that it allows, or with each chance of odds to 100 a wild one.
func (m *maker) value(s schemaOf, name string, odds int) any {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		s = m.Components.Schemas[name]
	}
	if m.random.IntN(100) < odds {
		return m.wild()
	}
	if len(s.Enum) > 0 {
		return s.Enum[m.random.IntN(len(s.Enum))]
	}
	switch kind := fmt.Sprint(s.Type); {
	case strings.Contains(kind, "object"):
		out := map[string]any{}
		for name, p := range s.Properties {
			if name != "$schema" && m.random.IntN(100) >= odds/2 {
				out[name] = m.value(p, name, odds)
			}
		}
		return out
	case strings.Contains(kind, "array"):
		var out []any
		for range m.random.IntN(3) {
			out = append(out, m.value(*s.Items, name, odds))
		}
		return out
	case strings.Contains(kind, "integer"), strings.Contains(kind, "number"):
		least, most := 0.0, 1000.0
		if s.Minimum != nil {
			least = *s.Minimum
		}
		if s.Maximum != nil {
			most = *s.Maximum
		}
		return int64(least + m.random.Float64()*(most-least))
	case strings.Contains(kind, "boolean"):
		return m.random.IntN(2) == 0
	}
	return m.text(s, name)
}

// text makes a string of a schema.
func (m *maker) text(s schemaOf, name string) any {
	switch {
	case s.Format == "uuid" && m.random.IntN(2) == 0:
		return m.comparison
	case s.Format == "uuid":
		return uuid.NewString()
	case s.Format == "date-time":
		return m.expires
	case s.Encoding == "base64" || s.Format == "byte":
		return "YQ=="
	case strings.Contains(s.Pattern, "[0-9a-f]{64}"):
		return m.digest
	}
	for part, value := range map[string]string{"template": "example@1", "slug": "example", "version": "1", "Repr-Digest": noDigest, "Idempotency-Key": uuid.NewString()} {
		if name == part {
			return value
		}
	}
	return m.pick("a", "example", "a name", strings.Repeat("n", 100))
}

// request makes a request of an operation and sends it.
func (m *maker) request(method, path string, op operation, odds int) {
	query, headers := url.Values{}, []string{}
	for _, p := range op.Parameters {
		if !p.Required && m.random.IntN(2) == 0 || p.Required && m.random.IntN(200) < odds && p.In != "path" {
			continue
		}
		text := fmt.Sprint(m.value(p.Schema, p.Name, odds))
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text[:min(len(text), 1000)]))
		case "query":
			query.Set(p.Name, text[:min(len(text), 1000)])
		case "header":
			headers = append(headers, p.Name, strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return '?'
				}
				return r
			}, text[:min(len(text), 1000)]))
		}
	}
	var body []byte
	for kind, content := range op.Body.Content {
		headers = append(headers, "Content-Type", kind)
		if body = []byte("a message of no protocol"); strings.Contains(kind, "json") {
			body = must(json.Marshal(m.value(content.Schema, "", odds)))
		}
	}
	if m.random.IntN(300) < odds {
		body = bytes.Repeat([]byte{0xff}, m.random.IntN(100_000))
	}
	if m.random.IntN(300) < odds && len(body) > 0 {
		body = body[:m.random.IntN(len(body))]
	}
	token := m.tenant
	switch n := m.random.IntN(10); {
	case n < 3:
		token = m.operator
	case n < 4:
		token = m.auditor
	case n < 5 && odds > 0:
		token = m.pick("", "veil_x", strings.Repeat("v", 48), "veil_"+strings.Repeat("A", 43))
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	status, h, answer := m.call(token, strings.ToUpper(method), path, body, headers...)
	m.statuses[status]++
	m.problemOf(fmt.Sprintf("%s %.200s with %.60q", method, path, body), status, h, answer)
	if status < 300 && strings.EqualFold(method, http.MethodDelete) {
		m.comparison = m.open(m.tenant)
	}
}

// TestNoGeneratedRequestMakesTheServiceFail sends requests that are made from the description which the service gives of itself: valid, nearly
// valid and invalid ones.
func TestNoGeneratedRequestMakesTheServiceFail(t *testing.T) {
	w := newWorld(t)
	n := 1000
	if testing.Short() {
		n = 300
	}
	if os.Getenv("VEIL_LONG") == "1" {
		n = 10_000
	}
	m := &maker{world: w, random: rand.New(rand.NewPCG(1, 2)), comparison: w.open(w.tenant), statuses: map[int]int{}}
	_, _, text := w.call("", "GET", "/openapi.json", nil)
	if err := json.Unmarshal(text, &m.description); err != nil {
		t.Fatal(err)
	}
	type route struct {
		method, path string
		op           operation
	}
	var routes []route
	for path, operations := range m.Paths {
		for method, op := range operations {
			if !strings.HasSuffix(path, "/events") && op.ID != "revoke-token" { // a stream does not end, and the tokens are needed
				routes = append(routes, route{method, path, op})
			}
		}
	}
	slices.SortFunc(routes, func(a, b route) int { return strings.Compare(a.method+a.path, b.method+b.path) })
	if len(routes) < 20 {
		t.Fatalf("the description has %d operations", len(routes))
	}
	for i := range n {
		r := routes[m.random.IntN(len(routes))]
		m.request(r.method, r.path, r.op, []int{0, 10, 60}[i%3])
	}
	if strings.Contains(w.log.String(), "panicked") {
		t.Error("a request panicked")
	}
	if t.Logf("answers: %v", m.statuses); m.statuses[http.StatusOK] < n/10 || m.statuses[http.StatusUnprocessableEntity] < n/10 {
		t.Error("too few requests are valid, or too few nearly so, to show anything")
	}
}
