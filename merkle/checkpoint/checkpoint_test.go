package checkpoint_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/merkle/checkpoint"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// witness is a witness's key with its public half.
type witness struct {
	signer *cosign.Signer
	public string
}

func newWitness(name string) witness {
	secret, public, err := note.GenerateKey(nil, name)
	if err != nil {
		panic(err)
	}
	return witness{must(cosign.NewSignerForCosignatureV1(secret)), must(cosign.VKeyToCosignatureV1(public))}
}

// cosign returns the line that the witness adds.
func (w witness) cosign(signed []byte) []byte {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	out := must(note.Sign(&note.Note{Text: string(text) + "\n"}, w.signer))
	_, line, _ := bytes.Cut(out, []byte("\n\n"))
	return line
}

// entries is a log in memory.
type entries struct {
	hashes []tlog.Hash
	texts  [][]byte
}

func (e *entries) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, e.hashes[i])
	}
	return out, nil
}

func logOf(n int) (*entries, tlog.Tree) {
	e := &entries{}
	for i := range n {
		text := fmt.Appendf(nil, "entry %d", i)
		e.texts = append(e.texts, text)
		e.hashes = append(e.hashes, must(tlog.StoredHashes(int64(i), text, e))...)
	}
	return e, tlog.Tree{N: int64(n), Hash: must(tlog.TreeHash(int64(n), e))}
}

func key(b byte) *checkpoint.Key { return must(checkpoint.NewKey(bytes.Repeat([]byte{b}, 32))) }

func TestACheckpointIsReadByWhoeverHasTheKeys(t *testing.T) {
	k, one, two := key(1), newWitness("one.example/w"), newWitness("two.example/w")
	_, tree := logOf(300)
	signed := must(k.Sign(tree))
	all := checkpoint.Join(signed, one.cosign(signed), two.cosign(signed))
	p := must(checkpoint.NewPolicy(k.Public(), []string{one.public, two.public}, 2))
	c := must(p.Open(all))
	if c.Tree != tree || c.Origin != k.Origin() || len(c.Cosignatures) != 2 || len(c.Strangers) != 0 {
		t.Errorf("read: %+v", c)
	}
	if c, err := p.Open(checkpoint.Join(signed, one.cosign(signed))); !errors.Is(err, checkpoint.ErrQuorum) || c == nil || len(c.Cosignatures) != 1 {
		t.Errorf("one of two: %+v, %v", c, err)
	}
	alone := must(checkpoint.NewPolicy(k.Public(), []string{one.public}, 1))
	if c := must(alone.Open(all)); len(c.Cosignatures) != 1 || len(c.Strangers) != 1 {
		t.Errorf("a reader who knows one of them: %+v", c)
	}
	// Another tool reads the same.
	other := must(note.Open(all, note.VerifierList(must(note.NewVerifier(k.Public())))))
	if !strings.HasPrefix(other.Text, k.Origin()+"\n300\n") {
		t.Errorf("another reader: %q", other.Text)
	}
}

func TestAnythingChangedInACheckpointIsSeen(t *testing.T) {
	k, one, two := key(1), newWitness("one.example/w"), newWitness("two.example/w")
	_, tree := logOf(300)
	signed := must(k.Sign(tree))
	all := checkpoint.Join(signed, one.cosign(signed), two.cosign(signed))
	p := must(checkpoint.NewPolicy(k.Public(), []string{one.public, two.public}, 2))
	for i := range all {
		for bit := range 8 {
			changed := bytes.Clone(all)
			changed[i] ^= 1 << bit
			if _, err := p.Open(changed); err == nil {
				t.Errorf("bit %d of byte %d (%q for %q) goes through", bit, i, changed[i], all[i])
			}
		}
	}
	for i := range all {
		if _, err := p.Open(all[:i]); err == nil {
			t.Errorf("cut at %d it goes through", i)
		}
	}
	for name, changed := range map[string][]byte{
		"a line twice":             checkpoint.Join(all, one.cosign(signed)),
		"of another log":           must(key(2).Sign(tree)),
		"one witness for both":     checkpoint.Join(signed, one.cosign(signed), one.cosign(signed)),
		"a cosignature of another": checkpoint.Join(signed, one.cosign(must(k.Sign(tlog.Tree{N: 1}))), two.cosign(signed)),
		"something more":           append(bytes.Clone(all), '\n'),
		"too long":                 append(bytes.Clone(all), make([]byte, checkpoint.MaxBytes)...),
	} {
		if _, err := p.Open(changed); err == nil {
			t.Errorf("%s: it goes through", name)
		}
	}
}

