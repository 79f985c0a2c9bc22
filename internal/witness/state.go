package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// state is the last checkpoint of a log that was cosigned.
type state struct {
	checkpoint
	// note is the cosigned checkpoint, what the file has. It is nil before the first one.
	note []byte
	// line is the cosignature as it is answered, time the one that it states.
	line []byte
	time time.Time
}

// unseen is the state of a log of which nothing was cosigned.
func unseen(origin string) state {
	return state{checkpoint: checkpoint{origin: origin, root: emptyRoot}}
}

// parseState reads a cosigned checkpoint. The cosignature is checked, so that what was written by another, or in part, is not believed.
func parseState(cosigned []byte, origin string, by note.Verifier) (state, error) {
	n, err := note.Open(cosigned, note.VerifierList(by))
	if err != nil {
		return state{}, errors.New("it has no valid cosignature of this witness")
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return state{}, err
	}
	if c.origin != origin {
		return state{}, fmt.Errorf("it is of the log %q and not of %q", c.origin, origin)
	}
	at, err := cosignature.CoSigV1Timestamp(n.Sigs[0])
	if err != nil || at.Unix() < 0 {
		return state{}, errors.New("its cosignature has no time")
	}
	return state{c, cosigned, signatureLine(n.Sigs[0]), at}, nil
}

// signatureLine writes a signature that was checked. Its base64 is written anew, because readers overlook stray bits and strict ones refuse them.
func signatureLine(s note.Signature) []byte {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil { // it was decoded to be checked
		return nil
	}
	return fmt.Appendf(nil, "— %s %s\n", s.Name, base64.StdEncoding.EncodeToString(raw))
}

// readState reads the state of a log. Only a file that is not there means that nothing was cosigned.
func readState(path, origin string, by note.Verifier) (state, error) {
	b, err := readOwn(path, maxStateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return unseen(origin), nil
	}
	if err != nil {
		return state{}, err
	}
	s, err := parseState(b, origin, by)
	if err != nil {
		return state{}, fmt.Errorf("the last checkpoint %s cannot be used (%w): %w", path, err, ErrDamaged)
	}
	return s, nil
}

// stateName is the name of a log's file. An origin may be any text, so that its hash is.
func stateName(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:]) + stateSuffix
}

// same says whether two states have the same file.
func (s state) same(other state) bool { return s.note != nil && bytes.Equal(s.note, other.note) }
