package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/veilschema/veil/compare/report"
)

// column is a column of a table for people.
type column[T any] struct {
	head string
	cell func(T) string
}

// printList prints what a service lists: a table for people, or JSON, one object a line, for programs. The service's text is shown so that it
// cannot move the cursor or forge a line.
func printList[T any](w io.Writer, list iter.Seq2[T, error], asJSON bool, columns ...column[T]) error {
	if asJSON {
		out := json.NewEncoder(w)
		for item, err := range list {
			if err != nil {
				return err
			}
			if err := out.Encode(item); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cell func(column[T]) string) {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = cell(c)
		}
		fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	row(func(c column[T]) string { return c.head })
	for item, err := range list {
		if err != nil {
			return err
		}
		row(func(c column[T]) string { return report.Visible(c.cell(item)) })
	}
	return table.Flush()
}

// day shows a time without what nobody reads in a list; nil as a dash.
func day(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// dash shows what is empty.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
