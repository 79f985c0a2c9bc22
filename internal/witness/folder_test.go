package witness_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/veilschema/veil/internal/witness"
)

// open opens a witness for a moment.
func open(t testing.TB, c witness.Config) (vkey string, err error) {
	t.Helper()
	w, err := witness.Open(c)
	if err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.VKey(), nil
}

func TestARestartForgetsNothing(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	fork := newLog(t)
	fork.signer = l.signer
	fork.grow(9, "another")
	dir := filepath.Join(t.TempDir(), "a", "b")
	first := run(t, dir, l.vkey)
	first.cosigned(l.request(0, 5))
	if err := first.w.Close(); err != nil {
		t.Fatal(err)
	}
	second := run(t, dir, l.vkey)
	if first.w.VKey() != second.w.VKey() {
		t.Error("it has another key")
	}
	for name, request := range map[string]string{"from nothing": fork.request(0, 5), "the same size": fork.request(5, 5), "a smaller size": l.request(0, 3)} {
		if a := second.post(request); a.status != 409 || a.text != "5\n" {
			t.Errorf("%s: got status %d: %s", name, a.status, a.text)
		}
	}
	second.cosigned(l.request(5, 9))
}

func TestTwoWitnessesNeverShareAFolder(t *testing.T) {
	l := newLog(t)
	dir := fresh(t)
	r := run(t, dir, l.vkey)
	if _, err := open(t, witness.Config{Dir: dir, Logs: []string{l.vkey}}); !errors.Is(err, witness.ErrLocked) {
		t.Errorf("a second one: %v", err)
	}
	if vkey, err := witness.ReadVKey(dir); err != nil || vkey != r.w.VKey() {
		t.Errorf("the key of one that runs: %q, %v", vkey, err)
	}
	if err := r.w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, witness.Config{Dir: dir, Logs: []string{l.vkey}}); err != nil {
		t.Errorf("after it ended: %v", err)
	}
}

