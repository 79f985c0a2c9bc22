package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Plan is an immutable, ordered list of steps.
type Plan struct {
	// Digest is the plan's content address: SHA-256 in hexadecimal digits over a domain tag and the JSON of all that follows.
	Digest   string   `json:"digest"`
	Strategy string   `json:"strategy"`
	Template [32]byte `json:"-"`
	Steps    []Step   `json:"steps"`
}

// domain separates the digests of plans from all other digests.
const domain = "veil/plan/v1\x00"

func (p *Plan) seal() { p.Digest = p.digest() }

// Verify says whether the digest is the plan's.
func (p *Plan) Verify() bool { return p.Digest == p.digest() }

func (p *Plan) digest() string {
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write(p.Template[:])
	// Encoding a plan cannot fail: it is strings, numbers and lists of them, and [json.Encoder] writes maps, of which there are none
	// in the JSON, in the order of their keys.
	_ = json.NewEncoder(h).Encode(struct {
		Strategy string
		Steps    []Step
	}{p.Strategy, p.Steps})
	return hex.EncodeToString(h.Sum(nil))
}

// Step returns the step with an id, nil if there is none.
func (p *Plan) Step(id string) *Step {
	for i := range p.Steps {
		if p.Steps[i].ID == id {
			return &p.Steps[i]
		}
	}
	return nil
}
