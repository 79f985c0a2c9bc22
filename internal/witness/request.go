package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// request is what a log asks a witness to cosign. Nothing in it is believed before the note's signature was checked.
type request struct {
	old        int64 // leaves of the tree that the proof begins at
	proof      tlog.TreeProof
	note       []byte // the checkpoint with its signatures
	checkpoint checkpoint
}

// parseRequest reads the body of a request:
//
//	old SIZE
//	BASE64 OF A HASH        from none to 63 times
//
//	CHECKPOINT              a signed note
func parseRequest(body []byte) (request, error) {
	line, rest, _ := bytes.Cut(body, []byte("\n"))
	digits, isOld := strings.CutPrefix(string(line), "old ")
	old, isSize := parseSize(digits)
	if !isOld || !isSize {
		return request{}, errors.New("the first line is not \"old\" and the size of a tree")
	}
	proof, rest, err := parseProof(rest)
	if err != nil {
		return request{}, err
	}
	text, err := noteText(rest)
	if err != nil {
		return request{}, err
	}
	c, err := parseCheckpoint(text)
	if err != nil {
		return request{}, err
	}
	return request{old, proof, rest, c}, nil
}

// parseProof reads the lines of hashes up to the empty line, and returns what comes after it.
func parseProof(text []byte) (proof tlog.TreeProof, rest []byte, err error) {
	for rest = text; ; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		switch {
		case !ended:
			return nil, nil, errors.New("no empty line ends the proof")
		case len(line) == 0:
			return proof, after, nil
		case len(proof) == maxProof:
			return nil, nil, fmt.Errorf("the proof has more than %d hashes", maxProof)
		}
		hash, err := parseHash(string(line))
		if err != nil {
			return nil, nil, err
		}
		proof, rest = append(proof, hash), after
	}
}

// parseHash reads a hash in base64. The length is checked too, because the decoder skips carriage returns.
func parseHash(text string) (tlog.Hash, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize || len(text) != base64.StdEncoding.EncodedLen(tlog.HashSize) {
		return tlog.Hash{}, errors.New("a line of the proof is not the base64 of 32 bytes")
	}
	return tlog.Hash(raw), nil
}

// noteText returns what a note says, whoever signed it.
func noteText(signed []byte) (string, error) {
	_, err := note.Open(signed, note.VerifierList())
	if unverified, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return unverified.Note.Text, nil
	}
	return "", errors.New("the checkpoint is not a signed note")
}

// appendRequest writes what parseRequest reads.
func appendRequest(b []byte, old int64, proof tlog.TreeProof, checkpoint []byte) []byte {
	b = fmt.Appendf(b, "old %d\n", old)
	for _, hash := range proof {
		b = append(base64.StdEncoding.AppendEncode(b, hash[:]), '\n')
	}
	return append(append(b, '\n'), checkpoint...)
}