func TestAWitnessIsNamedOnce(t *testing.T) {
	l := newLog(t)
	dir := t.TempDir()
	vkey := got[string](t)(open(t, witness.Config{Dir: filepath.Join(dir, "own"), Logs: []string{l.vkey}}))
	if !regexp.MustCompile(`^veil-witness/[0-9a-f]{8}\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}$`).MatchString(vkey) {
		t.Errorf("unnamed, its key is %q", vkey)
	}
	named := witness.Config{Dir: filepath.Join(dir, "named"), Name: "example.org/w", Logs: []string{l.vkey}}
	vkey = got[string](t)(open(t, named))
	if !strings.HasPrefix(vkey, "example.org/w+") {
		t.Errorf("named, its key is %q", vkey)
	}
	for _, name := range []string{"", "example.org/w"} {
		named.Name = name
		if again := got[string](t)(open(t, named)); again != vkey {
			t.Errorf("opened as %q it has the key %q, want %q", name, again, vkey)
		}
	}
	for _, name := range []string{"other", "a b", "a+b", "a\nb", "a\x00b", "\xff", strings.Repeat("n", 256)} {
		named.Name = name
		if _, err := open(t, named); !errors.Is(err, witness.ErrConfig) {
			t.Errorf("named %q: %v", name, err)
		}
		first := named
		first.Dir = filepath.Join(dir, "first")
		if _, err := open(t, first); name != "other" && !errors.Is(err, witness.ErrConfig) {
			t.Errorf("named %q at first: %v", name, err)
		}
		if err := os.RemoveAll(first.Dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWitnessKnowsALog(t *testing.T) {
	l := newLog(t)
	dir := filepath.Join(t.TempDir(), "new")
	own := got[string](t)(open(t, witness.Config{Dir: fresh(t), Logs: []string{l.vkey}}))
	for name, logs := range map[string][]string{
		"none": nil, "text": {"x"}, "one that is broken": {l.vkey, strings.Replace(l.vkey, origin, origin+"s", 1)}, "a witness": {own},
	} {
		if _, err := open(t, witness.Config{Dir: dir, Logs: logs}); !errors.Is(err, witness.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder was made for a witness that cannot be")
	}
}

func TestFilesThatOthersReachAreRefused(t *testing.T) {
	l := newLog(t).grow(2, "leaf")
	for name, spoil := range map[string]func(dir, key, state string) error{
		"a folder that others read":     func(dir, _, _ string) error { return os.Chmod(dir, 0o750) },
		"a key that others read":        func(_, key, _ string) error { return os.Chmod(key, 0o604) },
		"a checkpoint that others read": func(_, _, state string) error { return os.Chmod(state, 0o640) },
		"a folder of another user":      func(dir, _, _ string) error { return os.Chown(dir, 12345, -1) },
		"a key behind a link": func(_, key, _ string) error {
			return errors.Join(os.Rename(key, key+"2"), os.Symlink(key+"2", key))
		},
		"a checkpoint that is a folder": func(_, _, state string) error { return errors.Join(os.Remove(state), os.Mkdir(state, 0o700)) },
	} {
		dir := filepath.Join(t.TempDir(), "w")
		r := run(t, dir, l.vkey)
		r.cosigned(l.request(0, 2))
		if err := r.w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{witness.KeyFile, witness.StateName(origin)} {
			if info := got[fs.FileInfo](t)(os.Stat(filepath.Join(dir, file))); info.Mode() != 0o600 {
				t.Errorf("%s has the mode %s", file, info.Mode())
			}
		}
		if err := spoil(dir, filepath.Join(dir, witness.KeyFile), filepath.Join(dir, witness.StateName(origin))); errors.Is(err, fs.ErrPermission) {
			continue // only root gives files away
		} else if err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, witness.Config{Dir: dir, Logs: []string{l.vkey}}); !errors.Is(err, witness.ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a witness cosigned is either known or it does not start: no file that is damaged counts as none.
func TestADamagedFolderIsRefused(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	dir := fresh(t)
	r := run(t, dir, l.vkey)
	r.cosigned(l.request(0, 5))
	if err := r.w.Close(); err != nil {
		t.Fatal(err)
	}
	state, key := filepath.Join(dir, witness.StateName(origin)), filepath.Join(dir, witness.KeyFile)
	for _, path := range []string{state, key} {
		whole := got[[]byte](t)(os.ReadFile(path))
		for name, content := range damages(whole) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if path == state && said(content) == said(whole) {
				continue // only the log's own signature, which is kept for people, is another
			}
			_, err := open(t, witness.Config{Dir: dir, Logs: []string{l.vkey}})
			if !errors.Is(err, witness.ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove the whole folder") {
				t.Errorf("%s, %s: %v", filepath.Base(path), name, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(key, key+".bak"); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, witness.Config{Dir: dir, Logs: []string{l.vkey}}); !errors.Is(err, witness.ErrDamaged) {
		t.Errorf("without its key: %v", err)
	}
	if _, err := witness.ReadVKey(dir); !errors.Is(err, witness.ErrNoKey) {
		t.Errorf("the key that is not there: %v", err)
	}
	if err := os.Rename(key+".bak", key); err != nil {
		t.Fatal(err)
	}
	run(t, dir, l.vkey).cosigned(l.request(5, 9))
}

// damages are what may become of a file.
func damages(whole []byte) map[string][]byte {
	all := map[string][]byte{"empty": {}, "zeros": make([]byte, len(whole)), "zeros at the end": append(bytes.Clone(whole), 0), "long": append(bytes.Clone(whole), make([]byte, 1<<20)...)}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 1
		all[fmt.Sprintf("byte %d changed", i)] = changed
		all[fmt.Sprintf("cut to %d bytes", i)] = whole[:i]
	}
	return all
}

// said is what the cosignature in a state file is about, and itself: all but the log's signature.
func said(state []byte) string {
	text, signatures, _ := strings.Cut(string(state), "\n\n")
	_, cosigned, _ := strings.Cut(signatures, "\n")
	return text + "\n\n" + cosigned
}

// A checkpoint that another witness cosigned is none of this one.
func TestTheStateOfAnotherWitnessIsRefused(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	dirs := []string{fresh(t), fresh(t)}
	for i, dir := range dirs {
		r := run(t, dir, l.vkey)
		r.cosigned(l.request(0, int64(5+i)))
		if err := r.w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	name := witness.StateName(origin)
	if err := os.WriteFile(filepath.Join(dirs[0], name), got[[]byte](t)(os.ReadFile(filepath.Join(dirs[1], name))), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, witness.Config{Dir: dirs[0], Logs: []string{l.vkey}}); !errors.Is(err, witness.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// One log's checkpoint in the place of another's would be taken for what that one last showed.
func TestTheStateOfAnotherLogIsRefused(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	dir := fresh(t)
	r := run(t, dir, l.vkey)
	r.cosigned(l.request(0, 5))
	if err := r.w.Close(); err != nil {
		t.Fatal(err)
	}
	_, vkey, err := note.GenerateKey(nil, "example.org/two")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, witness.StateName(origin)), filepath.Join(dir, witness.StateName("example.org/two"))); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, witness.Config{Dir: dir, Logs: []string{l.vkey, vkey}}); !errors.Is(err, witness.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// What a crash left half written is no state, and stands in nobody's way.
func TestAFileThatACrashLeftIsNoState(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	dir := fresh(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, witness.StateName(origin)+".new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, dir, l.vkey)
	r.cosigned(l.request(0, 5))
}
