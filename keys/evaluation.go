package keys

import "slices"

// EvaluationSize is the number of bytes that [Root.Evaluation] returns.
const EvaluationSize = 2 * SecretSize

// Evaluation returns the 64 secret bytes of a service's side of one comparison, its half of the salt and its seed, from the
// service's root key. They are the same each time, so that a service needs to keep none of them; the id that the service gave
// the comparison and the SHA-256 of the tenant's first message bind them to it.
func (r *Root) Evaluation(comparison [16]byte, open [32]byte) []byte {
	half := derive(r.key, labelEvaluation, comparison[:], open[:], []byte("salt"))
	defer half.Wipe()
	seed := derive(r.key, labelEvaluation, comparison[:], open[:], []byte("seed"))
	defer seed.Wipe()
	return slices.Concat(half.Expose(), seed.Expose())
}
