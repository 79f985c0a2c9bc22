package checkpoint

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// MaxBytes is how large a checkpoint with all its cosignatures may be.
	MaxBytes = 64 << 10
	// cosignatureAlgorithm is cosignature/v1 over Ed25519 in the keys of signed notes.
	cosignatureAlgorithm = 4
	// maxSize is the largest size of a log; sizes beyond it have no place in the numbers of tlog.
	maxSize = 1 << 50
)

// Policy says whom a reader believes about a log: its owner, and of the witnesses so many. The zero value believes nobody.
type Policy struct {
	log       note.Verifier
	witnesses []note.Verifier
	quorum    int
}

// NewPolicy makes the policy of a log's public key, the keys of witnesses (cosignature/v1) and the number of them that is asked for.
func NewPolicy(logKey string, witnesses []string, quorum int) (*Policy, error) {
	if quorum < 0 || quorum > len(witnesses) {
		return nil, fmt.Errorf("%d of %d witnesses cannot be asked for", quorum, len(witnesses))
	}
	p := &Policy{quorum: quorum}
	var err error
	if p.log, err = LogVerifier(logKey); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, public := range witnesses {
		v, key, err := witnessVerifier(public)
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("the witness %s is named twice; it would count twice", v.Name())
		}
		seen[key] = true
		p.witnesses = append(p.witnesses, v)
	}
	return p, nil
}

// witnessVerifier reads a witness's public key and returns its bytes beside it. A key of another kind, such as a log's, is refused: its signatures say
// something else.
func witnessVerifier(public string) (note.Verifier, string, error) {
	v, err := cosign.NewVerifierForCosignatureV1(public)
	if err != nil {
		return nil, "", fmt.Errorf("%q is no key of a witness: %w", public, err)
	}
	parts := strings.SplitN(public, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) == 0 || raw[0] != cosignatureAlgorithm || parts[1] != fmt.Sprintf("%08x", v.KeyHash()) { // which the library does not check
		return nil, "", fmt.Errorf("%q is a key for something else than cosignatures, or was changed; ask for what the witness prints", public)
	}
	return v, string(raw), nil
}

// Origin is the name of the log.
func (p *Policy) Origin() string { return p.log.Name() }

// Checkpoint is a checkpoint that was verified.
type Checkpoint struct {
	Origin string
	// Tree is the size and the root that the log's owner signed.
	Tree tlog.Tree
	// Cosignatures are those of the policy's witnesses.
	Cosignatures []Cosignature
	// Strangers are the names on signatures of nobody whom the policy knows.
	Strangers []string
}

// Cosignature says that a witness saw the log grow up to a checkpoint, never otherwise, and when it did.
type Cosignature struct {
	Witness string
	At      time.Time
}

// ErrQuorum says that a checkpoint has fewer cosignatures than the policy asks for.
var ErrQuorum = errors.New("too few witnesses cosigned the checkpoint")

// Open verifies a checkpoint. It fails where the log's owner did not sign it, where a signature of a known key is wrong, where it is not written in the
// one way there is, and with [ErrQuorum]; then the checkpoint is returned beside the error, for whoever wants to know how far it goes.
func (p *Policy) Open(text []byte) (*Checkpoint, error) {
	if p.log == nil {
		return nil, errors.New("a checkpoint cannot be verified without the key of its log")
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the checkpoint has %d bytes, at most %d are read", len(text), MaxBytes)
	}
	parsed, rest, n, err := log.ParseCheckpoint(text, p.log.Name(), p.log, p.witnesses...)
	if err != nil {
		return nil, fmt.Errorf("the checkpoint is not one of the log %s: %w", p.log.Name(), err)
	}
	if len(rest) > 0 || string(parsed.Marshal()) != n.Text || len(parsed.Hash) != tlog.HashSize || parsed.Size > maxSize {
		return nil, errors.New("the checkpoint is not written in the one way there is")
	}
	if err := canonical(text, n); err != nil {
		return nil, err
	}
	c := &Checkpoint{Origin: parsed.Origin, Tree: tlog.Tree{N: int64(parsed.Size), Hash: tlog.Hash(parsed.Hash)}}
	if err := p.cosignatures(n, c); err != nil {
		return nil, err
	}
	if len(c.Cosignatures) < p.quorum {
		return c, fmt.Errorf("%w: %d of the %d that are asked for", ErrQuorum, len(c.Cosignatures), p.quorum)
	}
	return c, nil
}

// canonical refuses signatures in another order of bits than the one there is: readers of base64 overlook some.
func canonical(text []byte, n *note.Note) error {
	_, lines, _ := bytes.Cut(text, []byte("\n\n"))
	all := slices.Concat(n.Sigs, n.UnverifiedSigs)
	if bytes.Count(lines, []byte("\n")) != len(all) {
		return errors.New("the checkpoint has a signature twice")
	}
	for _, s := range all {
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil || base64.StdEncoding.EncodeToString(raw) != s.Base64 {
			return fmt.Errorf("the signature of %s is not written in the one way there is", s.Name)
		}
	}
	return nil
}

func (p *Policy) cosignatures(n *note.Note, c *Checkpoint) error {
	for _, s := range n.Sigs {
		if s.Name == p.log.Name() && s.Hash == p.log.KeyHash() {
			continue
		}
		at, err := cosign.CoSigV1Timestamp(s)
		if err != nil {
			return fmt.Errorf("the cosignature of %s has no time: %w", s.Name, err)
		}
		c.Cosignatures = append(c.Cosignatures, Cosignature{Witness: s.Name, At: at.UTC()})
	}
	for _, s := range n.UnverifiedSigs {
		c.Strangers = append(c.Strangers, s.Name)
	}
	return nil
}

// Join adds to a checkpoint the lines of cosignatures, as witnesses send them.
func Join(signed []byte, cosignatures ...[]byte) []byte {
	return slices.Concat(append([][]byte{signed}, cosignatures...)...)
}
