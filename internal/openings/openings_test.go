package openings_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/openings"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func root(b byte) *keys.Root { return must(keys.NewRoot(bytes.NewReader(bytes.Repeat([]byte{b}, 64)))) }

func name(table string) merkle.TableName { return merkle.TableName{Schema: "secretly", Table: table} }

func tables(names ...string) (out []merkle.Table) {
	for _, n := range names {
		out = append(out, merkle.Table{Name: name(n), Facts: []byte("facts of " + n), Columns: []merkle.Column{{Name: "hidden", Canonical: []byte(`[]`)}}})
	}
	return out
}

// keep keeps what opens some tables and returns the root.
func keep(t *testing.T, s *openings.Store, comparison byte, names ...string) merkle.Hash {
	t.Helper()
	committed := must(s.Committer().Commit(tables(names...)))
	if err := s.Keep([32]byte{comparison}, committed); err != nil {
		t.Fatal(err)
	}
	return committed.Tree.Root()
}

func TestWhatIsKeptShowsTheSchemaLater(t *testing.T) {
	dir := t.TempDir()
	at := keep(t, must(openings.Open(dir, root(1))), 1, "a", "b")
	s := must(openings.Open(dir, root(1))) // another process
	c := must(s.Load(at))
	one := [32]byte{1}
	anchor := must(s.Committer().Anchor(c, one))
	for _, n := range []string{"a", "b"} {
		shown := must(s.Committer().Show(c, one, must(s.Committer().ShowColumn(c, name(n), "hidden"))))
		if err := shown.Verify(anchor); err != nil {
			t.Error(err)
		}
	}
	shown := must(s.Committer().Show(c, one, must(s.Committer().ShowNoTable(c, name("c")))))
	if err := shown.Verify(anchor); err != nil {
		t.Error(err)
	}
	for range 2 {
		if keep(t, s, 2, "a", "b") != at {
			t.Error("the same schema has another root")
		}
	}
	list := must(s.List())
	if len(list) != 2 || list[0].Comparison != [32]byte{2} || list[1].Anchor != anchor || list[0].Anchor == anchor || list[0].Openings != 2 {
		t.Errorf("listed: %+v", list)
	}
	if found := must(s.Find(anchor)); found.Root != at || found.Comparison != one {
		t.Errorf("found: %+v", found)
	}
	if _, err := s.Find(merkle.Hash{}); !errors.Is(err, openings.ErrNone) {
		t.Errorf("what is not there: %v", err)
	}
}

func TestAForgottenTableCannotBeShownAndTheOthersCan(t *testing.T) {
	s := must(openings.Open(t.TempDir(), root(1)))
	anchor := keep(t, s, 1, "a", "b")
	if err := s.Forget(anchor, name("a")); err != nil {
		t.Fatal(err)
	}
	keep(t, s, 2, "a", "b") // the next comparison of the same schema brings nothing back
	c := must(s.Load(anchor))
	if _, err := s.Committer().ShowTable(c, name("a")); err == nil {
		t.Error("it is still shown")
	}
	if _, err := s.Committer().ShowNoTable(c, name("a")); err == nil {
		t.Error("it is denied")
	}
	if _, err := s.Committer().ShowTable(c, name("b")); err != nil {
		t.Error(err)
	}
	if err := s.Forget(anchor, name("a")); err == nil {
		t.Error("it is forgotten twice")
	}
	if err := errors.Join(s.ForgetAll(anchor)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(anchor); !errors.Is(err, openings.ErrNone) {
		t.Errorf("all forgotten: %v", err)
	}
	if err := s.ForgetAll(anchor); !errors.Is(err, openings.ErrNone) {
		t.Errorf("twice: %v", err)
	}
}

func TestAFileSaysNothingAndIsNotBelievedWhenChanged(t *testing.T) {
	dir := t.TempDir()
	s := must(openings.Open(dir, root(1)))
	anchor := keep(t, s, 1, "a", "b")
	path := must(filepath.Glob(filepath.Join(dir, "openings", "*.openings")))[0]
	if info := must(os.Stat(path)); info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
	text := must(os.ReadFile(path))
	for _, secret := range []string{"secretly", "hidden", "facts of"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the file says %q", secret)
		}
	}
	if _, err := must(openings.Open(dir, root(2))).Load(anchor); !errors.Is(err, openings.ErrDamaged) {
		t.Errorf("under another root key: %v", err)
	}
	for i := 0; i < len(text); i += 7 {
		changed := bytes.Clone(text)
		changed[i] ^= 1
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := s.Load(anchor)
		if err == nil && c.Tree.Root() != anchor {
			t.Fatalf("the change of byte %d to %q makes another tree", i, changed[i])
		}
		if err != nil && !errors.Is(err, openings.ErrDamaged) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}
