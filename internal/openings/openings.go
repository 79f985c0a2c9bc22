// Package openings keeps what opens a tenant's commitments to its schemas: which tables and columns they had, sealed, so that they can be shown later
// one by one, and forgotten one by one.
//
//	compare.Tenant ─ Keep ─▶ one file for each commitment ─ Load ─▶ merkle.Commitments ─▶ statements
//
// A file has the leaves of the tree in clear, which say nothing, and the opening of each table sealed under the tenant's root key. An opening that was
// forgotten cannot be made again unless somebody has the table as it was; that there is a table of its name can still not be denied, because the leaf
// stays.
package openings

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle"
)

// Errors that a caller may want to tell apart.
var (
	ErrNone    = errors.New("there is no such schema commitment in the state folder")
	ErrDamaged = errors.New("what opens this schema commitment cannot be used")
)

const (
	folder    = "openings"
	extension = ".openings"
	version   = 1
	// maxFile is how large a file may be.
	maxFile = 256 << 20
)

// Store is the folder of a tenant's openings.
type Store struct {
	dir       string
	committer *merkle.Committer
	key       [chacha20poly1305.KeySize]byte
	now       func() time.Time
}

// Open returns the store below a tenant's state folder. Nothing is read or made yet.
func Open(state string, root *keys.Root) (*Store, error) {
	seed := root.CommitmentSeed()
	defer seed.Wipe()
	committer, err := merkle.NewCommitter(seed.Expose())
	if err != nil {
		return nil, err
	}
	storage := root.StorageKey()
	defer storage.Wipe()
	key, err := hkdf.Expand(sha256.New, storage.Expose(), "veil/openings/v1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return &Store{dir: filepath.Join(state, folder), committer: committer, key: [chacha20poly1305.KeySize]byte(key), now: time.Now}, nil
}

// String keeps the key out of logs.
func (*Store) String() string { return "[openings]" }

// GoString keeps the key out of logs.
func (*Store) GoString() string { return "[openings]" }

// Committer makes the statements.
func (s *Store) Committer() *merkle.Committer { return s.committer }

// kept is a file: what opens the tree of one state of the schema, whatever comparisons it was committed to in.
type kept struct {
	Version     int              `json:"version"`
	Root        merkle.Hash      `json:"root"`
	Comparisons []keptComparison `json:"comparisons"`
	Leaves      []keptLeaf       `json:"leaves"`
	Tables      []keptTable      `json:"tables"`
}

// keptComparison is a comparison that the state was committed to in: its id, and when.
type keptComparison struct {
	ID merkle.Hash `json:"id"`
	At time.Time   `json:"at"`
}

type keptLeaf struct {
	Label      merkle.Hash `json:"label"`
	Commitment merkle.Hash `json:"commitment"`
}

// keptTable is an opening, sealed, under the label of its leaf.
type keptTable struct {
	Label  merkle.Hash `json:"label"`
	Sealed []byte      `json:"sealed"`
}

// opening is what is sealed.
type opening struct {
	Table merkle.Table `json:"table"`
	Seed  merkle.Hash  `json:"seed"`
}

// Keep keeps what opens a commitment, durably. What was forgotten of the same state of the schema before stays forgotten.
func (s *Store) Keep(comparison [32]byte, committed *merkle.Commitments) error {
	root := committed.Tree.Root()
	id := keptComparison{ID: comparison, At: s.now().UTC()}
	k, err := s.read(root)
	switch {
	case err == nil && slices.ContainsFunc(k.Comparisons, func(c keptComparison) bool { return c.ID == id.ID }):
		return nil
	case err == nil:
		k.Comparisons = append(k.Comparisons, id)
		return s.write(k)
	case !errors.Is(err, ErrNone):
		return err
	}
	k = &kept{Version: version, Root: root, Comparisons: []keptComparison{id}}
	for _, l := range committed.Tree.Leaves() {
		k.Leaves = append(k.Leaves, keptLeaf{Label: merkle.Hash(l.Label), Commitment: l.Commitment})
	}
	for name, o := range committed.Openings {
		label, err := s.committer.Label(name)
		if err != nil {
			return err
		}
		sealed, err := s.seal(root, label, o)
		if err != nil {
			return err
		}
		k.Tables = append(k.Tables, keptTable{Label: merkle.Hash(label), Sealed: sealed})
	}
	slices.SortFunc(k.Tables, func(a, b keptTable) int { return bytes.Compare(a.Label[:], b.Label[:]) })
	return s.write(k)
}

func (s *Store) seal(root merkle.Hash, label merkle.Label, o *merkle.Opening) ([]byte, error) {
	text, err := json.Marshal(opening{Table: o.Table, Seed: o.Seed})
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(text)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, text, place(root, label)), nil
}

// place binds what is sealed to its commitment and leaf.
func place(root merkle.Hash, label merkle.Label) []byte {
	return append(append([]byte("veil/openings/v1\x00"), root[:]...), label[:]...)
}

