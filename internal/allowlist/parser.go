package allowlist

import (
	"errors"
	"fmt"
	"sync"

	"github.com/wasilibs/go-pgquery/parser"
)

// sandbox guards the parser. Every call that finds none idle builds another, for more than a
// second, so calls take turns; a statement takes them some 50 microseconds.
var sandbox struct {
	sync.Mutex
	broken error // set for good once a call ended the parser in the middle; guarded by the mutex
}

var errBroken = errors.New("the SQL parser has failed and is not trusted any more; start the program again")

// Warm builds the parser, which takes a second or two the first time and nothing
// afterwards. A program that will check something may call it in a goroutine early.
func Warm() { _, _ = inSandbox(parser.ParseToProtobuf, "SELECT 1") }

// inSandbox makes one call. What the parser says about the text is an ordinary error. A panic would
// mean that it ended in the middle and left its memory as it was; then no answer of it can be
// believed, and nothing passes any more.
func inSandbox[T any](f func(string) (T, error), text string) (result T, err error) {
	sandbox.Lock()
	defer sandbox.Unlock()
	if sandbox.broken != nil {
		return result, sandbox.broken
	}
	defer func() {
		if p := recover(); p != nil {
			sandbox.broken = errBroken
			err = errBroken
		}
	}()
	return f(text)
}

// parse returns the statements of a text that [lex] has passed.
func parse(sql string) ([]*node, error) {
	b, err := inSandbox(parser.ParseToProtobuf, sql)
	if err != nil {
		return nil, complaint(err)
	}
	tree, err := readTree("ParseResult", b)
	if err != nil {
		return nil, err
	}
	var statements []*node
	for _, raw := range tree.list("stmts") {
		statements = append(statements, raw.child("stmt"))
	}
	return statements, nil
}

// parsePLpgSQL returns the parser's JSON for the CREATE FUNCTION statement.
func parsePLpgSQL(sql string) (string, error) {
	text, err := inSandbox(parser.ParsePlPgSqlToJSON, sql)
	if err != nil {
		return "", complaint(err)
	}
	return text, nil
}

// syntaxError is what PostgreSQL's grammar says about a text.
type syntaxError struct {
	message string
	offset  int // in bytes, -1 where none is known
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("PostgreSQL's grammar does not take it: %s", e.message)
}

func complaint(err error) error {
	var e *parser.Error
	if !errors.As(err, &e) {
		return err
	}
	return &syntaxError{message: e.Message, offset: e.Cursorpos - 1}
}