func TestPoliciesThatMeanNothingAreRefused(t *testing.T) {
	k, one := key(1), newWitness("one.example/w")
	foreign, _, _ := strings.Cut(key(2).Public(), "+")
	for name, make := range map[string]func() (*checkpoint.Policy, error){
		"more than there are": func() (*checkpoint.Policy, error) { return checkpoint.NewPolicy(k.Public(), []string{one.public}, 2) },
		"less than none":      func() (*checkpoint.Policy, error) { return checkpoint.NewPolicy(k.Public(), nil, -1) },
		"a witness twice": func() (*checkpoint.Policy, error) {
			return checkpoint.NewPolicy(k.Public(), []string{one.public, one.public}, 2)
		},
		"a witness whose key is mistyped": func() (*checkpoint.Policy, error) {
			at := len(one.public) - 10
			return checkpoint.NewPolicy(k.Public(), []string{one.public[:at] + "A" + one.public[at+1:]}, 1)
		},
		"the log for a witness": func() (*checkpoint.Policy, error) { return checkpoint.NewPolicy(k.Public(), []string{k.Public()}, 1) },
		"a witness for the log": func() (*checkpoint.Policy, error) { return checkpoint.NewPolicy(one.public, nil, 0) },
		"no key":                func() (*checkpoint.Policy, error) { return checkpoint.NewPolicy("", nil, 0) },
		"the name of another log": func() (*checkpoint.Policy, error) {
			return checkpoint.NewPolicy(foreign+k.Public()[len(foreign):], nil, 0)
		},
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := new(checkpoint.Policy).Open(nil); err == nil {
		t.Error("a policy of nobody believes something")
	}
}

func TestAProofShowsOneEntry(t *testing.T) {
	k := key(1)
	e, tree := logOf(300)
	p := must(checkpoint.NewPolicy(k.Public(), nil, 0))
	signed := must(k.Sign(tree))
	for _, i := range []int64{0, 1, 255, 256, 299} {
		text := checkpoint.EncodeProof(i, must(tlog.ProveRecord(300, i, e)), signed)
		index, c, err := p.VerifyProof(text, e.texts[i])
		if err != nil || index != i || c.Tree != tree {
			t.Errorf("%d: %d, %v", i, index, err)
		}
		if _, _, err := p.VerifyProof(text, e.texts[(i+1)%300]); err == nil {
			t.Errorf("%d shows another entry", i)
		}
		if i != 255 {
			continue
		}
		for at := range text {
			for bit := range 8 {
				changed := bytes.Clone(text)
				changed[at] ^= 1 << bit
				if _, _, err := p.VerifyProof(changed, e.texts[i]); err == nil {
					t.Errorf("bit %d of byte %d (%q for %q) goes through", bit, at, changed[at], text[at])
				}
			}
			if _, _, err := p.VerifyProof(text[:at], e.texts[i]); err == nil {
				t.Errorf("cut at %d it goes through", at)
			}
		}
	}
}

// tiles serves a log's tiles by their paths, as a server of files would.
type tiles map[string][]byte

func (tiles) Height() int { return checkpoint.TileHeight }
func (t tiles) ReadTiles(which []tlog.Tile) (out [][]byte, err error) {
	for _, tile := range which {
		data, ok := t[checkpoint.TilePath(tile)]
		if !ok {
			return nil, fmt.Errorf("there is no %s", checkpoint.TilePath(tile))
		}
		out = append(out, data)
	}
	return out, nil
}
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func TestAnotherToolsClientReadsTheTiles(t *testing.T) {
	e, tree := logOf(70_000)
	server := tiles{}
	for _, tile := range checkpoint.Tiles(tree.N) {
		path := checkpoint.TilePath(tile)
		if must(checkpoint.ParseTilePath(path)) != tile {
			t.Errorf("%s is read as another tile", path)
		}
		server[path] = must(tlog.ReadTileData(tile, e))
	}
	reader := tlog.TileHashReader(tree, server)
	for _, i := range []int64{0, 65_535, 65_536, 69_999} {
		path := must(tlog.ProveRecord(tree.N, i, reader))
		if err := tlog.CheckRecord(path, tree.N, tree.Hash, i, tlog.RecordHash(e.texts[i])); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if server["tile/0/x000/001"] != nil || server["tile/0/001"] == nil || server["tile/1/001.p/17"] == nil || server["tile/2/000.p/1"] == nil {
		t.Error("the tiles have other paths than C2SP says")
	}
	server["tile/0/001"][5] ^= 1
	if _, err := tlog.ProveRecord(tree.N, 300, tlog.TileHashReader(tree, server)); err == nil {
		t.Error("a changed tile is read")
	}
}

func TestPathsOfNoTilesAreRefused(t *testing.T) {
	for _, path := range []string{"", "tile/0", "tile/8/0/001", "tile/-1/001", "tile/64/001", "tile/0/1", "tile/0/001.p/256", "tile/0/001.p/0", "tile/data/001", "tile/entries/001", "tile/0/x000/001", "/tile/0/001", "tile/0/001/", "tile/0/../001", "x/tile/0/001"} {
		if tile, err := checkpoint.ParseTilePath(path); err == nil {
			t.Errorf("%q is read as %+v", path, tile)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	k, one := key(1), newWitness("one.example/w")
	_, tree := logOf(3)
	signed := must(k.Sign(tree))
	f.Add(checkpoint.Join(signed, one.cosign(signed)))
	e, _ := logOf(3)
	f.Add(checkpoint.EncodeProof(1, must(tlog.ProveRecord(3, 1, e)), signed))
	p := must(checkpoint.NewPolicy(k.Public(), []string{one.public}, 0))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := p.Open(text); err == nil && c.Tree != tree {
			t.Errorf("a checkpoint that nobody signed: %+v", c)
		}
		if i, c, err := p.VerifyProof(text, e.texts[1]); err == nil && (i != 1 || c.Tree != tree) {
			t.Errorf("a proof of nothing: %d %+v", i, c)
		}
	})
}
