package eventlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"
)

// Event is one thing that happened, as the log has it.
type Event struct {
	// Sequence is its place in the log, dense from 0.
	Sequence int64
	// Stream is what it happened to, such as "comparison/2b1c..."
	Stream string
	// Version is its place in the stream, dense from 1.
	Version int64
	// Type says what happened, such as "comparison.opened".
	Type string
	// Command is the id of the command that made it.
	Command uuid.UUID
	// Tenant is whom it is about, who may see it. The zero id is the service's own.
	Tenant uuid.UUID
	// At is when it happened, in UTC and whole microseconds.
	At time.Time
	// Body is a JSON object in canonical form (RFC 8785).
	Body []byte
}

// New is an event that is to be appended.
type New struct {
	// Type is 1 to 100 letters, digits and any of . _ -
	Type string
	// Body is a JSON object of at most 256 KiB in canonical form; any other form is brought to it. Integers beyond 2^53 and names that occur twice
	// are refused: JSON's readers do not agree on them.
	Body []byte
}

// content checks what came from a caller or a leaf, apart from the body.
func (e *Event) content() error {
	switch year := e.At.Year(); {
	case !isName(e.Stream, MaxStreamBytes, "._-:/@+"):
		return fmt.Errorf("%q is no name of a stream: it has 1 to %d letters, digits and any of . _ - : / @ +", cut(e.Stream), MaxStreamBytes)
	case !isName(e.Type, MaxTypeBytes, "._-"):
		return fmt.Errorf("%q is no type of an event: it has 1 to %d letters, digits and any of . _ -", cut(e.Type), MaxTypeBytes)
	case e.Version < 1 || e.Version > maxVersion:
		return fmt.Errorf("%d is no version of an event; versions start with 1", e.Version)
	case e.Command == uuid.Nil:
		return errors.New("an event needs the id of its command")
	case year < 1 || year > 9999:
		return fmt.Errorf("an event cannot happen in the year %d", year)
	}
	return nil
}

// isName says whether all of 1 to longest bytes are ASCII letters, digits or among others. Such names need no escapes in JSON.
func isName(s string, longest int, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && bytes.IndexByte([]byte(others), c) < 0 {
			return false
		}
	}
	return len(s) > 0 && len(s) <= longest
}

// cut shortens a text for an error.
func cut(s string) string {
	const longest = 60
	if len(s) <= longest {
		return s
	}
	return s[:longest] + "..."
}

// canonical brings a body to its canonical form.
func canonical(body []byte) ([]byte, error) {
	if len(body) > MaxBodyBytes {
		return nil, fmt.Errorf("the body of an event has %d bytes and may have %d; store it as a blob and put the digest there", len(body), MaxBodyBytes)
	}
	out, err := jcs.Transform(bytes.Clone(body)) // nil would be another error
	if err != nil {
		return nil, fmt.Errorf("the body of an event is no JSON that has a canonical form: %w", err)
	}
	if len(out) == 0 || out[0] != '{' {
		return nil, errors.New("the body of an event is no JSON object")
	}
	if len(out) > MaxBodyBytes {
		return nil, fmt.Errorf("the body of an event has %d bytes in canonical form and may have %d; store it as a blob and put the digest there", len(out), MaxBodyBytes)
	}
	// The canonical form writes 1e20 as an integer, so it is looked at too.
	if err := errors.Join(checkNumbers(body), checkNumbers(out)); err != nil {
		return nil, err
	}
	return out, nil
}

// leastLong is how many characters the shortest integer beyond 2^53 has.
const leastLong = len("9007199254740992")

// hasLongNumber says whether valid JSON may have a number of so many characters. Reading token by token takes longer than all else that is done with
// an event, and hardly any has such a number.
func hasLongNumber(body []byte) bool {
	run, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++ // whatever it is, it does not end the string
		case c == '"':
			quoted, run = !quoted, 0
		case quoted:
		case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E':
			if run++; run >= leastLong {
				return true
			}
		default:
			run = 0
		}
	}
	return false
}

// checkNumbers refuses integers that canonical JSON, whose numbers are doubles, would change without a word.
func checkNumbers(body []byte) error {
	if json.Valid(body) && !hasLongNumber(body) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the body of an event is no JSON: %w", err)
		}
		number, ok := token.(json.Number)
		if !ok || len(number) < leastLong {
			continue
		}
		if n, ok := new(big.Int).SetString(string(number), 10); ok && n.CmpAbs(big.NewInt(maxVersion)) > 0 {
			return fmt.Errorf("the body of an event has the integer %s, which JSON does not hold exactly; write it as a string", cut(string(number)))
		}
	}
}
