package eventlog_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/gowebpki/jcs"

	"github.com/veilschema/veil/internal/eventlog"
)

var event = eventlog.Event{
	Stream: "comparison/1", Version: 3, Type: "comparison.opened", Command: uuid.MustParse("0b5d6d2c-9d5b-4b0f-8f65-0c7f5d3a6f11"),
	Tenant: uuid.MustParse("7f8a1c2e-1111-4222-8333-444455556666"), At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Body: []byte(`{"a":1}`),
}

const leaf = "\x01" + `{"at":"2026-01-02T03:04:05.000006Z","body":{"a":1},"command":"0b5d6d2c-9d5b-4b0f-8f65-0c7f5d3a6f11",` +
	`"stream":"comparison/1","tenant":"7f8a1c2e-1111-4222-8333-444455556666","type":"comparison.opened","version":3}`

func TestALeafIsTheseBytes(t *testing.T) {
	t.Parallel()
	got, err := eventlog.EncodeLeaf(event)
	if err != nil || string(got) != leaf {
		t.Errorf("got %q (%v), want %q", got, err, leaf)
	}
	back, err := eventlog.DecodeLeaf(got)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(event, back); d != "" {
		t.Errorf("it came back otherwise (-want +got):\n%s", d)
	}
	ours := event
	ours.Tenant = uuid.Nil
	if got, err := eventlog.EncodeLeaf(ours); err != nil || !strings.Contains(string(got), `"tenant":null`) {
		t.Errorf("got %q (%v)", got, err)
	}
}

func TestALeafIsCanonicalJSON(t *testing.T) {
	t.Parallel()
	e := event
	e.Body = []byte("{\"\u20ac\": 1e2, \"\\r\": -0.0, \"z\": {\"\\ud83d\\ude02\": null, \"1\": [true, \"\\u000f\\/\"]}}")
	got, err := eventlog.EncodeLeaf(e)
	if err != nil {
		t.Fatal(err)
	}
	want, err := jcs.Transform(got[1:])
	if err != nil || !bytes.Equal(got[1:], want) {
		t.Errorf("got  %s\nwant %s (%v)", got[1:], want, err)
	}
}

