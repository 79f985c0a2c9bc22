package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/demo"
)

// search is what was looked for in a dump of the service's database, and what of it is there.
type search struct {
	bytes    int
	names    int // that only the tenant has
	keys     int // and salts
	hashes   int
	control  int // names of the template that are there, which shows that the search finds
	expected int
	found    []string
}

// searchDump looks for all names that only the tenant has: in clear, and hashed with every key and salt that the service holds.
func (s *demoService) searchDump(path string, facts schema.Facts) (*search, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the dump cannot be read: %w", err)
	}
	held := bytes.ToLower(append(binaries(text), text...))
	out := &search{bytes: len(text), names: len(demo.TenantOnly())}
	for _, name := range demo.TenantOnly() {
		if bytes.Contains(held, []byte(strings.ToLower(name))) {
			out.found = append(out.found, name)
		}
	}
	for _, name := range templateNames(s.sessions[0].prepared) {
		out.expected++
		if bytes.Contains(held, []byte(strings.ToLower(name))) {
			out.control++
		}
	}
	hashes, err := s.hashes(out, facts)
	if err != nil {
		return nil, err
	}
	out.hashes = len(hashes)
	raw := binaries(text) // not in lower case
	for i := 0; i+8 <= len(raw); i++ {
		if what, hit := hashes[binary.BigEndian.Uint64(raw[i:])]; hit {
			out.found = append(out.found, what)
		}
	}
	return out, nil
}

// hashes are the first eight bytes of every hash, with what it is of: too many for one of them to be in a database by chance.
func (s *demoService) hashes(out *search, facts schema.Facts) (map[uint64]string, error) {
	hashes := make(map[uint64]string)
	add := func(what string, sum []byte) { hashes[binary.BigEndian.Uint64(sum)] = what }
	own := ownFacts(facts)
	salts, trails, err := s.salts(own)
	if err != nil {
		return nil, err
	}
	out.keys = len(salts)
	for _, name := range demo.TenantOnly() {
		plain := sha256.Sum256([]byte(name))
		add("the hash of "+name, plain[:])
		for _, salt := range salts {
			mac := hmac.New(sha256.New, salt)
			mac.Write([]byte(name))
			add("a keyed hash of "+name, mac.Sum(nil))
			for _, joined := range [][]byte{slices.Concat(salt, []byte(name)), slices.Concat([]byte(name), salt)} {
				sum := sha256.Sum256(joined)
				add("a salted hash of "+name, sum[:])
			}
		}
	}
	for _, trail := range trails {
		for i, f := range own {
			digest := f.Digest()
			add("the digest of "+f.String(), digest[:])
			add("the hash of "+f.String()+" in its comparison", trail.Hashes[i][:])
		}
	}
	return hashes, nil
}

// salts are the keys and salts that the service holds or can derive: its public key and its storage key; and of each comparison the salt, its halves,
// the key that follows from it, and the seed.
func (s *demoService) salts(own schema.Facts) (salts [][]byte, trails []*compare.Trail, err error) {
	identity, storage := s.root.Identity(), s.root.StorageKey()
	defer identity.Wipe()
	defer storage.Wipe()
	salts = [][]byte{[]byte(identity.Public().String()), slices.Clone(storage.Expose())}
	for _, session := range s.sessions {
		trail, err := compare.TrailOf(session.prepared, session.messages, own)
		if err != nil {
			return nil, nil, err
		}
		secrets := s.root.Evaluation(session.id, sha256.Sum256(session.messages[compare.TypeOpen-1]))
		salts = append(append(salts, trail.Salts...), secrets[len(secrets)/2:])
		trails = append(trails, trail)
	}
	return salts, trails, nil
}

// ownFacts are the facts about names that only the tenant has.
func ownFacts(facts schema.Facts) (own schema.Facts) {
	for _, f := range facts {
		text := f.Table + "\x00" + f.Name + "\x00" + f.Detail
		if slices.ContainsFunc(demo.TenantOnly(), func(name string) bool { return strings.Contains(text, name) }) {
			own = append(own, f)
		}
	}
	return own
}

// templateNames are the names of the template's tables.
func templateNames(p *compare.Prepared) (names []string) {
	for _, f := range p.Template().Facts() {
		if f.Kind == schema.KindTable {
			names = append(names, f.Table)
		}
	}
	return names
}

// minDigits is how long a run of hexadecimal digits is that may be a hash.
const minDigits = 16

// binaries are the bytes of all that is written in hexadecimal digits, as pg_dump writes binary values, one after the other.
func binaries(text []byte) (out []byte) {
	for from := 0; from < len(text); {
		n := 0
		for from+n < len(text) && isDigit[text[from+n]] {
			n++
		}
		if n >= minDigits {
			value := make([]byte, n/2)
			if _, err := hex.Decode(value, text[from:from+n/2*2]); err == nil {
				out = append(append(out, value...), 0)
			}
		}
		from += n + 1
	}
	return out
}

// isDigit has the hexadecimal digits.
var isDigit = func() (digits [256]bool) {
	for _, c := range []byte("0123456789abcdefABCDEF") {
		digits[c] = true
	}
	return digits
}()

// demoSearch writes what was searched for, and says whether nothing of it was found.
func (p *paper) demoSearch(s *search) bool {
	p.title("WHAT THE SERVICE KEEPS")
	p.wrapped("  dump    ", fmt.Sprintf("%d bytes, all that is in the service's database", s.bytes), plain)
	p.wrapped("  clear   ", fmt.Sprintf("%d names that only the tenant has", s.names), plain)
	p.wrapped("  hashed  ", fmt.Sprintf("%d hashes of them, and of the facts about them, with every key and salt that the service holds (%d)", s.hashes, s.keys), plain)
	p.wrapped("  found   ", fmt.Sprintf("%d", len(s.found)), plain)
	p.wrapped("  control ", fmt.Sprintf("%d of %d tables of the template, which the service has to know", s.control, s.expected), plain)
	for _, what := range s.found {
		p.wrapped("  ", "FOUND: "+what, red)
	}
	return len(s.found) == 0 && s.expected > 0 && s.control == s.expected
}
