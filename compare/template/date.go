package template

import (
	"fmt"
	"time"
)

// Date is a calendar day without a place or an hour, written YYYY-MM-DD (ISO
// 8601). Valid dates of the years 0001 to 9999 sort as their texts do, so they
// are compared with < and ==. The zero value "" is no day.
type Date string

// ParseDate reads a day in the form YYYY-MM-DD and refuses days that the
// calendar does not have, such as 2026-02-30.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 || t.Format(time.DateOnly) != s {
		return "", fmt.Errorf("%q is not a date; write it as YYYY-MM-DD, for example 2027-03-31", s)
	}
	return Date(s), nil
}

// DateOf returns the day that t falls on in UTC.
func DateOf(t time.Time) Date { return Date(t.UTC().Format(time.DateOnly)) }

// Valid reports whether d is a day of the calendar.
func (d Date) Valid() bool {
	_, err := ParseDate(string(d))
	return err == nil
}
