package checkpoint

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// algorithm is Ed25519 in the keys of signed notes.
const algorithm = 1

// Key is the key by which a log's owner signs checkpoints. The origin, which names the log, follows from it, so that a log has one name for good.
type Key struct {
	private ed25519.PrivateKey
	origin  string
	hash    uint32
}

// NewKey makes the key of a seed of 32 secret bytes.
func NewKey(seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the seed of a log's key has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	k := &Key{private: ed25519.NewKeyFromSeed(seed)}
	k.origin = origin(k.public())
	k.hash = keyHash(k.origin, k.public())
	return k, nil
}

func (k *Key) public() ed25519.PublicKey { return ed25519.PublicKey(k.private[ed25519.SeedSize:]) }

// origin names the log of a key.
func origin(public ed25519.PublicKey) string {
	digest := sha256.Sum256(append([]byte("veil/v1/log/origin\x00"), public...))
	return "veil-log/" + hex.EncodeToString(digest[:16])
}

// keyHash is the hash by which signed notes tell keys of one name apart.
func keyHash(name string, public ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{algorithm})
	h.Write(public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// Origin is the name of the log.
func (k *Key) Origin() string { return k.origin }

// Public is the key that others check checkpoints with, as signed notes write it: origin+hash+key.
func (k *Key) Public() string {
	return fmt.Sprintf("%s+%08x+%s", k.origin, k.hash, base64.StdEncoding.EncodeToString(append([]byte{algorithm}, k.public()...)))
}

// Sign signs that the log has a size and a root.
func (k *Key) Sign(tree tlog.Tree) ([]byte, error) {
	text := log.Checkpoint{Origin: k.origin, Size: uint64(tree.N), Hash: tree.Hash[:]}.Marshal()
	out, err := note.Sign(&note.Note{Text: string(text)}, signer{k})
	if err != nil {
		return nil, fmt.Errorf("the checkpoint was not signed: %w", err)
	}
	return out, nil
}

// String keeps the key out of logs.
func (*Key) String() string { return "[log key]" }

// GoString keeps the key out of logs.
func (*Key) GoString() string { return "[log key]" }

// signer is a key as signed notes use it.
type signer struct{ *Key }

func (s signer) Name() string                    { return s.origin }
func (s signer) KeyHash() uint32                 { return s.hash }
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.private, msg), nil }

// LogVerifier reads a log's public key. The name in it has to follow from the key, as [NewKey] makes it.
func LogVerifier(public string) (note.Verifier, error) {
	v, err := note.NewVerifier(public)
	if err != nil {
		return nil, fmt.Errorf("%q is no key of a log: %w", public, err)
	}
	raw, err := base64.StdEncoding.DecodeString(public[len(v.Name())+len("+00000000+"):])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("%q is no Ed25519 key of a log", public)
	}
	if want := origin(raw[1:]); v.Name() != want {
		return nil, fmt.Errorf("the log of this key is called %s, and not %s", want, v.Name())
	}
	return v, nil
}
