package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/internal/service"
)

var update = flag.Bool("update", false, "write golden files")

// fill puts values into a route's path.
func fill(path, id string) string {
	return strings.NewReplacer("{id}", id, "{slug}", "example", "{version}", "1", "{sequence}", "0", "{path}", "0/000").Replace(path)
}

// problemOf fails where an answer that is no success is not a problem document out of the table, or is the service's fault.
func (w *world) problemOf(what string, status int, h http.Header, body []byte) {
	w.Helper()
	if status < 300 || status == http.StatusNotModified {
		return
	}
	var p api.Problem
	if h.Get("Content-Type") != "application/problem+json" || json.Unmarshal(body, &p) != nil && len(body) > 0 {
		w.Errorf("%s: %d %q %s, want a problem document", what, status, h.Get("Content-Type"), body)
		return
	}
	if kind, ok := api.Problems[service.Code(strings.TrimPrefix(p.Type, "/problems/"))]; len(body) > 0 && (!ok || kind.Status != status) {
		w.Errorf("%s: %d and the problem %q, which the table does not have so", what, status, p.Type)
	}
	if status >= http.StatusInternalServerError {
		w.Errorf("%s: %d %s", what, status, body)
	}
}

func TestEveryRoleIsRefusedWhereItsRowDoesNotNameIt(t *testing.T) {
	w := newWorld(t)
	tokens := map[service.Role]string{service.RoleOperator: w.operator, service.RoleTenant: w.tenant, service.RoleAuditor: w.auditor}
	for route, who := range api.Access {
		if who.Open {
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		for role, token := range tokens {
			status, _, body := w.call(token, method, fill(path, uuid.NewString()), nil)
			named := false
			for _, r := range who.Roles {
				named = named || r == role
			}
			if (status == http.StatusForbidden) == named {
				t.Errorf("%s as %s: %d %s, and its row names it: %v", route, role, status, body, named)
			}
		}
	}
}

func TestAForeignComparisonIsAnsweredAsOneThatDoesNotExist(t *testing.T) {
	w := newWorld(t)
	ids := make([]string, 20)
	tokens := make([]string, len(ids))
	for i := range ids {
		tokens[i] = w.newTenant(fmt.Sprintf("secret tenant %d", i))
		ids[i] = w.open(tokens[i])
	}
	requestIDs := regexp.MustCompile(`"request_id":"[^"]*"`)
	for route, who := range api.Access {
		method, path, _ := strings.Cut(route, " ")
		if who.Open || !strings.Contains(path, "{id}") {
			continue
		}
		for i, token := range tokens {
			none := uuid.NewString()
			_, _, missing := w.call(token, method, fill(path, none), nil, "Repr-Digest", noDigest)
			for k, id := range ids {
				if k == i {
					continue
				}
				status, _, body := w.call(token, method, fill(path, id), nil, "Repr-Digest", noDigest)
				if status != http.StatusNotFound && status != http.StatusForbidden && (method != "PUT" || status != http.StatusUnprocessableEntity && status != http.StatusBadRequest) {
					t.Fatalf("%s of another tenant: %d %s", route, status, body)
				}
				if !bytes.Equal(requestIDs.ReplaceAll(bytes.ReplaceAll(body, []byte(id), []byte(none)), nil), requestIDs.ReplaceAll(missing, nil)) {
					t.Fatalf("%s tells a foreign comparison from none: %s and %s", route, body, missing)
				}
			}
		}
	}
}

func TestAWatcherIsToldAtOnceAndTheStreamEndsWithTheComparison(t *testing.T) {
	w := newWorld(t)
	id := w.open(w.tenant)
	r := must(http.NewRequestWithContext(t.Context(), "GET", w.url+"/v1/comparisons/"+id+"/events", nil))
	r.Header.Set("Authorization", "Bearer "+w.tenant)
	answer := must(http.DefaultClient.Do(r)) //nolint:bodyclose // closed in the next line
	defer func() { _ = answer.Body.Close() }()
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("got %d %s, want 200 text/event-stream", answer.StatusCode, kind)
	}
	lines := bufio.NewReader(answer.Body)
	if first := must(lines.ReadString('\n')); first != "event: comparison\n" {
		t.Errorf("the stream begins with %q", first)
	}
	w.call(w.tenant, "DELETE", "/v1/comparisons/"+id, nil)
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.Contains(string(rest), `"state":"deleted"`) {
		t.Errorf("the stream ended with %v without the end: %s", err, rest)
	}
}

func TestTheDescriptionIsTheGoldenOne(t *testing.T) {
	w := newWorld(t)
	_, _, got := w.call("", "GET", "/openapi.json", nil)
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := must(os.ReadFile(golden)); !bytes.Equal(got, want) {
		t.Errorf("the description changed; where that is meant, run: go test ./api -run Golden -update")
	}
}

func TestThePagesLoadNothingFromElsewhereAndEveryProblemHasOne(t *testing.T) {
	w := newWorld(t)
	elsewhere := regexp.MustCompile(`(?i)<script|(src|href)="(https?:|//)|@import|url\(`)
	addresses := []string{"/", "/docs", "/docs/style.css"}
	for code := range api.Problems {
		addresses = append(addresses, "/problems/"+string(code))
	}
	for _, at := range addresses {
		status, h, body := w.call("", "GET", at, nil, "Accept", "text/html")
		if status != http.StatusOK || elsewhere.Match(body) || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d with policy %q, or it loads something from elsewhere", at, status, h.Get("Content-Security-Policy"))
		}
	}
}
