package eventlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// A leaf is what the log has the hash of: a version byte and the event without its sequence, in canonical JSON. It names the members in the order
// that RFC 8785 wants, so that it is canonical where its body is:
//
//	\x01{"at":"2026-01-02T03:04:05.000006Z","body":{...},"command":"...","stream":"...","tenant":null,"type":"...","version":1}
//
// The sequence is not in it, and so a leaf can be made before its place in the log is known; an inclusion proof says the place.
const leafVersion = 1

// timeLayout is RFC 3339 with exactly six digits of a second, in UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// appendLeaf makes the leaf of an event whose content was checked and whose body is canonical.
func appendLeaf(b []byte, e *Event) []byte {
	b = append(b, leafVersion)
	b = append(b, `{"at":"`...)
	b = e.At.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","body":`...)
	b = append(b, e.Body...)
	b = append(b, `,"command":"`...)
	b = append(b, e.Command.String()...)
	b = append(b, `","stream":"`...)
	b = append(b, e.Stream...)
	b = append(b, `","tenant":`...)
	if e.Tenant == uuid.Nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendQuote(b, e.Tenant.String())
	}
	b = append(b, `,"type":"`...)
	b = append(b, e.Type...)
	b = append(b, `","version":`...)
	b = strconv.AppendInt(b, e.Version, 10)
	return append(b, '}')
}

// leafJSON is what the JSON of a leaf is read into.
type leafJSON struct {
	At      string          `json:"at"`
	Body    json.RawMessage `json:"body"`
	Command string          `json:"command"`
	Stream  string          `json:"stream"`
	Tenant  *string         `json:"tenant"`
	Type    string          `json:"type"`
	Version int64           `json:"version"`
}

var errNoLeaf = errors.New("the bytes are no leaf that this release writes")

// EncodeLeaf makes the bytes that the log has the hash of. The sequence is not in them.
func EncodeLeaf(e Event) ([]byte, error) {
	if err := e.content(); err != nil {
		return nil, err
	}
	body, err := canonical(e.Body)
	if err != nil {
		return nil, err
	}
	e.Body = body
	return appendLeaf(nil, &e), nil
}

// DecodeLeaf is the strict inverse of [EncodeLeaf]: it takes no bytes but those that EncodeLeaf makes. The event's sequence is 0.
func DecodeLeaf(leaf []byte) (Event, error) {
	if len(leaf) > maxLeafBytes {
		return Event{}, fmt.Errorf("%w: there are %d, more than %d", errNoLeaf, len(leaf), maxLeafBytes)
	}
	if len(leaf) == 0 || leaf[0] != leafVersion {
		return Event{}, fmt.Errorf("%w: they do not begin with version %d", errNoLeaf, leafVersion)
	}
	var in leafJSON
	if err := json.Unmarshal(leaf[1:], &in); err != nil {
		return Event{}, fmt.Errorf("%w: %w", errNoLeaf, err)
	}
	e, err := in.event()
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", errNoLeaf, err)
	}
	// What is not as we write it shows here, whatever it is: unknown or doubled members, spaces, another order, other digits.
	again, err := EncodeLeaf(e)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", errNoLeaf, err)
	}
	if !bytes.Equal(again, leaf) {
		return Event{}, fmt.Errorf("%w: they are not in canonical form", errNoLeaf)
	}
	return e, nil
}

func (in *leafJSON) event() (Event, error) {
	e := Event{Stream: in.Stream, Version: in.Version, Type: in.Type, Body: in.Body}
	var err error
	if e.At, err = time.Parse(timeLayout, in.At); err != nil {
		return e, err
	}
	if e.Command, err = uuid.Parse(in.Command); err != nil {
		return e, err
	}
	if in.Tenant != nil {
		if e.Tenant, err = uuid.Parse(*in.Tenant); err != nil {
			return e, err
		}
	}
	return e, nil
}
