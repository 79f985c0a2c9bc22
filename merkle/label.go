package merkle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"filippo.io/edwards25519"
	"github.com/ProtonMail/go-ecvrf/ecvrf"
)

// LabelProofSize is the size of the proof of a tenant's label, in bytes.
const LabelProofSize = ecvrf.ProofSize

// Domains keep labels apart from all else that is hashed.
const (
	tenantLabelDomain = "veil/v1/merkle/label\x00"
	publicLabelDomain = "veil/v1/merkle/public-label\x00"
)

// TableName names a table of a schema.
type TableName struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
}

// String joins schema and table with a point, for people.
func (n TableName) String() string { return n.Schema + "." + n.Table }

// PublicLabel is the label of a template's table, which everybody can compute.
func PublicLabel(n TableName) Label {
	return sha256.Sum256(n.append([]byte(publicLabelDomain)))
}

// append encodes the name: each part after its size in four bytes.
func (n TableName) append(b []byte) []byte { return appendField(appendField(b, n.Schema), n.Table) }

// LabelKey is the secret key of a tenant's labels. Its arithmetic takes a time that depends on the key: it is for the tenant's own machine.
type LabelKey struct{ key *ecvrf.PrivateKey }

// NewLabelKey makes the key of a seed of 32 secret bytes.
func NewLabelKey(seed []byte) (*LabelKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the seed of a label key has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	key, err := ecvrf.NewPrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return nil, fmt.Errorf("the label key cannot be made: %w", err)
	}
	return &LabelKey{key}, nil
}

// String keeps the key out of logs.
func (*LabelKey) String() string { return "[label key]" }

// GoString keeps the key out of logs.
func (*LabelKey) GoString() string { return "[label key]" }

// Public returns the key by which others check labels.
func (k *LabelKey) Public() (PublicLabelKey, error) {
	public, err := k.key.Public()
	if err != nil {
		return PublicLabelKey{}, fmt.Errorf("the label key cannot be used: %w", err)
	}
	return PublicLabelKey(public.Bytes()), nil
}

// Label returns the label of a table's name, and the proof that it is the only one.
func (k *LabelKey) Label(n TableName) (Label, []byte, error) {
	output, proof, err := k.key.Prove(n.append([]byte(tenantLabelDomain)))
	if err != nil {
		return Label{}, nil, fmt.Errorf("a label cannot be made: %w", err)
	}
	return labelOf(output), proof, nil
}

// labelOf cuts the 64 bytes of the function's output.
func labelOf(output []byte) (l Label) {
	copy(l[:], output)
	return l
}

// PublicLabelKey is the public half of a label key: an encoded point of edwards25519.
type PublicLabelKey [ed25519.PublicKeySize]byte

// Verify returns the one label that a name has under the key. A key of small order is refused: under it a name would have several (RFC 9381,
// section 5.4.5), and a table could be shown both to be there and to be missing.
func (k PublicLabelKey) Verify(n TableName, proof []byte) (Label, error) {
	if err := k.check(); err != nil {
		return Label{}, err
	}
	public, err := ecvrf.NewPublicKey(k[:])
	if err != nil {
		return Label{}, fmt.Errorf("the label key cannot be used: %w", err)
	}
	if len(proof) != LabelProofSize {
		return Label{}, fmt.Errorf("the proof of a label has %d bytes, want %d", len(proof), LabelProofSize)
	}
	ok, output, err := public.Verify(n.append([]byte(tenantLabelDomain)), proof)
	if err != nil {
		return Label{}, fmt.Errorf("the proof of the label of %s cannot be read: %w", n, err)
	}
	if !ok {
		return Label{}, fmt.Errorf("the proof is not one of the label of %s under this key", n)
	}
	return labelOf(output), nil
}

func (k PublicLabelKey) check() error {
	point, err := new(edwards25519.Point).SetBytes(k[:])
	if err != nil {
		return fmt.Errorf("the label key is no point of the curve: %w", err)
	}
	if string(point.Bytes()) != string(k[:]) {
		return errors.New("the label key is a point that is not written in the one way there is")
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return errors.New("the label key is a point of small order, under which labels are not unique")
	}
	return nil
}
