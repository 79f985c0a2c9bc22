package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// tiles reads tiles over HTTP, without a token, as another tool would.
type tiles struct{ *world }

func (tiles) Height() int { return checkpoint.TileHeight }
func (w tiles) ReadTiles(which []tlog.Tile) (out [][]byte, err error) {
	for _, t := range which {
		status, _, data := w.call("", "GET", "/v1/audit/"+checkpoint.TilePath(t), nil)
		if status != http.StatusOK {
			return nil, fmt.Errorf("%s: %d", checkpoint.TilePath(t), status)
		}
		out = append(out, data)
	}
	return out, nil
}
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func TestTheLogIsReadByWhoeverHasItsKey(t *testing.T) {
	w := newWorld(t)
	if status, _, body := w.call("", "GET", "/v1/audit/checkpoint", nil); status != http.StatusConflict {
		t.Errorf("before anything was signed: %d %s", status, body)
	}
	s, steps := stages(w)
	for _, step := range steps {
		step()
	}
	if status, _, _ := w.call(w.tenant, "GET", s.path+"/bundle", nil); status != http.StatusConflict {
		t.Errorf("a bundle before anything was signed: %d", status)
	}
	if err := w.audit.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, text := w.call("", "GET", "/v1/audit/log", nil)
	var log bundle.Log
	if err := json.Unmarshal(text, &log); err != nil || log.Verify() != nil || log.Service != w.service.Identity() {
		t.Fatalf("the log: %s, %v", text, err)
	}
	policy := must(checkpoint.NewPolicy(log.Key, nil, 0))
	_, _, signed := w.call("", "GET", "/v1/audit/checkpoint", nil)
	tree := must(policy.Open(signed)).Tree
	reader := tlog.TileHashReader(tree, tiles{w})
	mine, foreign := 0, 0
	for i := range tree.N {
		if _, err := tlog.ProveRecord(tree.N, i, reader); err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/v1/audit/entry/%d", i)
		status, _, entry := w.call(w.tenant, "GET", path, nil)
		if other, _, _ := w.call(w.foreign, "GET", path, nil); other == http.StatusOK {
			foreign++
			if status == http.StatusOK {
				t.Errorf("entry %d is seen by two tenants", i)
			}
		}
		if status != http.StatusOK {
			continue
		}
		mine++
		_, _, proof := w.call(w.tenant, "GET", strings.Replace(path, "entry", "proof", 1), nil)
		if index, _, err := policy.VerifyProof(proof, entry); err != nil || index != i {
			t.Errorf("the proof of %d: %v", i, err)
		}
		if other, _, _ := w.call(w.foreign, "GET", strings.Replace(path, "entry", "proof", 1), nil); other != http.StatusNotFound {
			t.Errorf("another tenant gets the proof of %d: %d", i, other)
		}
		if _, err := eventlog.DecodeLeaf(entry); err != nil {
			t.Error(err)
		}
	}
	if mine < 6 {
		t.Errorf("the tenant sees %d entries, the other one %d", mine, foreign)
	}
	status, _, file := w.call(w.auditor, "GET", s.path+"/bundle", nil)
	if status != http.StatusOK {
		t.Fatalf("the bundle: %d %.80s", status, file)
	}
	if _, err := bundle.Verify(must(bundle.Parse(file)), bundle.Trust{Service: w.service.Identity()}); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoTileIsAProblem(t *testing.T) {
	w := newWorld(t)
	if err := w.audit.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "0", "0/1", "0/001", "1/000", "0/000", "x/000", "0/000.p/999", "7/000.p/1", "0/x001/000", "../checkpoint"} {
		status, h, body := w.call("", "GET", "/v1/audit/tile/"+path, nil)
		if status == http.StatusOK {
			t.Errorf("%q: %d", path, status)
		}
		w.problemOf(path, status, h, body)
	}
}
