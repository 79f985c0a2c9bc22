package postgres

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// LoadError says where in a schema file a load failed and why. Its text is one sentence.
type LoadError struct {
	File      string
	Line      int    // counted from 1
	Column    int    // counted from 1, in characters
	Statement string // the beginning of the statement, on one line; "" where none is to blame
	Err       error  // the cause; a *pgconn.PgError where PostgreSQL refused
}

// Error is "file:line:column: what happened".
func (e *LoadError) Error() string {
	text := e.Err.Error()
	if pg, ok := e.Err.(*pgconn.PgError); ok { //nolint:errorlint // a wrapped one has a sentence around it already
		text = "PostgreSQL refuses this: " + pg.Message
		if pg.Detail != "" {
			text += " (" + pg.Detail + ")"
		}
		if pg.Hint != "" {
			text += " (" + pg.Hint + ")"
		}
		text += fmt.Sprintf(" [SQLSTATE %s]", pg.Code)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, strings.Join(strings.Fields(text), " "))
}

// Unwrap is the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// excerpt is the beginning of a statement on one line.
func excerpt(sql string) string {
	if len(sql) > 8*maxExcerptRunes {
		sql = sql[:8*maxExcerptRunes]
	}
	line := strings.ToValidUTF8(strings.Join(strings.Fields(sql), " "), "\ufffd")
	if utf8.RuneCountInString(line) <= maxExcerptRunes {
		return line
	}
	return string([]rune(line)[:maxExcerptRunes-1]) + "…"
}
