package compare

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// Prepared is a template made ready for comparisons: what does not depend on a
// session is computed once. Immutable and safe for concurrent use.
type Prepared struct {
	template *template.Template
	digest   [32]byte
	facts    [][32]byte
}

// Prepare makes a template ready. A confidential one is refused until an
// auditor can attest the evaluation in the tenant's stead.
func Prepare(t *template.Template) (*Prepared, error) {
	if err := t.CheckComparable(); err != nil {
		return nil, err
	}
	if n := len(t.Judged); n < 1 || n > MaxFacts {
		return nil, fmt.Errorf("template %s %s judges %d facts; a comparison takes 1 to %d", t.Slug, t.Version, n, MaxFacts)
	}
	return &Prepared{template: t, digest: t.Digest(), facts: digests(t.Facts(), 1)}, nil
}

// Template returns the template.
func (p *Prepared) Template() *template.Template { return p.template }

// Digest returns the template's digest.
func (p *Prepared) Digest() [32]byte { return p.digest }

// digests returns the digest of every fact.
func digests(facts schema.Facts, workers int) [][32]byte {
	out := make([][32]byte, len(facts))
	spread(len(facts), workers, func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = facts[i].Digest()
		}
	})
	return out
}