func TestOnlyLeavesAreDecoded(t *testing.T) {
	t.Parallel()
	replace := func(old, by string) string { return strings.Replace(leaf, old, by, 1) }
	for name, b := range map[string]string{
		"nothing":                         "",
		"only a version":                  "\x01",
		"another version":                 "\x02" + leaf[1:],
		"no version":                      leaf[1:],
		"a space":                         replace(`,"type"`, `, "type"`),
		"a byte more":                     leaf + " ",
		"another object after it":         leaf + "{}",
		"a byte less":                     leaf[:len(leaf)-1],
		"a body that is not canonical":    replace(`{"a":1}`, `{"a":1.0}`),
		"a body that is no object":        replace(`{"a":1}`, `1`),
		"no body":                         replace(`"body":{"a":1},`, ``),
		"a null body":                     replace(`{"a":1}`, `null`),
		"an integer that JSON cannot say": replace(`{"a":1}`, `{"a":9007199254740993}`),
		"a member that nobody knows":      replace(`"version":3`, `"version":3,"zone":1`),
		"a member twice":                  replace(`"version":3`, `"version":2,"version":3`),
		"a member in capitals":            replace(`"version"`, `"Version"`),
		"another order":                   replace(`"type":"comparison.opened","version":3`, `"version":3,"type":"comparison.opened"`),
		"milliseconds":                    replace(`.000006Z`, `.006Z`),
		"nanoseconds":                     replace(`.000006Z`, `.000006000Z`),
		"another zone":                    replace(`06Z`, `06+00:00`),
		"a day that there is not":         replace(`-02T`, `-32T`),
		"a command in capitals":           replace(`0b5d6d2c`, `0B5D6D2C`),
		"a command in braces":             replace(`"0b5d6d2c-9d5b-4b0f-8f65-0c7f5d3a6f11"`, `"{0b5d6d2c-9d5b-4b0f-8f65-0c7f5d3a6f11}"`),
		"no command":                      replace(`0b5d6d2c-9d5b-4b0f-8f65-0c7f5d3a6f11`, `00000000-0000-0000-0000-000000000000`),
		"the zero tenant":                 replace(`7f8a1c2e-1111-4222-8333-444455556666`, `00000000-0000-0000-0000-000000000000`),
		"an escape where none is needed":  replace(`comparison/1`, `comparison\/1`),
		"a stream with a quote":           replace(`comparison/1`, `comparison\"1`),
		"version 0":                       replace(`"version":3`, `"version":0`),
		"a version in another form":       replace(`"version":3`, `"version":3e0`),
		"a version as a string":           replace(`"version":3`, `"version":"3"`),
		"too many bytes":                  replace(`{"a":1}`, `{"a":"`+strings.Repeat("x", 300<<10)+`"}`),
	} {
		if b == leaf {
			t.Fatalf("%s: nothing was changed", name)
		}
		if e, err := eventlog.DecodeLeaf([]byte(b)); err == nil {
			t.Errorf("%s was decoded as %+v", name, e)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
}

func FuzzDecodeLeaf(f *testing.F) {
	f.Add([]byte(leaf))
	f.Add([]byte(strings.Replace(leaf, `"7f8a1c2e-1111-4222-8333-444455556666"`, "null", 1)))
	f.Add([]byte(strings.Replace(leaf, `{"a":1}`, "{\"\u20ac\":-1.5e-7,\"a\\n\":[]}", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := eventlog.DecodeLeaf(b)
		if err != nil {
			return
		}
		again, err := eventlog.EncodeLeaf(e)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q was decoded and is encoded as %q (%v)", b, again, err)
		}
		if c, err := jcs.Transform(b[1:]); err != nil || !bytes.Equal(c, b[1:]) {
			t.Fatalf("%q is not canonical: %q (%v)", b[1:], c, err)
		}
	})
}

// FuzzBody encodes whatever a caller may bring as a body: what is taken comes back, and comes back the same a second time.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{}`, `{"b":1,"a":[2.50,"\u00e9",null]}`, `{"n":123456789012345678}`, `{"x":1e400}`, `{"x":1e20}`, `{"x":[1e21,-9007199254740991]}`, `{"a":{"a":{}}} `, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := event
		e.Body = body
		b, err := eventlog.EncodeLeaf(e)
		if err != nil {
			return
		}
		back, err := eventlog.DecodeLeaf(b)
		if errors.Is(err, nil) {
			again, err := eventlog.EncodeLeaf(back)
			if err == nil && bytes.Equal(again, b) {
				return
			}
		}
		t.Fatalf("the body %q makes the leaf %q, which comes back as %+v (%v)", body, b, back, err)
	})
}

func TestNumbersThatJSONDoesNotHoldAreFoundWhereverTheyStand(t *testing.T) {
	for body, fine := range map[string]bool{
		`{"a":1,"b":"9007199254740993","c":[1,2,3]}`:    true,
		`{"a":"x\\","b":9007199254740993}`:              false,
		`{"a":"x\"9007199254740993","b":1}`:             true,
		`{"a\"":9007199254740993}`:                      false,
		`{"a":[1,{"b":-9007199254740993}]}`:             false,
		`{"a":123456789012345,"b":123456789012345}`:     true,
		`{"a":9007199254740991,"b":-9007199254740991}`:  true,
		`{"9007199254740993":"\\\"9007199254740993\\"}`: true,
		`{"a":1e20}`:               false,
		`{"a":0.1234567890123456}`: true,
	} {
		_, err := eventlog.EncodeLeaf(eventlog.Event{Stream: "s", Version: 1, Type: "t", Command: uuid.New(), At: noon, Body: []byte(body)})
		if (err == nil) != fine {
			t.Errorf("%s: %v", body, err)
		}
	}
}