func (s *Store) unseal(root merkle.Hash, t keptTable) (*merkle.Opening, error) {
	aead, err := chacha20poly1305.NewX(s.key[:])
	if err != nil {
		return nil, err
	}
	if len(t.Sealed) < aead.NonceSize() {
		return nil, ErrDamaged
	}
	nonce, sealed := t.Sealed[:aead.NonceSize()], t.Sealed[aead.NonceSize():]
	text, err := aead.Open(nil, nonce, sealed, place(root, merkle.Label(t.Label)))
	if err != nil {
		return nil, fmt.Errorf("%w: it was changed, or kept under another root key", ErrDamaged)
	}
	var o opening
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return merkle.Reopen(o.Table, o.Seed)
}

// Info is a commitment in one comparison.
type Info struct {
	// Anchor stands in the submission.
	Anchor merkle.Hash `json:"commitment"`
	At     time.Time   `json:"at"`
	// Comparison is the tenant's own id of it, Root that of the tree.
	Comparison merkle.Hash `json:"comparison"`
	Root       merkle.Hash `json:"root"`
	// Openings is how many tables can still be shown.
	Openings int `json:"openings"`
}

// List lists the commitments, the newest first.
func (s *Store) List() ([]Info, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the schema commitments cannot be listed: %w", err)
	}
	labels, err := s.committer.Labels()
	if err != nil {
		return nil, err
	}
	var out []Info
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), extension)
		var root merkle.Hash
		if !ok || root.UnmarshalText([]byte(digits)) != nil {
			continue
		}
		k, err := s.read(root)
		if err != nil {
			return nil, err
		}
		for _, c := range k.Comparisons {
			out = append(out, Info{Anchor: merkle.Anchor(labels, root, s.committer.Blind(c.ID)), At: c.At, Comparison: c.ID, Root: root, Openings: len(k.Tables)})
		}
	}
	slices.SortFunc(out, func(a, b Info) int { return b.At.Compare(a.At) })
	return out, nil
}

// Find finds a commitment by what stands in its submission. It fails with [ErrNone].
func (s *Store) Find(anchor merkle.Hash) (Info, error) {
	list, err := s.List()
	if err != nil {
		return Info{}, err
	}
	for _, i := range list {
		if i.Anchor == anchor {
			return i, nil
		}
	}
	return Info{}, ErrNone
}

// Load returns the tree of a root with what was not forgotten of it. It fails with [ErrNone] and [ErrDamaged].
func (s *Store) Load(root merkle.Hash) (*merkle.Commitments, error) {
	k, err := s.read(root)
	if err != nil {
		return nil, err
	}
	out := &merkle.Commitments{Openings: make(map[merkle.TableName]*merkle.Opening, len(k.Tables))}
	for _, l := range k.Leaves {
		out.Tree = out.Tree.Set(merkle.Label(l.Label), l.Commitment)
	}
	if out.Tree.Root() != root {
		return nil, fmt.Errorf("%w: its leaves have another root", ErrDamaged)
	}
	for _, t := range k.Tables {
		o, err := s.unseal(root, t)
		if err != nil {
			return nil, err
		}
		if commitment, ok := out.Tree.Get(merkle.Label(t.Label)); !ok || commitment != o.Commitment() {
			return nil, fmt.Errorf("%w: an opening does not open its leaf", ErrDamaged)
		}
		out.Openings[o.Table.Name] = o
	}
	return out, nil
}

// Forget deletes what opens one table of a tree, in whatever comparisons it was committed to.
func (s *Store) Forget(root merkle.Hash, name merkle.TableName) error {
	k, err := s.read(root)
	if err != nil {
		return err
	}
	label, err := s.committer.Label(name)
	if err != nil {
		return err
	}
	before := len(k.Tables)
	k.Tables = slices.DeleteFunc(k.Tables, func(t keptTable) bool { return t.Label == merkle.Hash(label) })
	if len(k.Tables) == before {
		return fmt.Errorf("nothing is kept that opens the table %s", name)
	}
	return s.write(k)
}

// ForgetAll deletes all that opens a tree.
func (s *Store) ForgetAll(root merkle.Hash) error {
	err := os.Remove(s.path(root))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	if err == nil {
		err = keyfile.SyncDir(s.dir)
	}
	return err
}

func (s *Store) path(root merkle.Hash) string {
	return filepath.Join(s.dir, hex.EncodeToString(root[:])+extension)
}

func (s *Store) read(root merkle.Hash) (*kept, error) {
	path := s.path(root)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("it has %d bytes", info.Size())
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	var k kept
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the file %s: %w", ErrDamaged, path, err)
	case k.Version != version:
		return nil, fmt.Errorf("%w: the file %s has version %d, want %d; update veil", ErrDamaged, path, k.Version, version)
	case k.Root != root:
		return nil, fmt.Errorf("%w: the file %s is that of another one", ErrDamaged, path)
	}
	return &k, nil
}

// write replaces a file, whole or not at all.
func (s *Store) write(k *kept) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("what opens the schema commitment was not kept: %w", err)
	}
	file, err := os.CreateTemp(s.dir, "new-*")
	if err != nil {
		return fmt.Errorf("what opens the schema commitment was not kept: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), s.path(k.Root))
	}
	if err == nil {
		err = keyfile.SyncDir(s.dir)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("what opens the schema commitment was not kept: %w", err)
	}
	return nil
}
