package schema

import (
	"cmp"
	"slices"
)

// Coverage says what introspection saw: how many facts of each kind came of it, and what was seen and is not
// judged. It holds counts and no names, so that it may be shown to whoever sees the report.
type Coverage struct {
	Facts     map[Kind]int `json:"facts"`      // number of facts by kind
	NotJudged []NotJudged  `json:"not_judged"` // sorted by what, then reason
}

// NotJudged counts what was seen and gives no fact.
type NotJudged struct {
	What   string `json:"what"`   // in the plural: "comments"
	Reason string `json:"reason"` // why no fact came of it, half a sentence
	Count  int    `json:"count"`  // always positive
}

// tally collects what is not judged.
type tally map[NotJudged]int

func (t tally) add(what, reason string, n int) {
	if n > 0 {
		t[NotJudged{What: what, Reason: reason}] += n
	}
}

func (t tally) list() []NotJudged {
	list := make([]NotJudged, 0, len(t))
	for k, n := range t {
		list = append(list, NotJudged{k.What, k.Reason, n})
	}
	slices.SortFunc(list, func(a, b NotJudged) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}
