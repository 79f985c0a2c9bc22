package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// typeCosignature is the signature type of cosignature/v1 by Ed25519. A key of this type is none to sign notes with, so that it never signs a
// statement without its time.
const typeCosignature = 0x04

// signingKey is a witness's key with its name.
type signingKey struct {
	note.Signer
	verifier note.Verifier
	vkey     string
}

// newKeyText makes a key, as its file has it. Without a name it is named by the key itself.
func newKeyText(random io.Reader, name string) (string, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return "", err
	}
	if name == "" {
		name = "veil-witness/" + hex.EncodeToString(publicOf(seed)[:4])
	}
	return keyText(name, seed), nil
}

// parseKey reads a key file's text. It has to be exactly what newKeyText writes: a key of which one bit is another would be another witness.
func parseKey(text string) (signingKey, error) {
	parts := strings.Split(strings.TrimSuffix(text, "\n"), "+")
	if len(parts) < 5 {
		return signingKey{}, errors.New("it is no signer key")
	}
	name := parts[2]
	raw, err := base64.StdEncoding.DecodeString(strings.Join(parts[4:], "+")) // base64 has the separator as a digit
	if err != nil || len(raw) != 1+ed25519.SeedSize || text != keyText(name, raw[1:]) {
		return signingKey{}, errors.New("it is no signer key of a cosigner, or one that was changed")
	}
	if err := checkName(name); err != nil {
		return signingKey{}, err
	}
	signer, err := cosignature.NewSignerForCosignatureV1(strings.TrimSuffix(text, "\n"))
	if err != nil {
		return signingKey{}, err
	}
	return signingKey{signer, signer.Verifier(), verifierKey(name, publicOf(raw[1:]))}, nil
}

// keyText is a signer key, PRIVATE+KEY+NAME+ID+KEY, with a line end.
func keyText(name string, seed []byte) string {
	return "PRIVATE+KEY+" + name + "+" + keyID(name, publicOf(seed)) + "+" + typed(seed) + "\n"
}

// verifierKey is a verifier key, NAME+ID+KEY.
func verifierKey(name string, public []byte) string {
	return name + "+" + keyID(name, public) + "+" + typed(public)
}

func typed(key []byte) string {
	return base64.StdEncoding.EncodeToString(append([]byte{typeCosignature}, key...))
}

// keyID is the first four bytes of SHA-256(name || "\n" || 0x04 || public key), by C2SP tlog-cosignature.
func keyID(name string, public []byte) string {
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), public...))
	return hex.EncodeToString(sum[:4])
}

func publicOf(seed []byte) []byte {
	return ed25519.NewKeyFromSeed(seed)[ed25519.SeedSize:] // RFC 8032: the second half is the public key
}

// checkName says whether a name can stand in a note's signature line.
func checkName(name string) error {
	bad := func(r rune) bool { return r == '+' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("%w: %.300q is no name for a witness: choose one from 1 to %d bytes without spaces and plus signs, such as example.org/witness", ErrConfig, name, maxName)
	}
	return nil
}

// parseVerifier reads the verifier key of a witness. The library does not look at the key's id, so that a mistyped name would show only when no
// cosignature is ever valid.
func parseVerifier(vkey string) (note.Verifier, error) {
	v, err := cosignature.NewVerifierForCosignatureV1(vkey)
	if err != nil || !strings.HasPrefix(vkey, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
		return nil, fmt.Errorf("%w: %.100q is no verifier key of a witness; take the line that veil witness key prints", ErrConfig, vkey)
	}
	return v, nil
}
