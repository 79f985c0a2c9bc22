package checkpoint

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxProofBytes is how large a proof may be: its checkpoint, and 45 bytes for each of at most 50 hashes.
const MaxProofBytes = MaxBytes + 8<<10

// EncodeProof writes that an entry is in the log of a checkpoint, in the form c2sp.org/tlog-proof@v1.
func EncodeProof(index int64, path tlog.RecordProof, signed []byte) []byte {
	p := proof.TLogProof{Index: uint64(index), Checkpoint: signed}
	for _, h := range path {
		p.Hashes = append(p.Hashes, h)
	}
	return p.Marshal()
}

// VerifyProof checks a proof about an entry, and returns where it is in the log and the checkpoint that says so.
func (p *Policy) VerifyProof(text, entry []byte) (index int64, c *Checkpoint, err error) {
	if len(text) > MaxProofBytes {
		return 0, nil, fmt.Errorf("the proof has %d bytes, at most %d are read", len(text), MaxProofBytes)
	}
	var parsed proof.TLogProof
	if err := parsed.Unmarshal(text); err != nil {
		return 0, nil, fmt.Errorf("the proof cannot be read: %w", err)
	}
	if !bytes.Equal(parsed.Marshal(), text) || parsed.ExtraData != nil {
		return 0, nil, errors.New("the proof is not written in the one way there is")
	}
	c, err = p.Open(parsed.Checkpoint)
	if err != nil {
		return 0, c, err
	}
	if parsed.Index >= uint64(c.Tree.N) {
		return 0, c, fmt.Errorf("the proof is about the entry %d of a log of %d", parsed.Index, c.Tree.N)
	}
	path := make(tlog.RecordProof, len(parsed.Hashes))
	for i, h := range parsed.Hashes {
		path[i] = h
	}
	index = int64(parsed.Index)
	if err := tlog.CheckRecord(path, c.Tree.N, c.Tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return 0, c, fmt.Errorf("the entry %d of the log is another one: %w", index, err)
	}
	return index, c, nil
}
