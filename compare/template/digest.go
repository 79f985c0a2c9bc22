package template

import "crypto/sha256"

// digestDomain separates a template's digest from every other use of SHA-256.
// Its byte after the text is zero, so that no domain is another's prefix.
const digestDomain = "veil/template/v1\x00"

// Digest identifies the template: SHA-256 over "veil/template/v1", a zero
// byte, and the bytes of [Template.AppendBinary]. It covers facts, rules,
// groups, waivers, visibility, names, files and the Merkle root. It is meant
// for templates that [Template.Validate] accepts, and takes time in proportion
// to their size, so callers keep it.
func (t *Template) Digest() [sha256.Size]byte {
	return sha256.Sum256(t.encode([]byte(digestDomain)))
}
