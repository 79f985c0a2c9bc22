package compare

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
)

// Trail is what facts leave behind in a comparison, for whoever searches what a service keeps for facts that only a tenant has.
type Trail struct {
	// Hashes are what the facts are hashed to, in their order: HMAC-SHA256 under the key that both halves of the salt give.
	Hashes [][32]byte
	// Salts are both halves of the salt, the two together, the session's hash, and the key.
	Salts [][]byte
}

// TrailOf hashes facts as a comparison does, whose transcript has to reach the salt.
func TrailOf(p *Prepared, transcript [][]byte, facts schema.Facts) (*Trail, error) {
	if len(transcript) < int(TypeSalt) {
		return nil, errors.New("the transcript ends before the salt, so that nothing was hashed yet")
	}
	s := newSession(p, 1)
	if _, err := s.replay(transcript[:TypeSalt]); err != nil {
		return nil, fmt.Errorf("the transcript cannot be read again: %w", err)
	}
	key, hash := s.mapper().key, s.chains[TypeSalt]
	out := &Trail{
		Hashes: make([][32]byte, len(facts)),
		Salts:  [][]byte{s.half[:], s.nonce[:], slices.Concat(s.half[:], s.nonce[:]), hash[:], key},
	}
	mac := hmac.New(sha256.New, key)
	for i, f := range facts {
		digest := f.Digest()
		mac.Reset()
		mac.Write(digest[:])
		mac.Sum(out.Hashes[i][:0])
	}
	return out, nil
}
