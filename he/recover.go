package he

import "errors"

// RecoverKey returns the key of a submission that Encrypt made of that seed and
// those columns, without encrypting them again. It fails if the submission was
// made of anything else.
//
// Every call returns a key that has decrypted nothing yet. Whoever calls it must
// know from elsewhere that no other response was ever decrypted.
func RecoverKey(s *Submission, seed [32]byte, columns [][]uint64) (*Key, error) {
	root, err := plaintextKey(s.params, seed, columns)
	if err != nil {
		return nil, err
	}
	// The public seed derives from the same root as the key.
	if len(columns) != len(s.columns) || deriveKey(root, labelPublicSeed, 0) != s.seed {
		return nil, errors.New("the submission was encrypted from another seed or other columns, so its key is another one")
	}
	return newKey(s.params, root), nil
}
