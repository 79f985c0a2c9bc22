package allowlist_test

import (
	"errors"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/allowlist"
)

// Whatever a file holds, an answer comes soon, it is nil or a Refused with a place and a reason for each refusal, and the parser
// works afterwards. What a plan may have, a file may have too.
func FuzzAnyFileIsAnswered(f *testing.F) {
	for _, sql := range innocent {
		f.Add(sql)
	}
	for _, c := range hostile {
		if len(c.sql) < 1000 {
			f.Add(c.sql)
		}
	}
	for _, c := range expressions {
		f.Add(fill(places["a condition"], c.sql))
	}
	for _, place := range places {
		f.Add(fill(place, "lower('A')"))
	}
	for _, sql := range deep {
		f.Add(sql(30))
	}
	allowlist.Warm()
	f.Fuzz(func(t *testing.T, sql string) {
		start := time.Now()
		inFile, inPlan := allowlist.File("file.sql", []byte(sql)), allowlist.Statement(sql)
		_ = allowlist.Removal(sql)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, err := range []error{inFile, inPlan} {
			var refused *allowlist.Refused
			if err == nil {
				continue
			}
			if !errors.As(err, &refused) || refused.All < len(refused.Refusals) || len(refused.Refusals) == 0 || err.Error() == "" {
				t.Fatalf("got %#v", err)
			}
			for _, r := range refused.Refusals {
				if r.Line < 1 || r.Reason == "" {
					t.Errorf("got %+v", r)
				}
			}
		}
		if inPlan == nil && inFile != nil {
			t.Errorf("it passes in a plan and not in a file: %v", inFile)
		}
		healthy(t)
	})
}
